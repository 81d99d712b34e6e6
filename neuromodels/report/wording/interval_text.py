"""Intervals as text: what tables call them, and the footnotes that say which ones they show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from neuromodels.analysis.intervals import interval_label

NONE = "-"
"""Where a number has no interval."""


def ends_text(row: Mapping[str, Any], between: str = " - ") -> str:
    """Return both ends of the interval of a row, with ``low``, ``high`` and ``kind``."""
    if row["kind"] == "none":
        return NONE
    return f"{row['low']:.3f}{between}{row['high']:.3f}"


def intervals_note(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return which intervals rows show: ``Intervals: range, n = 3 seeds.``; empty without any.

    Each row has ``kind``, ``n`` and ``interval_over``; None where it has no score yet.
    """
    known = [row for row in rows if row["kind"] is not None]
    labels = [interval_label(row["kind"], row["n"], _of(row)) for row in known]
    return f"Intervals: {'; '.join(dict.fromkeys(labels))}." if labels else ""


def _of(row: Mapping[str, Any]) -> str:
    """Return what the values of an interval are, in the singular for one."""
    return row["interval_over"].removesuffix("s") if row["n"] == 1 else row["interval_over"]
