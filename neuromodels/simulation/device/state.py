"""The numbers of all instances: rows of tables, and blocks once they have run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.errors import SimulationError
from neuromodels.simulation.arrays.layout import ALIGNMENT, Array, Layout

#: Each instance has the id of its noise stream beside its block.
STREAM_BYTES = 8


@dataclass
class Table:
    """Values by row, and the row of each instance (None: all use row 0)."""

    values: np.ndarray
    rows: np.ndarray | None = None

    def of_instances(self, count: int) -> np.ndarray:
        """Return the values of every instance, shape (count, size)."""
        if self.rows is None:
            return np.broadcast_to(self.values[:1], (count, self.values.shape[1]))
        return self.values[self.rows]


class State:
    """Values of every array in every instance.

    Parameters
    ----------
    layout
        Where the arrays live.
    instances
        How many there are.
    """

    def __init__(self, layout: Layout, instances: int):
        self.layout = layout
        self.instances = instances
        self.tables: dict[str, Table] = {}
        self.blocks: np.ndarray | None = None

    @property
    def is_live(self) -> bool:
        """Whether instances have blocks of their own, that is, have run."""
        return self.blocks is not None

    def table(self, array: Array) -> Table:
        """Return the table of an array; at first its values in the network.

        What belongs to a program, not to the network, nobody can set: it is not kept.
        """
        if array.name not in self.layout.arrays:
            return _first_table(array)
        if array.name not in self.tables:
            table = _first_table(array)
            self.tables[array.name] = Table(table.values.copy(), table.rows)
        return self.tables[array.name]

    def get(self, array: Array) -> np.ndarray:
        """Return values (instances, size) in Brian2's order."""
        if self.is_live and array.is_state:
            values = self._view(array).copy()
        else:
            values = np.array(self.table(array).of_instances(self.instances))
        return array.wiring.in_brian2_order(values) if array.wiring else values

    def set(self, array: Array, values: np.ndarray) -> None:
        """Set values (1, size) or (instances, size), given in Brian2's order."""
        table = stored_rows(array, values)
        if self.is_live and array.is_state:
            self._view(array)[:] = table
        else:
            rows = np.arange(len(table), dtype=np.int64) if len(table) > 1 else None
            self.tables[array.name] = Table(table, rows)

    def allocate(self) -> None:
        """Give each instance a block.

        Raises
        ------
        SimulationError
            Where memory does not suffice; names the number of instances that fit.
        """
        check_memory(self.layout, self.instances)
        size = max(self.layout.block_bytes, ALIGNMENT)
        raw = np.zeros(size * self.instances + ALIGNMENT, dtype=np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        self.blocks = raw[start : start + size * self.instances].reshape(self.instances, size)

    def moved_to(self, layout: Layout) -> State:
        """Return the same values in another layout of the same network."""
        moved = State(layout, self.instances)
        for name, table in self.tables.items():
            if name in layout.arrays and self._fits(self.layout.arrays[name], layout.arrays[name]):
                moved.tables[name] = table
        if self.is_live:
            moved.allocate()
            for array in layout.states:
                moved._view(array)[:] = self._present(array)
        return moved

    def _fits(self, old: Array, new: Array) -> bool:
        """Whether values that a user set still belong to an array that is laid out anew."""
        return new.variable is not None and new.size == old.size and new.rows is None

    def _present(self, new: Array) -> np.ndarray:
        """Return what instances hold of an array that is laid out anew, (instances, size)."""
        old = self.layout.arrays.get(new.name)
        if old is None or old.size != new.size:
            return new.initial[np.newaxis]
        return self._view(old) if old.is_state else self.table(old).of_instances(self.instances)

    def _view(self, array: Array) -> np.ndarray:
        assert self.blocks is not None
        assert array.offset is not None
        part = self.blocks[:, array.offset : array.offset + array.bytes]
        return part.view(array.initial.dtype)


def _first_table(array: Array) -> Table:
    if array.rows is None:
        return Table(array.initial[np.newaxis])
    return Table(array.rows, np.arange(len(array.rows), dtype=np.int64))


def check_memory(layout: Layout, instances: int) -> None:
    """Refuse more instances than memory can hold, before any is taken.

    Raises
    ------
    SimulationError
        With the number of instances that would fit.
    """
    size = max(layout.block_bytes, ALIGNMENT) + STREAM_BYTES
    free = available_memory()
    if free is not None and size * instances > 0.9 * free:
        raise SimulationError(
            "Batch.instances",
            f"{size} bytes each must fit in {free / 2**30:.1f} GiB",
            instances,
            f"At most {int(0.9 * free) // size} would fit.",
        )


def stored_rows(array: Array, values: np.ndarray) -> np.ndarray:
    """Return values in stored order and precision, as rows that C++ can read."""
    ordered = array.wiring.in_stored_order(values) if array.wiring else values
    return np.array(ordered, dtype=array.initial.dtype, order="C")


def available_memory() -> int | None:
    """Return the memory that is free in bytes, where the system tells."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":") for line in file)
    except OSError:
        return None
    return 1024 * int(lines["MemAvailable"].split()[0]) if "MemAvailable" in lines else None
