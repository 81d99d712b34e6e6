"""Error-driven three-factor rule: trace, pseudo-derivative and error of a neuron.

    w <- clip(w + eta*x*psi*er, -w_max, w_max)

x is the trace of the presynaptic neuron, er the error of the postsynaptic one and psi the
derivative of its signal, see `neuromodels.simulation.network.errors_back`. While a task tells
nothing, er is 0 and nothing changes, but for one step in which the last error still comes back.

It stands in for STBP, which goes back through time and cannot run in a network that steps forward:
this is its gradient without the terms through time. STBP [P]; the stand-in, trace, bounds [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

ERROR_DRIVEN = PlasticityRule(
    name="error_driven",
    summary="dw = eta*x*psi*er: forward-in-time stand-in for STBP, needs a task that tells answers",
    model="w : 1",
    each_step="w = clip(w + eta*x*psi*er, -w_max, w_max)",
    coefficients=(
        Coefficient("w", default=0.1, low=-2, high=2, per="synapse", sigma=0.1),
        Coefficient("eta", default=1e-2, low=1e-5, high=1, scale="log", sigma=0.5),
    ),
    constants={"w_max": 2.0},
    needs_error=True,
    reference="after Wu et al. 2018, Front Neurosci 12:331 (STBP); forward-in-time form: ours",
)
