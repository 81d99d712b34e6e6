"""The 21-parameter polynomial family of rules at spikes (Confavreux et al. 2025).

    at a presynaptic spike
        w += th0*(1 + th1 + th2*w + th3*w**2)*(1 + th4*V)*(1 + th5*E + th6*E**2)*(1 + th7*F)
             *(1 + th8*2*x_slow)*(1 + th9*2*y_fast)
    at a postsynaptic spike
        w += th10*(1 + th11 + th12*w + th13*w**2)*(1 + th14*V)*(1 + th15*E + th16*E**2)
             *(1 + th17*F)*(1 + th18*2*x_fast)*(1 + th19*2*y_slow + th20*(2*y_slow)**3)

Traces jump by 1 and decay with 20 ms (fast) and 100 ms (slow).  V, E, F are averages of membrane,
excitatory and inhibitory input of the postsynaptic neuron, which must be a `traced_lif`.  With th0,
th9, th10, th18 alone it is the `doublet` family at 20 ms.  `dense`: the same in each step, for
channels.

Form, time constants, factor 2 [C]; the code multiplies the terms of th12 and th13, and we add them
as its comment does.  Scales of V, E and F, which have no units here, and bounds [I].
"""

from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.spike_timing.doublet import factor


def _common_factors(first: int) -> str:
    """Return the factors that both events have, from th<first> on."""
    a, b, c, d, e, f, g, h = (f"th{first + k}" for k in range(8))
    return (
        f"{a}*(1 + {b} + {c}*w + {d}*w**2)*(1 + {e}*v_slow_post)"
        f"*(1 + {f}*c_exc_post + {g}*c_exc_post**2)*(1 + {h}*c_inh_post)"
    )


NAMES = {"x_fast": "tau_fast", "x_slow": "tau_slow", "y_fast": "tau_fast", "y_slow": "tau_slow"}
"""Traces and their time constants."""
PRE = f"{_common_factors(0)}*(1 + th8*2*x_slow)*(1 + th9*2*y_fast)"
POST = f"{_common_factors(10)}*(1 + th18*2*x_fast)*(1 + th19*2*y_slow + th20*(2*y_slow)**3)"
EVENTS = "\n".join(
    ["w : 1", *(f"d{name}/dt = -{name}/{tau} : 1 (event-driven)" for name, tau in NAMES.items())]
)
ON_PRE = f"w = clip(w + {PRE}, 0, w_max)\nx_fast += 1\nx_slow += 1"
ON_POST = f"w = clip(w + {POST}, 0, w_max)\ny_fast += 1\ny_slow += 1"
STEPS = "\n".join(
    [
        *(f"{name} *= exp(-dt/{tau})" for name, tau in NAMES.items()),
        f"w = clip(w + abs(sx)*{PRE}, 0, w_max)",
        "x_fast += abs(sx)",
        "x_slow += abs(sx)",
        f"w = clip(w + abs(sy)*{POST}, 0, w_max)",
        "y_fast += abs(sy)",
        "y_slow += abs(sy)",
    ]
)

POLYNOMIAL = PlasticityRule(
    name="polynomial",
    summary="products of weight, voltage, currents and traces at spikes, 21 parameters",
    model=EVENTS,
    on_pre=ON_PRE,
    on_post=ON_POST,
    forget="\n".join(f"{name} = 0" for name in NAMES),
    coefficients=(
        Coefficient("w", default=0.1, low=0, high=20, per="synapse", sigma=0.1),
        *(factor(f"th{k}") for k in range(21)),
    ),
    constants={"tau_fast": 20 * ms, "tau_slow": 100 * ms, "w_max": 20.0},
    choices={
        "form": {
            "event": {"model": EVENTS, "on_pre": ON_PRE, "on_post": ON_POST, "each_step": ""},
            "dense": {
                "model": "\n".join(["w : 1", *(f"{name} : 1" for name in NAMES)]),
                "on_pre": "",
                "on_post": "",
                "each_step": STEPS,
            },
        }
    },
    reference="Confavreux et al. 2025, PLoS Comput Biol 21:e1012910 (released code)",
)
