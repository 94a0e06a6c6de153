"""Losses: a value and the gradient by the prediction, one loss per file."""
