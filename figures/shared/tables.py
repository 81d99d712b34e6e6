"""Committed tables in figures/data, and the numbers of each seed in them.

Medians and intervals are worked out anew from the seeds, as they are from runs.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from figures.shared.scores import Spread, over_seeds
from neuromodels.store.records import TestRecord

FOLDER = Path(__file__).parents[1] / "data"
SEED = "seed_"

Row = Mapping[str, str]


def rows_of(name: str, **equal: str) -> list[Row]:
    """Return the rows of a .csv table in which some columns have the values wanted."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if all(row[key] == value for key, value in equal.items())]


def table_of(name: str) -> dict[str, Any]:
    """Return a .json table."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def seeds_in(row: Row) -> np.ndarray:
    """Return the values of the seeds that a row has, one column each, (seeds,)."""
    return np.array([float(text) for key, text in row.items() if key.startswith(SEED) and text])


def sweep_in(rows: Sequence[Row]) -> tuple[np.ndarray, Spread]:
    """Return the values of a parameter, (settings,), and the scores over seeds at each."""
    values = np.array([float(row["value"]) for row in rows])
    order = np.argsort(values)
    return values[order], over_seeds(np.array([seeds_in(rows[k]) for k in order]).T)


def tests_in(rows: Iterable[Mapping[str, Any]], kind: str) -> list[TestRecord]:
    """Return tests, one a row: ``"final"`` scores, or points of a ``"curve"``."""
    return [
        TestRecord(
            condition=row.get("condition", "plastic"),
            seed=int(row["seed"]),
            kind=kind,
            generation=int(row["generation"]),
            trials=int(row["trials"]),
            score=float(row["score"]),
            low=float(row["low"]),
            high=float(row["high"]),
            loss=None,
        )
        for row in rows
    ]


def in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Return the names that are there, in the order wanted."""
    there = set(names)
    return [name for name in order if name in there]
