"""One episode of the T-maze: spikes, modulation, eligibility, weights and the answer.

The T-maze of Meta-SpikePropamine (10.3389/fnins.2023.1183321) as we infer it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D

from figures.shared.scores import choice_text, final_scores, median_seed
from neuromodels import tasks
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure
from neuromodels.report.plotting.style import COLUMN, DARK, GREY, NEGATIVE, PALE, POSITIVE, styled
from neuromodels.store.store import StoredRun
from neuromodels.tasks.t_maze import SENSORY, STEP_MS

TASK = "t_maze"
CONDITION = "plastic"
NEEDS = (TASK,)
LACKS = "the spikes and weights of an episode"
SIDES = (POSITIVE, NEGATIVE)
"""Colours of left and right."""
GROUPS = {"sensory": (0, 20), "junction": (20, 30), "noise": (30, 40), "teacher": (40, 42)}


@dataclass(frozen=True)
class Episode:
    """One recorded episode.

    Parameters
    ----------
    seed, score, seeds
        Which solution, its score on fresh episodes, and of how many it is the median.
    trial
        Seconds of a trial.
    decision
        Seconds of the decision at its end.
    sides
        Which sensory neurons see the left wall, (20,), bool.
    labels
        Of each trial, 1 where left is right.
    channels
        (42, steps), 0 or 1.
    modulation, output
        Of the read-outs left and right, (2, steps).
    elig, weights
        Mean over the sensory neurons of each wall, onto the left read-out less the right one for
        `weights`, (2, steps).
    """

    seed: int
    score: float
    seeds: int
    trial: float
    decision: float
    sides: np.ndarray
    labels: np.ndarray
    channels: np.ndarray
    modulation: np.ndarray
    output: np.ndarray
    elig: np.ndarray
    weights: np.ndarray


def collect(runs: Sequence[StoredRun]) -> Episode:
    """Return the recorded episode of the seed with the median score.

    Raises
    ------
    NeuromodelsError
        For several runs, a run of another task, or one that is not finished.
    """
    if len(runs) != 1 or runs[0].study.task.name != TASK:
        raise NeuromodelsError("maze_trial", f"draws one run of {TASK}", [r.name for r in runs])
    (run,) = runs
    scores = final_scores("maze_trial", run, CONDITION)
    seed = median_seed(scores)
    found = run.recording(CONDITION, seed)
    known = {**tasks.CATALOG[TASK].parameters, **run.study.task.parameters}
    sides = (int(found["items.sides"].ravel()[0]) >> np.arange(SENSORY) & 1).astype(bool)
    synapses = {
        name: found[f"input_output.{name}"].reshape(-1, 2, found["t"].size)[:SENSORY]
        for name in ("elig", "w")
    }
    difference = synapses["w"][:, 0] - synapses["w"][:, 1]
    return Episode(
        seed,
        scores[seed],
        len(scores),
        (known["cues"] * known["period"] + known["delay"] + known["decision"]) / 1000,
        known["decision"] / 1000,
        sides,
        found["items.label"].ravel(),
        found["input.u"],
        np.tanh(found["output.modulation"]),
        found["output.o"],
        np.array([synapses["elig"][seen, 0].mean(axis=0) for seen in (sides, ~sides)]),
        np.array([difference[seen].mean(axis=0) for seen in (sides, ~sides)]),
    )


def draw(data: Episode):
    """Return the figure, a column wide."""
    with styled():
        figure = new_figure(COLUMN, 128)
        rows = figure.subplots(5, 1, sharex=True, height_ratios=[46, 16, 16, 16, 16])
        _draw_spikes(rows[0], data)
        names = ("M of the\nread-outs", "eligibility", "learned\nw, L − R", "read-out\nL − R")
        lines = (data.modulation, data.elig, data.weights)
        for axes, values in zip(rows[1:4], lines, strict=True):
            _draw_lines(axes, values)
        seconds = np.arange(data.output.shape[1]) * STEP_MS / 1000
        rows[4].plot(seconds, data.output[0] - data.output[1], color=DARK, linewidth=0.8)
        rows[4].axhline(0, color=GREY, linewidth=0.5)
        for axes, name in zip(rows[1:], names, strict=True):
            axes.set_ylabel(name)
        _finish(figure, rows, data)
        return figure


def _draw_spikes(axes, data: Episode) -> None:
    order = np.concatenate([np.argsort(~data.sides, kind="stable"), np.arange(SENSORY, 42)])
    colours = [SIDES[0]] * 10 + [SIDES[1]] * 10 + [GREY] * 20 + list(SIDES)
    for row, (channel, colour) in enumerate(zip(order, colours, strict=True)):
        seconds = np.flatnonzero(data.channels[channel] > 0.5) * STEP_MS / 1000
        axes.vlines(seconds, row - 0.45, row + 0.45, color=colour, linewidth=0.5)
    axes.set_ylim(41.5, -0.5)
    axes.set_yticks([(a + b - 1) / 2 for a, b in GROUPS.values()], list(GROUPS))
    axes.tick_params(axis="y", length=0)


def _draw_lines(axes, pair: np.ndarray) -> None:
    seconds = np.arange(pair.shape[1]) * STEP_MS / 1000
    for values, colour, line in zip(pair, SIDES, ("-", "--"), strict=True):
        axes.plot(seconds, values, line, color=colour, linewidth=1)


def _finish(figure, rows, data: Episode) -> None:
    for axes in rows:
        for number in range(len(data.labels)):
            end = (number + 1) * data.trial
            axes.axvspan(end - data.decision, end, color=PALE, alpha=0.7, lw=0, zorder=0)
            axes.axvline(end, color=GREY, linewidth=0.6, linestyle=":")
        axes.set_xlim(0, len(data.labels) * data.trial)
    rows[-1].set_xlabel("time (s)")
    figure.align_ylabels()
    rows[0].set_title(_title(data))
    keys = [
        Line2D([], [], color=SIDES[0], label="left wall or read-out"),
        Line2D([], [], color=SIDES[1], linestyle="--", label="right"),
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=2, frameon=False)


def _title(data: Episode) -> str:
    steps = round(data.trial * 1000 / STEP_MS)
    test = (data.output[0] - data.output[1])[-steps:]
    words = ["left" if label > 0.5 else "right" for label in data.labels]
    said = "left" if test.mean() > 0 else "right"
    which = f" ({choice_text(data.seeds)})" if data.seeds > 1 else ""
    return (
        f"seed {data.seed}{which}, {data.score:.2f} of tests right\n"
        f"taught: {', '.join(words[:-1])}; test: {words[-1]}, answer {said}"
    )
