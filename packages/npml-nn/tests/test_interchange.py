import numpy as np
import pytest

from npml_nn import (
    GRU,
    LSTM,
    RNN,
    BatchNorm2D,
    Bidirectional,
    Conv1D,
    Conv2D,
    ConvTranspose2D,
    Dense,
    Embedding,
    Flatten,
    GRUCell,
    Layer,
    LayerNorm,
    LSTMCell,
    MultiHeadAttention,
    Residual,
    RMSNorm,
    RNNCell,
    Sequential,
    SparseEvolution,
    TransformerBlock,
)
from npml_nn.interchange import from_torch, to_torch


def recurrent(n_gates, *ends):
    """Names and shapes of a recurrent layer 3 -> 2."""
    shapes = {"weight_ih": (3,), "weight_hh": (2,), "bias_ih": (), "bias_hh": ()}
    return {name + end: (2 * n_gates, *shape) for end in ends for name, shape in shapes.items()}


# the names and shapes that torch gives to layers of these sizes
CASES = {
    "Dense": (lambda: Dense(3, 2), {"weight": (2, 3), "bias": (2,)}),
    "Dense without bias": (lambda: Dense(3, 2, bias=False), {"weight": (2, 3)}),
    "Conv1D": (lambda: Conv1D(3, 2, 5), {"weight": (2, 3, 5), "bias": (2,)}),
    "Conv2D": (lambda: Conv2D(3, 2, (5, 4)), {"weight": (2, 3, 5, 4), "bias": (2,)}),
    "ConvTranspose2D": (lambda: ConvTranspose2D(3, 2, (5, 4)), {"weight": (3, 2, 5, 4), "bias": (2,)}),
    "BatchNorm2D": (
        lambda: BatchNorm2D(3),
        {**dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (3,)), "num_batches_tracked": ()},
    ),
    "LayerNorm": (lambda: LayerNorm((4, 3)), {"weight": (4, 3), "bias": (4, 3)}),
    "RMSNorm": (lambda: RMSNorm(3), {"weight": (3,)}),
    "Embedding": (lambda: Embedding(7, 3), {"weight": (7, 3)}),
    "GRU": (lambda: GRU(3, 2), recurrent(3, "_l0")),
    "GRUCell": (lambda: GRUCell(3, 2), recurrent(3, "")),
    "MultiHeadAttention": (
        lambda: MultiHeadAttention(4, 2),
        {"in_proj_weight": (12, 4), "in_proj_bias": (12,), "out_proj.weight": (4, 4), "out_proj.bias": (4,)},
    ),
    "TransformerBlock": (
        lambda: TransformerBlock(4, 2, 6),
        {
            "self_attn.in_proj_weight": (12, 4),
            "self_attn.in_proj_bias": (12,),
            "self_attn.out_proj.weight": (4, 4),
            "self_attn.out_proj.bias": (4,),
            "linear1.weight": (6, 4),
            "linear1.bias": (6,),
            "linear2.weight": (4, 6),
            "linear2.bias": (4,),
            **{f"norm{i}.{name}": (4,) for i in (1, 2) for name in ("weight", "bias")},
        },
    ),
}


def example(shapes, rng):
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("case", CASES)
def test_there_and_back(case, rng):
    make, shapes = CASES[case]
    state = example(shapes, rng)
    layer = make().astype(np.float64).load_state_dict(state)
    back = to_torch(layer)
    assert {name: array.shape for name, array in back.items()} == shapes
    for name, array in back.items():
        if not name.endswith("num_batches_tracked"):
            np.testing.assert_array_equal(array, state[name])
            assert array.flags.c_contiguous
            assert not np.shares_memory(array, state[name])
    np.testing.assert_equal(from_torch(back, layer), layer.state_dict())


SUMS = {
    "RNN": (lambda: RNN(3, 2), recurrent(1, "_l0")),
    "RNNCell": (lambda: RNNCell(3, 2), recurrent(1, "")),
    "LSTM": (lambda: LSTM(3, 2), recurrent(4, "_l0")),
    "LSTMCell": (lambda: LSTMCell(3, 2), recurrent(4, "")),
    "Bidirectional": (lambda: Bidirectional(LSTM(3, 2)), recurrent(4, "_l0", "_l0_reverse")),
}


@pytest.mark.parametrize("case", SUMS)
def test_two_biases_are_added(case, rng):
    make, shapes = SUMS[case]
    state = example(shapes, rng)
    layer = make().astype(np.float64).load_state_dict(state)
    back = to_torch(layer)
    assert {name: array.shape for name, array in back.items()} == shapes
    for name, array in back.items():
        if name.startswith("weight"):
            np.testing.assert_array_equal(array, state[name])
        elif name.startswith("bias_ih"):
            np.testing.assert_array_equal(array, state[name] + state[name.replace("ih", "hh")])
        else:
            np.testing.assert_array_equal(array, 0)
    np.testing.assert_equal(from_torch(back, layer), layer.state_dict())


def test_layout(rng):
    W = rng.normal(size=(2, 3, 5, 4))
    conv = Conv2D(3, 2, (5, 4), dtype=np.float64).load_state_dict({"weight": W, "bias": np.zeros(2)})
    assert conv.W[4, 3, 2, 1] == W[1, 2, 4, 3]
    W = rng.normal(size=(3, 2, 5, 4))
    conv = ConvTranspose2D(3, 2, (5, 4), dtype=np.float64).load_state_dict({"weight": W, "bias": np.zeros(2)})
    assert conv.W[4, 3, 2, 1] == W[2, 1, 4, 3]


def test_names_of_a_model(rng):
    model = Sequential(Conv2D(1, 2, 3), "relu", Residual(BatchNorm2D(2)), Flatten(), Dense(8, 2, "relu"), Dense(2, 2))
    names = {"4": "head", "5": "head.2", "2.layer": "2.norm"}
    state = to_torch(model, names)
    assert sorted(state) == sorted(
        ["0.weight", "0.bias", "head.weight", "head.bias", "head.2.weight", "head.2.bias"]
        + [f"2.norm.{n}" for n in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")]
    )
    np.testing.assert_equal(from_torch(state, model, names), model.state_dict())
    del state["2.norm.num_batches_tracked"]  # old files lack it
    np.testing.assert_equal(from_torch(state, model, names), model.state_dict())


def test_shared_layers_stand_in_each_place():
    shared = Dense(3, 3)
    model = Sequential(shared, "relu", shared)
    state = to_torch(model)
    assert sorted(state) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    np.testing.assert_equal(from_torch(state, model), model.state_dict())


def test_layers_of_ones_own_may_use_the_same_names():
    class Scale(Layer):
        def __init__(self):
            self.add_param("weight", np.ones(2))

    np.testing.assert_array_equal(Scale().load_state_dict({"weight": np.array([2.0, 3.0])}).weight, [2, 3])
    with pytest.raises(TypeError, match="Scale has no counterpart"):
        to_torch(Scale())


def test_what_does_not_fit_changes_nothing(rng):
    model = Sequential(Dense(3, 2), "relu", Dense(2, 1))
    before = model.state_dict()
    state = to_torch(model.astype(np.float64))
    for change, message in [
        ({"0.weight": np.ones((3, 2))}, r"0.weight must have shape \(2, 3\), got \(3, 2\)"),
        ({"1.weight": np.ones(2)}, r"unexpected \['1.weight'\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.load_state_dict({**state, **change})
    with pytest.raises(ValueError, match=r"missing \['2.bias'\]"):
        model.load_state_dict({name: array for name, array in state.items() if name != "2.bias"})
    np.testing.assert_equal(model.state_dict(), before)
    with pytest.raises(TypeError, match="SparseEvolution has no counterpart"):
        to_torch(SparseEvolution(3, 2))


def test_copies(rng):
    layer = LayerNorm(3)
    to_torch(layer)["weight"][...] = 7
    converted = from_torch(state := to_torch(layer), layer)
    converted["g"][...] = 7
    np.testing.assert_array_equal(layer.g, 1)
    np.testing.assert_array_equal(state["weight"], 1)
