"""Recall against generation, the plastic rule beside its controls (arXiv:2308.12063, Fig. 2b)."""

from collections.abc import Sequence
from dataclasses import dataclass

from figures.shared import numbers
from figures.shared.copy import CHANCE, STUDIES, cell_of
from figures.shared.scores import (
    Learning,
    counted,
    draw_learning,
    lowest,
    note_on,
    scores_of,
    used_of,
    write_note,
)
from neuromodels.report.plotting.style import DARK, GREY, MARKS, Mark, styled
from neuromodels.store.store import StoredRun

NEEDS = STUDIES
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
        return f"{cell}\n{self.hidden} hidden, {counted(self.seeds)}"

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
    length, latency = cell_of("pdlf_fig2b", run)
    seeds, curves, finals = scores_of(run)
    return Panel(
        study=run.name,
        length=length,
        latency=latency,
        hidden=run.study.circuit.hidden,
        seeds=seeds,
        curves=curves,
        finals=finals,
        published=_published((length, latency)),
    )


def _published(cell: tuple[int, int]) -> dict[str, tuple[float, float]]:
    tables = zip(PUBLISHED, (numbers.FIG2B_PDLF, numbers.FIG2B_GRU), strict=True)
    return {method: table[cell] for method, table in tables if cell in table}


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
    lines = [note_on(panel.seeds for panel in panels)]
    if any(panel.published for panel in panels):
        after = f"{numbers.FIG2B_GENERATIONS:,} generations"
        lines.append(f"* published: {after}, mean ± s.d., PDLF with a GRU")
    return "\n".join(lines)
