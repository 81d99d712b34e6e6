"""LIF neuron whose threshold is plastic: it keeps the neuron near a rate of spikes.

    bound = v_th + theta;  a spike where v > bound, which then is subtracted
    theta <- clip(theta + eta_theta*(s - rate_0*dt), -0.9, 20)

`lif` in all else. theta moves by each spike and in each step, so that the mean rate comes to rest
at rate_0, in Hz. It is a state of the neuron: `forget` erases it between the trials of an episode,
as does the condition `reset`, and no control of a rule freezes it.

Weights and thresholds that are plastic together [P], STL (Sun et al. 2023), where the gradient of a
loss moves the threshold. Here activity does, as in the homeostasis of digits networks; bounds [I].
"""

from dataclasses import replace

from neuromodels.coefficients import Coefficient
from neuromodels.neurons.lif import LIF

HOMEOSTATIC_LIF = replace(
    LIF,
    name="homeostatic_lif",
    summary="lif whose threshold moves until the neuron spikes at a rate",
    equations=f"""{LIF.equations}
        theta : 1    # what the threshold has moved by
        bound : 1    # the threshold of this step
    """,
    threshold="v > bound and rest < 0.5*dt/ms",
    reset="""
        s = 1
        tr += 1
        v -= bound
        rest = t_ref
    """,
    before_spikes=f"""{LIF.before_spikes}
        bound = v_th + theta
    """,
    forget=f"""{LIF.forget}
        theta = 0
        bound = 0
    """,
    each_step="theta = clip(theta + eta_theta*(s - rate_0*dt/second), -0.9, 20)",
    derivative="clip(1 - abs(v + bound*s - bound)/v_th, 0, inf)",
    coefficients=(
        *LIF.coefficients,
        Coefficient("eta_theta", default=0.01, low=1e-5, high=1, scale="log", per="population"),
        Coefficient("rate_0", default=20.0, low=0, high=200, per="population", sigma=2.0),
    ),
    reference="after Sun et al. 2023, arXiv:2206.06129; homeostatic form: ours",
)
