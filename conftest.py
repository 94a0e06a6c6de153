"""Shared by every test: property-based tests give the same answer on every machine, however slow it is."""

from hypothesis import settings

settings.register_profile("npml", deadline=None, derandomize=True, max_examples=50, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)  # --hypothesis-profile=explore
settings.load_profile("npml")
