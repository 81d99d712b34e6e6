"""LIF neuron whose threshold rises with every spike and falls slowly (Bellec et al. 2020, e-prop).

    a <- a*exp(-dt/tau_a) + k*s;  a spike where v > v_th + beta*a
    k = (1 - exp(-dt/tau_a))/(1 - exp(-dt/tau_m))

It remembers for seconds without plasticity: a strong fixed baseline, which SpikePropamine does not
have.  Threshold 0.6, tau_a = 2 s, beta = 1.7 and the factor k [C], the public code of e-prop; the
rest as in `lif`.
"""

from brian2.units import ms, second

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.base import NeuronModel
from neuromodels.neurons.lif import LIF

ALIF = NeuronModel(
    name="alif",
    summary="lif with a threshold that rises by each spike and falls within seconds",
    equations=f"""{LIF.equations}
        da/dt = -a/tau_a   : 1    # adaptation
    """,
    signal=LIF.signal,
    trace=LIF.trace,
    threshold="v > v_th + beta*a and rest < 0.5*dt/ms",
    reset=f"""{LIF.reset}
        a += (1 - exp(-dt/tau_a))/(1 - exp(-dt/tau_m))
    """,
    before_spikes=LIF.before_spikes,
    forget=f"""{LIF.forget}
        a = 0
    """,
    constants={"tau_m": 20 * ms, "tau_x": 20 * ms, "tau_a": 2 * second, "v_th": 0.6},
    coefficients=(
        *LIF.coefficients,
        Coefficient("beta", default=1.7, low=0, high=10, per="population", frozen=True),
    ),
    reference="Bellec et al. 2020, Nature Communications 11:3625 (released code)",
)
