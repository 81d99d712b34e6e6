"""LIF neuron whose input partly lingers, as through NMDA receptors, so that it bridges delays.

    c <- c*exp(-dt/tau_s) + (1 - exp(-dt/tau_s))*I;  v <- v*exp(-dt/tau_m) + I + slow*c + bias

`lif` in all else; c is the mean of the input over the last tau_s.  Fast and slow excitation side by
side are after Wang 1999, whose slow one decays with 100 ms; here inhibition lingers as well, and
tau_s and the share of the slow part are ours [I].
"""

from dataclasses import replace

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.lif import LIF

LINGERING_LIF = replace(
    LIF,
    name="lingering_lif",
    summary="lif whose input partly lingers for a few hundred milliseconds",
    equations=f"""{LIF.equations}
        c : 1    # mean of the input over the last tau_s
    """,
    before_spikes="""
        rest = clip(rest - dt/ms, 0, inf)
        c = c*exp(-dt/(tau_s*second)) + (1 - exp(-dt/(tau_s*second)))*I
        v += (I + slow*c + bias)*int(rest < 0.5*dt/ms)
        s = 0
    """,
    forget=f"""{LIF.forget}
        c = 0
    """,
    coefficients=(
        *LIF.coefficients,
        Coefficient("slow", default=2.0, low=0, high=20, per="population", frozen=True),
        Coefficient(
            "tau_s", default=0.2, low=0.01, high=5, scale="log", per="population", frozen=True
        ),
    ),
    reference="after Wang 1999, J Neurosci 19:9587; form and numbers ours",
)
