"""Special functions against scipy's."""

import numpy as np
import pytest
from scipy import special as peer

from npml_classical.topics import special

X = np.concatenate([np.logspace(-100, 8, 400), np.linspace(0.01, 30, 500), [1.0, 2.0, 1.4616321449683622]])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (special.log_gamma, peer.gammaln),
        (special.digamma, peer.psi),
        (special.trigamma, lambda x: peer.polygamma(1, x)),
    ],
)
def test_equals_scipy(ours, theirs):
    np.testing.assert_allclose(ours(X), theirs(X), rtol=2e-13, atol=2e-14)
