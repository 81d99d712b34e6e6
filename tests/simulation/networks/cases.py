"""One small network and what to compare of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2 import Network, Quantity


@dataclass(frozen=True)
class Case:
    """A network with deterministic input.

    Parameters
    ----------
    network
        Fresh, its monitors included.
    duration
        Of one run.
    compared
        Addresses ``"group.variable"`` of the variables to compare after a run.
    changes
        Values to set between two runs, by address.
    single
        Whether single precision stays within 1e-4 of double.
    """

    network: Network
    duration: Quantity
    compared: tuple[str, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    single: bool = True


CATALOG: dict[str, Callable[[], Case]] = {}


def case(build: Callable[[], Case]) -> Callable[[], Case]:
    """Enter a function that builds a case into the catalog, under its own name."""
    CATALOG[build.__name__] = build
    return build
