"""Masks of attention: which query may attend to which key (True), and keeping out what stands behind them.

All leading axes of q (..., Tq, D) and k (..., Tk, D) are one here, B. A mask stays as small as it was given: axes of
size 1 stretch only where a block of pairs is worked on.
"""

from math import prod

import numpy as np

__all__ = ["flat_mask", "hidden_pairs", "without_nan"]


def flat_mask(mask, shapes):
    """The mask, which broadcasts to (..., Tq, Tk) for q and k of these shapes, as (1 or B, 1 or Tq, 1 or Tk)."""
    if mask is None:
        return None
    mask, full = np.asarray(mask), (*shapes[0][:-1], shapes[1][-2])
    if mask.dtype != bool:
        raise TypeError(f"mask must be an array of bool (True = may attend), got dtype {mask.dtype}")
    try:
        fits = np.broadcast_shapes(mask.shape, full) == full
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"mask must broadcast to (..., Tq, Tk) = {full}, got shape {mask.shape}")
    mask = mask.reshape(*(1,) * (len(full) - mask.ndim), *mask.shape)
    if prod(mask.shape[:-2]) > 1:
        mask = np.broadcast_to(mask, (*full[:-2], *mask.shape[-2:]))
    return mask.reshape(prod(mask.shape[:-2]), *mask.shape[-2:])


def without_nan(q, k, v):
    """q, k, v with 0 for NaN and inf; and, if there are any, which queries (B, Tq, 1) and keys (B, 1, Tk) have them."""
    if all(np.isfinite(np.vdot(a, a)) for a in (q, k, v)):  # one pass; a sum that overflows is looked into below
        return q, k, v, None
    finite = [np.isfinite(a) for a in (q, k, v)]
    if all(part.all() for part in finite):
        return q, k, v, None
    q, k, v = (np.where(part, a, 0) for part, a in zip(finite, (q, k, v)))
    bad_q, bad_k, bad_v = (~part.all(axis=-1) for part in finite)
    return q, k, v, (bad_q[:, :, None], (bad_k | bad_v)[:, None, :])


def hidden_pairs(mask, batch, rows, keys, n_past):
    """True where a pair of the block is not allowed: (1 or b, rows, keys), or None where all are."""
    hidden = None
    if mask is not None:
        part = mask[batch if mask.shape[0] > 1 else slice(None)]
        part = part[:, rows if part.shape[1] > 1 else slice(None), keys if part.shape[2] > 1 else slice(None)]
        hidden = ~part
    if n_past is not None:
        later = np.arange(keys.stop) > n_past + np.arange(rows.start, rows.stop)[:, None]
        hidden = later[None] if hidden is None else hidden | later
    return hidden
