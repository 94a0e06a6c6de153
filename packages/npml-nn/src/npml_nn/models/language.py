"""What models of text share: their input is checked, and they are run without being trained."""

from contextlib import contextmanager

import numpy as np

__all__ = ["check_tokens", "evaluating"]


def check_tokens(tokens, n_codes, block_size=None, name="tokens"):
    """`tokens` as int64 (N, T) of codes in 0..n_codes-1, at least one and at most `block_size` long."""
    tokens = np.asarray(tokens)
    if tokens.ndim != 2 or tokens.size == 0:
        raise ValueError(f"{name} must have shape (N, T) with N and T at least 1, got shape {tokens.shape}")
    if tokens.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got dtype {tokens.dtype}")
    for extreme in (tokens.min(), tokens.max()):
        if not 0 <= extreme < n_codes:
            raise ValueError(f"{name} must be codes in 0..{n_codes - 1}, got {extreme}")
    if block_size is not None and tokens.shape[1] > block_size:
        raise ValueError(f"{name} must be at most block_size = {block_size} long, got {tokens.shape[1]}")
    return tokens.astype(np.int64, copy=False)


@contextmanager
def evaluating(model):
    """In this block all layers are in evaluation; a forward pass that waits for its backward keeps its caches."""
    modes = [(layer, layer.training) for _, layer in model.walk()]
    for layer, _ in modes:
        layer.training = False
    try:
        yield model
    finally:
        for layer, training in modes:
            layer.training = training
