"""npml-classical: nearest neighbours. Both sides choose their own algorithm, then both by brute force."""

import numpy as np
from harness import Pair, case, close

SIZES = {
    "digits 1797 x 64": dict(n=None, d=64),
    "20000 x 10": dict(n=20_000, d=10),
    "5000 x 64": dict(n=5_000, d=64),
}


def points(n, d):
    """Points and a label each: the digits, or n points of d dimensions."""
    if n is None:
        from sklearn.datasets import load_digits

        return load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)), rng.integers(0, 5, n)


def neighbours(n, d, algorithm):
    """Both sides fitted on all points and asked for the five nearest of (at most 5000 of) them."""
    from sklearn.neighbors import KNeighborsClassifier as Peer

    from npml_classical import KNeighborsClassifier

    X, y = points(n, d)
    queries = X[:5_000]
    ours = KNeighborsClassifier(n_neighbors=5, algorithm=algorithm).fit(X, y)
    peer = Peer(n_neighbors=5, algorithm=algorithm).fit(X, y)

    def check(a, b):
        close(1e-7, atol=1e-6)(a[0], b[0])

    work = (len(queries), "queries")
    return Pair(lambda: ours.kneighbors(queries), lambda: peer.kneighbors(queries), check, work)


@case("npml-classical", group="neighbours", peer="scikit-learn", sizes=SIZES)
def kneighbors(n, d):
    return neighbours(n, d, "auto")


@case("npml-classical", group="neighbours", peer="scikit-learn", sizes=SIZES)
def kneighbors_brute_force(n, d):
    return neighbours(n, d, "brute")


@case("npml-classical", group="neighbours", peer="scikit-learn", sizes=SIZES)
def predict(n, d):
    from sklearn.neighbors import KNeighborsClassifier as Peer

    from npml_classical import KNeighborsClassifier

    X, y = points(n, d)
    queries = X[:5_000]
    ours, peer = KNeighborsClassifier().fit(X, y), Peer().fit(X, y)

    def check(a, b):
        share = np.mean(a == b)
        assert share >= 0.999, f"only {share:.2%} of the predictions agree"  # ties may fall either way

    return lambda: ours.predict(queries), lambda: peer.predict(queries), check
