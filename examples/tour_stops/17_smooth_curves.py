"""Gaussian-process regression: a curve with its doubt."""

import numpy as np
from tour_kit import COLORS, INK, Figure, Row, canvas, stop, timed


@stop("npml-classical", "A curve that knows where it is unsure")
def gaussian_process():
    """A `GaussianProcessRegressor` is a distribution over curves. Given a few measurements it keeps the curves that go
    near them: their mean is the prediction, their spread the doubt. Between measurements the band is narrow, beyond
    them it opens. How wiggly curves are and how noisy measurements are is found by maximising the evidence.
    """
    from sklearn.datasets import load_diabetes
    from sklearn.gaussian_process import GaussianProcessRegressor as Peer
    from sklearn.gaussian_process import kernels as peer_kernels

    from npml_classical import GaussianProcessRegressor, kernels

    def make(k):
        return 1.0 * k.RBF(1.0) + k.WhiteKernel(0.5)

    data, target = load_diabetes(return_X_y=True)
    scaled, target = data / data.std(axis=0), (target - target.mean()) / target.std()
    ours, seconds = timed(lambda: GaussianProcessRegressor(make(kernels)).fit(scaled, target))
    peer, peer_seconds = timed(lambda: Peer(make(peer_kernels)).fit(scaled, target))
    figures = (ours.log_marginal_likelihood_value_, peer.log_marginal_likelihood_value_, seconds, peer_seconds)
    yield Row("Gaussian process, fitted kernel", "diabetes", "log evidence", *figures)

    rng = np.random.default_rng(3)
    x = np.sort(np.concatenate([rng.uniform(0, 3, 14), rng.uniform(5.5, 8, 10)]))
    y = np.sin(1.8 * x) + 0.3 * x + 0.15 * rng.normal(size=len(x))
    model = GaussianProcessRegressor(make(kernels), random_state=0).fit(x[:, None], y)
    yield Figure(
        draw_band(model, x, y),
        "24 measurements, the mean, the band of two standard deviations of the curve with its noise, and three of the "
        "curves that the data allow.",
    )


def draw_band(model, x, y):
    """Mean, band and sampled curves."""
    grid = np.linspace(-1.5, 10, 240)
    mean, std = model.predict(grid[:, None], return_std=True)
    fig, axes = canvas(1, 1, width=10, height=3.4)
    ax = np.ravel(axes)[0]
    ax.fill_between(grid, mean - 2 * std, mean + 2 * std, color=COLORS[0], alpha=0.18, linewidth=0)
    smooth = type(model)(model.kernel_.k1, alpha=model.kernel_.k2.noise_level, optimizer=None).fit(x[:, None], y)
    for curve in smooth.sample_y(grid[:, None], 3, random_state=1).T:
        ax.plot(grid, curve, color=COLORS[1], linewidth=0.9, alpha=0.8)
    ax.plot(grid, mean, color=COLORS[0])
    ax.scatter(x, y, s=16, color=INK, zorder=3)
    ax.set(xlim=(grid[0], grid[-1]), xlabel="x", ylabel="y")
    return fig
