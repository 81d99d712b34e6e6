"""Cognitive values: numbers that say how much of an ability a network has."""

from neuromodels.analysis.cognition.declared import ABILITIES, CognitiveValue
from neuromodels.analysis.cognition.values import VALUES

__all__ = ["ABILITIES", "VALUES", "CognitiveValue"]
