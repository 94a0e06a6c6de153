"""npml-core: pairwise distances and kernels."""

import numpy as np
from harness import case, close

SIZES = {
    "1797 x 64 (digits)": dict(n=1797, d=64),
    "2000 x 10": dict(n=2000, d=10),
    "1000 x 500": dict(n=1000, d=500),
}


def points(n, d):
    """Two sets of n points in d dimensions."""
    return np.random.default_rng(0).normal(size=(2, n, d))


def register(group, name, **options):
    """One case that compares a metric of npml_core with the same metric of scikit-learn."""
    function_name = "pairwise_distances" if group == "distances" else "pairwise_kernels"

    def build(n, d):
        from sklearn import metrics

        import npml_core

        X, Y = points(n, d)
        ours, peer = getattr(npml_core, function_name), getattr(metrics.pairwise, function_name)
        return (
            lambda: ours(X, Y, metric=name, **options),
            lambda: peer(X, Y, metric=name, **options),
            close(1e-8, atol=1e-10),
        )

    build.__name__ = name
    case("npml-core", group=group, peer="scikit-learn", sizes=SIZES)(build)


for metric in ("euclidean", "manhattan", "chebyshev", "cosine"):
    register("distances", metric)
for kernel in ("linear", "polynomial", "rbf", "laplacian", "sigmoid", "cosine"):
    register("kernels", kernel)
