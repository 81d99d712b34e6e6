"""Leaky read-out that is moved toward what it is told, for rules in two phases.

    r <- r*exp(-dt/tau_o) + I + nudge*er;  o = r + bias

`leaky_readout` in all else. er = told - tanh(o) while something is told, of the step before, and
else 0. So the answer is the network's own in the free phase, and not in the taught one: count
answers in steps in which nothing is told.

A nudged phase as large as the error [P], SBP (Zhang et al. 2021); without spikes [I].
"""

from dataclasses import replace

from neuromodels.neurons.leaky_readout import LEAKY_READOUT
from neuromodels.neurons.nudged.nudged_lif import NUDGE

NUDGED_READOUT = replace(
    LEAKY_READOUT,
    name="nudged_readout",
    summary="leaky_readout that is moved toward what it is told",
    each_step=LEAKY_READOUT.each_step.replace("r += I", f"r += I + nudge*({LEAKY_READOUT.error})"),
    coefficients=(*LEAKY_READOUT.coefficients, NUDGE),
    reference="after Zhang et al. 2021, Sci Adv 7:eabh0146; form: ours",
)
