"""Draws follow their distribution: tables exactly, draws by chi-square with fixed seeds."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import AliasSampler, categorical, load, save


def chi_square_per_degree(counts, p):
    expected = counts.sum() * p[p > 0]
    return ((counts[p > 0] - expected) ** 2 / expected).sum() / max(len(expected) - 1, 1)


weights = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=1, max_size=60).filter(any)


@settings(max_examples=50, deadline=None)
@given(weights)
def test_the_coins_add_up_to_the_distribution(p):
    sampler = AliasSampler(p)
    share, alias, n = sampler._share, sampler._alias, len(p)
    shown = (share + np.bincount(alias, 1.0 - share, minlength=n)) / n
    np.testing.assert_allclose(shown, np.array(p) / np.sum(p), rtol=0, atol=4e-16 * n)
    assert share.min() >= 0
    assert share.max() <= 1
    never = np.array(p) == 0
    assert not share[never].any()
    assert not np.isin(alias[share < 1], np.flatnonzero(never)).any()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 49, 1000])  # 49 * (1 / 49) < 1
def test_a_uniform_distribution_has_coins_of_one_side(n):
    np.testing.assert_allclose(AliasSampler(np.ones(n))._share, 1.0, rtol=1e-14)


@pytest.mark.parametrize("n", [2, 10, 300])
def test_draws_by_chi_square(n):
    rng = np.random.default_rng(n)
    p = rng.dirichlet(np.full(n, 2.0))
    p[0] = 0.0
    for log in (False, True):
        with np.errstate(divide="ignore"):
            sampler = AliasSampler(np.log(p) if log else 7.0 * p, log=log)
        counts = np.bincount(sampler.sample(100_000, random_state=rng), minlength=n)
        assert counts[0] == 0
        # the statistic per degree of freedom has mean 1 and deviation sqrt(2 / (n - 1))
        assert chi_square_per_degree(counts, p / p.sum()) < 1 + 4 * np.sqrt(2 / max(n - 2, 1))


def test_without_replacement_follows_successive_draws():
    p = np.array([0.5, 0.3, 0.0, 0.15, 0.05])
    rng = np.random.default_rng(5)
    sampler = AliasSampler(p)
    draws = np.array([sampler.sample(2, random_state=rng, replace=False) for _ in range(20_000)])
    assert (draws[:, 0] != draws[:, 1]).all()
    counts = np.bincount(draws[:, 0] * 5 + draws[:, 1], minlength=25)
    rest = np.where(np.eye(5, dtype=bool), 0.0, p) / (1 - p)[:, None]
    assert chi_square_per_degree(counts, (p[:, None] * rest).ravel()) < 1 + 4 * np.sqrt(2 / 11)


def test_without_replacement_to_the_last_category():
    sampler = AliasSampler([1.0, 0.0, 3.0, 1e-300, 2.0])
    assert sorted(sampler.sample(4, random_state=0, replace=False)) == [0, 2, 3, 4]
    with pytest.raises(ValueError, match=r"size=5 .*4 categories"):
        sampler.sample(5, random_state=0, replace=False)


def test_extreme_weights():
    assert set(AliasSampler([1e308] * 3).sample(100, random_state=0)) == {0, 1, 2}
    assert set(AliasSampler([5e-324, 5e-324]).sample(100, random_state=0)) == {0, 1}
    assert set(AliasSampler([-1e5, -1e5, -np.inf], log=True).sample(100, random_state=0)) == {0, 1}
    far = AliasSampler([0.0, -5000.0], log=True)  # the second is never drawn first, but it is there
    assert far.sample(2, random_state=0, replace=False).tolist() == [0, 1]


def test_sizes_types_and_seeds():
    sampler = AliasSampler([1, 2, 3])
    assert isinstance(sampler.sample(random_state=0), int)
    assert sampler.sample((2, 3), random_state=0).shape == (2, 3)
    assert sampler.sample(0).shape == (0,)
    assert sampler.sample(0, replace=False).shape == (0,)
    for replace in (True, False):
        draws = sampler.sample(3, random_state=1, replace=replace)
        assert draws.dtype == np.int64
        assert (draws == sampler.sample(3, random_state=1, replace=replace)).all()


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("bad", [[], [[0.5, 0.5]], 0.5, [np.nan, 1.0], [np.inf, 1.0], ["a", "b"], [1j], None, {}])
def test_wrong_weights(bad, log):
    with pytest.raises((ValueError, TypeError), match=r"\bp\b"):
        AliasSampler(bad, log=log)


def test_negative_and_zero_weights():
    with pytest.raises(ValueError, match="p must hold weights that are not negative"):
        AliasSampler([1.0, -0.1])
    with pytest.raises(ValueError, match="not all 0"):
        AliasSampler([0.0, 0.0])
    with pytest.raises(ValueError, match="p must hold the logarithm of a positive weight"):
        AliasSampler([-np.inf, -np.inf], log=True)


@pytest.mark.parametrize("bad", [-1, 1.5, "3", (2, -1), True, [2, 3]])
def test_wrong_sizes(bad):
    with pytest.raises((ValueError, TypeError), match="size"):
        AliasSampler([1.0]).sample(bad)


def test_copies_draw_the_same(tmp_path):
    sampler = AliasSampler([1.0, 2.0, 0.0, 4.0])
    save(sampler, tmp_path / "sampler")
    for other in (load(tmp_path / "sampler"), pickle.loads(pickle.dumps(sampler))):
        for replace in (True, False):
            assert (other.sample(3, 0, replace) == sampler.sample(3, 0, replace)).all()


class TestCategorical:
    def test_rows_by_chi_square(self):
        rng = np.random.default_rng(0)
        p = rng.dirichlet(np.ones(6), size=3)
        p[0, 5] = p[1, 0] = 0.0
        draws = categorical(np.repeat(p, 50_000, axis=0) * 3.0, random_state=rng).reshape(3, -1)
        for row, of_row in zip(p, draws):
            counts = np.bincount(of_row, minlength=6)
            assert not counts[row == 0].any()
            assert chi_square_per_degree(counts, row / row.sum()) < 1 + 4 * np.sqrt(2 / 4)

    def test_certain_rows_and_extreme_weights(self):
        p = np.eye(4)[[2, 0, 3]]
        for scale in (1e-320, 1.0, 1e308):
            assert categorical(scale * p, random_state=0).tolist() == [2, 0, 3]
        assert set(categorical(np.full((200, 2), 1e308), random_state=0)) == {0, 1}

    def test_the_largest_uniform_number_finds_a_category_of_positive_weight(self):
        class Highest(np.random.Generator):
            def random(self, size=None):
                return np.full(size, 1.0 - 2.0**-53)

        rng = Highest(np.random.PCG64())
        for seed in range(50):
            p = np.random.default_rng(seed).random((1, 9))
            p[:, 7:] = 0.0
            assert categorical(p, random_state=rng).tolist() == [6]

    def test_types(self):
        draws = categorical(np.ones((4, 2), np.float32), random_state=0)
        assert draws.dtype == np.int64
        assert (draws == categorical(np.ones((4, 2)), random_state=0)).all()

    @pytest.mark.parametrize(
        "bad", [[], [0.5, 0.5], [[np.nan, 1]], [[np.inf, 1]], [[-1, 2]], [[1, 0], [0, 0]], [["a"]]]
    )
    def test_wrong_weights(self, bad):
        with pytest.raises((ValueError, TypeError), match=r"\bp\b"):
            categorical(bad)
