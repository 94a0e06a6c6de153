import numpy as np
import pytest

from npml_nn.layers.masks import flat_mask, hidden_pairs, without_nan

SHAPES = (2, 3, 4, 8), (2, 3, 5, 8), (2, 3, 5, 8)


@pytest.mark.parametrize(
    "given, flat",
    [((5,), (1, 1, 5)), ((4, 1), (1, 4, 1)), ((2, 1, 1, 5), (6, 1, 5)), ((2, 3, 4, 5), (6, 4, 5)), ((), (1, 1, 1))],
)
def test_masks_stay_small(given, flat, rng):
    mask = rng.random(given) < 0.5
    result = flat_mask(mask, SHAPES)
    assert result.shape == flat
    whole = np.broadcast_to(mask, (2, 3, 4, 5)).reshape(6, 4, 5)
    np.testing.assert_array_equal(np.broadcast_to(result, (6, 4, 5)), whole)
    for batch, rows, keys in ((slice(0, 6), slice(0, 4), slice(0, 5)), (slice(2, 5), slice(1, 3), slice(0, 4))):
        expected = ~whole[batch, rows, keys]
        hidden = hidden_pairs(result, batch, rows, keys, None)
        np.testing.assert_array_equal(np.broadcast_to(hidden, expected.shape), expected)
        later = ~np.tril(np.ones((4, 5), bool), 1)[rows, keys]
        hidden = hidden_pairs(result, batch, rows, keys, n_past=1)
        np.testing.assert_array_equal(np.broadcast_to(hidden, expected.shape), expected | later)


def test_no_mask():
    assert flat_mask(None, SHAPES) is None
    assert hidden_pairs(None, slice(0, 1), slice(0, 4), slice(0, 5), None) is None
    np.testing.assert_array_equal(hidden_pairs(None, slice(0, 1), slice(0, 2), slice(0, 2), 0)[0], [[0, 1], [0, 0]])


def test_where_nan_stands(rng):
    q, k, v = (rng.normal(size=(1, 3, 2)) for _ in range(3))
    assert without_nan(q, k, v)[3] is None
    q[0, 1, 0], k[0, 0, 1], v[0, 2] = np.nan, np.inf, -np.inf
    clean_q, clean_k, clean_v, (queries, keys) = without_nan(q, k, v)
    np.testing.assert_array_equal(queries[0, :, 0], [False, True, False])
    np.testing.assert_array_equal(keys[0, 0], [True, False, True])
    assert clean_q[0, 1, 0] == clean_k[0, 0, 1] == 0
    assert not clean_v[0, 2].any()
    np.testing.assert_array_equal(clean_q[0, 1, 1], q[0, 1, 1])
    assert np.isnan(q[0, 1, 0])
