"""Spiking action neuron: a lif that a task may tell what was done (an efference copy).

    v <- v*exp(-dt/tau_m) + I + bias + gain*told;  a spike where v > v_th, which is subtracted

`lif` in all else. Told 1 it spikes in nearly every step, told -1 in none, so that rules of spike
pairs see the action that was carried out. In a task's read-out, a decision that counts spikes must
be over before anything is told. The copy as a current [I].
"""

from dataclasses import replace

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.lif import LIF

ACTION_LIF = replace(
    LIF,
    name="action_lif",
    summary="lif that a task may teach: what it is told is added to its membrane",
    equations=f"{LIF.equations}\n        told : 1    # by the task",
    before_spikes=LIF.before_spikes.replace("I + bias", "I + bias + gain*told"),
    taught="told",
    coefficients=(
        *LIF.coefficients,
        Coefficient("gain", default=1.0, low=0, high=10, per="population", frozen=True),
    ),
    reference="after Schmidgall et al. 2021, arXiv:2106.02681; the efference copy: ours",
)
