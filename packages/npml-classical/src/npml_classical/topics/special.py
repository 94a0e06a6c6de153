"""The logarithm of the gamma function and its first two derivatives, for positive arguments.

The recurrences move the argument x up to z = x + 8, where the asymptotic series in 1/z has an error below 1e-14.

    log Gamma(x) = log Gamma(x + 8) - log (x (x + 1) .. (x + 7))
    psi(x)       = psi(x + 8) - sum_i 1 / (x + i)
    psi'(x)      = psi'(x + 8) + sum_i 1 / (x + i)^2

References
----------
Abramowitz & Stegun (1964), "Handbook of Mathematical Functions", eqs. 6.1.40, 6.3.18 and 6.4.12.
"""

import numpy as np

SHIFT = 8


def log_gamma(x):
    """log Gamma(x)."""
    z = x + SHIFT
    u = 1.0 / (z * z)
    series = (1 / 12 - u * (1 / 360 - u * (1 / 1260 - u * (1 / 1680 - u * (1 / 1188 - u * (691 / 360360)))))) / z
    logs = sum(np.log(x + i) for i in range(SHIFT))
    return (z - 0.5) * np.log(z) - z + 0.5 * np.log(2.0 * np.pi) + series - logs


def digamma(x):
    """psi(x)."""
    z = x + SHIFT
    u = 1.0 / (z * z)
    series = u * (1 / 12 - u * (1 / 120 - u * (1 / 252 - u * (1 / 240 - u * (1 / 132 - u * (691 / 32760))))))
    return np.log(z) - 0.5 / z - series - sum(1.0 / (x + i) for i in range(SHIFT))


def trigamma(x):
    """psi'(x)."""
    z = x + SHIFT
    u = 1.0 / (z * z)
    series = (1 / 6 - u * (1 / 30 - u * (1 / 42 - u * (1 / 30 - u * (5 / 66 - u * (691 / 2730)))))) * u / z
    return 1.0 / z + 0.5 * u + series + sum(1.0 / (x + i) ** 2 for i in range(SHIFT))
