"""Minimisers for smooth functions, and for smooth functions plus an absolute-value penalty.

Notation: f is the function, g its gradient, H its Hessian, d a direction, t a step.

    Newton    d = -H^-1 g                                                      Nocedal & Wright (2006), section 3.3
    L-BFGS    d = -B g, with B built from the last m pairs s = x' - x, y = g' - g
              by the two-loop recursion                                        algorithm 7.4
    both      t halves until f(x + t d) <= f(x) + c t g.d                      Armijo's condition, eq. 3.4
    FISTA     x' = soft(z - t g(z), t lambda),  z' = x' + momentum (x' - x)    Beck & Teboulle (2009), eqs. 4.1 to 4.3
              momentum starts again when it points uphill                      O'Donoghue & Candes (2015), section 3.2

All stop when no entry of the gradient (FISTA: of the smallest subgradient) is larger than `tol`.

References
----------
Nocedal & Wright (2006), "Numerical Optimization", 2nd ed.
Beck & Teboulle (2009), "A fast iterative shrinkage-thresholding algorithm", SIAM J. Imaging Sciences 2(1), 183-202.
O'Donoghue & Candes (2015), "Adaptive restart for accelerated gradient schemes", Found. Comp. Math. 15, 715-732.
"""

from typing import NamedTuple

import numpy as np

SUFFICIENT = 1e-4
MAX_HALVINGS = 40
KEEPS_HESSIAN = 0.25


class Minimum(NamedTuple):
    """Where a minimiser ended: x, f(x), its iterations, and whether it met the tolerance."""

    x: np.ndarray
    value: float
    n_iter: int
    converged: bool


def newton(function, hessian, x, tol, max_iter):
    """Newton's method with Armijo's line search; a Hessian that still shrinks the gradient four times a step is kept.

    Parameters
    ----------
    function, hessian : callable
        ``function(x)`` gives f and g, ``hessian(x)`` H.
    x : ndarray (n,)
        Start.
    tol : float
        Largest entry of the gradient at the end.
    max_iter : int
        Iterations at most.

    Returns
    -------
    Minimum
    """
    value, gradient = function(x)
    curvature, last = None, np.inf
    for n_iter in range(max_iter):
        size = np.abs(gradient).max()
        if size <= tol:
            return Minimum(x, value, n_iter, True)
        is_fresh = curvature is None or size > KEEPS_HESSIAN * last
        curvature, last = hessian(x) if is_fresh else curvature, size
        step = _armijo(function, x, value, gradient, -_solve(curvature, gradient), 1.0)
        if step is not None:
            x, value, gradient = step
        elif is_fresh:
            return Minimum(x, value, n_iter, False)
        else:
            curvature = None
    return Minimum(x, value, max_iter, bool(np.abs(gradient).max() <= tol))


def lbfgs(function, x, tol, max_iter, memory=10):
    """Limited-memory BFGS with Armijo's line search.

    Parameters
    ----------
    function : callable
        ``function(x)`` gives f and g.
    x : ndarray (n,)
        Start.
    tol : float
        Largest entry of the gradient at the end.
    max_iter : int
        Iterations at most.
    memory : int, default=10
        m.

    Returns
    -------
    Minimum
    """
    value, gradient = function(x)
    pairs: list = []
    for n_iter in range(max_iter):
        if np.abs(gradient).max() <= tol:
            return Minimum(x, value, n_iter, True)
        direction = -_two_loops(gradient, pairs)
        first = 1.0 if pairs else min(1.0, 1.0 / np.linalg.norm(gradient))
        step = _armijo(function, x, value, gradient, direction, first)
        if step is None and not pairs:
            return Minimum(x, value, n_iter, False)
        if step is None:  # the memory has gone stale: once more along the gradient
            pairs = []
            continue
        new_x, value, new_gradient = step
        s, y = new_x - x, new_gradient - gradient
        if s @ y > 1e-10 * np.sqrt((s @ s) * (y @ y)):
            pairs = [*pairs[1 - memory :], (s, y, 1.0 / (s @ y))]
        x, gradient = new_x, new_gradient
    return Minimum(x, value, max_iter, bool(np.abs(gradient).max() <= tol))


def fista(function, x, penalty, tol, max_iter):
    """Minimise f(x) + sum_j penalty_j |x_j| by accelerated proximal gradients.

    Parameters
    ----------
    function : callable
        ``function(x)`` gives f and g.
    x : ndarray (n,)
        Start.
    penalty : ndarray (n,)
        Weights of the absolute values, not negative.
    tol : float
        Largest entry of the smallest subgradient at the end.
    max_iter : int
        Iterations at most.

    Returns
    -------
    Minimum
        Its value is that of f plus the penalty.
    """
    z, momentum, rate = x, 1.0, 1.0
    for n_iter in range(max_iter):
        value, gradient = function(z)
        while True:
            new_x = soft_threshold(z - rate * gradient, rate * penalty)
            move = new_x - z
            new_value, new_gradient = function(new_x)
            if new_value <= value + gradient @ move + (move @ move) / (2 * rate) + 1e-12 * abs(value):
                break
            rate *= 0.5
        violation = np.abs(subgradient(new_x, new_gradient, penalty)).max()
        if violation <= tol:
            return Minimum(new_x, new_value + penalty @ np.abs(new_x), n_iter + 1, True)
        if (z - new_x) @ (new_x - x) > 0:
            momentum = 1.0
        new_momentum = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        z = new_x + (momentum - 1.0) / new_momentum * (new_x - x)
        x, momentum, rate = new_x, new_momentum, 1.1 * rate
    return Minimum(x, function(x)[0] + penalty @ np.abs(x), max_iter, False)


def soft_threshold(x, threshold):
    """Move every entry toward 0 by its threshold, and no further."""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def subgradient(x, gradient, penalty):
    """The smallest subgradient of f + penalty |x|: 0 at the minimum."""
    return np.where(x == 0, soft_threshold(gradient, penalty), gradient + penalty * np.sign(x))


def _solve(hessian, gradient):
    """H^-1 g; where H is not positive definite, with as much of the identity added as makes it so."""
    damping = 0.0
    diagonal = max(np.abs(np.diagonal(hessian)).max(), np.finfo(np.float64).tiny)
    while True:
        try:
            damped = hessian + damping * np.eye(len(gradient)) if damping else hessian
            np.linalg.cholesky(damped)
            return np.linalg.solve(damped, gradient)
        except np.linalg.LinAlgError:
            damping = max(10 * damping, 1e-10 * diagonal)


def _two_loops(gradient, pairs):
    direction, alphas = gradient.copy(), []
    for s, y, rho in reversed(pairs):
        alphas.append(rho * (s @ direction))
        direction -= alphas[-1] * y
    if pairs:
        s, y, rho = pairs[-1]
        direction /= rho * (y @ y)
    for (s, y, rho), alpha in zip(pairs, reversed(alphas)):
        direction += (alpha - rho * (y @ direction)) * s
    return direction


def _armijo(function, x, value, gradient, direction, step):
    """x', f and g after a step that is good enough, or None if none is."""
    slope = gradient @ direction
    if not slope < 0:
        return None
    rounding = 1e-14 * abs(value)
    for _ in range(MAX_HALVINGS):
        new_x = x + step * direction
        new_value, new_gradient = function(new_x)
        if new_value <= value + SUFFICIENT * step * slope:
            return new_x, new_value, new_gradient
        # at the end f no longer tells the points apart: the gradient does
        if new_value <= value + rounding and np.abs(new_gradient).max() < np.abs(gradient).max():
            return new_x, new_value, new_gradient
        step *= 0.5
    return None
