"""Inputs that differ between instances: spikes of generators, and values of timed arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_CONSTANTS
from brian2.core.network import Network
from brian2.groups.group import Group
from brian2.input.poissoninput import PoissonInput
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.input.timedarray import TimedArray
from brian2.units import second
from brian2.units.fundamentalunits import have_same_dimensions

from neuromodels.errors import DeclarationError
from neuromodels.simulation.arrays.given_spikes import NEVER, GivenSpikes, given_spikes
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.device.addresses import check_unit, checked_whole, real_numbers

#: What a generator keeps of its spikes.
SPIKES = ("neuron_index", "spike_time", "spike_number")

# ------------------------------------------------------------------------------------ timed arrays


def timed_array(
    address: object, groups: Mapping[str, Group], captured: Iterable[Captured]
) -> TimedArray | None:
    """Return the timed array that a group's code calls by the name in ``"group.name"``."""
    owner, _, name = str(address).partition(".")
    if owner not in groups or name in groups[owner].variables:
        return None
    used = (code.variables.get(name) for code in captured if code.owner.name == owner)
    return next((each for each in used if isinstance(each, TimedArray)), None)


def data_name(timed: TimedArray) -> str:
    """Return the name under which a program finds the values of a timed array."""
    return f"{timed.name}_values"


def checked_course(
    address: str, timed: TimedArray, values: Any, rows: int, where: str = "Batch"
) -> np.ndarray:
    """Return values of a timed array as rows, (1, size) for all or (rows, size), in SI units.

    `where` begins a message.

    Raises
    ------
    DeclarationError
        Where unit or shape do not fit.
    """
    where = f"{where}[{address!r}]"
    numbers = real_numbers(where, values)
    check_unit(where, values, timed.dim)
    shape = timed.values.shape
    if numbers.shape not in (shape, (rows, *shape)):
        told = f"the shape must be {shape} or {(rows, *shape)}"
        raise DeclarationError(where, told, numbers.shape)
    return np.ascontiguousarray(numbers.reshape(-1, timed.values.size), dtype=float)


# ------------------------------------------------------------------------------------------ spikes


def checked_spikes(
    group: Group,
    indices: Sequence,
    times: Any,
    start: float,
    instances: int,
    lists: Any = None,
) -> GivenSpikes:
    """Return the spikes of a generator: one list for all instances, one each, or a choice of some.

    `lists` is the number of the list that each instance takes, None for its own.

    Raises
    ------
    DeclarationError
        Where a spike cannot be fired, or lists have different lengths.
    """
    where = f"Batch.set_spikes({group.name!r})"
    if not isinstance(group, SpikeGeneratorGroup):
        told = type(group).__name__
        raise DeclarationError(where, "must be a SpikeGeneratorGroup of the network", told)
    if _number(group, "period") > 0 and start > 0:
        raise DeclarationError(where, "a group with a period must begin at 0 s", f"{start:g} s")
    if not isinstance(indices, Sequence | np.ndarray):
        raise DeclarationError(where, "indices must be a list", indices)
    is_own = len(indices) > 0 and isinstance(indices[0], Sequence | np.ndarray)
    pairs = list(zip(indices, times, strict=False)) if is_own else [(indices, times)]
    count = instances if lists is None else len(indices)
    if is_own and not len(indices) == len(times) == count:
        told = f"there must be one list of indices and of times for each of {count} instances"
        raise DeclarationError(where, told, (len(indices), len(times)))
    list_of = None if lists is None else checked_lists(where, lists, instances, len(pairs))
    return given_spikes([checked_list(where, group, who, t, start) for who, t in pairs], list_of)


def checked_lists(where: str, lists: Any, count: int, known: int) -> np.ndarray:
    """Return numbers of lists of spikes, shape (count,), int64.

    Raises
    ------
    DeclarationError
        Where one is not in [0, known), or there are not as many.
    """
    numbers = checked_whole(where, lists)
    if numbers.shape != (count,) or numbers.min(initial=0) < 0 or numbers.max(initial=0) >= known:
        told = f"lists must be {count} numbers in [0, {known})"
        raise DeclarationError(where, told, lists)
    return np.ascontiguousarray(numbers, dtype=np.int64)


def _number(group: Group, name: str) -> float:
    return float(group.variables[name].get_value().item())


def checked_list(
    where: str, group: SpikeGeneratorGroup, indices: Any, times: Any, start: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return neurons and steps of one list of spikes.

    Raises
    ------
    DeclarationError
        Where a spike cannot be fired, or there are not as many times as indices.
    """
    who, seconds = checked_whole(where, indices), real_numbers(where, times)
    if who.shape != seconds.shape or who.ndim != 1:
        told = "there must be as many times as indices"
        raise DeclarationError(where, told, (who.shape, seconds.shape))
    if len(seconds) and not have_same_dimensions(times, second):
        raise DeclarationError(where, "times must be times", times, "Write [1, 2]*ms.")
    if who.min(initial=0) < 0 or who.max(initial=0) >= group.N:
        wrong = who[(who < 0) | (who >= group.N)][0].item()
        raise DeclarationError(where, f"indices must lie in [0, {group.N})", wrong)
    dt, period = _number(group, "dt"), _number(group, "period")
    end = min(period if period > 0 else np.inf, (NEVER - 1) * dt)
    late = ~((seconds >= start) & (seconds < end))
    if late.any():
        told = f"times must lie in [{start:g}, {end:g}) s"
        raise DeclarationError(where, told, f"{seconds[late][0]:g} s")
    steps = ((seconds + 1e-3 * dt) / dt).astype(np.int64)  # as the group's own `before_run`
    if len(np.unique(np.column_stack([who, steps]), axis=0)) < len(who):
        raise DeclarationError(where, f"a neuron must spike once in a step of {dt:g} s at most")
    return who, steps


def check_no_spikes(address: str, groups: Mapping[str, Group]) -> None:
    """Refuse the spikes of a generator: they are no variables.

    Raises
    ------
    DeclarationError
        With how they are set.
    """
    owner, _, name = address.partition(".")
    if isinstance(groups[owner], SpikeGeneratorGroup) and name in SPIKES:
        raise DeclarationError(
            f"Batch[{address!r}]",
            "spikes of a generator are set and read all at once",
            name,
            f"Call batch.set_spikes({owner!r}, indices, times); a SpikeMonitor reads them.",
        )


# ---------------------------------------------------------------------------------------- refusals


def check_addressed(address: object, network: Network, namespace: Mapping) -> None:
    """Refuse what is no variable, with what can be done instead.

    Raises
    ------
    DeclarationError
        For a Poisson input, a constant, or a timed array that no code of a group uses.
    """
    owner, _, name = str(address).partition(".")
    where = f"Batch[{address!r}]"
    group = next((obj for obj in network.sorted_objects if obj.name == owner), None)
    if isinstance(group, PoissonInput):
        raise DeclarationError(
            where,
            "a PoissonInput is the same in all instances",
            owner,
            "Make its rate a parameter of a Model, or use a PoissonGroup and Synapses.",
        )
    if not isinstance(group, Group) or name in group.variables:
        return
    known = {**namespace, **(getattr(group, "namespace", None) or {})}
    if isinstance(known.get(name), TimedArray):
        raise DeclarationError(where, f"the code of {owner} must use the timed array", name)
    if name in known or name in DEFAULT_CONSTANTS:
        raise DeclarationError(
            where,
            "a constant of the namespace is the same in all instances",
            name,
            f"Declare it in the equations: '{name} : UNIT (shared, constant)'.",
        )
