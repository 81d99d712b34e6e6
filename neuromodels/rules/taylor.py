"""All products of activities and weight up to squares, 27 parameters (Mehta et al. 2024).

    dw = sum of k_abc * x**a * y**b * w**c  in each step, a, b, c from 0 to 2

Oja's rule is k110 = eta, k021 = -eta; PDLF's is k110, k100, k010 and k000.  It needs no spikes, so
that it also works from channels and onto read-outs.

Terms [C]; bounds and a start at no plasticity [I]; their 0.001 keeps a first step stable.
"""

from itertools import product

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule

POWERS = {f"k{a}{b}{c}": (a, b, c) for a, b, c in product(range(3), repeat=3)}
"""Coefficients and the powers of x, y and w that they multiply."""


def _term(name: str, powers: tuple[int, ...]) -> str:
    factors = [f"{v}**{p}" if p > 1 else v for v, p in zip("xyw", powers, strict=True) if p]
    return "*".join([name, *factors])


TAYLOR = PlasticityRule(
    name="taylor",
    summary="sum of all products of x, y and w up to squares, 27 parameters",
    model="w : 1",
    each_step=f"w = clip(w + {' + '.join(_term(*each) for each in POWERS.items())}, -w_max, w_max)",
    coefficients=(
        Coefficient("w", default=0.1, low=-10, high=10, per="synapse", sigma=0.1),
        *(Coefficient(name, default=0.0, low=-1, high=1, sigma=0.001) for name in POWERS),
    ),
    constants={"w_max": 10.0},
    terms=tuple(POWERS),
    reference="Mehta et al. 2024, NeurIPS 37 (released code)",
)
