"""n-gram language models."""

from .additive import AdditiveNGram
from .good_turing import GoodTuringNGram
from .kneser_ney import KneserNeyNGram
from .maximum_likelihood import MLENGram

__all__ = ["AdditiveNGram", "GoodTuringNGram", "KneserNeyNGram", "MLENGram"]
