"""Constants that equations would never see, because their names mean something else already."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS

from neuromodels.errors import DeclarationError

#: Variables of every group.
EVERYWHERE = frozenset({"N", "i", "t", "dt", "t_in_timesteps"})


def check_constants(
    owner: str, constants: Mapping[str, object], variables: Container[str] = EVERYWHERE
) -> None:
    """Refuse constants in whose place Brian2 would take something else.

    Parameters
    ----------
    owner
        Whose they are, for messages.
    constants
        By name.
    variables
        Names of the variables of the group that reads them.

    Raises
    ------
    DeclarationError
        Where there is one; names it.
    """
    for name, value in constants.items():
        meaning = _meaning(name, value, variables)
        if meaning:
            raise DeclarationError(
                f"{owner}.constants",
                f"a constant must not have the name of {meaning}, which would be used in its place",
                name,
                "Give it another name.",
            )


def _meaning(name: str, value: object, variables: Container[str]) -> str:
    """Return what else a name means; empty where it means nothing else, or the same."""
    if name in variables:
        return "a variable"
    if name == "xi" or name.startswith("xi_"):
        return "Brian2's noise"
    kinds: dict[str, Mapping[str, Any]] = {
        "a constant of Brian2's": DEFAULT_CONSTANTS,
        "a unit": DEFAULT_UNITS,
        "a function of Brian2's": DEFAULT_FUNCTIONS,
    }
    return next(
        (k for k, named in kinds.items() if name in named and not _is(value, named[name])), ""
    )


def _is(value: object, meant: Any) -> bool:
    """Whether a constant has the value that its name has anyway, as ``ms`` has."""
    meant = getattr(meant, "value", meant)
    if value is meant:
        return True
    try:
        same_unit = getattr(value, "dim", None) is getattr(meant, "dim", None)
        return same_unit and bool(np.asarray(value) == np.asarray(meant))
    except (TypeError, ValueError):
        return False
