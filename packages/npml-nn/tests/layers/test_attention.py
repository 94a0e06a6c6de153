import numpy as np
import pytest

from npml_nn import DotProductAttention, functional, gradcheck, scaled_dot_product_attention
from npml_nn.layers import attention as module
from npml_nn.layers import softmax

SHAPES = [((3, 4), (5, 4), (5, 2)), ((2, 3, 4), (2, 5, 4), (2, 5, 4)), ((2, 2, 1, 3), (2, 2, 1, 3), (2, 2, 1, 3))]
OPTIONS = [{}, {"causal": True}, {"dropout": 0.4}, {"scale": False}, {"scale": 0.3}, {"return_weights": True}]


def softmax_attention(q, k, v, allowed, scale=None):
    """The plain form: weights of the queries, row by row; a row that sees nothing gives 0."""
    scale = 1 / np.sqrt(q.shape[-1]) if scale is None else scale
    o, weights = np.zeros((*q.shape[:-1], v.shape[-1])), np.zeros(allowed.shape)
    for place in np.ndindex(*q.shape[:-1]):
        seen = np.flatnonzero(allowed[place])
        if len(seen):
            e = np.exp(scale * k[place[:-1]][seen] @ q[place])
            weights[(*place, seen)] = e / e.sum()
            o[place] = weights[place][seen] @ v[place[:-1]][seen]
    return o, weights


def inputs(shapes, rng):
    return [rng.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("masked", [False, True])
def test_gradients(options, shapes, masked, rng):
    q, k, v = inputs(shapes, rng)
    mask = rng.random((*q.shape[:-1], k.shape[-2])) < 0.6
    mask[..., 0, :] = False  # a row that sees nothing
    assert gradcheck(DotProductAttention(random_state=0, **options), [q, k, v, mask] if masked else [q, k, v])


def test_gradients_with_weights_and_dropout(rng):
    layer = DotProductAttention(dropout=0.3, causal=True, return_weights=True, random_state=0)
    assert gradcheck(layer, inputs(SHAPES[1], rng))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shapes", SHAPES)
def test_equals_the_definition(shapes, causal, rng):
    q, k, v = inputs(shapes, rng)
    for mask in (None, rng.random((q.shape[-2], k.shape[-2])) < 0.5, rng.random((*q.shape[:-1], k.shape[-2])) < 0.5):
        allowed = (
            np.ones((*q.shape[:-1], k.shape[-2]), bool)
            if mask is None
            else np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
        )
        if causal:
            allowed = allowed & np.tril(np.ones(allowed.shape[-2:], bool))
        o, weights = scaled_dot_product_attention(q, k, v, mask, causal, return_weights=True)
        expected_o, expected_weights = softmax_attention(q, k, v, allowed)
        np.testing.assert_allclose(o, expected_o, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(weights, expected_weights, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n_past", [0, 1, 4])
def test_causal_with_a_past(n_past, rng):
    q, k, v = inputs([(2, 3, 4), (2, 3 + n_past, 4), (2, 3 + n_past, 2)], rng)
    allowed = np.tril(np.ones((3, 3 + n_past), bool), n_past)
    expected, _ = softmax_attention(q, k, v, np.broadcast_to(allowed, (2, 3, 3 + n_past)))
    np.testing.assert_allclose(scaled_dot_product_attention(q, k, v, causal=True, n_past=n_past), expected, rtol=1e-12)


def test_equals_recorded(recorded):
    r = recorded("attention")
    layer = DotProductAttention()
    np.testing.assert_allclose(layer(r["q"], r["k"], r["v"], r["mask"]), r["y"], rtol=1e-10, atol=1e-13)
    for name, ours in zip(("dq", "dk", "dv"), layer.backward(r["dy"])):
        np.testing.assert_allclose(ours, r[name], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_blocks_change_nothing(causal, masked, rng, monkeypatch):
    q, k, v = inputs([(2, 3, 9, 4), (2, 3, 7, 4), (2, 3, 7, 2)], rng)
    dy, mask = rng.normal(size=(2, 3, 9, 2)), rng.random((2, 1, 9, 7)) < 0.5 if masked else None
    results = []
    for rows, chunk in ((128, 131072), (2, 20), (1, 1)):
        monkeypatch.setattr(module, "ROWS", rows)
        monkeypatch.setattr(module, "CHUNK", chunk)
        o, cache = functional.scaled_dot_product_attention(q, k, v, mask, causal)
        results.append([o, *functional.scaled_dot_product_attention_backward(dy, cache)])
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("shape", [(5,), (1, 5), (3, 5), (3, 1), (1, 1, 5), (2, 1, 3, 5), (2, 4, 1, 1), (1, 4, 3, 5)])
def test_masks_that_stretch(shape, rng):
    q, k, v = inputs([(2, 4, 3, 2), (2, 4, 5, 2), (2, 4, 5, 2)], rng)
    mask = rng.random(shape) < 0.5
    whole = np.broadcast_to(mask, (2, 4, 3, 5)).copy()
    a, b = (functional.scaled_dot_product_attention(q, k, v, m) for m in (mask, whole))
    np.testing.assert_array_equal(a[0], b[0])
    for x, y in zip(*(functional.scaled_dot_product_attention_backward(a[0], c) for c in (a[1], b[1]))):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("causal", [False, True])
def test_nothing_gets_through_the_mask(poison, causal, rng):
    """Key 1 of batch 0 is hidden from all, query 2 of batch 1 sees nothing: what stands there has no effect."""
    q, k, v = inputs([(2, 4, 3), (2, 4, 3), (2, 4, 2)], rng)
    dy, mask = rng.normal(size=(2, 4, 2)), np.ones((2, 4, 4), bool)
    mask[0, :, 1], mask[1, 2] = False, False
    o, cache = functional.scaled_dot_product_attention(q, k, v, mask, causal)
    gradients = functional.scaled_dot_product_attention_backward(dy, cache)
    q[1, 2, 0] = k[0, 1, :2] = v[0, 1] = dy[1, 2] = poison
    with np.errstate(all="raise"):
        other, cache = functional.scaled_dot_product_attention(q, k, v, mask, causal)
        poisoned = functional.scaled_dot_product_attention_backward(dy, cache)
    np.testing.assert_allclose(other, o, rtol=1e-13)
    assert not o[1, 2].any()
    for a, b in zip(gradients, poisoned):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-15)
    assert not gradients[1][0, 1].any()


@pytest.mark.parametrize("dtype, rtol", [(np.float32, 3e-6), (np.float64, 1e-13)])
@pytest.mark.parametrize("causal", [False, True])
def test_small_scores_are_not_shifted_and_it_makes_no_difference(causal, dtype, rtol, rng, monkeypatch):
    q, k, v = (a.astype(dtype) for a in inputs([(2, 5, 3), (2, 5, 3), (2, 5, 2)], rng))
    mask, dy = rng.random((2, 5, 5)) < 0.8, rng.normal(size=(2, 5, 2)).astype(dtype)

    def run():
        o, cache = functional.scaled_dot_product_attention(3 * q, k, v, mask, causal)
        return o, *functional.scaled_dot_product_attention_backward(dy, cache)

    small = run()
    monkeypatch.setattr(softmax, "SMALL", -1)
    for a, b in zip(small, run()):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol / 10)


def test_a_nan_that_is_seen_stays_with_those_who_see_it(rng):
    """The last of a causal sequence is NaN: its own output is, the others and their gradients are not."""
    q, k, v = inputs([(1, 4, 3), (1, 4, 3), (1, 4, 2)], rng)
    expected = scaled_dot_product_attention(q, k, v, causal=True)
    k[0, 3] = np.nan
    o, cache = functional.scaled_dot_product_attention(q, k, v, causal=True)
    np.testing.assert_allclose(o[0, :3], expected[0, :3], rtol=1e-13)
    assert np.isnan(o[0, 3]).all()
    dq, _, _ = functional.scaled_dot_product_attention_backward(np.ones_like(o), cache)
    assert np.isfinite(dq[0, :3]).all()
    assert np.isnan(scaled_dot_product_attention(q, k, v)).all()  # without a mask all see it


def test_extreme_scores():
    q, k, v = np.array([[1e4]]), np.array([[1e4], [-1e4], [0.0]]), np.array([[1.0], [2.0], [3.0]])
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_array_equal(scaled_dot_product_attention(q, k, v), [[1.0]])
        np.testing.assert_array_equal(scaled_dot_product_attention(q, k, v, np.array([False, True, False])), [[2.0]])


@pytest.mark.parametrize("options", OPTIONS[:3], ids=str)
def test_float32_and_inputs_untouched(options, stays_float32, changes_nothing, rng):
    q, k, v = inputs([(2, 3, 4), (2, 5, 4), (2, 5, 3)], rng)
    mask = rng.random((2, 3, 5)) < 0.5
    for given in ([q, k, v], [q, k, v, mask]):
        stays_float32(DotProductAttention(**options), *given)
        if "dropout" not in options:
            changes_nothing(DotProductAttention(**options), *given)
    stays_float32(DotProductAttention(**options), *inputs([(2, 300, 64)] * 3, rng))


def test_dropout_only_in_training(rng):
    q, k, v = inputs([(1, 2, 4), (1, 2000, 4), (1, 2000, 1)], rng)
    layer = DotProductAttention(dropout=0.25, return_weights=True, random_state=0)
    assert abs((layer(q, k, v)[1] == 0).mean() - 0.25) < 0.05
    np.testing.assert_array_equal(layer.eval()(q, k, v)[0], scaled_dot_product_attention(q, k, v))
    assert layer._tape == []


def test_empty_sequences(rng):
    q, k, v = inputs([(2, 3, 4), (2, 0, 4), (2, 0, 5)], rng)
    layer = DotProductAttention()
    np.testing.assert_array_equal(layer(q, k, v), np.zeros((2, 3, 5)))
    assert [g.shape for g in layer.backward(np.ones((2, 3, 5)))] == [(2, 3, 4), (2, 0, 4), (2, 0, 5)]
    assert layer(k, q, q).shape == (2, 0, 4)


MUTANTS = [
    ("dq *= scale", "pass", "dropped scale"),
    ("q[batch, rows], is_first)", "-q[batch, rows], is_first)", "sign"),
    ("dS -= subtracted", "pass", "dropped term"),
    ("dS *= E", "dS *= E / l[batch, rows]", "normalised twice"),
    ("else do, l, order", "else do, 1, order", "not normalised"),
    ("_add(dv[batch], keys, _dropped(E, u)", "_add(dv[batch], keys, E", "dropout forgotten"),
    ("            dS *= u", "            pass", "dropout forgotten"),
    ("dS += extra", "pass", "weights' gradient dropped"),
    ("q[batch, rows], is_first)", "q[batch, rows], True)", "only the first rows"),
]


@pytest.mark.parametrize("old, new, what", MUTANTS)
def test_planted_mistakes_are_caught(old, new, what, mutant_is_caught, monkeypatch, rng):
    monkeypatch.setattr(module, "ROWS", 2)
    layer = DotProductAttention(dropout=0.3, causal=True, return_weights=True, random_state=0)
    backward = module.scaled_dot_product_attention_backward
    mutant_is_caught(backward, old, new, layer, inputs([(2, 4, 3), (2, 4, 3), (2, 4, 2)], rng))


def test_bad_arguments(rng):
    q, k, v = inputs(SHAPES[1], rng)
    for arguments, message in (
        ({"dropout": 1}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"scale": "sqrt"}, "scale"),
    ):
        with pytest.raises(ValueError, match=message):
            DotProductAttention(**arguments)
    for bad in ((q[0], k, v), (q, k[:, :4], v), (q[..., :3], k, v), (q[0, 0], k[0, 0], v[0, 0])):
        with pytest.raises(ValueError, match=r"q, k, v must have shapes"):
            scaled_dot_product_attention(*bad)
    with pytest.raises(TypeError, match="bool"):
        scaled_dot_product_attention(q, k, v, np.zeros((3, 5)))
    with pytest.raises(ValueError, match=r"broadcast to \(..., Tq, Tk\) = \(2, 3, 5\), got shape \(3, 4\)"):
        scaled_dot_product_attention(q, k, v, np.ones((3, 4), bool))
    with pytest.raises(ValueError, match="broadcast"):
        scaled_dot_product_attention(q, k, v, np.ones((4, 2, 3, 5), bool))
