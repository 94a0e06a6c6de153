"""Signals, text, coding and feature preparation in plain NumPy."""

__version__ = "0.1.0"

__all__: list[str] = ["__version__"]
