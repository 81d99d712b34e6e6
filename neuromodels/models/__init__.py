"""Neuron models: one file each, and the catalog of them."""

from neuromodels.catalog import Catalog
from neuromodels.models.base import NeuronModel
from neuromodels.models.readout import READOUT
from neuromodels.models.ternary_lif import TERNARY_LIF

CATALOG = Catalog(NeuronModel, (TERNARY_LIF, READOUT))

__all__ = ["CATALOG", "NeuronModel"]
