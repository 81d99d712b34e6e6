"""LIF neuron whose spikes count as -1 for the neurons that they reach.

Its synapses keep weights of at least 0, as the rules of inhibitory plasticity want them.
"""

from dataclasses import replace

from neuromodels.neurons.lif import LIF

INHIBITORY_LIF = replace(
    LIF,
    name="inhibitory_lif",
    summary="lif that inhibits: it sends -1 at a spike, through weights of at least 0",
    equations=f"""{LIF.equations}
        sent = -s : 1
    """,
    signal="sent",
    reference="as lif; sign by Dale's principle",
)
