"""A constant that equations find in the namespace becomes a variable of the groups that use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Constant
from brian2.groups.group import Group
from brian2.input.timedarray import TimedArray
from brian2.synapses.synapses import SynapticPathway
from brian2.units.fundamentalunits import get_dimensions

from neuromodels.simulation.capture.capture import Captured

#: By the name that equations use: the groups whose code uses it.
Users = dict[str, dict[str, Group]]


def users_of_constants(captured: Sequence[Captured]) -> Users:
    """Return the constants of the namespace that the code of a network uses."""
    users: Users = {}
    for code in captured:
        group = code.owner.synapses if isinstance(code.owner, SynapticPathway) else code.owner
        for name, variable in code.variables.items():
            if isinstance(variable, Constant) and name not in (*group.variables, *DEFAULT_UNITS):
                users.setdefault(name, {})[group.name] = group
    return users


def users_of_courses(captured: Sequence[Captured]) -> Users:
    """Return the timed arrays that the code of a network uses."""
    users: Users = {}
    for code in captured:
        for name, variable in code.variables.items():
            if isinstance(variable, TimedArray):
                users.setdefault(name, {})[code.owner.name] = code.owner
    return users


def declare(group: Group, name: str, value: Any) -> None:
    """Give a group a shared constant of its own, which its equations find first.

    Parameters
    ----------
    value
        What it is where nobody sets it, with its unit.
    """
    own = getattr(group, "namespace", None) or {}
    group.namespace = {known: given for known, given in own.items() if known != name}
    group.variables.add_array(
        name,
        size=1,
        values=float(np.asarray(value)),
        dimensions=get_dimensions(value),
        scalar=True,
        constant=True,
    )
