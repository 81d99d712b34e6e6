"""Neuron models: one file each, and the catalog of them.

In docstrings, [P] is published, [C] is in released code, [I] is inferred or chosen by us.
"""

from neuromodels.catalog import Catalog
from neuromodels.errors import keep_own_tracebacks
from neuromodels.neurons.action_lif import ACTION_LIF
from neuromodels.neurons.alif import ALIF
from neuromodels.neurons.base import NeuronModel
from neuromodels.neurons.gru import GRU
from neuromodels.neurons.homeostatic_lif import HOMEOSTATIC_LIF
from neuromodels.neurons.inhibitory_lif import INHIBITORY_LIF
from neuromodels.neurons.leaky_readout import LEAKY_READOUT
from neuromodels.neurons.lif import LIF
from neuromodels.neurons.lingering_lif import LINGERING_LIF
from neuromodels.neurons.modulator import MODULATOR
from neuromodels.neurons.modulatory_lif import MODULATORY_LIF
from neuromodels.neurons.nudged.nudged_lif import NUDGED_LIF
from neuromodels.neurons.nudged.nudged_readout import NUDGED_READOUT
from neuromodels.neurons.readout import READOUT
from neuromodels.neurons.reward_modulator import REWARD_MODULATOR
from neuromodels.neurons.saturating_lif import SATURATING_LIF
from neuromodels.neurons.stl_lif import STL_LIF
from neuromodels.neurons.ternary_lif import TERNARY_LIF
from neuromodels.neurons.traced_lif import TRACED_LIF
from neuromodels.neurons.typed_lif import TYPED_LIF

CATALOG = Catalog(
    NeuronModel,
    (
        TERNARY_LIF,
        READOUT,
        LIF,
        ALIF,
        LINGERING_LIF,
        TRACED_LIF,
        INHIBITORY_LIF,
        GRU,
        LEAKY_READOUT,
        MODULATOR,
        MODULATORY_LIF,
        REWARD_MODULATOR,
        ACTION_LIF,
        HOMEOSTATIC_LIF,
        STL_LIF,
        SATURATING_LIF,
        TYPED_LIF,
        NUDGED_LIF,
        NUDGED_READOUT,
    ),
)

__all__ = ["CATALOG", "NeuronModel"]

keep_own_tracebacks()
