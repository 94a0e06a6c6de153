import copy
import pickle
import weakref

import numpy as np
import pytest

import npml_core
from npml_nn import SGD, Adam, Add, Dense, Dropout, Layer, Parameter, Sequential, SquaredError, gradcheck


class Counter(Layer):
    """Its output is x plus a running count, its gradient that of x: a layer with a buffer and two outputs."""

    def __init__(self, n):
        self.add_buffer("count", np.zeros(n))
        self.add_param("g", np.ones(n))

    def _forward(self, x):
        if self.training:
            self.count += 1
        return (x * self.g, 2 * x), x

    def _backward(self, dy, x):
        first, second = dy
        return first * self.g + 2 * second, {"g": (first * x).sum(axis=0)}


def network():
    return Sequential(Dense(3, 4, "tanh", random_state=0), Dropout(0.2, random_state=1), Dense(4, 2, random_state=2))


def test_backward_undoes_forward_last_first(rng):
    layer = Dense(3, 2, random_state=0, dtype=np.float64)
    first, second, dy1, dy2 = (rng.normal(size=(n, m)) for n, m in [(4, 3), (6, 3), (4, 2), (6, 2)])
    layer(first)
    layer(second)
    np.testing.assert_allclose(layer.backward(dy2), dy2 @ layer.W.T)
    np.testing.assert_allclose(layer.backward(dy1), dy1 @ layer.W.T)
    np.testing.assert_allclose(layer.grads["W"], first.T @ dy1 + second.T @ dy2)
    with pytest.raises(RuntimeError, match=r"before forward"):
        layer.backward(dy1)


def test_gradients_accumulate_until_zeroed(rng):
    model, x = network().eval().train(), rng.normal(size=(5, 3))
    model[1].p = 0.0
    arrays = dict(model.grads)
    for n in (1, 2, 3):
        model(x)
        model.backward(np.ones((5, 2)))
        if n == 1:
            once = {name: gradient.copy() for name, gradient in model.grads.items()}
    for name, gradient in model.grads.items():
        assert gradient is arrays[name]
        np.testing.assert_allclose(gradient, 3 * once[name], rtol=1e-5)
    model.zero_grad()
    assert not any(gradient.any() for gradient in model.grads.values())


def test_evaluation_holds_nothing():
    model = network()
    x = np.ones((5, 3), np.float32)
    held = weakref.ref(x)
    model(x)
    model(x)
    del x
    assert held() is not None
    model.eval()
    assert held() is None
    model(np.ones((5, 3)))
    assert not any(layer._tape or layer._recorded for _, layer in model.walk())
    with pytest.raises(RuntimeError, match=r"eval\(\)"):
        model.backward(np.ones((5, 2)))
    assert model.train() is model
    assert all(layer.training for _, layer in model.walk())


def test_frozen_layers_pass_gradients_and_keep_their_weights(rng):
    model, x = network(), rng.normal(size=(5, 3))
    optimizer = SGD(model.parameters(), lr=0.1)
    assert model[0].freeze() is model[0]
    before = model.state_dict()
    model(x)
    assert np.abs(model.backward(rng.normal(size=(5, 2)))).min() > 0
    assert not model.grads["0.W"].any()
    model[0].grads["W"][...] = 1
    optimizer.step()
    after = model.state_dict()
    np.testing.assert_array_equal(after["0.W"], before["0.W"])
    assert (after["2.W"] != before["2.W"]).any()
    assert [p.frozen for p in model.parameters()] == [True, True, False, False]
    assert model[0].unfreeze().frozen is False
    optimizer.step()
    assert (model.state_dict()["0.W"] != before["0.W"]).all()


def test_names_and_the_very_arrays():
    model = network()
    assert list(model.params) == list(model.grads) == ["0.W", "0.b", "2.W", "2.b"]
    assert model.params["0.W"] is model[0].params["W"] is model[0].W is model.parameters()[0].value
    assert model.grads["0.W"] is model[0].grads["W"] is model.parameters()[0].grad
    assert model.n_parameters == 3 * 4 + 4 + 4 * 2 + 2
    array = model[0].W
    model.params["0.W"] = np.ones((3, 4))
    model[0].b = np.full(4, 2.0)
    assert model[0].W is array
    assert array.min() == 1
    assert model[0].params["b"].max() == 2
    with pytest.raises(ValueError, match="shape"):
        model[0].W = np.ones((4, 3))
    with pytest.raises(AttributeError, match="unknown"):
        _ = model[0].unknown


def test_custom_layer_with_buffer_and_two_outputs(rng):
    assert gradcheck(Counter(3), [rng.normal(size=(4, 3))])
    layer = Counter(3)
    layer(np.ones((2, 3)))
    state = layer.state_dict()
    assert list(state) == ["g", "count"]
    np.testing.assert_array_equal(state["count"], 1)
    np.testing.assert_array_equal(Counter(3).load_state_dict(state).count, 1)
    with pytest.raises(ValueError, match="dy of Counter"):
        layer.backward(np.ones((2, 3)))
    layer.backward((np.ones((2, 3)), np.ones((2, 3))))
    with pytest.raises(TypeError, match="_double_backward"), layer.recording():
        layer(np.ones((2, 3)))
        layer.backward((np.ones((2, 3)), np.ones((2, 3))))
        layer.double_backward(np.ones((2, 3)))


def test_layer_that_defines_nothing():
    with pytest.raises(TypeError, match="_forward"):
        Layer()(np.ones(3))


def test_upstream_of_another_shape_changes_nothing():
    layer = Dense(3, 2, random_state=0)
    layer(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"\(4, 2\)"):
        layer.backward(np.ones((1, 2)))
    assert layer.backward(np.ones((4, 2))).shape == (4, 3)


def test_inputs_are_cast_to_the_layers_dtype():
    for dtype in (np.float32, np.float64):
        layer = Dense(3, 2, dtype=dtype, random_state=0)
        for given in (np.ones((2, 3), np.float16), np.ones((2, 3), int), np.ones((2, 3)), [[1, 2, 3]]):
            y = layer(given)
            assert y.dtype == dtype
            assert layer.backward(np.ones(y.shape)).dtype == dtype


def test_astype_gives_a_copy(rng):
    model, x = network().eval(), rng.normal(size=(5, 3))
    wide = model.astype(np.float64)
    assert {p.value.dtype for p in wide.parameters()} == {np.dtype(np.float64)}
    assert {p.value.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert wide(x).dtype == np.float64
    np.testing.assert_allclose(wide(x), model(x), rtol=1e-5)
    assert Counter(3).astype(np.float32).count.dtype == np.float32
    with pytest.raises(ValueError, match="float32 or float64"):
        model.astype(np.int64)


def test_state_dict_is_a_copy_and_strict(rng):
    model = network()
    state = model.state_dict()
    state["0.W"][...] = 0
    assert model[0].W.any()
    before = model.state_dict()
    for change in ({"extra": np.ones(1)}, {"2.b": np.ones(3)}, {"2.b": np.array(["a", "b"])}):
        with pytest.raises(ValueError, match=next(iter(change))):
            model.load_state_dict({**state, **change})
    with pytest.raises(ValueError, match=r"missing \['0.W'\]"):
        model.load_state_dict({name: array for name, array in state.items() if name != "0.W"})
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    arrays = dict(model.params)
    model.load_state_dict(state)
    assert all(model.params[name] is array for name, array in arrays.items())
    assert not model[0].W.any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))])
def test_a_model_and_its_optimizer_copied_together_belong_together(copied, rng):
    model = Sequential(Dense(3, 4, "relu"), Dense(4, 2))
    optimizer, x, dy = Adam(model.parameters()), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    twin, twins = copied((model, optimizer))
    for network, steps in ((model, optimizer), (twin, twins)):
        network(x), network.backward(dy)
        steps.step()
    for name, array in model.params.items():
        np.testing.assert_array_equal(twin.params[name], array)
        np.testing.assert_array_equal(twin.grads[name], model.grads[name])
        assert twin.params[name] is not array and twin.grads[name].any()


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "save"])
def test_copies(way, tmp_path, rng):
    shared = Dense(3, 3, "tanh", random_state=0)
    model, x = Sequential(shared, Dropout(0.5, random_state=1), shared).train(), rng.normal(size=(5, 3))
    model[0].freeze()
    model(x)
    if way == "deepcopy":
        twin = copy.deepcopy(model)
    elif way == "pickle":
        twin = pickle.loads(pickle.dumps(model))
    else:
        npml_core.save(model, tmp_path / "model")
        twin = npml_core.load(tmp_path / "model")
    assert twin[0] is twin[2]
    assert twin[0].W is not shared.W
    assert twin[0].frozen
    assert not twin._tape
    model.backward(np.ones((5, 3)))
    np.testing.assert_array_equal(twin(x), model(x))  # the same mask too
    twin.unfreeze()
    twin.backward(np.ones((5, 3)))
    assert twin.grads["0.W"].any()
    assert not model.grads["0.W"].any()


def test_double_backward_needs_a_recorded_pass(rng):
    layer = Dense(3, 2, random_state=0)
    layer(np.ones((4, 3)))
    with layer.recording():
        layer.backward(np.ones((4, 2)))
    assert not layer.grads["W"].any()  # recorded passes give input gradients alone
    layer.double_backward(np.ones((4, 3)))
    assert layer.grads["W"].any()
    with pytest.raises(RuntimeError, match="recording"):
        layer.double_backward(np.ones((4, 3)))


def test_gradient_penalty_equals_its_differences(rng):
    """P = mean (|g| - 1)^2 with g the input gradient, by all parameters, through the five steps of the docstring."""
    critic = Sequential(Dense(3, 5, "softplus", random_state=0), Dense(5, 1, random_state=1)).astype(np.float64)
    x = rng.normal(size=(6, 3))

    def penalty():
        critic(x)
        with critic.recording():
            g = critic.backward(np.ones((6, 1)))
        critic.eval().train()  # forgets the pass
        norm = np.sqrt((g**2).sum(axis=1))
        return np.mean((norm - 1) ** 2), 2 / 6 * ((norm - 1) / norm)[:, None] * g

    v = penalty()[1]
    critic(x)
    with critic.recording():
        critic.backward(np.ones((6, 1)))
    critic.double_backward(v)
    critic.backward(np.zeros((6, 1)))
    for name, array in critic.params.items():
        for index in np.ndindex(array.shape):
            before, h = array[index], 1e-6
            array[index] = before + h
            above = penalty()[0]
            array[index] = before - h
            below = penalty()[0]
            array[index] = before
            assert critic.grads[name][index] == pytest.approx((above - below) / (2 * h), abs=1e-8)


def test_learns_with_shared_weights_and_two_inputs(rng):
    shared = Dense(3, 2, random_state=0, dtype=np.float64)
    merge = Add()
    target = rng.normal(size=(3, 2))
    optimizer, loss = SGD(shared.parameters(), lr=0.05), SquaredError()
    for _ in range(200):
        a, b = rng.normal(size=(20, 3)), rng.normal(size=(20, 3))
        value, dy = loss(merge(shared(a), shared(b)), (a + b) @ target)
        optimizer.zero_grad()
        da, db = merge.backward(dy)
        shared.backward(db)
        shared.backward(da)
        optimizer.step()
    assert value < 1e-3


def test_parameter():
    with pytest.raises(TypeError, match="float array"):
        Parameter("w", [1.0])
    with pytest.raises(ValueError, match="shape"):
        Parameter("w", np.ones(2), np.ones(3))
    assert "frozen" in repr(Parameter("w", np.ones(2), frozen=True))
