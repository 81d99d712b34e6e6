"""Sums over synapses: in which type they are made."""

from __future__ import annotations

import re
from typing import Any

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation.capture.identifiers import local_name
from neuromodels.simulation.capture.translation import Block, c_type

#: What a summed variable adds up, in the source.
SUMMAND = local_name("_synaptic_var")


def sum_type(block: Block) -> str:
    """Return the type in which `SUMMAND` is summed: whole numbers stay exact."""
    declared = (re.search(rf"(\w+) {SUMMAND}\b", line) for line in block.statements)
    found = next((match[1] for match in declared if match), "nm_real")
    return found if found in ("nm_real", "double") else "int64_t"


def check_sum(name: str, target: Any, block: Block) -> None:
    """Refuse to sum real numbers in an integer: each of them would be cut off.

    Raises
    ------
    UnsupportedFeature
        With what to write instead.
    """
    if c_type(target.dtype) != "nm_real" and sum_type(block) != "int64_t":
        raise UnsupportedFeature(
            name,
            "an integer can only be the sum of integers",
            f"real numbers for {target.name}",
            "Declare the summed variable without 'integer', or sum int(...).",
        )
