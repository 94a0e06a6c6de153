"""Latent Dirichlet allocation."""

from .gibbs import GibbsLDA
from .variational import LatentDirichletAllocation

__all__ = ["GibbsLDA", "LatentDirichletAllocation"]
