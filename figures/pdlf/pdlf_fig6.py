"""Where agents went along commanded paths, and how far off (arXiv:2308.12063, Fig. 6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D

from figures.shared.control import called, task_of
from figures.shared.measures import Arrays, by_condition, measures_of
from figures.shared.scores import (
    Spread,
    choice_text,
    counted,
    counts_in,
    note_on,
    over_seeds,
    the_run,
)
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import condition_keys, draw_band, draw_borders
from neuromodels.report.plotting.style import MARKS, PAGE, PALE, styled
from neuromodels.store.store import StoredRun

NEEDS = ("control_point_direction",)
MEASURE = "path"
LACKS = "the places along a path"
WALKS = 4
"""Walks that are drawn of a solution."""


@dataclass(frozen=True)
class Path:
    """One commanded path.

    Parameters
    ----------
    commanded
        Heading told in each step, rad, (steps,).
    walks
        By condition, where the solution of the median seed was, (walks, steps, 2), m.
    errors
        By condition, degrees off the heading from the second step on, mean over the stored walks,
        over seeds (seeds, steps - 1).
    """

    commanded: np.ndarray
    walks: Mapping[str, np.ndarray]
    errors: Mapping[str, Spread]

    @property
    def drawn(self) -> np.ndarray:
        """The commanded headings as a path at the mean speed of all walks drawn, (steps, 2), m."""
        moves = [np.linalg.norm(np.diff(each, axis=1), axis=2) for each in self.walks.values()]
        along = np.stack([np.cos(self.commanded), np.sin(self.commanded)], axis=1)
        return np.mean(moves) * np.cumsum(along, axis=0)


@dataclass(frozen=True)
class Walked:
    """One run, its solutions sent along every path."""

    task: str
    paths: Mapping[str, Path]

    @property
    def counts(self) -> set[int]:
        """Of how many seeds the errors of each condition are."""
        return {count for path in self.paths.values() for count in counts_in(path.errors.values())}

    @property
    def walks(self) -> set[int]:
        """How many walks of a solution are drawn."""
        every = (walks for path in self.paths.values() for walks in path.walks.values())
        return {min(WALKS, len(walks)) for walks in every}


# -- from a stored run to arrays ----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> Walked:
    """Return what the solutions did along each path.

    Raises
    ------
    NeuromodelsError
        For several runs, a run of a task without directions, or one that was not measured.
    """
    run = the_run("pdlf_fig6", runs)
    if "goal_x" not in task_of("pdlf_fig6", run).item_start:
        raise NeuromodelsError("pdlf_fig6", "draws tasks with told directions", called(run))
    measures = measures_of(run, MEASURE)
    any_one = next(iter(next(iter(measures.values())).values()))
    names = [key.removesuffix("_commanded") for key in any_one if key.endswith("_commanded")]
    return Walked(called(run), {n: _path(measures, n) for n in names})


def _path(measures: Mapping[str, Mapping[int, Arrays]], name: str) -> Path:
    errors = by_condition(measures, lambda arrays: _errors(arrays, name))
    medians = {condition: _median_seed(each) for condition, each in errors.items()}
    commanded = next(iter(next(iter(measures.values())).values()))[f"{name}_commanded"]
    return Path(
        commanded,
        {c: list(measures[c].values())[k][f"{name}_places"] for c, k in medians.items()},
        {c: over_seeds(each) for c, each in errors.items()},
    )


def _errors(arrays: Arrays, name: str) -> np.ndarray:
    """Return how far off the heading the walks were in each step but the first, degrees."""
    moved = np.diff(arrays[f"{name}_places"].astype(float), axis=1)
    heading = np.arctan2(moved[..., 1], moved[..., 0])
    off = np.angle(np.exp(1j * (heading - arrays[f"{name}_commanded"][1:])))
    return np.rad2deg(np.abs(off)).mean(axis=0)


def _median_seed(errors: np.ndarray) -> int:
    """Return the place of the seed with the median error; of two, the larger error."""
    return int(np.argsort(errors.mean(axis=1), kind="stable")[len(errors) // 2])


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: Walked):
    """Return the figure, a page wide: paths above, heading errors below."""
    with styled():
        figure = new_figure(PAGE, 116)
        grid = figure.add_gridspec(2, len(data.paths), height_ratios=(1.5, 1))
        first = None
        for column, (name, path) in enumerate(data.paths.items()):
            _draw_path(figure.add_subplot(grid[0, column]), name, path, column == 0)
            first = figure.add_subplot(grid[1, column], sharey=first)
            _draw_errors(first, path, column == 0)
        conditions = {c for path in data.paths.values() for c in path.walks}
        told = Line2D([], [], color=PALE, linewidth=4, label="told headings, at mean speed")
        figure.legend(
            handles=[*condition_keys(conditions), told],
            loc="outside upper left",
            ncols=4,
            frameon=False,
            title=f"{data.task}, {counted(data.counts)}",
            alignment="left",
        )
        write_note(figure, _note(data))
        return figure


def _note(data: Walked) -> str:
    """Return whose walks are drawn, and what the bands are."""
    solutions = {choice_text(count, "worse") or "the only seed" for count in data.counts}
    walks = " or ".join(map(str, sorted(data.walks)))
    errors = note_on(data.counts, "one seed: mean over walks").lower()
    return f"Paths: {walks} walks, {' or '.join(sorted(solutions))}. Errors: {errors}"


def _draw_path(axes, name: str, path: Path, is_first: bool) -> None:
    axes.plot(*path.drawn.T, color=PALE, linewidth=4, zorder=0)
    for condition, walks in path.walks.items():
        mark = MARKS[condition]
        for walk in walks[:WALKS]:
            axes.plot(*walk.T, mark.line, color=mark.colour, linewidth=0.6)
            axes.plot(*walk[-1], mark.marker, color=mark.colour, markersize=2.5)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_title(name)
    axes.set_xlabel("x (m)")
    if is_first:
        axes.set_ylabel("y (m)")


def _draw_errors(axes, path: Path, is_first: bool) -> None:
    for condition, spread in path.errors.items():
        steps = np.arange(1, spread.median.size + 1)
        draw_band(axes, steps, spread.median, spread.low, spread.high, MARKS[condition])
    draw_borders(axes, 1 + np.flatnonzero(np.abs(np.diff(path.commanded)) > np.deg2rad(10)))
    axes.set(xlim=(0, steps[-1]), ylim=(0, 180), yticks=[0, 45, 90, 135, 180], xlabel="step")
    axes.set_title("\n".join(f"{c}: {_of(spread)}" for c, spread in path.errors.items()))
    if is_first:
        axes.set_ylabel("degrees off the heading")
    else:
        axes.tick_params(axis="y", labelleft=False)


def _of(spread: Spread) -> str:
    """Return the mean over steps: median over seeds, and its interval."""
    found = over_seeds(spread.each.mean(axis=1)[:, None])
    middle, low, high = (float(each[0]) for each in (found.median, found.low, found.high))
    return f"{middle:.0f}°" + (f" [{low:.0f}, {high:.0f}]" if len(spread.each) > 1 else "")
