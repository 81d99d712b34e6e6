"""Where each array of a network lives: in an instance's block, in a table, or in a clock.

Arrays that the code writes are an instance's *state* and lie side by side in one block, small
enough to stay in a core's cache.  All others are *tables*: one row for everybody, or a row per
candidate, which instances share instead of copying.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from brian2.core.clocks import BaseClock
from brian2.core.variables import ArrayVariable

from neuromodels.simulation.arrays.delays import Delays
from neuromodels.simulation.arrays.wiring import Wiring

ALIGNMENT = 64


@dataclass(frozen=True)
class Array:
    """One array of the network.

    Parameters
    ----------
    name
        In the generated source.
    type
        C++ type of its elements.
    initial
        Values at the start, shape (size,), in stored order.
    offset
        Place in the block in bytes, or None for a table.
    rows
        Values that differ between instances, shape (rows, size), in stored order; else None.
    scratch
        Whether what it holds at the start does not matter.
    row_of
        The row of each instance, shape (instances,); None: row 0 is the first one's, and so on.
    """

    name: str
    type: str
    initial: np.ndarray
    offset: int | None
    wiring: Wiring | None = None
    variable: ArrayVariable | None = None
    rows: np.ndarray | None = None
    scratch: bool = False
    row_of: np.ndarray | None = None

    @property
    def size(self) -> int:
        return len(self.initial)

    @property
    def bytes(self) -> int:
        return self.initial.nbytes

    @property
    def is_common(self) -> bool:
        """Whether it is a table of one row for all, which nobody can set."""
        return self.variable is None and self.rows is None and not self.is_state

    @property
    def is_state(self) -> bool:
        return self.offset is not None


@dataclass(frozen=True, eq=False)
class Layout:
    """All arrays that the captured code touches, and the wiring of all synapses.

    A layout is finished: more tables make another one.

    Parameters
    ----------
    real
        dtype of floating-point state: float32 or float64.
    clocks
        In the order in which a run passes their first and last steps.
    wirings, delays
        By synapses and by pathway.
    arrays
        By name, in the order in which the source names them.
    block_bytes
        What the state of one instance takes.
    """

    real: np.dtype
    clocks: tuple[BaseClock, ...]
    wirings: Mapping[str, Wiring]
    delays: Mapping[str, Delays]
    arrays: Mapping[str, Array]
    block_bytes: int

    def __post_init__(self) -> None:
        for name in ("wirings", "delays", "arrays"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def states(self) -> list[Array]:
        return [array for array in self.arrays.values() if array.is_state]

    def with_tables(self, tables: Iterable[Array]) -> Layout:
        """Return a layout that has more tables; of two of one name the first one stays."""
        arrays = dict(self.arrays)
        for table in tables:
            arrays.setdefault(table.name, table)
        return replace(self, arrays=arrays)


def owner_name(array: Array) -> str:
    """Return the name of the object whose variable an array is; none for what no variable holds."""
    return getattr(getattr(array.variable, "owner", None), "name", "")


def integer_table(name: str, values: np.ndarray) -> Array:
    """Return a table of integers that no variable holds, from values (size,) or (rows, size)."""
    rows = np.atleast_2d(np.ascontiguousarray(values, dtype=np.int32))
    return Array(name, "int32_t", rows[0], None, rows=rows if len(rows) > 1 else None)
