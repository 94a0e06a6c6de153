"""npml-core: the ball tree, built and asked."""

import numpy as np
from harness import case, close

SIZES = {"50000 x 3": dict(n=50_000, d=3, n_queries=5_000), "5000 x 3": dict(n=5_000, d=3, n_queries=1_000)}


def points(n, d, n_queries):
    """Points and queries from one distribution."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)), rng.normal(size=(n_queries, d))


@case("npml-core", group="ball tree", peer="scikit-learn", sizes=SIZES)
def build(n, d, n_queries):
    from sklearn.neighbors import BallTree as Peer

    from npml_core import BallTree

    X, queries = points(n, d, n_queries)

    def check(ours, peer):
        close(1e-8)(ours.query(queries[:50], k=3)[0], peer.query(queries[:50], k=3)[0])

    return lambda: BallTree(X), lambda: Peer(X), check


@case("npml-core", group="ball tree", peer="scikit-learn", sizes=SIZES)
def query_5_nearest(n, d, n_queries):
    from sklearn.neighbors import BallTree as Peer

    from npml_core import BallTree

    X, queries = points(n, d, n_queries)
    ours, peer = BallTree(X), Peer(X)
    return lambda: ours.query(queries, k=5), lambda: peer.query(queries, k=5), close(1e-8)


@case("npml-core", group="ball tree", peer="scikit-learn", sizes=SIZES)
def query_radius(n, d, n_queries):
    from sklearn.neighbors import BallTree as Peer

    from npml_core import BallTree

    X, queries = points(n, d, n_queries)
    ours, peer = BallTree(X), Peer(X)

    def check(a, b):
        assert all(np.array_equal(np.sort(i), np.sort(j)) for i, j in zip(a, b)), "other points within the radius"

    return lambda: ours.query_radius(queries, 0.1), lambda: peer.query_radius(queries, 0.1), check
