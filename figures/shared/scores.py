"""Scores over seeds, learning curves beside final scores: what several figures show."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from neuromodels.analysis.intervals import kind_label, median_interval, median_rank
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import columns_for, new_figure, width_for
from neuromodels.report.plotting.panels import (
    draw_band,
    draw_level,
    draw_point,
    make_room,
    show_all,
)
from neuromodels.report.plotting.style import MARKS, Mark
from neuromodels.store.records import TestRecord
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED

MARK, BESIDE, LEAST = 3.0, 13.0, 30.0
"""Of panels of learning, mm: a final score, the labels of the scores, and a curve with these."""


@dataclass(frozen=True)
class Curve:
    """Score over generations: median over so many seeds and its interval, (generations,) each.

    `kinds` are what the intervals are, see `neuromodels.analysis.intervals`.
    """

    generations: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int
    kinds: tuple[str, ...] = ("range",)


@dataclass(frozen=True)
class Final:
    """A final score: median over seeds, its interval, and every seed's own, (seeds,).

    `kind` is what the interval is, see `neuromodels.analysis.intervals`.
    """

    median: float
    low: float
    high: float
    seeds: np.ndarray
    kind: str = "range"

    @property
    def kinds(self) -> tuple[str]:
        """The kind, as of the intervals of a curve."""
        return (self.kind,)


Scores = tuple[dict[str, Curve], dict[str, Final]]
"""Curves and final scores by condition."""


@dataclass(frozen=True)
class Spread:
    """What seeds have in common: median and interval, and every seed's own, (seeds, n)."""

    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    each: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How the searches of one run went.

    Parameters
    ----------
    curves, finals
        By condition.
    published
        Mean and standard deviation by method, where there is a published value of the same.
    """

    study: str
    curves: dict[str, Curve]
    finals: dict[str, Final]
    published: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def counts(self) -> set[int]:
        """Of how many seeds the curves and the final scores are."""
        return counts_of(self.curves.values(), self.finals.values())

    @property
    def drawn(self) -> list[Curve | Final]:
        """All curves and final scores."""
        return [*self.curves.values(), *self.finals.values()]

    @property
    def heading(self) -> str:
        """What stands above the panel."""
        return self.study

    @property
    def scale(self) -> str:
        """What the score is, with its unit."""
        return "score"

    @property
    def chance(self) -> float | None:
        """Score of one that has found nothing."""
        return None

    @property
    def chance_is(self) -> str:
        """How that is called."""
        return "chance"


# -- from stored runs to arrays -----------------------------------------------------------------


def scores_of(run: StoredRun) -> Scores:
    """Return the curves and the final scores of a run, by condition."""
    ledger = run.ledger()
    try:
        points = [test for c in SEARCHED for test in ledger.tests("curve", c)]
        finals = ledger.tests("final")
    finally:
        ledger.close()
    return scores_in(points, finals)


def scores_in(points: Iterable[TestRecord], finals: Iterable[TestRecord]) -> Scores:
    """Return the curves of some points and the final scores of some tests, by condition."""
    tests = _by_condition(points)
    curves = {c: _curve(_by_seed(tests[c])) for c in SEARCHED if c in tests}
    return curves, {c: _final(tests) for c, tests in _by_condition(finals).items()}


def final_of(scores: np.ndarray) -> Final:
    """Return the final score of several seeds, (seeds,)."""
    found = median_interval(scores)
    low, high = found.ends if found.kind != "none" else (np.median(scores),) * 2
    return Final(float(np.median(scores)), float(low), float(high), scores, found.kind)


def final_scores(figure: str, run: StoredRun, condition: str) -> dict[int, float]:
    """Return the final score of each seed in a condition.

    Raises
    ------
    NeuromodelsError
        When no search of the condition is finished; `figure` is who says so.
    """
    ledger = run.ledger()
    try:
        scores = {test.seed: test.score for test in ledger.tests("final", condition)}
    finally:
        ledger.close()
    if not scores:
        cure = f"Finish it with: neuromodels resume {run.folder}"
        raise NeuromodelsError(figure, f"needs a finished {condition} search", run.name, cure)
    return scores


def median_seed(scores: Mapping[int, float]) -> int:
    """Return the seed with the median score; of the two in the middle, the better."""
    return sorted(scores, key=lambda seed: (scores[seed], seed))[len(scores) // 2]


def choice_text(seeds: int, of_two: str = "better") -> str:
    """Return which one of several seeds `median_seed` is, in words; empty for one alone.

    Parameters
    ----------
    of_two
        What the last of two in the order is.
    """
    if seeds == 1:
        return ""
    if seeds % 2:
        return f"median of {seeds} seeds"
    middle = "" if seeds == 2 else "two in the middle of "
    return f"{of_two} of {middle}{seeds} seeds"


def the_run(figure: str, runs: Sequence[StoredRun]) -> StoredRun:
    """Return the only run.

    Raises
    ------
    NeuromodelsError
        For several; `figure` is who says so.
    """
    if len(runs) != 1:
        cure = "Name it with --run."
        raise NeuromodelsError(figure, "draws one run", [r.name for r in runs], cure)
    return runs[0]


def over_seeds(values: np.ndarray) -> Spread:
    """Return median and interval over seeds of each column of (seeds, n).

    The interval is `neuromodels.analysis.intervals.median_interval`, a range for few seeds. Where a
    seed has no value, NaN, a column has none.
    """
    values = np.asarray(values, dtype=float)
    rank = max(median_rank(len(values)), 1)
    ordered = np.sort(values, axis=0)
    ordered[:, np.isnan(values).any(axis=0)] = np.nan
    return Spread(np.median(values, axis=0), ordered[rank - 1], ordered[-rank], values)


def _by_seed(tests: list[TestRecord]) -> dict[int, dict[int, TestRecord]]:
    found: dict[int, dict[int, TestRecord]] = defaultdict(dict)
    for test in tests:
        found[test.seed][test.generation] = test
    return dict(found)


def _by_condition(tests: Iterable[TestRecord]) -> dict[str, list[TestRecord]]:
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
        len(searches),
        tuple(dict.fromkeys(each.kind for each in finals)),
    )


def _final(tests: list[TestRecord]) -> Final:
    scores = np.array([test.score for test in tests])
    if len(scores) == 1:
        return Final(float(scores[0]), tests[0].low, tests[0].high, scores, tests[0].interval_kind)
    return final_of(scores)


# -- from arrays to a figure --------------------------------------------------------------------


def note_of(drawn: Iterable[Curve | Final], others: Iterable[int] = ()) -> str:
    """Return what the bands of curves and the intervals of final scores are.

    Parameters
    ----------
    others
        Of how many seeds the other things in the figure are.
    """
    drawn = list(drawn)
    of_one = dict.fromkeys(kind for each in drawn if count_of(each) == 1 for kind in each.kinds)
    kinds = " or ".join(kind_label(kind) for kind in of_one if kind != "none")
    interval = f" and {kinds}" if kinds else ""
    return note_on([*map(count_of, drawn), *others], f"one seed: mean{interval} over trials")


def count_of(drawn: Curve | Final) -> int:
    """Return of how many seeds a curve or a final score is."""
    return drawn.seeds if isinstance(drawn, Curve) else len(drawn.seeds)


def note_on(seeds: Iterable[int], of_one: str) -> str:
    """Return what bands and intervals are, for figures of so many seeds.

    Parameters
    ----------
    of_one
        What is shown of one seed alone.
    """
    counts = set(seeds)
    many = {count for count in counts if median_rank(count)}
    few = counts - many - {1}
    kinds = [f"median and range over {counted(few)}"] * bool(few)
    kinds += [f"median and its exact 95 % interval over {counted(many)}"] * bool(many)
    kinds += [of_one] * (1 in counts)
    said = "; ".join(kinds)
    return said[:1].upper() + said[1:]


def counts_of(curves: Iterable[Curve], finals: Iterable[Final]) -> set[int]:
    """Return of how many seeds each of what is drawn is."""
    return {count_of(each) for each in (*curves, *finals)}


def counts_in(spreads: Iterable[Spread]) -> set[int]:
    """Return of how many seeds each of what is drawn is."""
    return {len(spread.each) for spread in spreads}


def counted(seeds: Iterable[int]) -> str:
    """Return numbers of seeds in words: ``3 seeds``; ``2 to 3 seeds`` where they differ."""
    counts = set(seeds) or {0}
    first, last = min(counts), max(counts)
    return f"{first} seed" + "s" * (first != 1) if first == last else f"{first} to {last} seeds"


def used_of(marks: Mapping[str, Mark], panels: Sequence[Learning]) -> dict[str, Mark]:
    """Return the marks any panel needs: the same places in all of them."""
    used = {name for panel in panels for name in (*panel.finals, *panel.published)}
    return {name: mark for name, mark in marks.items() if name in used}


def lowest(panel: Learning) -> float:
    """Return the lowest value that a panel shows; its chance when it shows none."""
    return min(_shown(panel), default=panel.chance or 0.0)


def highest(panel: Learning) -> float:
    """Return the highest value that a panel shows; 1 when it shows none."""
    return max(_shown(panel), default=1.0)


def _shown(panel: Learning) -> list[float]:
    values = [float(np.min(each.low)) for each in panel.drawn]
    values += [float(np.max(each.high)) for each in panel.drawn]
    return values + [mean + k * sd for mean, sd in panel.published.values() for k in (-1, 1)]


def draw_learning(
    panels: Sequence[Learning], marks: Mapping[str, Mark], limits: Sequence[tuple[float, float]]
):
    """Return a figure, a column wide for one panel, a page wide for several.

    Without a curve in any panel final scores alone are drawn.

    Parameters
    ----------
    marks
        Of final scores, in their order.
    limits
        Of the scores of each panel, wider where something lies beyond.
    """
    width = width_for(len(panels))
    strip = MARK * max(len(marks), 1)
    columns = min(columns_for(len(panels)), int(width // (strip + LEAST)))
    rows = -(-len(panels) // columns)
    figure = new_figure(width, 46 * rows + 22)
    ratios = [width / columns - strip - BESIDE, strip] * columns
    has_curves = any(panel.curves for panel in panels) or not any(p.finals for p in panels)
    grid = figure.add_gridspec(rows, 2 * columns, width_ratios=ratios if has_curves else None)
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        is_last = number + columns >= len(panels)
        if has_curves:
            left = figure.add_subplot(grid[row, 2 * column])
            right = figure.add_subplot(grid[row, 2 * column + 1], sharey=left)
            _draw_curves(left, panel, is_last)
        else:
            left = right = figure.add_subplot(grid[row, 2 * column : 2 * column + 2])
        _draw_finals(right, panel, marks, is_last, is_alone=not has_curves)
        _name(left, panel, column == 0)
        show_all(left, *limits[number])
        if panel.chance is not None:
            make_room(left, panel.chance)
        if number == 0 and panel.curves:
            left.legend(frameon=False, loc="best", handlelength=1.5)
    return figure


def _name(axes, panel: Learning, is_first: bool) -> None:
    """Write what a panel is above it, and what its scores are beside it."""
    axes.set_title(panel.heading)
    if is_first:
        axes.set_ylabel(panel.scale)


def _draw_curves(axes, panel: Learning, is_last: bool) -> None:
    for condition, curve in panel.curves.items():
        bounds = (curve.median, curve.low, curve.high)
        draw_band(axes, curve.generations, *bounds, MARKS[condition])
    if panel.chance is not None:
        draw_level(axes, panel.chance, panel.chance_is)
    axes.set_xlim(left=0)
    if is_last:
        axes.set_xlabel("generation")


def _draw_finals(
    axes, panel: Learning, marks: Mapping[str, Mark], is_last: bool, is_alone: bool
) -> None:
    if panel.chance is not None:
        draw_level(axes, panel.chance, panel.chance_is * is_alone, at="left")
    for place, (name, mark) in enumerate(marks.items()):
        if name in panel.finals:
            final = panel.finals[name]
            each = final.seeds if len(final.seeds) > 1 else ()
            draw_point(axes, place, final.median, final.low, final.high, mark, each)
        elif name in panel.published:
            mean, sd = panel.published[name]
            draw_point(axes, place, mean, mean - sd, mean + sd, mark, hollow=True)
    axes.set_xlim(-0.6, len(marks) - 0.4)
    axes.set_xticks(range(len(marks)), [mark.label if is_last else "" for mark in marks.values()])
    axes.tick_params(axis="x", rotation=90, length=2)
    if not is_alone:
        axes.tick_params(axis="y", labelleft=False, length=0)
        axes.spines["left"].set_visible(False)
    if is_last and marks:
        axes.set_xlabel("final")
