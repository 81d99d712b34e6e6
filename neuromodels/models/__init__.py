"""Neuron models: one file each, and the catalog of them."""

from neuromodels.models.base import NeuronModel
from neuromodels.models.readout import READOUT
from neuromodels.models.ternary_lif import TERNARY_LIF

CATALOG: dict[str, NeuronModel] = {model.name: model for model in (TERNARY_LIF, READOUT)}

__all__ = ["CATALOG", "NeuronModel"]
