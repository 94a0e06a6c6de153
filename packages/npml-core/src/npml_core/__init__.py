"""Kernels, distances, trees, queues and estimator conventions under npml: NumPy only."""

__version__ = "0.1.0"

__all__: list[str] = ["__version__"]
