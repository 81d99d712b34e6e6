"""Recall against generation, the plastic rule beside its controls (arXiv:2308.12063, Fig. 2b)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from figures.shared import numbers
from figures.shared.copy import CHANCE, STUDIES, cell_of
from figures.shared.scores import (
    Learning,
    Scores,
    counted,
    draw_learning,
    lowest,
    note_of,
    scores_in,
    scores_of,
    used_of,
)
from figures.shared.tables import rows_of, table_of, tests_in
from neuromodels.report.plotting.draw import write_note
from neuromodels.report.plotting.style import DARK, GREY, MARKS, Mark, styled
from neuromodels.store.store import StoredRun

NEEDS = STUDIES
SCORES = ("pdlf_copy_quick.json", "pdlf_copy_l8_d0_full.json")
GRID, CURVES = "pdlf_copy_grid.csv", "pdlf_copy_curves.csv"
TABLES = (*SCORES, GRID, CURVES)
PUBLISHED = {
    "published PDLF": Mark("PDLF*", DARK, "o"),
    "published GRU": Mark("GRU*", GREY, "s"),
}


@dataclass(frozen=True, kw_only=True)
class Panel(Learning):
    """One run: a cell of the published grid, or another one."""

    length: int
    latency: int
    hidden: int

    @property
    def heading(self) -> str:
        cell = f"{self.length} bits, delay {self.latency} steps"
        return f"{cell}\n{self.hidden} hidden, {counted(self.counts)}"

    @property
    def scale(self) -> str:
        return "fraction of bits recalled"

    @property
    def chance(self) -> float:
        return CHANCE


# -- from stored runs to arrays -----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> list[Panel]:
    """Return one panel per run, by length and latency.

    Raises
    ------
    NeuromodelsError
        For a run of another task.
    """
    panels = [_panel(run) for run in runs]
    return sorted(panels, key=lambda panel: (panel.length, panel.latency, panel.study))


def _panel(run: StoredRun) -> Panel:
    cell = cell_of("pdlf_fig2b", run)
    return _panel_of(run.name, cell, run.study.circuit.hidden, scores_of(run))


def _panel_of(study: str, cell: tuple[int, int], hidden: int, scores: Scores) -> Panel:
    curves, finals = scores
    return Panel(
        study=study,
        length=cell[0],
        latency=cell[1],
        hidden=hidden,
        curves=curves,
        finals=finals,
        published=_published(cell),
    )


def _published(cell: tuple[int, int]) -> dict[str, tuple[float, float]]:
    tables = zip(PUBLISHED, (numbers.FIG2B_PDLF, numbers.FIG2B_GRU), strict=True)
    return {method: table[cell] for method, table in tables if cell in table}


# -- from committed tables to arrays ------------------------------------------------------------


def collect_committed() -> list[Panel]:
    """Return the panels whose curves and final scores the tables hold."""
    alone = [_panel_of_study(table_of(name)) for name in SCORES]
    cells = dict.fromkeys((row["length"], row["latency"]) for row in rows_of(GRID))
    panels = [*alone, *(_panel_of_cell(*cell) for cell in cells)]
    return sorted(panels, key=lambda panel: (panel.length, panel.latency, panel.study))


def _panel_of_study(table: Mapping[str, Any]) -> Panel:
    finals = [
        {**seed, "condition": each["condition"]}
        for each in table["conditions"]
        for seed in each["seeds"]
    ]
    cell = table["task"]["length"], table["task"]["latency"]
    scores = _committed_scores(table["run"], finals)
    return _panel_of(table["run"], cell, table["circuit"]["hidden"], scores)


def _panel_of_cell(length: str, latency: str) -> Panel:
    finals = rows_of(GRID, length=length, latency=latency)
    study = f"pdlf_copy_grid {length} {latency}"
    cell = int(length), int(latency)
    return _panel_of(study, cell, int(finals[0]["hidden"]), _committed_scores(study, finals))


def _committed_scores(study: str, finals: Iterable[Mapping[str, Any]]) -> Scores:
    return scores_in(tests_in(rows_of(CURVES, study=study), "curve"), tests_in(finals, "final"))


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: list[Panel]):
    """Return the figure: a column wide for one panel, a page wide for several."""
    with styled():
        bottom = min(CHANCE - 0.05, *(lowest(panel) - 0.02 for panel in data))
        marks = used_of({**MARKS, **PUBLISHED}, data)
        figure = draw_learning(data, marks, [(bottom, 1.02)] * len(data))
        write_note(figure, _note(data))
        return figure


def _note(panels: list[Panel]) -> str:
    """Return what bands, intervals and stars are."""
    lines = [note_of(each for panel in panels for each in panel.drawn)]
    if any(panel.published for panel in panels):
        after = f"{numbers.FIG2B_GENERATIONS:,} generations"
        lines.append(f"* published: {after}, mean ± s.d., PDLF with a GRU")
    return "\n".join(lines)
