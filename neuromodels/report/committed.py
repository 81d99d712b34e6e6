"""Tables of results that lie in a checkout, and what can be drawn from them without any run.

A figure script says it by two names: ``TABLES``, files in ``figures/data``, and ``LACKS``, what of
the figure no table holds.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

from neuromodels.errors import NeuromodelsError

PLACE = Path("figures") / "data"
MOST_DIGESTS = 2


@dataclass(frozen=True)
class Table:
    """A committed table.

    Parameters
    ----------
    path
        Its file, .csv or .json.
    """

    path: Path

    @property
    def origin(self) -> str:
        """By which code and from which studies it was made, as far as the table has it."""
        rows = list(_rows_in(self.path))
        codes = _distinct(rows, "commit")
        studies = _distinct(rows, "digest")
        parts = [f"code: {_listed(codes)}"] * bool(codes)
        parts += [f"study: {_listed(studies)}"] * bool(studies)
        return f" ({'; '.join(parts)})" if parts else ""

    @property
    def title(self) -> str:
        """Its name, with its origin."""
        return f"{self.path.name}{self.origin}"


@dataclass(frozen=True)
class Committed:
    """What a figure script draws without any run.

    Parameters
    ----------
    tables
        From which; none where the tables cannot give the figure.
    lacking
        What of the figure no table holds; empty where it is whole.
    """

    tables: tuple[Table, ...]
    lacking: str

    @property
    def line(self) -> str:
        """What the command says, so that nobody takes the drawing for that of their runs."""
        lacks = f"; without {self.lacking}" if self.lacking else ""
        titles = ", ".join(f"{PLACE / table.title}" for table in self.tables)
        return f"source: committed table{'s' * (len(self.tables) > 1)}, no run: {titles}{lacks}"

    @property
    def caption(self) -> str:
        """What the figure itself says."""
        lacks = f"; without {self.lacking}" if self.lacking else ""
        names = ", ".join(table.path.name for table in self.tables)
        return f"From committed table{'s' * (len(self.tables) > 1)}: {names}{lacks}"


def committed_for(script: ModuleType, checkout: Path) -> Committed:
    """Return the tables of a figure script, and what they lack."""
    names: Sequence[str] = getattr(script, "TABLES", ())
    tables = tuple(Table(checkout / PLACE / name) for name in names)
    return Committed(tables, getattr(script, "LACKS", ""))


def _rows_in(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table; of JSON its top, beside what it says of its code."""
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".csv":
            yield from csv.DictReader(StringIO(text, newline=""))
        else:
            whole = json.loads(text)
            yield {**whole, **whole.get("provenance", {})}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        cure = f"Restore it: git checkout {PLACE / path.name}"
        raise NeuromodelsError(str(path), "must be a table", str(error), cure) from None


def _distinct(rows: Sequence[dict[str, Any]], key: str) -> list[str]:
    """Return the values of a column in their order, each once, without empty ones."""
    return list(dict.fromkeys(str(row[key]) for row in rows if row.get(key)))


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(values[:MOST_DIGESTS])
    more = len(values) - MOST_DIGESTS
    return f"{shown} and {more} more" if more > 0 else shown
