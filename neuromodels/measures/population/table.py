"""The table of a population: a row per rule, its terms as columns of 0 and 1, its values."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.analysis.population.form_means import TERM, terms_in
from neuromodels.errors import NeuromodelsError
from neuromodels.files import replace_file, writing

ABOUT = ("task", "start", "form", "kind")
"""Columns of words; `kind` is ``searched``, ``random`` or ``shuffled``."""
LARGEST = 2**28
"""Bytes of the largest table that is read."""
Row = Mapping[str, Any]
Columns = dict[str, np.ndarray]


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write rows with the same keys as CSV; a value that is not a number stays empty."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(rows[0])
    writer.writerow(names)
    writer.writerows([_text(row[name]) for name in names] for row in rows)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text.getvalue().encode())


def _text(value: Any) -> str:
    if not isinstance(value, float | np.floating):
        return str(value)
    return f"{value:.6g}" if math.isfinite(value) else ""


def read_table(path: Path) -> Columns:
    """Read a table of rules: words as texts, all else as numbers, empty as not-a-number.

    Raises
    ------
    NeuromodelsError
        Where it is no such table.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise NeuromodelsError(str(path), f"cannot be read: {error.strerror}") from None
    try:
        rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig")), strict=True))
        return checked_table({name: _column(name, rows) for name in rows[0]}, str(path))
    except (UnicodeDecodeError, csv.Error, IndexError, TypeError, ValueError) as error:
        must = "must be a table of a population, as `neuromodels population` writes it"
        raise NeuromodelsError(str(path), must, str(error)) from None


def _column(name: str, rows: Sequence[Mapping[str, str]]) -> np.ndarray:
    texts = [row[name] for row in rows]
    if name is None or None in texts:
        raise ValueError("rows of different lengths")
    if name in ABOUT:
        return np.array(texts)
    return np.array([float(text) if text else math.nan for text in texts])


def checked_table(columns: Columns, source: str) -> Columns:
    """Return a table in which the columns are that effects need.

    Raises
    ------
    NeuromodelsError
        Where one is missing, or a term is neither there nor not there.
    """
    if missing := [name for name in (*ABOUT, "seed") if name not in columns]:
        raise NeuromodelsError(source, f"must have a column {missing[0]!r}")
    terms = terms_in(columns)
    if not terms:
        raise NeuromodelsError(source, f"must have a column {TERM}NAME for each term")
    for term in terms:
        if not np.isin(columns[TERM + term], (0.0, 1.0)).all():
            raise NeuromodelsError(f"{source}: {TERM}{term}", "must be 0 or 1 in every row")
    return columns
