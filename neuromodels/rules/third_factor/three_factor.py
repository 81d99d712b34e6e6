"""Three-factor rule: pairs of spikes leave an eligibility, a third factor turns it into weight.

    w    <- clip(w + eta*M*elig),  M = tanh(m + g_0)
    elig <- elig*exp(-dt/tau_e) + H
    pairs = "spikes"  H = a_lead*x*s_post - a_lag*y'*s_pre;  y' is y before the spike of this step
    pairs = "rates"   H = x*(a_lead*y - a_lag)*dt/20 ms, for read-outs, which do not spike
    contrast = "mean" or "group"  elig - contrasted*(its mean) in place of elig in w's line,
                      over all synapses of a neuron or those from the same group of sources

In this order: the weight changes by the eligibility of the step before.  A neuron's spike in the
step of its input's counts as behind it.  Without a contrast one trial strengthens whatever was
active onto whatever was told; a contrast, or a_lag balanced against a_lead, tells inputs apart.

Outer, searched and fixed within an episode: the starting w, a_lead, a_lag, eta, tau_e, g_0.  Inner:
`three_factor` moves w itself; `three_factor_split` moves rho, the weight is w + alpha*rho.

A third factor that gates an eligibility in spiking networks, learned in an outer loop [P]; pairs
with signed gains per synapse, contrast, `rates`, and all numbers [I]; tau_e between 2 and 5 s.
"""

from brian2.units import ms

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.plastic_oja import SPLIT
from neuromodels.rules.third_factor.nm_oja import G_0, MODULATOR

CONTRASTED = Coefficient("contrasted", default=1.0, low=0, high=10, sigma=0.3, frozen=True)
"""How much of the mean is taken away."""


def _rule(name: str, summary: str, inner: str, weight: str, fixed: tuple) -> PlasticityRule:
    changed = f"{inner} = clip({inner} + eta*M*seen, -w_max, w_max)"
    fading = f"{changed}\nelig = elig*exp(-dt/(tau_e*second))"
    spikes = f"{fading} + a_lead*x*abs(sy) - a_lag*(y - abs(sy))*abs(sx)"
    rates = f"{fading} + x*(a_lead*y - a_lag)*dt/tau_x"
    model = f"{inner} : 1\nelig : 1"
    plain, centred = f"{model}\nseen = elig : 1", f"{model}\nseen = elig - contrasted*centre : 1"
    return PlasticityRule(
        name=name,
        summary=summary,
        model=plain,
        weight=weight,
        learns=(inner,),
        modulator=MODULATOR,
        forget="elig = 0",
        each_step=spikes,
        coefficients=(
            *fixed,
            Coefficient("a_lead", default=1.0, low=-5, high=5, per="synapse", sigma=0.3),
            Coefficient("a_lag", default=0.5, low=-5, high=5, per="synapse", sigma=0.3),
            CONTRASTED,
            Coefficient("eta", default=1e-3, low=1e-6, high=0.1, scale="log", sigma=0.5),
            Coefficient("tau_e", default=3.0, low=0.05, high=20, scale="log", sigma=0.2),
            G_0,
        ),
        constants={"w_max": 1.0, "tau_x": 20 * ms},
        terms=("a_lead", "a_lag"),
        choices={
            "pairs": {"spikes": {"each_step": spikes}, "rates": {"each_step": rates}},
            "contrast": {
                "none": {"model": plain, "centred": ""},
                "mean": {"model": centred, "centred": "elig"},
                "group": {"model": centred, "centred": "elig", "centred_over": "group"},
            },
        },
        reference="after Schmidgall & Hays 2023, arXiv:2206.12520; equations inferred",
    )


THREE_FACTOR = _rule(
    "three_factor",
    "pairs of spikes leave an eligibility, which a third factor turns into weight",
    "w",
    "w",
    (Coefficient("w", default=0.0, low=-1, high=1, per="synapse", sigma=0.3),),
)
THREE_FACTOR_SPLIT = _rule(
    "three_factor_split",
    "three_factor that moves the plastic part of the weight w + alpha*rho",
    "rho",
    "w + alpha*rho",
    SPLIT,
)
