"""Lists of spikes in a network's study file: written out, or out of an ``.npz`` file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Quantity, get_dimensions

from neuromodels.exploration.network_file.arguments import Finders
from neuromodels.models.quantities import (
    Unreadable,
    quantity_of,
    unreadable,
    values_of,
)
from neuromodels.models.spike_lists import SpikeList
from neuromodels.study.kinds import nearest

KEYS = ("indices", "times", "unit")
"""Of a list that is written out."""
ARRAYS = ("indices", "times", "lists", "count")
"""Of a file: the last two say which list each spike belongs to, and how many lists there are."""
SUFFIX = ".npz"
MUST = "must be {indices = [0, 1], times = ['5 ms', '9 ms']}, or {file = 'spikes.npz', unit = 'ms'}"
MOST_LISTS = 1_000_000
Spikes = tuple[Any, Any]
"""Neurons and times, as somebody has written them."""


def are_spikes(written: Any) -> bool:
    """Whether a value, or one of a list of values, is meant as spikes."""
    entries = written if isinstance(written, list) else [written]
    return any(map(_is_entry, entries))


def _is_entry(written: Any) -> bool:
    if not isinstance(written, Mapping):
        return False
    file = written.get("file")
    return "indices" in written or "times" in written or str(file).endswith(SUFFIX)


def read_spikes(written: Any, finders: Finders) -> list[SpikeList]:
    """Return all lists of spikes of a value; a file may hold several.

    Raises
    ------
    Unreadable
        With the number of the list that is wrong, and of its spike.
    """
    found: list[SpikeList] = []
    for entry in written if isinstance(written, list) else [written]:
        try:
            for indices, times in _pairs_of(entry, finders):
                found.append(_list_of(indices, times))
        except Unreadable as error:
            raise Unreadable(f"list {len(found)}: {error}") from None
    return found


def _pairs_of(entry: Any, finders: Finders) -> Iterator[Spikes]:
    """Yield the neurons and the times of each list of an entry."""
    if not _is_entry(entry):
        raise unreadable(MUST, entry)
    if "file" in entry:
        yield from _pairs_in(*finders.spikes(entry))
    else:
        yield _written_out(entry)


def _written_out(entry: Mapping[str, Any]) -> Spikes:
    for key in entry:
        if key not in KEYS:
            raise unreadable("has an unknown key", key, nearest(key, KEYS))
    for key in KEYS[:2]:
        if not isinstance(entry.get(key), list):
            raise unreadable(f"{key} must be a list", entry.get(key))
    unit = quantity_of(entry.get("unit", 1))
    times = values_of(entry["times"]) if entry["times"] else np.zeros(0) * second
    return entry["indices"], times if get_dimensions(times) is not DIMENSIONLESS else times * unit


def _pairs_in(arrays: Mapping[str, np.ndarray], unit: Any) -> Iterator[Spikes]:
    """Yield each list of a file; it has one, unless an array says which list a spike is of."""
    if strange := [name for name in arrays if name not in ARRAYS]:
        raise unreadable("the file has an unknown array", strange[0], nearest(strange[0], ARRAYS))
    for name in ARRAYS[:2]:
        if name not in arrays:
            raise Unreadable(f"the file needs an array {name!r}.")
    indices, times = arrays["indices"], _real(arrays["times"])
    if "lists" not in arrays:
        if "count" in arrays:
            raise Unreadable("the file has 'count' and no array 'lists'.")
        yield indices, times * unit
        return
    lists = _whole("lists", arrays["lists"])
    if not lists.shape == indices.shape == times.shape:
        lengths = " and ".join(str(len(np.atleast_1d(a))) for a in (lists, indices, times))
        raise unreadable("lists, indices and times must be equally long", lengths)
    for number in range(_count_of(arrays, lists)):
        yield indices[lists == number], times[lists == number] * unit


def _count_of(arrays: Mapping[str, np.ndarray], lists: np.ndarray) -> int:
    """Return how many lists a file has: those without a spike at the end need to be counted."""
    fewest = int(lists.max(initial=0)) + 1
    count = arrays.get("count", np.array(fewest))
    is_one = count.ndim == 0 and count.dtype.kind in "iu"
    if not is_one or not fewest <= count <= MOST_LISTS:
        must = f"count must be a whole number from {fewest} to {MOST_LISTS:,}"
        raise unreadable(must, count.tolist() if count.size < 9 else "an array")
    return int(count)


def _list_of(indices: Any, times: Any) -> SpikeList:
    """Return one list, its parts checked."""
    who = _whole("indices", indices)
    if get_dimensions(times) != second.dim:
        cure = " Write '5 ms', or unit = 'ms' beside them."
        raise unreadable("times must be times", str(times[:1]), cure)
    seconds = np.asarray(times, dtype=float)
    if who.shape != seconds.shape:
        told = f"{len(who)} indices and {len(np.atleast_1d(seconds))} times"
        raise unreadable("there must be as many times as indices", told)
    if (wrong := np.flatnonzero(~(np.isfinite(seconds) & (seconds >= 0)))).size:
        told = f"times[{wrong[0]}] must be finite and not negative"
        raise unreadable(told, f"{seconds[wrong[0]]:g} s")
    return SpikeList(who, Quantity(seconds, dim=second.dim))


def _whole(name: str, given: Any) -> np.ndarray:
    """Return whole numbers from 0 on, (n,)."""
    try:
        numbers = np.asarray(given) if len(given) else np.zeros(0, int)
    except (ValueError, TypeError):
        raise unreadable(f"{name} must be a list of whole numbers", given) from None
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        got = given if isinstance(given, list) else f"{numbers.ndim} axes of {numbers.dtype}"
        raise unreadable(f"{name} must be a list of whole numbers", got)
    if (wrong := np.flatnonzero(numbers < 0)).size:
        raise unreadable(f"{name}[{wrong[0]}] must not be negative", int(numbers[wrong[0]]))
    return numbers.astype(np.int64)


def _real(given: np.ndarray) -> np.ndarray:
    if given.ndim != 1 or given.dtype.kind not in "iuf":
        got = f"{given.ndim} axes of {given.dtype}"
        raise unreadable("times must be a list of numbers", got)
    return given.astype(float)


def late_spikes(lists: Sequence[Any], duration: Any) -> str:
    """Return which spike of some lists would never be fired, empty where all would."""
    for number, spikes in enumerate(lists):
        times = np.asarray(spikes.times) if isinstance(spikes, SpikeList) else np.zeros(0)
        if (late := np.flatnonzero(times >= float(np.asarray(duration)))).size:
            return (
                f"list {number}: times[{late[0]}] must lie before the end of a run, {duration};"
                f" got {times[late[0]]:g} s. Leave it out, or look at the unit of the times."
            )
    return ""
