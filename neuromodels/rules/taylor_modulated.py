"""One family in which named rules are points: products of activities, weight and third factor.

    w     <- clip(w + direct + M*late + M*elig)
    direct   sum of k_abc * x**a * y**b * w**c, and k_th*theta*x*y
    late     sum of m_abc * x**a * y**b * w**c, and m_th*theta*x*y
    elig  <- elig*exp(-dt/tau_e) + sum of e_ab * x**a * y**b
    theta <- theta + (y**2/y_0 - theta)*dt/tau_theta
    M     =  tanh(m + g_0)

a, b, c go from 0 to 2, with a + b + c at most 3; of the eligibility a + b is at most 2.  The weight
changes by the eligibility of the step before.  Each term has a switch of its own: a study says
``terms = "k110 k021"``, and the rest is not there.  `POINTS` has the coefficients that make the
family equal to Hebb's, Oja's, BCM's and PDLF's rules, homeostasis and rules of three factors.

The sum of products [C] (Mehta et al. 2024), its third factor as in `nm_oja`, eligibility as in
`three_factor`, threshold as in `bcm`; that all stand in one rule, and the bounds [I].
"""

from collections.abc import Iterator, Mapping
from itertools import product

from neuromodels.coefficients import Coefficient
from neuromodels.rules.base import PlasticityRule
from neuromodels.rules.third_factor.nm_oja import G_0, MODULATOR

MOST = 3
"""Highest sum of powers of x, y and w in a term."""


def _powers() -> Iterator[tuple[int, int, int]]:
    return ((a, b, c) for a, b, c in product(range(3), repeat=3) if a + b + c <= MOST)


def _term(name: str, powers: tuple[int, ...]) -> str:
    factors = [f"{v}**{p}" if p > 1 else v for v, p in zip("xyw", powers, strict=False) if p]
    return "*".join([name, *factors])


DIRECT = {f"k{a}{b}{c}": _term(f"k{a}{b}{c}", (a, b, c)) for a, b, c in _powers()}
LATE = {f"m{a}{b}{c}": _term(f"m{a}{b}{c}", (a, b, c)) for a, b, c in _powers()}
TRACED = {
    f"e{a}{b}": _term(f"e{a}{b}", (a, b)) for a, b in product(range(3), repeat=2) if a + b <= 2
}
SLIDING = {"k_th": "k_th*theta*x*y", "m_th": "m_th*theta*x*y"}
TERMS: Mapping[str, str] = {**DIRECT, **LATE, **TRACED, **SLIDING}
"""Coefficients and the products that they stand for."""


def _sum(terms: Mapping[str, str], *more: str) -> str:
    return " + ".join([*terms.values(), *more])


TAYLOR_MODULATED = PlasticityRule(
    name="taylor_modulated",
    summary="products of x, y, w, threshold and third factor, each with its own switch",
    model="w : 1\nelig : 1\ntheta : 1",
    modulator=MODULATOR,
    forget="elig = 0",
    each_step=(
        f"w = clip(w + {_sum(DIRECT, SLIDING['k_th'])} + M*elig"
        f" + M*({_sum(LATE, SLIDING['m_th'])}), -w_max, w_max)\n"
        f"elig = elig*exp(-dt/(tau_e*second)) + {_sum(TRACED)}\n"
        "theta += (y**2/y_0 - theta)*dt/(tau_theta*second)"
    ),
    coefficients=(
        Coefficient("w", default=0.1, low=-10, high=10, per="synapse", sigma=0.1),
        *(Coefficient(name, default=0.0, low=-1, high=1, sigma=0.001) for name in TERMS),
        Coefficient("tau_e", default=0.2, low=1e-4, high=20, scale="log", sigma=0.3),
        Coefficient("tau_theta", default=1.0, low=1e-2, high=100, scale="log", sigma=0.3),
        Coefficient("y_0", default=1.0, low=1e-2, high=100, scale="log", sigma=0.3, frozen=True),
        G_0,
    ),
    constants={"w_max": 10.0},
    terms=tuple(TERMS),
    reference="after Mehta et al. 2024, NeurIPS 37 (released code); the family is ours",
)

POINTS: Mapping[str, Mapping[str, str]] = {
    "hebb": {"k110": "eta", "k001": "-eta"},
    "oja": {"k110": "eta", "k021": "-eta"},
    "bcm": {"k120": "eta", "k_th": "-eta"},
    "scaling": {"k001": "eta*y_0", "k011": "-eta"},
    "pdlf": {"k110": "eta*A", "k100": "-eta*A*C", "k010": "eta*B", "k000": "eta*D"},
    "pdlf_scp": {"k110": "eta*A", "k100": "-eta*A*C"},
    "pdlf_pdp_post": {"k010": "eta*B", "k000": "eta*D"},
    "pdlf_pdp_pre": {"k100": "eta*B", "k000": "eta*D"},
    "pdlf_drift": {"k000": "eta*D"},
    "nm_pdlf": {"m110": "eta*A", "m100": "-eta*A*C", "m010": "eta*B", "m000": "eta*D"},
    "nm_oja": {"m110": "eta", "k021": "-eta"},
    "plastic_oja": {"k110": "eta", "k021": "-eta"},
    "plastic_bcm": {"k120": "eta", "k_th": "-eta"},
    "nm_bcm": {"m120": "eta", "m_th": "-eta"},
    "three_factor": {"e11": "eta*a_lead*dt/tau_x", "e10": "-eta*a_lag*dt/tau_x"},
}
"""Rules of the catalog and the coefficients at which the family does what they do.

Rules that also have a form for spikes are meant in their dense form, ``three_factor`` with
``pairs = "rates"``.  Norms and clips are no part of it.  A rule that moves ``rho`` is one that
moves ``w``.
"""
