"""npml-classical: k-means and principal components."""

import numpy as np
from harness import case, close, no_worse

KMEANS_SIZES = {
    "digits, k 10": dict(n=None, d=64, k=10),
    "20000 x 16, k 8": dict(n=20_000, d=16, k=8),
    "100000 x 4, k 20": dict(n=100_000, d=4, k=20),
}
PCA_SIZES = {
    "digits, 10": dict(n=None, d=64, k=10),
    "20000 x 50, 10": dict(n=20_000, d=50, k=10),
    "500 x 300, 50": dict(n=500, d=300, k=50),
}


def points(n, d, k):
    """The digits, or n points around k centres in d dimensions."""
    if n is None:
        from sklearn.datasets import load_digits

        return load_digits().data
    rng = np.random.default_rng(0)
    return rng.normal(scale=3, size=(k, d))[rng.integers(0, k, n)] + rng.normal(size=(n, d))


@case("npml-classical", group="k-means", peer="scikit-learn", sizes=KMEANS_SIZES)
def lloyd_from_the_same_centres(n, d, k):
    from sklearn.cluster import KMeans as Peer

    from npml_classical import KMeans

    X = points(n, d, k)
    start = X[np.random.default_rng(1).choice(len(X), k, replace=False)]
    options = dict(n_clusters=k, init=start, n_init=1)
    check = no_worse(lambda model: model.inertia_, 1e-4, name="inertia", higher=False)
    return lambda: KMeans(**options).fit(X), lambda: Peer(**options).fit(X), check


@case("npml-classical", group="k-means", peer="scikit-learn", sizes=KMEANS_SIZES)
def k_means_plus_plus_10_starts(n, d, k):
    from sklearn.cluster import KMeans as Peer

    from npml_classical import KMeans

    X = points(n, d, k)
    options = dict(n_clusters=k, n_init=10, random_state=0)
    check = no_worse(lambda model: model.inertia_, 0.01, name="inertia", higher=False)
    return lambda: KMeans(**options).fit(X), lambda: Peer(**options).fit(X), check


@case("npml-classical", group="PCA", peer="scikit-learn", sizes=PCA_SIZES)
def fit_transform(n, d, k):
    from sklearn.decomposition import PCA as Peer

    from npml_classical import PCA

    X = points(n, d, k)

    def check(ours, peer):
        close(1e-7, atol=1e-7)(np.abs(ours), np.abs(peer))  # a component's sign is free

    return lambda: PCA(n_components=k).fit_transform(X), lambda: Peer(n_components=k).fit_transform(X), check
