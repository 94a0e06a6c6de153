"""Classical machine learning in plain NumPy: mixtures, HMMs, topics, trees, linear models, n-grams."""

__version__ = "0.1.0"

__all__: list[str] = ["__version__"]
