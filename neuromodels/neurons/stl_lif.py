"""LIF neuron that learns its threshold from its error, beside whatever its weights learn (STL).

    a spike where v > v_th + theta, which then is subtracted
    theta <- clip(theta - eta_theta*psi*er, -0.9, 20)

`lif` in all else. er and psi are the error of the neuron and the derivative of its spike, as rules
with an error see them. The gradient of a loss with respect to a threshold is that with respect to a
weight, with its sign turned and without the presynaptic factor. `error_driven` into such neurons
learns weights and thresholds. `fixed` leaves thresholds alone to learn, eta_theta = 0 the weights.

theta is learned, as weights are: trials of an episode keep it, and conditions that freeze a rule
freeze it. Under the condition `fixed` it is 0.

A threshold per neuron, learned from the same loss as the weights [P][C]. There the gradient goes
back through time, the reset is to 0 and thresholds begin at 2; forward in time, bounds [I].
"""

from dataclasses import replace

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.lif import LIF

STL_LIF = replace(
    LIF,
    name="stl_lif",
    summary="lif that learns its threshold from its error, needs a task that tells answers",
    equations=f"""{LIF.equations}
        theta : 1    # what the threshold has moved by
    """,
    threshold="v > v_th + theta and rest < 0.5*dt/ms",
    reset="""
        s = 1
        tr += 1
        v -= v_th + theta
        rest = t_ref
    """,
    derivative="clip(1 - abs(v + (v_th + theta)*s - v_th - theta)/v_th, 0, inf)",
    plasticity="theta = clip(theta - eta_theta*psi*er, -0.9, 20)",
    learns=("theta",),
    coefficients=(
        *LIF.coefficients,
        Coefficient("eta_theta", default=0.01, low=0, high=1, per="population", sigma=0.01),
    ),
    reference="after Sun et al. 2023, arXiv:2206.06129 (released code); forward-in-time form: ours",
)
