"""Letter by letter through the news: LSTM and GPT end where torch's twins end, after the same number of letters.

Both start from the same weights and see the same batches; rounding alone drives them apart.
"""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import npml_nn

LENGTH, BATCH, STEPS = 48, 16, 300


@pytest.fixture(scope="module")
def news():
    """Letters of the Lee corpus as codes, for training and for the test, and how many letters there are."""
    import gensim

    path = Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor"
    text = path.read_text(encoding="utf-8")
    alphabet = sorted(set(text))
    codes = np.searchsorted(alphabet, list(text))
    return codes[:-40_000], codes[-40_000:], len(alphabet)


def batches(codes, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(STEPS):
        places = codes[rng.integers(0, len(codes) - LENGTH - 1, (BATCH, 1)) + np.arange(LENGTH + 1)]
        yield places[:, :-1], places[:, 1:]


def windows(codes):
    n = (len(codes) - 1) // LENGTH
    return codes[: n * LENGTH].reshape(n, LENGTH), codes[1 : n * LENGTH + 1].reshape(n, LENGTH)


def ours(model, train, test):
    loss, optimizer = npml_nn.CrossEntropy(), npml_nn.AdamW(model.parameters(), lr=3e-3, clip_norm=1.0)
    for x, y in batches(train):
        _, dy = loss(model(x), y)
        optimizer.zero_grad()
        model.backward(dy)
        optimizer.step()
    x, y = windows(test)
    return loss(model.eval()(x), y)[0]


def theirs(model, train, test):
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for x, y in batches(train):
        value = F.cross_entropy(model(torch.tensor(x)).flatten(0, 1), torch.tensor(y).flatten())
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    x, y = windows(test)
    with torch.inference_mode():
        return F.cross_entropy(model(torch.tensor(x)).flatten(0, 1), torch.tensor(y).flatten()).item()


class TorchLSTM(nn.Module):
    def __init__(self, n_letters):
        super().__init__()
        self.table, self.lstm = nn.Embedding(n_letters, 32), nn.LSTM(32, 96, batch_first=True)
        self.out = nn.Linear(96, n_letters)

    def forward(self, x):
        return self.out(self.lstm(self.table(x))[0])


class TorchGPT(nn.Module):
    """torch's own transformer layers, with the weights of ours."""

    def __init__(self, gpt):
        super().__init__()
        layer = nn.TransformerEncoderLayer(64, 4, 256, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, nn.LayerNorm(64), enable_nested_tensor=False)
        self.table, self.positions = nn.Embedding(gpt.vocab_size, 64), nn.Parameter(torch.zeros(LENGTH, 64))
        self.load_state_dict(
            self.state_dict() | {name: torch.tensor(a.copy()) for name, a in self.weights(gpt).items()}
        )

    def weights(self, gpt):
        arrays = {"table.weight": gpt.tokens.W, "positions": gpt.positions}
        parts = {"blocks.norm": gpt.norm}
        for i, block in enumerate(gpt.blocks):
            b = f"blocks.layers.{i}"
            arrays |= {f"{b}.self_attn.in_proj_weight": block.attention.W.T}
            arrays |= {f"{b}.self_attn.in_proj_bias": block.attention.b}
            parts |= {f"{b}.self_attn.out_proj": block.attention.out, f"{b}.norm1": block.norm1}
            parts |= {f"{b}.norm2": block.norm2, f"{b}.linear1": block.dense1, f"{b}.linear2": block.dense2}
        for name, part in parts.items():
            arrays[f"{name}.weight"] = part.params["W"].T if "W" in part.params else part.g
            arrays[f"{name}.bias"] = part.b
        return arrays

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return F.linear(self.blocks(self.table(x) + self.positions, mask, is_causal=True), self.table.weight)


def test_lstm_has_torchs_loss_curve():
    """40 steps on a text at hand, in float64: the same losses, step by step."""
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")[:4000]
    alphabet = sorted(set(text))
    codes, n = np.searchsorted(alphabet, list(text)), len(alphabet)
    torch.manual_seed(0)
    model = npml_nn.Sequential(npml_nn.Embedding(n, 32), npml_nn.LSTM(32, 96), npml_nn.Dense(96, n)).astype(np.float64)
    twin = TorchLSTM(n).double()
    with torch.no_grad():  # torch has two biases, which Adam moves twice as fast as one
        twin.lstm.bias_ih_l0 += twin.lstm.bias_hh_l0
        twin.lstm.bias_hh_l0.zero_()
    twin.lstm.bias_hh_l0.requires_grad_(False)
    model.load_state_dict(npml_nn.from_torch(twin.state_dict(), model, {"0": "table", "1": "lstm", "2": "out"}))
    loss, optimizer = npml_nn.CrossEntropy(), npml_nn.AdamW(model.parameters(), lr=3e-3, clip_norm=1.0)
    peer, values = torch.optim.AdamW(twin.parameters(), lr=3e-3), []
    for x, y in islice(batches(codes), 40):
        value, dy = loss(model(x), y)
        optimizer.zero_grad()
        model.backward(dy)
        optimizer.step()
        theirs = F.cross_entropy(twin(torch.tensor(x)).flatten(0, 1), torch.tensor(y).flatten())
        peer.zero_grad()
        theirs.backward()
        nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
        peer.step()
        values.append((value, theirs.item()))
    assert values[-1][0] < 0.85 * values[0][0]
    np.testing.assert_allclose(*np.transpose(values), rtol=1e-6)


@pytest.mark.long
def test_lstm(news):
    train, test, n = news
    torch.manual_seed(0)
    model = npml_nn.Sequential(npml_nn.Embedding(n, 32), npml_nn.LSTM(32, 96), npml_nn.Dense(96, n))
    twin = TorchLSTM(n)
    model.load_state_dict(npml_nn.from_torch(twin.state_dict(), model, {"0": "table", "1": "lstm", "2": "out"}))
    value, peer = ours(model, train, test), theirs(twin, train, test)
    assert value < 2.9  # it has learned: one letter at a time is worth 3.1
    assert value == pytest.approx(peer, rel=0.02)


@pytest.mark.long
def test_gpt(news):
    train, test, n = news
    model = npml_nn.GPT(n, LENGTH, 64, n_heads=4, n_layers=2, random_state=0)
    twin = TorchGPT(model)
    value, peer = ours(model, train, test), theirs(twin, train, test)
    assert value < 2.9  # it has learned: one letter at a time is worth 3.1
    assert value == pytest.approx(peer, rel=0.02)
