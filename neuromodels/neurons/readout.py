"""Linear read-out without spikes; plasticity sees its squashed output (PDLF, copy task)."""

from neuromodels.neurons.base import NeuronModel

READOUT = NeuronModel(
    name="readout",
    summary="sum of its inputs, no dynamics; tanh of it for plasticity",
    equations="""
        o : 1
        z : 1
    """,
    signal="o",
    trace="z",
    input="o",
    each_step="z = tanh(o)",
    forget="z = 0",
    reference="Shen et al. 2023, arXiv:2308.12063 (released code)",
)
