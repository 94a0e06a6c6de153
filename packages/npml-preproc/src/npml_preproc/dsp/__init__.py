"""Signals: transforms, windows, frames, the mel scale, interpolation."""
