"""How much memory the instances of a model take, known before any of them runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.models.compiled import Compiled, Points

MIB = 2**20
#: Bytes that the instances of a chunk may take where the user has set no limit.
CHUNK_BYTES = 256 * MIB
#: Bytes of a program while it is written and loaded, and of measures while they are worked out.
PROGRAM_BYTES = 48 * MIB
#: Bytes of a measured value, and of one of a parameter.
NUMBER = 8
#: How often values exist at once where chunks are joined, and where a file of them is written.
JOINED, STORED = 2, 4
#: How often points exist at once: as given, in SI units, as bytes of their digest, on an axis.
POINT_COPIES = 4
#: How often the values of a chunk's parameters exist at once, on their way into the program.
VALUE_COPIES = 5


@dataclass(frozen=True)
class Demand:
    """Bytes that a sweep takes beside the network itself, at the most.

    Parameters
    ----------
    instances
        How many may run at a time.
    each
        Bytes of one of them, until its measures are worked out.
    program
        Bytes of the program, and of the state that each core works on.
    results
        Bytes of all points and measures, with the copies that are made of them.
    """

    instances: int
    each: int
    program: int
    results: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.instances * self.each + self.program + self.results


def demand_of(
    compiled: Compiled,
    points: Points,
    repeats: int = 1,
    memory: int | None = None,
    folder: Path | str | None = None,
) -> Demand:
    """Return what it takes to run a model at points.

    Parameters
    ----------
    points
        Values in SI units, (points, numbers) by parameter.
    repeats
        Instances of each.
    memory
        Bytes that all may take together; None: `CHUNK_BYTES` for instances that run at a time, and
        what the rest needs.
    folder
        Where results are kept while they come.
    """
    count = max((len(values) for values in points.values()), default=1)
    all_instances = count * repeats
    numbers = sum(values[0].size for values in points.values())
    copies = STORED if folder is not None else JOINED
    results = copies * all_instances * measured_bytes(compiled)
    results += POINT_COPIES * count * numbers * NUMBER
    each = instance_bytes(compiled, points)
    program = PROGRAM_BYTES + compiled.cores * compiled.state_bytes
    room = CHUNK_BYTES if memory is None else memory - program - results
    most = min(room // each, compiled.most_recorded, all_instances)
    return Demand(max(int(most), 1), each, program, results)


def check_room(where: str, memory: int | None, demand: Demand) -> None:
    """Refuse a limit that has no room for a single instance.

    Raises
    ------
    DeclarationError
        With the least that is needed.
    """
    if memory is None:
        return
    needed = demand.program + demand.results + demand.each
    if not isinstance(memory, int) or isinstance(memory, bool) or memory < needed:
        least = math.ceil(needed / MIB)
        told = f"must be a number of bytes, here {least} MiB or more"
        raise DeclarationError(where, told, memory, f"Write memory={least} * 2**20, or more.")


def measured_bytes(compiled: Compiled) -> int:
    """Return the bytes of what is measured of an instance."""
    numbers = 1  # whether it has failed
    for reading in compiled.readings.values():
        numbers += math.prod(len(values) for values in (reading.axes or {}).values())
        numbers += reading.counted is not None
    return numbers * NUMBER


def instance_bytes(compiled: Compiled, points: Mapping[str, np.ndarray] | None = None) -> int:
    """Return the bytes of an instance and its parameters, until its measures are worked out."""
    given = sum(compiled.numbers_given(name, v.shape[1]) for name, v in (points or {}).items())
    return compiled.bytes_kept + compiled.bytes_recorded + VALUE_COPIES * NUMBER * given


def most_instances(compiled: Compiled, stretches: int = 0) -> int:
    """Return how many instances of a model, cut into stretches, fit into the memory of a chunk."""
    size = compiled.bytes_in_stretches(stretches) if stretches else compiled.bytes_kept
    return max(int(min(CHUNK_BYTES // size, compiled.most_recorded)), 1)
