"""What a block of statements permits: iterations side by side, reads outside of a loop."""

from __future__ import annotations

from collections.abc import Sequence

from neuromodels.simulation.arrays.index_tables import ends_name
from neuromodels.simulation.arrays.wiring import Side, Wiring
from neuromodels.simulation.capture.translation import DRAWS, Access, Block, array_name

ENDS = {"pre": "_presynaptic_idx", "post": "_postsynaptic_idx"}

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


def without_ends(block: Block, wiring: Wiring, sides: Sequence[Side] = SIDES) -> Block:
    """Return a block that takes ends of its synapse from the loop, not from arrays."""
    own = {(ENDS[side], ends_name(wiring, side)) for side in sides}
    reads = tuple(
        access for access in block.reads if (access.name, array_name(access.array)) not in own
    )
    return Block(reads, block.declarations, block.statements, block.writes)


def split_reads(block: Block, still: str) -> tuple[list[str], Block]:
    """Split off reads that do not change inside the inner loop, where nothing writes them."""
    written = {array_name(access.array) for access in block.writes}

    def stays(access: Access) -> bool:
        return access.index in (still, "0") and array_name(access.array) not in written

    fixed = [access.read for access in block.reads if stays(access)]
    moving = tuple(access for access in block.reads if not stays(access))
    return fixed, Block(moving, block.declarations, block.statements, block.writes)
