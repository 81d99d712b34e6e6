"""Parts of the PDLF rule alone, for asking which term does what (arXiv:2308.12063, Fig. 3c).

    dw = eta*(A*x*(y - C) + B*y + D)

SCP is the first term, PDP the others. A part has only the coefficients that it needs. The released
comparison cannot be trusted here: its curve of SCP alone is typed by hand.
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule


def _part(name: str, summary: str, change: str, coefficients: str) -> PlasticityRule:
    return PlasticityRule(
        name=f"pdlf_{name}",
        summary=summary,
        model="w : 1",
        each_step=f"w += eta*({change})",
        coefficients=tuple(Coefficient(c, per="synapse") for c in coefficients.split()),
        normalisation="p8",
        choices={
            "normalisation": {"p8": {"normalisation": "p8"}, "none": {"normalisation": "none"}},
        },
        reference="part of Shen et al. 2023, arXiv:2308.12063",
    )


SCP = _part("scp", "PDLF's cooperation alone: eta*A*x*(y - C)", "A*x*(y - C)", "eta A C")
PDP_POST = _part("pdp_post", "PDLF's one-sided part alone, postsynaptic", "B*y + D", "eta B D")
PDP_PRE = _part("pdp_pre", "PDLF's one-sided part alone, presynaptic", "B*x + D", "eta B D")
DRIFT = _part("drift", "PDLF's constant alone: weights grow whatever happens", "D", "eta D")
PARTS = (SCP, PDP_POST, PDP_PRE, DRIFT)
