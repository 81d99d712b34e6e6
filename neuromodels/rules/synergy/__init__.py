"""Rules composed of rules: several mechanisms on one projection (arXiv:2508.13673)."""

from neuromodels.rules.synergy.composition import Synergy, compose

__all__ = ["Synergy", "compose"]
