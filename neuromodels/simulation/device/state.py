"""The numbers of all instances: rows of tables, and blocks once they have run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from neuromodels.errors import DeclarationError, SimulationError
from neuromodels.simulation.arrays.layout import ALIGNMENT, Array, Layout
from neuromodels.simulation.capture.identifiers import spoken

#: Each instance has the id of its noise stream beside its block.
STREAM_BYTES = 8

#: Tables of up to so many bytes are not worth asking the system for its memory.
SMALL = 2**26


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
        self.data: dict[str, Table] = {}  # of timed arrays
        self._first_data: dict[str, Table] = {}
        self._first: dict[str, Table] | None = None  # tables with which live instances began
        self.blocks: np.ndarray | None = None

    @property
    def is_live(self) -> bool:
        """Whether instances have blocks of their own, that is, have run."""
        return self.blocks is not None

    @property
    def first_tables(self) -> dict[str, Table]:
        """Tables as they were when the instances began."""
        return self.tables if self._first is None else self._first

    @property
    def first_data(self) -> dict[str, Table]:
        """Values of timed arrays as they were when the instances began."""
        return self.data if self._first is None else self._first_data

    @property
    def all_names(self) -> set[str]:
        """Names of all arrays that have tables, now or when the instances began."""
        return {*self.tables, *self.first_tables}

    def table(self, array: Array, is_first: bool = False) -> Table:
        """Return the table of an array; at first its values in the network.

        With `is_first`, that of the start.  What belongs to a program, not to the network, nobody
        can set: it is not kept.
        """
        if array.name not in self.layout.arrays:
            return _first_table(array)
        tables = self.first_tables if is_first else self.tables
        if array.name not in tables:
            table = _first_table(array)
            tables[array.name] = Table(table.values.copy(), table.rows)
        return tables[array.name]

    def get(self, array: Array) -> np.ndarray:
        """Return values (instances, size) in Brian2's order."""
        if self.is_live and array.is_state:
            values = self.view(array).copy()
        else:
            values = np.array(self.table(array).of_instances(self.instances))
        return array.wiring.in_brian2_order(values) if array.wiring else values

    def stored(self, array: Array, values: np.ndarray) -> np.ndarray:
        """Return values (1, size) or (instances, size), given in Brian2's order, as `set` wants.

        Raises
        ------
        SimulationError
            Where memory does not suffice.
        DeclarationError
            Where a number is too large for the precision of the run.
        """
        if len(values) * array.bytes > SMALL:
            where = f"Batch[{spoken(array.name)!r}]"
            check_room(where, array.bytes, len(values))
        return stored_rows(array, values)

    def set(self, array: Array, table: np.ndarray) -> None:
        """Set values (1, size) or (instances, size) in stored order and precision."""
        if self.is_live and array.is_state:
            self.view(array)[:] = table
        else:
            rows = np.arange(len(table), dtype=np.int64) if len(table) > 1 else None
            self.tables[array.name] = Table(table, rows)

    def set_data(self, name: str, rows: np.ndarray) -> None:
        """Set the values of a timed array, (1, size) or (instances, size)."""
        own = np.arange(len(rows), dtype=np.int64) if len(rows) > 1 else None
        self.data[name] = Table(rows, own)

    def forget(self, names: Collection[str]) -> None:
        """Drop the tables of arrays that get other first values."""
        self.tables = {name: table for name, table in self.tables.items() if name not in names}

    def allocate(self) -> None:
        """Give each instance a block.

        Raises
        ------
        SimulationError
            Where memory does not suffice; names the number of instances that fit.
        """
        check_memory(self.layout, self.instances)
        self._first, self._first_data = dict(self.tables), dict(self.data)
        size = max(self.layout.block_bytes, ALIGNMENT)
        raw = np.zeros(size * self.instances + ALIGNMENT, dtype=np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        self.blocks = raw[start : start + size * self.instances].reshape(self.instances, size)

    def rewind(self) -> None:
        """Put the tables back with which the instances began, and drop their blocks."""
        self.tables, self.data = dict(self.first_tables), dict(self.first_data)
        self._first, self.blocks = None, None

    def moved_to(self, layout: Layout) -> State:
        """Return the same values in another layout of the same network."""
        moved = State(layout, self.instances)
        moved.tables, moved.data = self._kept(self.tables, layout), dict(self.data)
        if self.is_live:
            moved.allocate()
            moved._first = self._kept(self.first_tables, layout)
            moved._first_data = dict(self.first_data)
            for array in layout.arrays.values():
                if array.is_state:
                    moved.view(array)[:] = self._present(array)
                elif array.name in self.layout.arrays and self.layout.arrays[array.name].is_state:
                    rows = np.arange(self.instances, dtype=np.int64)
                    own = np.broadcast_to(self._present(array), (self.instances, array.size))
                    moved.tables[array.name] = Table(own.copy(), rows)
        return moved

    def _kept(self, tables: dict[str, Table], layout: Layout) -> dict[str, Table]:
        """Return the tables of the arrays that another layout has too."""
        return {
            name: table
            for name, table in tables.items()
            if name in layout.arrays and self._fits(self.layout.arrays[name], layout.arrays[name])
        }

    def _fits(self, old: Array, new: Array) -> bool:
        """Whether values that a user set still belong to an array that is laid out anew."""
        return new.variable is not None and new.size == old.size and new.rows is None

    def _present(self, new: Array) -> np.ndarray:
        """Return what instances hold of an array that is laid out anew, (instances, size)."""
        old = self.layout.arrays.get(new.name)
        if old is None or old.size != new.size:
            return new.initial[np.newaxis]
        return self.view(old) if old.is_state else self.table(old).of_instances(self.instances)

    def view(self, array: Array) -> np.ndarray:
        """Return what live instances hold of a state, (instances, size) in stored order."""
        assert self.blocks is not None
        assert array.offset is not None
        part = self.blocks[:, array.offset : array.offset + array.bytes]
        return part.view(array.initial.dtype)


def _first_table(array: Array) -> Table:
    if array.rows is None:
        return Table(array.initial[np.newaxis])
    own = np.arange(len(array.rows), dtype=np.int64)
    return Table(array.rows, own if array.row_of is None else array.row_of)


def check_memory(layout: Layout, instances: int) -> None:
    """Refuse more instances than memory can hold, before any is taken.

    Raises
    ------
    SimulationError
        With the number of instances that would fit.
    """
    size = max(layout.block_bytes, ALIGNMENT) + STREAM_BYTES
    check_room("Batch.instances", size, instances)


def check_room(where: str, size: int, count: int) -> None:
    """Refuse what memory cannot hold: `count` pieces of `size` bytes.

    Raises
    ------
    SimulationError
        With the number of pieces that would fit.
    """
    free = available_memory()
    if free is not None and size * count > 0.9 * free:
        raise SimulationError(
            where,
            f"{size} bytes each must fit in {free / 2**30:.1f} GiB",
            count,
            f"At most {int(0.9 * free) // size} would fit.",
        )


def stored_rows(array: Array, values: np.ndarray) -> np.ndarray:
    """Return values in stored order and precision, as rows that C++ can read.

    Raises
    ------
    DeclarationError
        Where a number is too large for the precision of the run.
    """
    ordered = array.wiring.in_stored_order(values) if array.wiring else values
    with np.errstate(over="ignore"):
        stored = np.array(ordered, dtype=array.initial.dtype, order="C")
    if stored.dtype.kind == "f" and np.isinf(stored).any():
        lost = np.isinf(stored) & np.isfinite(ordered)
        if lost.any():
            raise DeclarationError(
                f"Batch[{spoken(array.name)!r}]",
                f"values must fit into {stored.dtype}",
                np.asarray(ordered)[lost].flat[0].item(),
                "Use dtype='float64'.",
            )
    return stored


def available_memory() -> int | None:
    """Return the memory that is free in bytes, where the system tells."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":") for line in file)
    except OSError:
        return None
    return 1024 * int(lines["MemAvailable"].split()[0]) if "MemAvailable" in lines else None
