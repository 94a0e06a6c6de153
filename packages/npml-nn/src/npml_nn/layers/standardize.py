"""Standardising n numbers, h = (x - mean) r with r = 1 / sqrt(variance + eps): its Jacobian and its second derivative.

Batch norm does it for the n numbers of a channel, layer norm for those of a row, and RMS norm without the mean. With
dr/dx = -r^2 h / n the Jacobian is symmetric, whatever eps is:

    J = dh/dx = r (I - 1 1^T / n - h h^T / n)
    backward           dx = J d = r (d - mean d - h mean(d h)),   d = dL/dh
    double backward    s = <u, J d>:   ds/dd = J u,   ds/dx = -r^2 (b u' + a d' + (mean(u' d') - 3 a b) h)
                       with u' = u - mean u, d' = d - mean d, a = mean(u h), b = mean(d h)

(RMS norm: no 1 1^T, u' = u, d' = d.) The last line: s = r (<u', d'> - n a b), in which r gives -r h s / n, and h
contributes through J: -r J (b u' + a d').
"""

__all__ = ["standardize_backward", "standardize_double_backward"]


def standardize_backward(d, h, r, axis, centred=True):
    """J d.   d, h (...), r (...) of size 1 along `axis` -> (...)"""
    result = d - h * (d * h).mean(axis=axis, keepdims=True)
    if centred:
        result -= d.mean(axis=axis, keepdims=True)
    result *= r
    return result


def standardize_double_backward(u, d, h, r, axis, centred=True):
    """J u, and the derivative of <u, J d> with respect to x.   u, d, h (...), r of size 1 along `axis`"""

    def mean(z):
        return z.mean(axis=axis, keepdims=True)

    a, b = mean(u * h), mean(d * h)
    du, dd = (u - mean(u), d - mean(d)) if centred else (u, d)
    dx = -r * r * (b * du + a * dd + (mean(du * dd) - 3 * a * b) * h)
    return standardize_backward(u, h, r, axis, centred), dx
