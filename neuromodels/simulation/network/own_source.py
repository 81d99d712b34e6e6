"""A user's network, built anew by the user's function, on the clock of a trial."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from brian2.core.base import BrianObject
from brian2.core.clocks import BaseClock
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.network import Network
from brian2.core.operations import NetworkOperation
from brian2.devices.device import get_device
from brian2.groups.group import CodeRunner, Group
from brian2.input.poissoninput import PoissonInput
from brian2.monitors import EventMonitor, StateMonitor
from brian2.monitors.ratemonitor import RateMonitor
from brian2.synapses.synapses import Synapses
from brian2.units import second

from neuromodels.catalog import names_in
from neuromodels.errors import DeclarationError
from neuromodels.models.building import Built, build

WHERE = "OwnNetwork.build"
SEED = 1
"""Of what `build` draws: all candidates, trials and workers have the same network."""
MONITORS = (EventMonitor, StateMonitor, RateMonitor)


@dataclass(frozen=True)
class OwnSource:
    """Where a user's network comes from.

    Parameters
    ----------
    reference
        File and name of the function that builds it, ``"my_network.py:build"``.
    step
        Length of a time step, s.
    """

    reference: str
    step: float

    def take(self, clock: BaseClock) -> Built:
        """Build the network on a clock; what its equations name stands in their namespaces.

        Raises
        ------
        DeclarationError
            Where the function fails, or its network has what cannot run in a study.
        """
        function = function_of(self.reference)
        with discarded_on_errors():
            with default_clock(clock):
                built = build(function, SEED, WHERE)
            _check_time(built.network, clock, self.step)
            _check_objects(built.network)
        for group in _groups(built.network):
            _add_names(group, built.names)
        return built


def function_of(reference: str) -> Callable[[], Network]:
    """Return the function that a study names; its file is run once for each content.

    Raises
    ------
    DeclarationError
        Where the file cannot be run, or has no such function.
    """
    path, _, name = reference.rpartition(":")
    try:
        content = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise DeclarationError(WHERE, f"the file cannot be read: {error.strerror}", path) from None
    found = _names_in(path, content).get(name)
    if not callable(found):
        cure = "Define it at the top of the file."
        raise DeclarationError(WHERE, "must name a function of the file", name, cure)
    return found


@lru_cache(maxsize=16)
def _names_in(path: str, content: bytes) -> dict[str, Any]:
    """Return what a file declares; another content in the same place is another file."""
    return names_in(path, WHERE)


@contextmanager
def default_clock(clock: BaseClock) -> Iterator[None]:
    """Let objects that are made during the block run on a clock unless they have their own."""
    device = get_device()
    before = device.defaultclock
    device.defaultclock = clock
    try:
        yield
    finally:
        device.defaultclock = before


@contextmanager
def discarded_on_errors() -> Iterator[None]:
    """On an error, keep Brian2 from warning about each object that was made during the block."""
    before = set(BrianObject.__instances__())
    try:
        yield
    except Exception:
        made = (reference() for reference in set(BrianObject.__instances__()) - before)
        discard(each for each in made if each is not None)
        raise


def parts_of(network: Network) -> list[Any]:
    """Return the groups, synapses and inputs of a network, by name; monitors are none."""
    parts = (each for each in network.objects if not isinstance(each, MONITORS))
    return sorted(parts, key=lambda each: each.name)


def discard(objects: Iterable[Any]) -> None:
    """Keep Brian2 from warning that objects were never run."""
    for each in objects:
        each._network = "discarded"
        discard(each.contained_objects)


def _check_time(network: Network, clock: BaseClock, step: float) -> None:
    """Refuse a network that has run, or has steps of another length than the task."""
    if float(network.t) > 0:
        raise DeclarationError(WHERE, "must not run the network", f"{network.t}", "Leave run out.")
    cure = "Leave defaultclock.dt and dt= out; the task's parameters set the step."
    for each in network.sorted_objects:
        dt = float(each.clock.dt_) if hasattr(each.clock, "dt_") else None
        if each.clock is not clock or dt is None or abs(dt / step - 1) > 1e-6:
            must = f"all objects must have the task's time step, {step * second!s}"
            raise DeclarationError(f"{WHERE}.{each.name}", must, _said(dt), cure)


def _said(dt: float | None) -> str:
    return "its own clock" if dt is None else str(dt * second)


def _check_objects(network: Network) -> None:
    for each in parts_of(network):
        if isinstance(each, NetworkOperation) or not isinstance(each, CodeRunner | Group):
            raise DeclarationError(
                f"{WHERE}.{each.name}",
                "must be neurons, synapses or inputs, which can be compiled",
                type(each).__name__,
                "Write it as equations or run_regularly.",
            )
        _check_name(each)


def _check_name(each: Any) -> None:
    """Refuse what Brian2 numbers through the whole process; a `PoissonInput` takes no name."""
    kind = type(each).__name__
    is_numbered = re.fullmatch(rf"{kind.lower()}(_\d+)?", each.name) is not None
    if is_numbered and not isinstance(each, PoissonInput):
        must = f"each {kind} must have a name, which is the same whenever it is built"
        raise DeclarationError(WHERE, must, each.name, "Give it one with name=.")


def _groups(network: Network) -> Iterator[Group]:
    for part in parts_of(network):
        if isinstance(part, Group):
            yield part
        if isinstance(part, Synapses):
            yield from part._pathways


def _add_names(group: Group, names: Mapping[str, Any]) -> None:
    """Let a group's equations find what the user's function knew.

    Its own variables go first, and so do Brian2's units and functions, as in any network.
    """
    first = {*group.variables, *DEFAULT_UNITS, *DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS}
    known = {name: value for name, value in names.items() if name not in first}
    group.namespace = {**known, **(group.namespace or {})}
