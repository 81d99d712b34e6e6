"""LIF neuron that its own error moves while a task tells answers, for rules in two phases.

    v <- v*exp(-dt/tau_m) + I + bias + nudge*er

`lif` in all else. er is the error that comes back to it, see
`neuromodels.simulation.network.errors_back`: 0 while the task tells nothing. So the neuron is free
in one phase and nudged in the other, by a current as large as the error.

A nudged phase [P], SBP (Zhang et al. 2021) and its kin; the current into the membrane [I].
"""

from dataclasses import replace

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.lif import LIF

NUDGE = Coefficient("nudge", default=0.5, low=0, high=10, per="population", sigma=0.1)
"""How strongly an error moves a neuron."""

NUDGED_LIF = replace(
    LIF,
    name="nudged_lif",
    summary="lif that its error moves while a task tells answers",
    before_spikes=LIF.before_spikes.replace("(I + bias)", "(I + bias + nudge*er)"),
    coefficients=(*LIF.coefficients, NUDGE),
    reference="after Zhang et al. 2021, Sci Adv 7:eabh0146; form: ours",
)
