"""Self-backpropagation in two phases: a contrast of phases, times what came back (SBP).

    w <- clip(w + eta*typed*x*y*(1 + kappa*(q - 1)), -w_max, w_max)

A sample is shown twice. In the free phase ``typed`` is -1 and the network is left alone. In the
taught phase it is 1, and an error nudges `nudged_readout` and `nudged_lif`. Both phases must begin
alike: ``restart = 1`` of a task from arrays erases states between them. Else the later phase fires
more, and the rule follows that.

q says how much the output synapses of the postsynaptic neuron have changed over the last sample,
1 on average, see `neuromodels.simulation.network.pools`. So change spreads from the output
synapses of a neuron to its input synapses. ``kappa = 0`` leaves contrastive Hebbian learning.

Two phases, contrast and factor [P][C]. There x is that of the free phase, relaxed rates stand in
the place of traces, changes spread along rows and columns too, and the factor is 1 + f*n [C]. One
product of both traces in each phase, mean 1 and kappa, forward in time [I].
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

SBP = PlasticityRule(
    name="sbp",
    summary="x*y of a taught phase less that of a free one, times the change of output synapses",
    model="""
        w    : 1
        w_0  : 1    # the weight when the sample began
        d    : 1    # by how much the last sample changed it
        last : 1    # the type of the step before
        seen : 1    # 1 once a sample has begun
    """,
    changed="d",
    each_step="""
        begins = int(typed < -0.5)*int(last > -0.5)
        d = d + begins*(seen*(w - w_0) - d)
        w_0 = w_0 + begins*(w - w_0)
        seen = seen + begins*(1 - seen)
        last = typed
        w = clip(w + eta*typed*x*y*(1 + kappa*(q - 1)), -w_max, w_max)
    """,
    coefficients=(
        Coefficient("w", default=0.1, low=-2, high=2, per="synapse", sigma=0.1),
        Coefficient("eta", default=1e-2, low=1e-5, high=1, scale="log", sigma=0.5),
        Coefficient("kappa", default=0.5, low=0, high=1, sigma=0.1),
    ),
    constants={"w_max": 2.0},
    needs_type=True,
    reference="after Zhang et al. 2021, Sci Adv 7:eabh0146 (released code); on traces: ours",
)
