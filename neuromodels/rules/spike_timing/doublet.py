"""The six-parameter family of pair rules (Confavreux et al. 2023, 2025).

    at a presynaptic spike   w += eta*(alpha + kappa*x_post)
    at a postsynaptic spike  w += eta*(beta + gamma*x_pre)

x_pre and x_post jump by 1 and decay with tau_x and tau_y, s.  A postsynaptic spike in the step
of a presynaptic one counts as behind it.  Pair STDP, Hebb, anti-Hebb and the inhibitory rule of
Vogels et al. 2011 (tau_x = tau_y, gamma = kappa, beta = 0, alpha = -2*rate*tau) are members.
The form `dense` is the same in each step, for channels, which have no events, as the source.

Equations, alpha to kappa in [-2, 2], eta = 0.01, weights in [0, 20], logarithms of the time
constants searched [C]; bounds of the time constants, `dense` [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

PRE, POST = "eta*(alpha + kappa*x_late)", "eta*(beta + gamma*x_early)"
TRACES = """
    w : 1
    dx_early/dt = -x_early/(tau_x*second) : 1 (event-driven)
    dx_late/dt = -x_late/(tau_y*second) : 1 (event-driven)
"""
ON_PRE = f"w = clip(w + {PRE}, 0, w_max)\nx_early += 1"
ON_POST = f"w = clip(w + {POST}, 0, w_max)\nx_late += 1"
STEPS = f"""
    x_early *= exp(-dt/(tau_x*second))
    x_late *= exp(-dt/(tau_y*second))
    w = clip(w + abs(sx)*{PRE}, 0, w_max)
    x_early += abs(sx)
    w = clip(w + abs(sy)*{POST}, 0, w_max)
    x_late += abs(sy)
"""


def factor(name: str) -> Coefficient:
    """Return one of the four factors, all within the same bounds."""
    return Coefficient(name, default=0.0, low=-2, high=2, sigma=0.5)


def time_constant(name: str) -> Coefficient:
    """Return a time constant in s."""
    return Coefficient(name, default=0.02, low=0.002, high=0.5, scale="log", sigma=0.3)


DOUBLET = PlasticityRule(
    name="doublet",
    summary="pairs of spikes and spikes alone, six parameters: a family that others searched",
    model=TRACES,
    on_pre=ON_PRE,
    on_post=ON_POST,
    forget="x_early = 0\nx_late = 0",
    coefficients=(
        Coefficient("w", default=0.1, low=0, high=20, per="synapse", sigma=0.1),
        *(time_constant(name) for name in ("tau_x", "tau_y")),
        *(factor(name) for name in ("alpha", "beta", "gamma", "kappa")),
        Coefficient("eta", default=0.01, low=1e-6, high=1, scale="log", frozen=True),
    ),
    constants={"w_max": 20.0},
    choices={
        "form": {
            "event": {"model": TRACES, "on_pre": ON_PRE, "on_post": ON_POST, "each_step": ""},
            "dense": {
                "model": "w : 1\nx_early : 1\nx_late : 1",
                "on_pre": "",
                "on_post": "",
                "each_step": STEPS,
            },
        }
    },
    reference="Confavreux et al. 2023, NeurIPS 36 (released code)",
)
