"""The rate of a `PoissonInput` becomes a variable of the group that it drives.

Brian2 writes the rate into the function that draws how many inputs fire. Here that function gets
the probability as an argument, and draws the same numbers as Brian2's own.
"""

from __future__ import annotations

import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.network import Network
from brian2.groups.group import Group
from brian2.groups.subgroup import Subgroup
from brian2.input.binomial import BinomialFunction
from brian2.input.poissoninput import PoissonInput
from brian2.units import hertz

#: How many of `n` inputs fire, each with probability `p`: as in Brian2's `BinomialFunction`, a
#: normal number where many fire and many do not, by inversion elsewhere.
SOURCE = """
double {name}(double p, const int vectorisation_idx) {{
    const double n = {n};
    if (n*p > 5 && n*(1 - p) > 5)
        return (float)(_randn(vectorisation_idx)*sqrt(n*p*(1 - p)) + n*p);
    const bool reverse = p > 0.5;
    const double P = reverse ? 1 - p : p, q = 1 - P;
    const double none = exp(n*log(q)), most = n*P + 10.0*sqrt(n*P*q + 1);
    long fired = 0;
    double px = none, U = _rand(vectorisation_idx);
    while (U > px) {{
        fired++;
        if (fired > n || fired > most) {{
            fired = 0;
            px = none;
            U = _rand(vectorisation_idx);
        }} else {{
            U -= px;
            px = (n - fired + 1)*P*px/(fired*q);
        }}
    }}
    return reverse ? n - fired : fired;
}}
"""


def inputs_of(network: Network) -> list[PoissonInput]:
    """Return the Poisson inputs of a network, in the order in which they were made.

    Brian2 numbers their names: a longer name is a later one.
    """
    found = [obj for obj in network.objects if isinstance(obj, PoissonInput)]
    return sorted(found, key=lambda obj: (len(obj.name), obj.name))


def target_of(given: PoissonInput) -> Group:
    """Return the group whose neurons an input drives, or some of them."""
    group = given._group
    return group.source if isinstance(group, Subgroup) else group


def free_rate(given: PoissonInput, number: int) -> str:
    """Let the rate of an input be a variable of its target; return the variable's name.

    Parameters
    ----------
    number
        Of the input in its network: the name is the same whenever the network is built.
    """
    name, target = f"rate_of_poisson_input_{number}", target_of(given)
    if name in target.variables:
        return name
    target.variables.add_array(
        name, size=1, values=float(given.rate), dimensions=hertz.dim, scalar=True, constant=True
    )
    drawn = next(n for n, v in given.variables.items() if isinstance(v, BinomialFunction))
    given.variables.add_reference(name, target, name)
    given.variables._variables[drawn] = _drawing(drawn, int(given.N))
    given.abstract_code = given.abstract_code.replace(f"{drawn}()", f"{drawn}({name}*dt)")
    return name


def _drawing(name: str, n: int) -> Function:
    """Return the function that draws how many of `n` inputs fire, given the probability of each."""

    def draw(p: float, _vectorisation_idx: int) -> np.ndarray:
        return BinomialFunction(n, p).implementations["numpy"].get_code(None)(_vectorisation_idx)

    function = Function(draw, arg_units=[1], return_unit=1, stateless=False, auto_vectorise=True)
    function.implementations.add_implementation(
        "cpp",
        SOURCE.format(name=name, n=f"{n}.0"),
        dependencies={"_rand": DEFAULT_FUNCTIONS["rand"], "_randn": DEFAULT_FUNCTIONS["randn"]},
        name=name,
    )
    return function
