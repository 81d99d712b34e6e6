"""A runner with fixed, plastic and neuromodulated weights learns to run (arXiv:2106.02681, A3).

Left: score against generation, and final scores.  Right: gains over the start of the search in
units of the final gain of neuromodulated Oja, ours above, the published traces below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.cheetah import CONDITION, FIVE, STUDY, by_rule
from figures.shared.numbers import SPIKEPROPAMINE_FRACTIONS, SPIKEPROPAMINE_GAINS
from figures.shared.scores import (
    Curve,
    Final,
    count_of,
    counted,
    final_of,
    note_of,
    scores_in,
    scores_of,
)
from figures.shared.tables import Row, in_order, rows_of, seeds_in, tests_in
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import draw_band, draw_level, draw_point, keys_of, make_room
from neuromodels.report.plotting.style import PAGE, styled
from neuromodels.store.store import StoredRun

NEEDS = (STUDY,)
SCORES, CURVES = "cheetah.csv", "cheetah_curves.csv"
TABLES = (SCORES, CURVES)
UNIT = "nm_oja"
"""Whose final gain is 1."""


@dataclass(frozen=True)
class Searched:
    """How the searches of one rule went.

    Parameters
    ----------
    generations
        Of a search.
    curve, final
        Scores, reward per step in m/s.
    """

    generations: int
    curve: Curve
    final: Final

    @property
    def drawn(self) -> list[Curve | Final]:
        """The curve and the final scores."""
        return [self.curve, self.final]


def collect(runs: Sequence[StoredRun]) -> dict[str, Searched]:
    """Return the searches of each rule that has finished ones.

    Raises
    ------
    NeuromodelsError
        When none has, or a run is of another rule.
    """
    found = {rule: _searched(run) for rule, run in by_rule("cheetah_learning", runs).items()}
    finished = {rule: each for rule, each in found.items() if each is not None}
    if not finished:
        cure = f"Run studies/{STUDY}.toml until its first setting ends."
        raise NeuromodelsError("cheetah_learning", "needs a finished search", cure=cure)
    return finished


def _searched(run: StoredRun) -> Searched | None:
    curves, finals = scores_of(run)
    if CONDITION not in curves or CONDITION not in finals:
        return None
    generations = run.study.search.generations
    return Searched(generations, curves[CONDITION], finals[CONDITION])


def collect_committed() -> dict[str, Searched]:
    """Return the searches that the tables hold."""
    rows = {row["rule"]: row for row in rows_of(SCORES)}
    return {rule: _searched_in(rows[rule]) for rule in in_order(rows, FIVE)}


def _searched_in(row: Row) -> Searched:
    points = tests_in(rows_of(CURVES, rule=row["rule"]), "curve")
    curves, _ = scores_in(points, [])
    return Searched(int(row["generations"]), curves[CONDITION], final_of(seeds_in(row)))


def gains(found: Mapping[str, Searched]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return by rule the fraction of the search and the gain there, (points,) each.

    A search starts from a network that does nothing, whose score is 0.  Empty without a gain
    of the rule that is the unit.
    """
    whole = found[UNIT].curve.median[-1] if UNIT in found else 0.0
    if not whole > 0:
        return {}
    return {
        rule: (
            np.append(0, each.curve.generations) / each.generations,
            np.append(0, each.curve.median) / whole,
        )
        for rule, each in found.items()
    }


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: dict[str, Searched]):
    """Return the figure, a page wide."""
    with styled():
        figure = new_figure(PAGE, 84)
        grid = figure.add_gridspec(2, 3, width_ratios=(2.4, 0.8, 1.9))
        left = figure.add_subplot(grid[:, 0])
        finals = figure.add_subplot(grid[:, 1], sharey=left)
        ours = figure.add_subplot(grid[0, 2])
        theirs = figure.add_subplot(grid[1, 2], sharex=ours, sharey=ours)
        _draw_curves(left, data)
        _draw_finals(finals, data)
        make_room(left, 0)
        _draw_gains(ours, gains(data), "ours, medians")
        _draw_gains(theirs, _published(), "published, single traces")
        ours.tick_params(axis="x", labelbottom=False)
        theirs.set_xlabel("fraction of the search")
        figure.legend(
            handles=keys_of(FIVE[rule] for rule in data),
            loc="outside upper left",
            ncols=3,
            frameon=False,
        )
        write_note(figure, note_of(one for each in data.values() for one in each.drawn))
        return figure


def _draw_curves(axes, data: Mapping[str, Searched]) -> None:
    for rule, each in data.items():
        curve = each.curve
        draw_band(axes, curve.generations, curve.median, curve.low, curve.high, FIVE[rule])
    draw_level(axes, 0, "standing still")
    axes.set_xlim(left=0)
    counts = [count_of(one) for each in data.values() for one in each.drawn]
    axes.set(title=f"half-cheetah, {counted(counts)}", xlabel="generation")
    axes.set_ylabel("reward per step (m/s)")


def _draw_finals(axes, data: Mapping[str, Searched]) -> None:
    draw_level(axes, 0)
    for place, (rule, each) in enumerate(data.items()):
        final = each.final
        seeds = final.seeds if len(final.seeds) > 1 else ()
        draw_point(axes, place, final.median, final.low, final.high, FIVE[rule], seeds)
    axes.set_xlim(-0.6, len(data) - 0.3)
    axes.set_xticks([])
    axes.tick_params(axis="y", labelleft=False, length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title("final")


def _published() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    fractions = np.append(0, SPIKEPROPAMINE_FRACTIONS)
    return {rule: (fractions, np.append(0, each)) for rule, each in SPIKEPROPAMINE_GAINS.items()}


def _draw_gains(axes, found: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str) -> None:
    for rule, (fractions, gained) in found.items():
        mark = FIVE[rule]
        axes.plot(
            fractions,
            gained,
            mark.line,
            color=mark.colour,
            linewidth=0.8,
            marker=mark.marker,
            markersize=2,
        )
    axes.set(title=title, xlim=(0, 1.02), ylabel="relative gain")
