"""What of a run is finished: scored with its whole budget, on the solution that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neuromodels.store.ledger import Ledger
from neuromodels.study.conditions import SEARCH_OF, SEARCHED

Key = tuple[str, int]
"""A condition and a seed."""


def finished_keys(ledger: Ledger, table: Mapping[str, Any]) -> set[Key]:
    """Return the conditions and seeds whose final score is that of the whole study.

    A search that ended before the study's last generation, because the budget has grown since,
    is not finished, and neither is what tests its solution. Their scores stay until new ones
    replace them. A search that has reached its target is finished.

    Parameters
    ----------
    table
        The study as plain values.
    """
    budget = int(table.get("search", {}).get("generations", 0))
    reached = _reached(ledger, table)
    scored = {
        (row.condition, row.seed)
        for row in ledger.runs()
        if row.status == "finished"
        and (
            row.condition not in SEARCHED
            or row.generations >= budget
            or (row.condition, row.seed) in reached
        )
    }
    return {key for key in scored if (SEARCH_OF.get(key[0], key[0]), key[1]) in scored}


def outdated_keys(ledger: Ledger, table: Mapping[str, Any]) -> set[Key]:
    """Return the conditions and seeds whose final score waits to be replaced."""
    scored = {(test.condition, test.seed) for test in ledger.tests("final")}
    return scored - finished_keys(ledger, table)


def _reached(ledger: Ledger, table: Mapping[str, Any]) -> set[Key]:
    """Return the searches that ended because their target was reached, at a test point."""
    target = table.get("search", {}).get("target", 0.0)
    every = table.get("test", {}).get("every", 1)
    if not target:
        return set()
    return {
        (point.condition, point.seed)
        for point in ledger.tests("curve")
        if point.score >= target and point.generation % every == 0
    }
