"""The state of all instances in a file, and back.

Arrays go by names that are the same whenever the network is built. What the network itself tells
(its equations, its own wiring) is not stored but compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from brian2.core.clocks import BaseClock
from brian2.core.variables import ArrayVariable
from brian2.groups.group import Group

from neuromodels import files
from neuromodels.errors import StorageError
from neuromodels.simulation.arrays.delays import LONGEST, Delays
from neuromodels.simulation.arrays.given_spikes import GivenSpikes
from neuromodels.simulation.arrays.layout import Array
from neuromodels.simulation.arrays.usage import wirings_of
from neuromodels.simulation.arrays.wiring import Wiring
from neuromodels.simulation.capture.noise_names import Identities
from neuromodels.simulation.capture.own_functions import held_name
from neuromodels.simulation.capture.translation import array_name
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.device.monitors import Recordings
from neuromodels.simulation.device.records.network_parts import (
    StableNames,
    first_difference,
    parts_of_network,
    stable_text,
)
from neuromodels.simulation.device.state import Table

FORMAT = 1
HEADER = "batch"

Arrays = dict[str, np.ndarray]


class SavedState:
    """Writes the state of instances to a file, and takes it from there.

    Parameters
    ----------
    instances
        Whose state it is.
    identities
        Of the network's objects.
    groups
        Of the network, by name.
    path
        Of the file.
    """

    def __init__(
        self,
        instances: Instances,
        identities: Identities,
        groups: Mapping[str, Group],
        path: Path,
    ):
        self.instances, self.groups, self.path = instances, groups, path
        self.names = StableNames(identities, instances.captured, instances.layout)

    # -------------------------------------------------------------------------------------- save

    def save(self) -> None:
        """Write all that instances need to go on.

        Raises
        ------
        StorageError
            Where the file cannot be written, or is of another kind.
        """
        self.instances.settle()
        arrays = {**self._setting(), **self._values(), **self._records()}
        header = json.dumps({**self._header(), "arrays": _kinds_of(arrays)})
        target = files.check_target(self.path, b"PK")
        files.replace_file(target, files.arrays_to_bytes({HEADER: np.array(header), **arrays}))

    def _header(self) -> dict[str, Any]:
        own = self.instances
        return {
            "format": FORMAT,
            "dtype": own.dtype.name,
            "instances": len(own.streams),
            "seed": own.seed,
            "time": own.time,
            "network": self._parts(),
            "states": [self._name(array) for array in own.layout.states],
            "numbers": [[self._address(a), *more] for a, *more in own.numbers.listed()],
            "recorded": own.recordings.instances,
        }

    def _parts(self) -> dict[str, str]:
        own = self.instances
        wirings = wirings_of(own.captured, own.indexed)
        return parts_of_network(own.captured, wirings, own.layout.delays, self.names)

    def _setting(self) -> Arrays:
        """Return streams, steps, and what instances have in place of the network's own inputs."""
        own = self.instances
        found: Arrays = {"streams": own.streams, "steps": own.steps}
        for name, wiring in own.wirings.items():
            label = f"wiring {self.names.of(name)}"
            found |= {f"{label} {end}": getattr(wiring, end) for end in ("pre", "post", "counts")}
        for name, delays in own.delays.items():
            found[f"delays {self.names.of(name)}"] = delays.steps
        for name, spikes in own.spikes.items():
            label = f"spikes {self.names.of(name)}"
            found |= {f"{label} neurons": spikes.neurons, f"{label} steps": spikes.steps}
            if spikes.list_of is not None:
                found[f"{label} lists"] = spikes.list_of
        return found

    def _values(self) -> Arrays:
        """Return the numbers of all arrays: of states by instance, of tables by row."""
        state, found = self.instances.state, {}
        for array in self.instances.layout.arrays.values():
            label = f"values {self._name(array)}"
            if array.is_state:
                found[label] = np.ascontiguousarray(state.view(array))
            elif array.variable is not None:
                found |= _table_arrays(label, state.table(array))
        for number, (name, values) in enumerate(self._courses()):
            table = state.data.get(name, Table(np.reshape(values, (1, -1))))
            found |= _table_arrays(f"course {number}", table)
        return found

    def _records(self) -> Arrays:
        """Return what monitors have seen."""
        pieces = self.instances.recordings.joined()
        found = {}
        for number, ((monitor, what, instance), values) in enumerate(pieces.items()):
            found[f"record {number}"] = values
            about = [self.names.of(monitor), what, instance]
            found[f"record {number} of"] = np.array(json.dumps(about))
        return found

    def _name(self, array: Array) -> str:
        return stable_text(array.name, self.names)

    def _address(self, address: str) -> str:
        owner, dot, name = address.partition(".")
        return f"{self.names.of(owner)}{dot}{name}"

    def _courses(self) -> list[tuple[str, np.ndarray]]:
        """Return the timed arrays that code uses, in its order."""
        data = (code.support.data.items() for code in self.instances.captured)
        return list({held_name(n): v for items in data for n, v in items}.items())

    # -------------------------------------------------------------------------------------- load

    def load(self) -> None:
        """Take over all that a file says.

        Raises
        ------
        StorageError
            Where it is missing, damaged, or of another network, precision or number of instances.
        """
        arrays = files.read_arrays(self.path, HEADER)
        try:
            header = json.loads(str(arrays.pop(HEADER)))
            self._check(header)
            if header["arrays"] != _kinds_of(arrays) or arrays["streams"].shape != (
                header["instances"],
            ):
                raise ValueError("arrays are missing, or have other shapes")
            self._take(header, arrays)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            told = f"cannot be read: {type(error).__name__} {error}"
            raise StorageError(str(self.path), told) from error

    def _check(self, header: Mapping[str, Any]) -> None:
        """Refuse what these instances cannot go on from."""
        own = self.instances
        if header["format"] != FORMAT:
            told = f"must have the format {FORMAT}"
            raise StorageError(str(self.path), told, header["format"], "Use the version it is of.")
        for name, present in (("dtype", own.dtype.name), ("instances", len(own.streams))):
            if header[name] != present:
                told, cure = f"must have {name} {present}", f"Make a Batch with {header[name]}."
                raise StorageError(str(self.path), told, header[name], cure)
        different = first_difference(header["network"], self._parts())
        if different:
            told, cure = "must be of this network", "Build the network as it was."
            raise StorageError(str(self.path), told, f"another {different}", cure)

    def _take(self, header: Mapping[str, Any], arrays: Arrays) -> None:
        own = self.instances
        own.restart()
        self._take_setting(arrays)
        own.hold({a.name for a in own.layout.arrays.values() if self._name(a) in header["states"]})
        self._find_idle(arrays)
        values = {self._name(a): a for a in own.layout.arrays.values()}
        self._check_sizes(values, arrays)
        own.state.allocate()
        for name, array in values.items():
            self._take_values(name, array, arrays, name in header["states"])
        for number, (name, own_values) in enumerate(self._courses()):
            course = _table_of(f"course {number}", arrays)
            if course.values.shape[1:] != (own_values.size,) or course.values.dtype != float:
                raise ValueError(f"course {number} has another length")
            own.state.data[name] = course
        own.seed, own.streams = int(header["seed"]), arrays["streams"].astype(np.uint64)
        own.numbers.take_listed([[self._present(a), *more] for a, *more in header["numbers"]])
        own.recordings = Recordings.of(header["recorded"], dict(self._pieces(arrays)))
        own.stand_at(float(header["time"]), arrays["steps"])

    def _take_setting(self, arrays: Arrays) -> None:
        """Take over wirings, delays and spikes that are not the network's own."""
        own = self.instances
        own.wirings, own.delays, own.spikes = {}, {}, {}
        known = {self.names.of(name): name for name in own.layout.wirings}
        for label, name in known.items():
            if f"wiring {label} pre" in arrays:
                present = own.layout.wirings[name]
                own.wirings[name] = _wiring_of(present, f"wiring {label}", arrays)
                wired = (a for a in own.layout.arrays.values() if a.wiring is present)
                own.beginning.drop_values({array.name for array in wired})
        for name, delays in own.layout.delays.items():
            steps = arrays.get(f"delays {self.names.of(name)}")
            if steps is not None:
                own.delays[name] = _delays_of(delays, steps)
        for code in own.captured:
            if code.template == "spikegenerator":
                label = f"spikes {self.names.of(code.owner.name)}"
                if f"{label} steps" in arrays:
                    own.spikes[code.owner.name] = _spikes_of(label, arrays, code.owner.N)
        own.lay_out()

    def _check_sizes(self, values: Mapping[str, Array], arrays: Arrays) -> None:
        """Refuse values that have no place, before any is taken."""
        count = len(self.instances.streams)
        for name, array in values.items():
            stored = arrays.get(f"values {name}")
            if stored is None:  # it follows from wirings, or nobody had touched it
                continue
            if stored.dtype != array.initial.dtype or stored.shape[1:] != (array.size,):
                told = f"must have {array.size} numbers of {name} in {array.initial.dtype}"
                got = f"{stored.shape[1:]} in {stored.dtype}"
                raise StorageError(str(self.path), told, got)
            rows = arrays.get(f"values {name} rows", np.arange(0))
            if rows.size and not _are_rows(rows, count, len(stored)):
                raise StorageError(str(self.path), f"must have a row of {name} for each instance")

    def _find_idle(self, arrays: Arrays) -> None:
        """Give a place to variables that no code here uses, but that were set there."""
        variables = (v for group in self.groups.values() for v in group.variables.values())
        stored = (v for v in variables if isinstance(v, ArrayVariable))
        for variable in (v for v in stored if not isinstance(v.owner, BaseClock)):
            if f"values {stable_text(array_name(variable), self.names)}" in arrays:
                self.instances.array(variable)

    def _take_values(self, name: str, array: Array, arrays: Arrays, was_state: bool) -> None:
        label, state, count = f"values {name}", self.instances.state, len(self.instances.streams)
        present = label in arrays
        if not array.is_state:
            if present and array.variable is not None:
                rows = np.arange(count, dtype=np.int64) if was_state else None
                state.tables[array.name] = _table_of(label, arrays, rows)
            return
        table = _table_of(label, arrays) if present else state.table(array, True)
        is_own = present and f"{label} rows" not in arrays and len(table.values) == count
        state.view(array)[:] = table.values if is_own else table.of_instances(count)

    def _present(self, address: str) -> str:
        """Return the address that a stored one has here."""
        owner, dot, name = address.partition(".")
        owners = {self.names.of(code.owner.name): code.owner.name for code in self._all_code()}
        return f"{owners.get(owner, owner)}{dot}{name}"

    def _all_code(self) -> list[Any]:
        return [*self.instances.captured, *self.instances.initialisers]

    def _pieces(self, arrays: Arrays) -> Iterator[tuple[tuple[str, str, int], np.ndarray]]:
        monitors = {self.names.of(code.name): code.name for code in self.instances.captured}
        for label, about in arrays.items():
            if label.startswith("record ") and label.endswith(" of"):
                monitor, what, instance = json.loads(str(about))
                yield (monitors[monitor], what, int(instance)), arrays[label.removesuffix(" of")]


def _kinds_of(arrays: Arrays) -> dict[str, list]:
    """Return type and shape of arrays, as JSON gives them back."""
    return {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}


def _table_arrays(label: str, table: Table) -> Arrays:
    rows = {} if table.rows is None else {f"{label} rows": table.rows}
    return {label: np.ascontiguousarray(table.values), **rows}


def _table_of(label: str, arrays: Arrays, rows: np.ndarray | None = None) -> Table:
    chosen = arrays.get(f"{label} rows", rows)
    return Table(arrays[label], None if chosen is None else chosen.astype(np.int64))


def _are_rows(rows: np.ndarray, count: int, known: int) -> bool:
    """Whether each of `count` instances has one of the rows that there are."""
    if rows.shape != (count,) or rows.dtype.kind != "i":
        return False
    return bool(((rows >= 0) & (rows < known)).all())


def _wiring_of(present: Wiring, label: str, arrays: Arrays) -> Wiring:
    """Return a stored wiring between the same groups."""
    ends = ("pre", "post", "counts")
    pre, post, counts = (arrays[f"{label} {end}"].astype(np.int32) for end in ends)
    sides = (pre, present.pre_start, present.n_pre), (post, present.post_start, present.n_post)
    real = np.arange(pre.shape[1]) < counts[:, np.newaxis]
    for side, start, size in sides:
        inside = (side >= start) & (side < start + size)
        if side.shape != pre.shape or not (inside | ~real).all():
            raise ValueError(f"{label} leads out of its groups")
    return replace(present, pre=pre, post=post, counts=counts, dense=False, inner="post")


def _delays_of(present: Delays, steps: np.ndarray) -> Delays:
    if steps.min(initial=0) < 0 or steps.max(initial=0) >= LONGEST:
        raise ValueError(f"delays of {present.name} are too long")
    return replace(present, steps=steps.astype(np.int32))


def _spikes_of(label: str, arrays: Arrays, size: int) -> GivenSpikes:
    neurons, steps, lists = (arrays.get(f"{label} {end}") for end in ("neurons", "steps", "lists"))
    if neurons is None or steps is None or neurons.shape != steps.shape:
        raise ValueError(f"{label} are damaged")
    if neurons.min(initial=0) < 0 or neurons.max(initial=0) >= size:
        raise ValueError(f"{label} belong to other neurons")
    if lists is not None and not _are_rows(lists, len(lists), len(steps)):
        raise ValueError(f"{label} belong to other lists")
    return GivenSpikes(neurons.astype(np.int32), steps.astype(np.int32), lists)
