"""The training loop, its callbacks, and estimators that train a network by themselves."""
