"""LIF neuron whose trace a spike sets to 1, so that it stays between 0 and 1.

    tr <- tr*exp(-dt/tau_x)*(1 - s) + s

`lif` in all else. The trace of contrastive-signal-dependent plasticity (Ororbia 2024) [C], with the
exponential decay of `lif` in place of its first order, 1 - dt/tau_x [I].
"""

from dataclasses import replace

from neuromodels.neurons.lif import LIF

SATURATING_LIF = replace(
    LIF,
    name="saturating_lif",
    summary="lif whose trace a spike sets to 1",
    reset=(LIF.reset or "").replace("tr += 1", "tr = 1"),
    reference="after Ororbia 2024, Sci Adv 10:eadn6076 (released code); membrane: ours",
)
