"""Recall against generation, the plastic rule beside its controls (arXiv:2308.12063, Fig. 2b)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from figures import numbers
from neuromodels.errors import NeuromodelsError
from neuromodels.figures import studies_of_task
from neuromodels.plotting.draw import columns_for, new_figure, width_for
from neuromodels.plotting.panels import draw_band, draw_level, draw_point
from neuromodels.plotting.style import DARK, GREY, MARKS, Mark, styled
from neuromodels.scoring import seeds_interval
from neuromodels.storage.records import TestRecord
from neuromodels.storage.store import StoredRun
from neuromodels.study import SEARCHED

TASK = "sequence_copy"
NEEDS = studies_of_task(TASK, Path(__file__).parent.parent)
CHANCE = 0.5
FEW = 5
"""From this many seeds on an interval is 95 %; below, it is the full range."""
PUBLISHED = {
    "published PDLF": Mark("PDLF*", DARK, "o"),
    "published GRU": Mark("GRU*", GREY, "s"),
}


@dataclass(frozen=True)
class Curve:
    """Score over generations: median over seeds and its interval, (generations,) each."""

    generations: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Final:
    """A final score: median over seeds, its interval, and every seed's own, (seeds,)."""

    median: float
    low: float
    high: float
    seeds: np.ndarray


@dataclass(frozen=True)
class Panel:
    """One run.

    Parameters
    ----------
    seeds
        How many are behind the plastic curve.
    curves, finals
        By condition.
    published
        Mean and standard deviation by method, where the cell was published.
    """

    study: str
    length: int
    latency: int
    hidden: int
    seeds: int
    curves: dict[str, Curve]
    finals: dict[str, Final]
    published: dict[str, tuple[float, float]]


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
    task = run.study["task"]
    if task["name"] != TASK:
        raise NeuromodelsError("pdlf_fig2b", f"draws runs of {TASK}", task["name"])
    ledger = run.ledger()
    try:
        tests = {c: _by_seed(ledger.tests("curve", c)) for c in SEARCHED}
        finals = _by_condition(ledger.tests("final"))
    finally:
        ledger.close()
    curves = {c: _curve(seeds) for c, seeds in tests.items() if seeds}
    cell = (task["length"], task["latency"])
    return Panel(
        study=run.name, length=cell[0], latency=cell[1], hidden=run.study["circuit"]["hidden"],
        seeds=max((len(_furthest(seeds)) for seeds in tests.values() if seeds), default=0),
        curves=curves, finals={c: _final(rows) for c, rows in finals.items()},
        published=_published(cell),
    )  # fmt: skip


def _by_seed(tests: list[TestRecord]) -> dict[int, dict[int, TestRecord]]:
    found: dict[int, dict[int, TestRecord]] = defaultdict(dict)
    for test in tests:
        found[test.seed][test.generation] = test
    return dict(found)


def _by_condition(tests: list[TestRecord]) -> dict[str, list[TestRecord]]:
    found = defaultdict(list)
    for test in tests:
        found[test.condition].append(test)
    return dict(found)


def _furthest(seeds: dict[int, dict[int, TestRecord]]) -> list[dict[int, TestRecord]]:
    """Return the tests of the seeds that came furthest: a band has the same seeds everywhere."""
    last = max(max(tests) for tests in seeds.values())
    return [tests for tests in seeds.values() if last in tests]


def _curve(seeds: dict[int, dict[int, TestRecord]]) -> Curve:
    searches = _furthest(seeds)
    generations = sorted(set.intersection(*(set(tests) for tests in searches)))
    finals = [_final([tests[generation] for tests in searches]) for generation in generations]
    return Curve(
        np.array(generations),
        np.array([each.median for each in finals]),
        np.array([each.low for each in finals]),
        np.array([each.high for each in finals]),
    )


def _final(tests: list[TestRecord]) -> Final:
    scores = np.array([test.score for test in tests])
    if len(scores) == 1:
        low, high = tests[0].low, tests[0].high
    elif len(scores) < FEW:
        low, high = scores.min(), scores.max()
    else:
        low, high = seeds_interval(scores)
    return Final(float(np.median(scores)), float(low), float(high), scores)


def _published(cell: tuple[int, int]) -> dict[str, tuple[float, float]]:
    tables = zip(PUBLISHED, (numbers.FIG2B_PDLF, numbers.FIG2B_GRU), strict=True)
    return {method: table[cell] for method, table in tables if cell in table}


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: list[Panel]):
    """Return the figure: a column wide for one panel, a page wide for several."""
    with styled():
        return _figure(data)


def _figure(panels: list[Panel]):
    columns = columns_for(len(panels))
    rows = -(-len(panels) // columns)
    marks = _marks(panels)
    width = width_for(len(panels))
    figure = new_figure(width, 46 * rows + 22)
    strip = (4.0 if columns < 3 else 3.2) * max(len(marks), 1)
    ratios = [max(width / columns - strip - 12, strip), strip] * columns
    grid = figure.add_gridspec(rows, 2 * columns, width_ratios=ratios)
    lowest = min(CHANCE - 0.05, *(_lowest(panel) for panel in panels))
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        left = figure.add_subplot(grid[row, 2 * column])
        right = figure.add_subplot(grid[row, 2 * column + 1], sharey=left)
        left.set_ylim(lowest, 1.02)
        _draw_curves(left, panel, first=column == 0, last=number + columns >= len(panels))
        _draw_finals(right, panel, marks, last=number + columns >= len(panels))
        if number == 0 and panel.curves:
            left.legend(frameon=False, loc="best", handlelength=1.5)
    figure.supxlabel(_note(panels), x=0.01, ha="left", fontsize=7, color=GREY)
    return figure


def _note(panels: list[Panel]) -> str:
    """Return what bands, intervals and stars are."""
    counts = {panel.seeds for panel in panels}
    kinds = {
        "median and range over seeds": counts & set(range(2, FEW)),
        f"from {FEW} seeds on median and 95 %": max(counts) >= FEW,
        "one seed: mean and 95 % over trials": 1 in counts,
    }
    lines = ["; ".join(kind for kind, used in kinds.items() if used).capitalize()]
    if any(panel.published for panel in panels):
        after = f"{numbers.FIG2B_GENERATIONS:,} generations"
        lines.append(f"* published: {after}, mean ± s.d., PDLF with a GRU")
    return "\n".join(lines)


def _marks(panels: list[Panel]) -> dict[str, Mark]:
    """Return the marks any panel needs: the same places in all of them."""
    used = {name for panel in panels for name in (*panel.finals, *panel.published)}
    return {name: mark for name, mark in {**MARKS, **PUBLISHED}.items() if name in used}


def _lowest(panel: Panel) -> float:
    lows = [curve.low.min() for curve in panel.curves.values()]
    lows += [final.low for final in panel.finals.values()]
    lows += [mean - sd for mean, sd in panel.published.values()]
    return min(lows, default=CHANCE) - 0.02


def _draw_curves(axes, panel: Panel, first: bool, last: bool) -> None:
    for condition, curve in panel.curves.items():
        bounds = (curve.median, curve.low, curve.high)
        draw_band(axes, curve.generations, *bounds, MARKS[condition])
    draw_level(axes, CHANCE, "chance")
    axes.set_xlim(left=0)
    seeds = f"{panel.seeds} seed" + "s" * (panel.seeds != 1)
    axes.set_title(
        f"{panel.length} bits, delay {panel.latency} steps\n{panel.hidden} hidden, {seeds}"
    )
    if first:
        axes.set_ylabel("fraction of bits recalled")
    if last:
        axes.set_xlabel("generation")



def _draw_finals(axes, panel: Panel, marks: dict[str, Mark], last: bool) -> None:
    draw_level(axes, CHANCE)
    for place, (name, mark) in enumerate(marks.items()):
        if name in panel.finals:
            final = panel.finals[name]
            each = final.seeds if len(final.seeds) > 1 else ()
            draw_point(axes, place, final.median, final.low, final.high, mark, each)
        elif name in panel.published:
            mean, sd = panel.published[name]
            draw_point(axes, place, mean, mean - sd, mean + sd, mark, hollow=True)
    axes.set_xlim(-0.6, len(marks) - 0.4)
    axes.set_xticks(range(len(marks)), [mark.label if last else "" for mark in marks.values()])
    axes.tick_params(axis="x", rotation=90, length=2)
    axes.tick_params(axis="y", labelleft=False, length=0)
    axes.spines["left"].set_visible(False)
    if last and marks:
        axes.set_xlabel("final")
