"""Whole networks: layers and blocks put together, ready to train or to load."""
