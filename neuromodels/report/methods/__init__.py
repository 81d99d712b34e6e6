"""One condition of a study in the words of a methods section.

Equations and statements are those of the network's text, without what the network needs for its own
book-keeping: norms of weights, counted spikes, and what switches a rule off.
"""

from neuromodels.report.methods.described import Described, described_as
from neuromodels.report.methods.writing import methods_of, values_of

__all__ = ["Described", "described_as", "methods_of", "values_of"]
