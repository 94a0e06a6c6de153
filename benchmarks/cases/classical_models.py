"""npml-classical: mixtures, HMMs, linear models, Gaussian processes, factorisations, topics, n-grams."""

from pathlib import Path

import numpy as np
from harness import Pair, case, close, no_worse


@case(
    "npml-classical",
    group="Gaussian mixture",
    peer="scikit-learn",
    sizes={
        f"{size}, {kind}": dict(n=n, d=d, k=k, kind=kind)
        for size, n, d, k in (("2000 x 8, k 4", 2_000, 8, 4), ("20000 x 16, k 8", 20_000, 16, 8))
        for kind in ("full", "diag")
    }
    | {"100000 x 4, k 5, full": dict(n=100_000, d=4, k=5, kind="full")},
)
def em_from_the_same_start(n, d, k, kind):
    import warnings

    from sklearn.mixture import GaussianMixture as Peer

    from npml_classical import GaussianMixture

    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(k, d))
    X = centres[rng.integers(0, k, n)] + rng.normal(size=(n, d))
    precisions = np.tile(np.eye(d), (k, 1, 1)) if kind == "full" else np.ones((k, d))
    options = dict(n_components=k, covariance_type=kind, max_iter=20, tol=0.0, weights_init=np.full(k, 1 / k))
    options |= dict(means_init=X[:k], precisions_init=precisions)

    def fit(model):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # twenty iterations are not to converge
            return model(**options).fit(X)

    return lambda: fit(GaussianMixture), lambda: fit(Peer), no_worse(lambda m: m.lower_bound_, 1e-9, name="bound")


def hmm_data(lengths, K=8, V=20):
    rng = np.random.default_rng(0)
    chain = rng.dirichlet(np.ones(K)), rng.dirichlet(np.ones(K), size=K), rng.dirichlet(np.ones(V), size=K)
    return chain, rng.integers(0, V, (sum(lengths), 1))


def hmm(kind, chain, **options):
    model = kind(len(chain[0]), init_params="", n_iter=5, tol=-np.inf, n_features=chain[2].shape[1], **options)
    model.startprob_, model.transmat_, model.emissionprob_ = (part.copy() for part in chain)
    return model


HMM_SIZES = {
    "one of 20000": dict(lengths=[20_000]),
    "500 of 20 to 200": dict(lengths=np.random.default_rng(1).integers(20, 200, 500).tolist()),
}


@case("npml-classical", group="HMM", peer="hmmlearn", sizes=HMM_SIZES)
def baum_welch_against_the_default(lengths):
    from hmmlearn.hmm import CategoricalHMM as Peer

    from npml_classical import CategoricalHMM

    chain, X = hmm_data(lengths)
    ours, peer = (lambda kind=kind: hmm(kind, chain).fit(X, lengths) for kind in (CategoricalHMM, Peer))
    return ours, peer, no_worse(lambda m: m.score(X, lengths), 1e-8, name="log-likelihood")


@case("npml-classical", group="HMM", peer="hmmlearn", sizes=HMM_SIZES)
def baum_welch_against_scaling(lengths):
    from hmmlearn.hmm import CategoricalHMM as Peer

    from npml_classical import CategoricalHMM

    chain, X = hmm_data(lengths)
    ours = lambda: hmm(CategoricalHMM, chain).fit(X, lengths)
    peer = lambda: hmm(Peer, chain, implementation="scaling").fit(X, lengths)
    return ours, peer, no_worse(lambda m: m.score(X, lengths), 1e-8, name="log-likelihood")


@case("npml-classical", group="HMM", peer="hmmlearn", sizes=HMM_SIZES)
def viterbi(lengths):
    from hmmlearn.hmm import CategoricalHMM as Peer

    from npml_classical import CategoricalHMM

    chain, X = hmm_data(lengths)
    ours, peer = hmm(CategoricalHMM, chain), hmm(Peer, chain)
    return (
        lambda: ours.decode(X, lengths)[0],
        lambda: peer.decode(X, lengths)[0],
        close(1e-10),
    )


LINEAR_SIZES = {"20000 x 50": dict(n=20_000, d=50), "2000 x 500": dict(n=2_000, d=500), "diabetes": dict(n=None, d=10)}


def regression(n, d):
    if n is None:
        from sklearn.datasets import load_diabetes

        return load_diabetes(return_X_y=True)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)) + 1
    return X, X @ rng.normal(size=d) + rng.normal(size=n)


@case("npml-classical", group="linear", peer="scikit-learn", sizes=LINEAR_SIZES)
def least_squares(n, d):
    from sklearn.linear_model import LinearRegression as Peer

    from npml_classical import LinearRegression

    X, y = regression(n, d)
    return lambda: LinearRegression().fit(X, y).coef_, lambda: Peer().fit(X, y).coef_, close(1e-8)


@case("npml-classical", group="linear", peer="scikit-learn", sizes=LINEAR_SIZES)
def ridge(n, d):
    from sklearn.linear_model import Ridge as Peer

    from npml_classical import Ridge

    X, y = regression(n, d)
    return lambda: Ridge().fit(X, y).coef_, lambda: Peer().fit(X, y).coef_, close(1e-7)


@case(
    "npml-classical",
    group="logistic",
    peer="scikit-learn",
    sizes={
        "20000 x 50": dict(n=20_000, d=50, K=2),
        "2000 x 500": dict(n=2_000, d=500, K=2),
        "digits": dict(n=None, d=64, K=10),
    },
)
def logistic_l2(n, d, K):
    import warnings

    from sklearn.linear_model import LogisticRegression as Peer

    from npml_classical import LogisticRegression

    if n is None:
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        X = X / 16
    else:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n, d))
        y = (X @ rng.normal(size=d) / np.sqrt(d) + rng.logistic(size=n) > 0).astype(int)

    def objective(model):
        p = model.predict_log_proba(X)[np.arange(len(y)), y]
        return -p.sum() + 0.5 * (model.coef_**2).sum()

    def fit_peer():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Peer(max_iter=1000, tol=1e-6).fit(X, y)

    ours = lambda: LogisticRegression(tol=1e-6).fit(X, y)
    return ours, fit_peer, no_worse(objective, 1e-4, name="objective", higher=False)


@case("npml-classical", group="linear", peer="statsmodels", sizes={"20000 x 30": dict(n=20_000, d=30)})
def poisson_regression(n, d):
    import statsmodels.api as sm

    from npml_classical import GeneralizedLinearModel

    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    y = rng.poisson(np.exp(0.1 * X @ rng.normal(size=d)))
    design = sm.add_constant(X)
    peer = lambda: sm.GLM(y, design, family=sm.families.Poisson()).fit().params[1:]
    return lambda: GeneralizedLinearModel("poisson", tol=1e-8).fit(X, y).coef_, peer, close(1e-5)


NB_SIZES = {"20000 x 50, 10 classes": dict(n=20_000, d=50, K=10), "iris": dict(n=None, d=4, K=3)}


@case("npml-classical", group="naive Bayes", peer="scikit-learn", sizes=NB_SIZES)
def naive_bayes_fit(n, d, K):
    from sklearn.naive_bayes import GaussianNB as Peer

    from npml_classical import GaussianNB

    X, y = classes(n, d, K)
    return lambda: GaussianNB().fit(X, y).var_, lambda: Peer().fit(X, y).var_, close(1e-8)


@case("npml-classical", group="naive Bayes", peer="scikit-learn", sizes=NB_SIZES)
def naive_bayes_predict(n, d, K):
    from sklearn.naive_bayes import GaussianNB as Peer

    from npml_classical import GaussianNB

    X, y = classes(n, d, K)
    ours, peer = GaussianNB().fit(X, y), Peer().fit(X, y)
    return lambda: ours.predict_proba(X), lambda: peer.predict_proba(X), close(1e-6)


def classes(n, d, K):
    if n is None:
        from sklearn.datasets import load_iris

        return load_iris(return_X_y=True)
    rng = np.random.default_rng(0)
    y = rng.integers(0, K, n)
    return rng.normal(size=(n, d)) + 0.3 * rng.normal(size=(K, d))[y], y


@case(
    "npml-classical",
    group="Gaussian process",
    peer="scikit-learn",
    sizes={
        "n 200, fitted": dict(n=200, fitted=True),
        "n 500, fitted": dict(n=500, fitted=True),
        "n 2000": dict(n=2000, fitted=False),
    },
)
def gaussian_process(n, fitted):
    from sklearn.gaussian_process import GaussianProcessRegressor as Peer
    from sklearn.gaussian_process import kernels as peer_kernels

    from npml_classical import GaussianProcessRegressor, kernels

    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=n)
    make = lambda k: k.ConstantKernel(1.0) * k.RBF(1.0) + k.WhiteKernel(0.1)
    options = {} if fitted else {"optimizer": None}
    return (
        lambda: GaussianProcessRegressor(make(kernels), **options).fit(X, y).log_marginal_likelihood_value_,
        lambda: Peer(make(peer_kernels), **options).fit(X, y).log_marginal_likelihood_value_,
        close(1e-6),
    )


@case("npml-classical", group="kernel regression", peer="statsmodels", sizes={"3000 / 500": dict(n=3000, m=500)})
def nadaraya_watson(n, m):
    from statsmodels.nonparametric.kernel_regression import KernelReg

    from npml_classical import KernelRegression

    rng = np.random.default_rng(0)
    X, y, Q = rng.normal(size=(n, 2)), rng.normal(size=n), rng.normal(size=(m, 2))
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = KernelReg(y, X, "cc", reg_type="lc", bw=[0.5, 0.5])
    ours = KernelRegression(gamma=2.0).fit(X, y)
    return lambda: ours.predict(Q), lambda: peer.fit(Q)[0], close(1e-6)


@case(
    "npml-classical",
    group="factorisation",
    peer="scikit-learn",
    sizes={"200 x 100, k 5": dict(n=200, d=100, k=5), "2000 x 500, k 20": dict(n=2000, d=500, k=20)},
)
def nmf(n, d, k):
    import warnings

    from sklearn.decomposition import NMF as Peer

    from npml_classical import NMF

    rng = np.random.default_rng(0)
    X = np.abs(rng.normal(size=(n, k))) @ np.abs(rng.normal(size=(k, d))) + 0.1 * np.abs(rng.normal(size=(n, d)))

    def fit(model):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model(k, init="nndsvda", max_iter=60, tol=0.0).fit(X)

    check = no_worse(lambda m: m.reconstruction_err_, 0.01, name="error", higher=False)
    return lambda: fit(NMF), lambda: fit(Peer), check


@case("npml-classical", group="topics", peer="scikit-learn", sizes={"Lee, k 10": dict(k=10)})
def variational_lda(k):
    from sklearn.decomposition import LatentDirichletAllocation as Peer

    from npml_classical import LatentDirichletAllocation

    counts = lee_counts()
    train, test = counts[:250], counts[250:]

    def held_out(model):
        topics = model.components_ / model.components_.sum(axis=1, keepdims=True)
        p = model.transform(test) @ topics
        rows, columns = test.nonzero()
        return float(np.exp(-(test.data @ np.log(p[rows, columns])) / test.sum()))

    ours = lambda: LatentDirichletAllocation(k, max_iter=20, tol=0.0, random_state=0).fit(train)
    peer = lambda: Peer(k, max_iter=20, random_state=0).fit(train)
    return ours, peer, no_worse(held_out, 0.05, name="held-out perplexity", higher=False)


def lee_text():
    import gensim

    path = Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor"
    return path.read_text(encoding="utf-8").splitlines()


def lee_counts():
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(stop_words="english", min_df=2).fit_transform(lee_text())


@case("npml-classical", group="n-grams", peer="nltk", sizes={"order 2": dict(order=2), "order 3": dict(order=3)})
def kneser_ney_fit(order):
    from nltk.lm import KneserNeyInterpolated
    from nltk.lm.preprocessing import padded_everygram_pipeline

    from npml_classical import KneserNeyNGram

    sentences = [line.lower().split() for line in lee_text()]

    def fit_peer():
        model = KneserNeyInterpolated(order)
        model.fit(*padded_everygram_pipeline(order, sentences))
        return model

    def check(ours, peer):
        word, context = sentences[0][order], sentences[0][1:order]
        assert abs(ours.log_prob(word, context) / (peer.logscore(word, context) * np.log(2)) - 1) < 1e-3

    n_tokens = sum(map(len, sentences))
    return Pair(lambda: KneserNeyNGram(order).fit(sentences), fit_peer, check, work=(n_tokens, "tokens"))
