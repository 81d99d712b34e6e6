"""Synaptic-cooperation and presynaptic-dependent plasticity of PDLF (arXiv:2308.12063, Fig. 1).

    dw = eta*(A*x*(y - C) + B*y + D)

The first term needs both sides (SCP), the others one or none (PDP).  The paper's figure names the
B-term after the presynaptic side, the released code multiplies B with the postsynaptic trace;
`pdp_side` chooses, and the default is the code's.
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

PDLF = PlasticityRule(
    name="pdlf",
    summary="dw = eta*(A*x*(y - C) + B*y + D)",
    model="w : 1",
    each_step="w += eta*(A*x*(y - C) + B*y + D)",
    coefficients=tuple(Coefficient(name, per="synapse") for name in ("eta", "A", "B", "C", "D")),
    normalisation="p8",
    choices={
        "pdp_side": {
            "post": {
                "each_step": "w += eta*(A*x*(y - C) + B*y + D)",
                "summary": "dw = eta*(A*x*(y - C) + B*y + D)",
            },
            "pre": {
                "each_step": "w += eta*(A*x*(y - C) + B*x + D)",
                "summary": "dw = eta*(A*x*(y - C) + B*x + D)",
            },
        },
        "normalisation": {"p8": {"normalisation": "p8"}, "none": {"normalisation": "none"}},
    },
    terms=("A", "B", "D"),
    reference="Shen et al. 2023, arXiv:2308.12063",
)
