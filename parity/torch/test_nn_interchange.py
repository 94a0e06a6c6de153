"""Weights between npml and torch, through files of safetensors: both then compute the same."""

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from torch import nn

import npml_nn
from npml_nn.interchange import from_torch, to_torch


def images(rng):
    return rng.normal(size=(2, 6, 5, 3))


def sequences(rng):
    return rng.normal(size=(2, 6, 8))


def nchw(x):
    return torch.tensor(np.ascontiguousarray(np.moveaxis(x, -1, 1)))


def nhwc(y):
    return np.moveaxis(y.detach().numpy(), 1, -1)


def outputs_of(module):
    """The module without the states that it returns besides; its names stay as they are."""
    forward = module.forward
    module.forward = lambda x: forward(x)[0]
    return module


def encoder_layer(norm_first):
    return nn.TransformerEncoderLayer(
        8, 2, 12, dropout=0.0, activation="gelu", batch_first=True, norm_first=norm_first, dtype=torch.float64
    )


DOUBLE = {"dtype": torch.float64}
FLOAT64 = {"dtype": np.float64}
# ours, theirs, the input, whether axes are moved between channels last and first
CASES = {
    "dense": (
        lambda: npml_nn.Sequential(npml_nn.Dense(8, 5, **FLOAT64), "tanh", npml_nn.Dense(5, 2, bias=False, **FLOAT64)),
        lambda: nn.Sequential(nn.Linear(8, 5, **DOUBLE), nn.Tanh(), nn.Linear(5, 2, bias=False, **DOUBLE)),
        sequences,
        False,
    ),
    "convolutions": (
        lambda: npml_nn.Sequential(
            npml_nn.Conv2D(3, 4, (3, 2), stride=2, padding=1, **FLOAT64),
            npml_nn.BatchNorm2D(4, **FLOAT64),
            "relu",
            npml_nn.ConvTranspose2D(4, 2, 3, stride=2, **FLOAT64),
        ),
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, (3, 2), stride=2, padding=1, **DOUBLE),
            nn.BatchNorm2d(4, **DOUBLE),
            nn.ReLU(),
            nn.ConvTranspose2d(4, 2, 3, stride=2, **DOUBLE),
        ),
        images,
        True,
    ),
    "sequences": (
        lambda: npml_nn.Sequential(npml_nn.Conv1D(8, 4, 3, padding=1, **FLOAT64), npml_nn.BatchNorm1D(4, **FLOAT64)),
        lambda: nn.Sequential(nn.Conv1d(8, 4, 3, padding=1, **DOUBLE), nn.BatchNorm1d(4, **DOUBLE)),
        sequences,
        True,
    ),
    "norms": (
        lambda: npml_nn.Sequential(npml_nn.LayerNorm((6, 8), **FLOAT64), npml_nn.RMSNorm(8, eps=1e-5, **FLOAT64)),
        lambda: nn.Sequential(nn.LayerNorm((6, 8), **DOUBLE), nn.RMSNorm(8, eps=1e-5, **DOUBLE)),
        sequences,
        False,
    ),
    "recurrent": (
        lambda: npml_nn.Bidirectional(npml_nn.LSTM(8, 4, **FLOAT64)),
        lambda: outputs_of(nn.LSTM(8, 4, batch_first=True, bidirectional=True, **DOUBLE)),
        sequences,
        False,
    ),
    **{
        kind: (
            lambda kind=kind: getattr(npml_nn, kind)(8, 4, **FLOAT64),
            lambda kind=kind: outputs_of(getattr(nn, kind)(8, 4, batch_first=True, **DOUBLE)),
            sequences,
            False,
        )
        for kind in ("RNN", "LSTM", "GRU")
    },
    "embedding": (
        lambda: npml_nn.Embedding(9, 4, **FLOAT64),
        lambda: nn.Embedding(9, 4, **DOUBLE),
        lambda rng: rng.integers(0, 9, (3, 5)),
        False,
    ),
    "transformer, norm first": (
        lambda: npml_nn.TransformerBlock(8, 2, 12, **FLOAT64),
        lambda: encoder_layer(norm_first=True),
        sequences,
        False,
    ),
    "transformer, norm last": (
        lambda: npml_nn.TransformerBlock(8, 2, 12, norm_first=False, **FLOAT64),
        lambda: encoder_layer(norm_first=False),
        sequences,
        False,
    ),
}


def outputs(ours, theirs, x, moves):
    theirs_on_x = nhwc(theirs(nchw(x))) if moves else theirs(torch.tensor(x)).detach().numpy()
    return ours(x), theirs_on_x


def disturb(module):
    """Other numbers than the ones and zeros that norms start from."""
    with torch.no_grad():
        for name, array in module.state_dict().items():
            if array.is_floating_point():
                array += 0.1 * torch.rand_like(array)


@pytest.mark.parametrize("case", CASES)
def test_from_torch(case, tmp_path, rng):
    make_ours, make_theirs, make_x, moves = CASES[case]
    ours, theirs, x = make_ours(), make_theirs(), make_x(rng)
    disturb(theirs)
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    for load in (
        lambda: ours.load(tmp_path / "model.safetensors"),
        lambda: ours.load_state_dict(theirs.state_dict()),
        lambda: ours.load_state_dict(from_torch(theirs.state_dict(), ours)),
    ):
        ours = make_ours()
        load()
        for mode in (False, True):  # evaluation first: training changes the running statistics
            ours.train() if mode else ours.eval()
            result, expected = outputs(ours, theirs.train(mode), x, moves)
            np.testing.assert_allclose(result, expected, rtol=1e-8, atol=1e-12)
        theirs.load_state_dict(safetensors.torch.load_file(tmp_path / "model.safetensors"))


@pytest.mark.parametrize("case", CASES)
def test_to_torch(case, tmp_path, rng):
    make_ours, make_theirs, make_x, moves = CASES[case]
    ours, theirs, x = make_ours(), make_theirs(), make_x(rng)
    for array in ours.params.values():
        array += 0.1 * rng.random(array.shape)
    safetensors.numpy.save_file(to_torch(ours), tmp_path / "model.safetensors")
    theirs.load_state_dict(safetensors.torch.load_file(tmp_path / "model.safetensors"))
    result, expected = outputs(ours.eval(), theirs.eval(), x, moves)
    np.testing.assert_allclose(result, expected, rtol=1e-8, atol=1e-12)


def test_names_that_differ(rng):
    ours = npml_nn.Sequential(npml_nn.Dense(8, 5, "relu", **FLOAT64), npml_nn.Dense(5, 2, **FLOAT64))
    theirs = nn.Sequential(nn.Linear(8, 5, **DOUBLE), nn.ReLU(), nn.Linear(5, 2, **DOUBLE))
    ours.load_state_dict(from_torch(theirs.state_dict(), ours, {"1": "2"}))
    result, expected = outputs(ours, theirs, sequences(rng), False)
    np.testing.assert_allclose(result, expected, rtol=1e-8, atol=1e-12)
