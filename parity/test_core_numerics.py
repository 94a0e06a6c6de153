"""npml-core's logsumexp against scipy's, and its sampler against numpy's choice."""

import numpy as np
import pytest
from scipy import special, stats

from npml_core import AliasSampler, categorical, logsumexp


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4, 1e300])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2)])
def test_logsumexp(scale, axis):
    a = scale * np.random.default_rng(0).normal(size=(3, 4, 5))
    a[0, 0], a[1, :, 2], a[2] = -np.inf, -np.inf, np.round(a[2])
    for keepdims in (False, True):
        expected = special.logsumexp(a, axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(logsumexp(a, axis=axis, keepdims=keepdims), expected, rtol=1e-12)


def test_logsumexp_at_the_ends():
    for a in ([], [-np.inf], [np.inf, 0.0], [0.0, -50.0], [-1e-20, -40.0], [3, 4]):
        np.testing.assert_allclose(logsumexp(a), special.logsumexp(a), rtol=1e-14)
    a = np.array([[1, 2], [3, 4]], np.float32)
    assert logsumexp(a, axis=0).dtype == special.logsumexp(a, axis=0).dtype


def test_sampler_by_chi_square():
    p = np.random.default_rng(1).dirichlet(np.ones(40))
    for draws in (
        AliasSampler(p).sample(200_000, random_state=2),
        AliasSampler(np.log(p) + 900, log=True).sample(200_000, random_state=3),
        categorical(np.tile(p, (200_000, 1)), random_state=4),
    ):
        assert stats.chisquare(np.bincount(draws, minlength=40), 200_000 * p).pvalue > 1e-4


def test_without_replacement_as_numpys_choice():
    p, rng = np.array([0.6, 0.2, 0.1, 0.07, 0.03]), np.random.default_rng(5)
    sampler = AliasSampler(p)
    ours = np.bincount(np.concatenate([sampler.sample(3, rng, replace=False) for _ in range(6000)]))
    theirs = np.bincount(np.concatenate([rng.choice(5, 3, replace=False, p=p) for _ in range(6000)]))
    assert stats.chi2_contingency([ours, theirs]).pvalue > 1e-4
