"""What is left of a rule: terms, scores before and after, equations and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from neuromodels.report.wording.interval_text import ends_text, intervals_note

Found = Mapping[str, Any]
STABLE = {True: "stable", False: "unstable", None: "stable where its slope is below 0"}


def simplified_view(found: Found) -> Group:
    """Return what `neuromodels.measures.simplify.run.simplify_run` found, for a terminal."""
    return Group(_searches(found), _numbers(found), *_lines(found))


def _searches(found: Found) -> Table:
    table = Table(title="Smallest rules", title_justify="left")
    for column in ("seed", "kept", "left out", "score, all terms", "score, kept ones"):
        table.add_column(column)
    for row in found["searches"]:
        scores = [f"{row[name]['value']:.3f}" for name in ("full", "reduced")]
        terms = [" ".join(row[name]) or "none" for name in ("kept", "left_out")]
        table.add_row(str(row["seed"]), *terms, *scores)
    return table


def _numbers(found: Found) -> Table:
    table = Table(title="Numbers of the commonest rule", title_justify="left")
    for column in ("projection", "coefficient", "numbers", "mean over searches", "interval"):
        table.add_column(column)
    for row in found["rule"]["numbers"]:
        ends = ends_text(row) if row["low"] is not None else "-"
        cells = (row["projection"], row["coefficient"], f"{row['count']:,}", f"{row['value']:.4g}")
        table.add_row(*cells, ends)
    return table


def _lines(found: Found) -> Iterator[Text]:
    rule = found["rule"]
    yield Text(f"{rule['searches']} of {rule['of']} searches keep: {' '.join(rule['kept'])}")
    for line in (*rule["brian2"].splitlines(), *rule["latex"]):
        yield Text(f"  {line}")
    for point in rule["fixed_points"]:
        yield Text(f"  rests at {point['weight']}, {STABLE[point['stable']]}")
    for point in rule["turning_points"]:
        yield Text(f"  strengthens above y = {point['activity']} where {point['slope']} > 0")
    known = [row for row in rule["numbers"] if row["low"] is not None]
    rows = [{**row, "interval_over": "searches"} for row in known]
    yield Text(
        f"A smaller rule keeps {found['keep']:.0%} of the score above chance; nothing was searched"
        f" again. Scores on {found['trials']:,} trials that chose nothing. Of a coefficient with"
        f" many numbers the median of each search counts. {intervals_note(rows)}",
        "dim",
    )
