"""What a block of statements permits: iterations side by side, reads outside of a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from neuromodels.simulation.arrays.index_tables import ends_name
from neuromodels.simulation.arrays.wiring import Side, Wiring
from neuromodels.simulation.capture.identifiers import local_name
from neuromodels.simulation.capture.own_functions import DRAWS
from neuromodels.simulation.capture.sums import SUMMAND, sum_type
from neuromodels.simulation.capture.translation import ENDS, Access, Block, array_name

#: The names of the ends of a synapse in the source.
END_NAMES = {side: local_name(name) for side, name in ENDS.items()}

SIDES: tuple[Side, Side] = ("pre", "post")


def opposite(side: Side) -> Side:
    return "post" if side == "pre" else "pre"


def independent(block: Block, moving: Sequence[str]) -> bool:
    """Whether iterations are independent: each written array is touched at a moving index only."""
    written = {array_name(access.array) for access in block.writes}
    return all(
        access.index in moving
        for access in (*block.reads, *block.writes)
        if array_name(access.array) in written
    )


def vectorises(block: Block, moving: Sequence[str]) -> bool:
    """Whether independent iterations can be computed side by side on one core."""
    draws = any(DRAWS in line for line in block.statements)
    return independent(block, moving) and not draws


def addition(block: Block, target: str) -> str:
    """Return what adds `SUMMAND` to an element of an array."""
    if sum_type(block) == "int64_t":
        return f"nm_add({target}, {SUMMAND});"
    return f"{target} += {SUMMAND};"


def without_ends(block: Block, wiring: Wiring, sides: Sequence[Side] = SIDES) -> Block:
    """Return a block that takes ends of its synapse from the loop, not from arrays."""
    own = {(ENDS[side], ends_name(wiring, side)) for side in sides}
    reads = tuple(
        access for access in block.reads if (access.name, array_name(access.array)) not in own
    )
    return replace(block, reads=reads)


def split_reads(block: Block, still: str) -> tuple[list[str], Block]:
    """Split off what does not change inside the inner loop, where nothing writes it."""
    written = {array_name(access.array) for access in block.writes}

    def stays(access: Access) -> bool:
        return access.index in (still, "0") and array_name(access.array) not in written

    fixed = [access.read for access in block.reads if stays(access)]
    moving = tuple(access for access in block.reads if not stays(access))
    if still not in block.rows:
        return fixed, replace(block, reads=moving)
    row = block.rows[still]
    return [*fixed, *row.constants], replace(block, reads=moving, statements=row.statements)
