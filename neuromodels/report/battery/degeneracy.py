"""Whether solutions are one rule or many, for a terminal: distances, kinds, paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

Found = Mapping[str, Any]
NAMES = {"numbers": "numbers", "outputs": "outputs", "windows": "weight changes"}


def degeneracy_view(found: Found) -> Group:
    """Return what `neuromodels.measures.degeneracy.run.compare_solutions` found, for a terminal."""
    lines = [line for row in found["runs"] for line in _lines(row)]
    notes = [
        *_forms(found),
        "Distances by outputs: 1 - correlation of the read-outs in the same trials; by weight"
        " changes: 1 - cosine of the changes by pairs of spikes; by numbers: in units of the spread"
        " with which the search began. p of agreement: whole solutions exchanged; control: one half"
        " of the trials with the other. p of clusters: against one Gaussian cloud. A path is open"
        f" where it keeps 95 % of what its worse end has above chance. {found['trials']:,} fresh"
        " trials.",
    ]
    return Group(_table(found), *map(Text, lines), *(Text(note, "dim") for note in notes))


def _table(found: Found) -> Table:
    table = Table(title="One rule or many?", title_justify="left")
    for column in ("setting", "solutions", "score", "open lines", "basins", "random lines open"):
        table.add_column(column)
    for row in found["runs"]:
        paths, scores = row["paths"], row["scores"]
        span = f"{min(scores):.3f} - {max(scores):.3f}"
        opened = f"{paths['open']} of {paths['of']}"
        astray = f"{paths['random_open']} of {len(paths['random'])}"
        cells = (row["setting"], str(len(row["seeds"])), span, opened, _basins(paths), astray)
        table.add_row(*cells)
    return table


def _basins(paths: Found) -> str:
    least, most = paths["basins_at_least"], paths["basins_at_most"]
    return f"{paths['basins']} ({least} - {most})"


def _lines(row: Found) -> Iterator[str]:
    yield f"{row['setting']}: {row['rule']}, {row['numbers']} numbers, {row['task']}"
    for name, each in row["agreement"].items():
        if each is not None:
            against = "one half of the trials with the other" if name == "control" else "outputs"
            label = "control" if name == "control" else f"distances by {NAMES[name]}"
            yield f"  {label}: r = {each['r']:.2f} with {against}, p = {each['p']:.3g}"
    for name, each in row["clusters"].items():
        if each is not None:
            count = f"{each['count']} clusters" if each["count"] > 1 else "no clusters shown"
            of = f"silhouette {each['silhouette']:.2f}, p = {each['p']:.3g}"
            yield f"  by {NAMES[name]}: {count}, {of}"
    if row["left_out"]:
        yield f"  left out, near chance: seeds {', '.join(map(str, row['left_out']))}"


def _forms(found: Found) -> Iterator[str]:
    if forms := found["forms"]:
        yield (
            f"Outputs within a run {forms['within']:.3f} apart, between runs"
            f" {forms['between']:.3f}, p = {forms['p']:.3g}."
        )
