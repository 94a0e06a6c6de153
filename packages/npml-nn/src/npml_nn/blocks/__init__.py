"""Layers made of layers: residual, gated and attention blocks."""
