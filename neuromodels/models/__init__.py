"""Neuron models: one file each, and the catalog of them.

In docstrings, [P] is published, [C] is in released code, [I] is inferred or chosen by us.
"""

from neuromodels.catalog import Catalog
from neuromodels.models.alif import ALIF
from neuromodels.models.base import NeuronModel
from neuromodels.models.gru import GRU
from neuromodels.models.inhibitory_lif import INHIBITORY_LIF
from neuromodels.models.leaky_readout import LEAKY_READOUT
from neuromodels.models.lif import LIF
from neuromodels.models.modulator import MODULATOR
from neuromodels.models.modulatory_lif import MODULATORY_LIF
from neuromodels.models.readout import READOUT
from neuromodels.models.ternary_lif import TERNARY_LIF
from neuromodels.models.traced_lif import TRACED_LIF

CATALOG = Catalog(
    NeuronModel,
    (
        TERNARY_LIF,
        READOUT,
        LIF,
        ALIF,
        TRACED_LIF,
        INHIBITORY_LIF,
        GRU,
        LEAKY_READOUT,
        MODULATOR,
        MODULATORY_LIF,
    ),
)

__all__ = ["CATALOG", "NeuronModel"]
