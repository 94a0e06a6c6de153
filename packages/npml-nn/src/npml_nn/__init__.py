"""Neural networks with every gradient written out by hand in NumPy."""

__version__ = "0.1.0"

__all__: list[str] = ["__version__"]
