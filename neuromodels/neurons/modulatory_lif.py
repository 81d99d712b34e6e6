"""Spiking modulatory neuron: what it sends is the trace of its spikes (Meta-SpikePropamine).

A lif neuron in everything else.  That the modulatory population spikes, and its trace is sent [I].
"""

from dataclasses import replace

from neuromodels.neurons.lif import LIF

MODULATORY_LIF = replace(
    LIF,
    name="modulatory_lif",
    summary="lif whose signal is its trace: modulation that lasts for 20 ms after a spike",
    signal="tr",
    reference="after Schmidgall & Hays 2023, arXiv:2206.12520; form and numbers inferred",
)
