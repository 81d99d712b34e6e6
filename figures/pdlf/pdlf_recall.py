"""One sequence shown, held and recalled: spikes, read-out, and the weights that hold it.

Compare the rasters and weight maps of arXiv:2308.12063, Fig. 2c to 2e.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.ticker import MaxNLocator

from figures.shared.scores import choice_text, final_scores, median_seed, the_run
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure, place
from neuromodels.report.plotting.panels import (
    answer_keys,
    draw_answers,
    draw_borders,
    draw_channels,
    draw_signs,
    draw_weights,
)
from neuromodels.report.plotting.style import PAGE, styled
from neuromodels.store.store import StoredRun

TASK = "sequence_copy"
CONDITION = "plastic"
NEEDS = ("pdlf_copy_quick",)
LACKS = "the spikes and weights of a trial"
DRAWN = ("input.u", "hidden.s", "output.o", "input_hidden.w", "hidden_output.w")
CHANNELS = ("bit", "present", "recall")
PHASES = ("presentation", "delay", "recall")


@dataclass(frozen=True)
class Trial:
    """One recorded trial.

    Parameters
    ----------
    seed, score, seeds
        Which solution, what it recalls of all test sequences, and of how many it is the median.
    ms_per_step
        Length of a step.
    borders
        First step of the delay and of the recall.
    bits
        What was shown, (length,).
    channels, spikes, output
        (3, steps), (hidden, steps) in {-1, 0, +1}, (steps,).
    weights
        At the end of the three phases, (3, hidden, channels + 1): from each channel, and to the
        read-out.
    """

    seed: int
    score: float
    seeds: int
    ms_per_step: float
    borders: tuple[int, int]
    bits: np.ndarray
    channels: np.ndarray
    spikes: np.ndarray
    output: np.ndarray
    weights: np.ndarray


# -- from a stored run to arrays ----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> Trial:
    """Return the recorded trial of the seed with the median score.

    Raises
    ------
    NeuromodelsError
        For several runs, a run of another task or of weights in parts, or one that is not finished.
    """
    run = the_run("pdlf_recall", runs)
    task = run.study.task
    if task.name != TASK:
        raise NeuromodelsError("pdlf_recall", f"draws a run of {TASK}", task.name)
    scores = final_scores("pdlf_recall", run, CONDITION)
    seed = median_seed(scores)
    found = run.recording(CONDITION, seed)
    if missing := [name for name in DRAWN if name not in found]:
        raise NeuromodelsError(
            "pdlf_recall",
            f"draws circuits with the recorded variables {', '.join(DRAWN)}",
            f"a recording without {', '.join(missing)}",
            "Draw a run of a rule with one weight, w, and hidden neurons.",
        )
    shown = task.parameters.get("prelude", 0) + task.parameters["length"]
    borders = (shown, shown + task.parameters["latency"])
    steps = found["t"].size
    return Trial(
        seed=seed,
        score=scores[seed],
        seeds=len(scores),
        ms_per_step=1000 * float(found["t"][1] - found["t"][0]),
        borders=borders,
        bits=found["items"],
        channels=found["input.u"],
        spikes=found["hidden.s"],
        output=found["output.o"][0],
        weights=np.stack([_weights(found, last - 1) for last in (*borders, steps)]),
    )


def _weights(found: dict[str, np.ndarray], step: int) -> np.ndarray:
    """Return the weights of every hidden neuron at the end of a step, (hidden, channels + 1)."""
    hidden = len(found["hidden.s"])
    incoming = found["input_hidden.w"][:, step].reshape(-1, hidden)
    return np.vstack([incoming, found["hidden_output.w"][:, step]]).T


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: Trial):
    """Return the figure, a page wide."""
    with styled():
        return _figure(data)


def _figure(trial: Trial):
    high = min(max(len(trial.spikes) * 1.1, 20.0), 75.0)
    figure = new_figure(PAGE, high + 70, exact=True)
    figure.text(0.01, 1 - 2 / (high + 70), _title(trial), ha="left", va="top")
    shape = [(high + 38, 15), (33, high), (10, 16)]
    rows = [place(figure, 18, bottom, 78, height) for bottom, height in shape]
    _draw_trial(rows, trial)
    maps = [place(figure, left, 33, 15, high) for left in (101, 119.5, 138)]
    bar = place(figure, 155.5, 33, 2, high)
    _draw_maps(maps, bar, trial)
    figure.legend(handles=answer_keys(), loc="upper right", frameon=False, handlelength=1)
    return figure


def _title(trial: Trial) -> str:
    which = f" ({choice_text(trial.seeds)})" if trial.seeds > 1 else ""
    answers = trial.output[trial.borders[1] :] > 0
    right = int(np.sum(answers == (trial.bits > 0.5)))
    return (
        f"One sequence, {right} of {trial.bits.size} bits recalled.\n"
        f"Seed {trial.seed}{which} recalls {trial.score:.1%} of fresh bits."
    )


def _draw_trial(rows, trial: Trial) -> None:
    top, middle, bottom = rows
    steps = trial.channels.shape[1]
    asked = np.arange(trial.borders[1], steps)
    target = np.full(steps, np.nan)
    target[asked] = trial.bits
    draw_channels(top, np.vstack([trial.channels, target]), [*CHANNELS, "target"])
    draw_signs(middle, trial.spikes)
    draw_answers(bottom, asked, trial.output, trial.bits)
    for axes, label in zip(rows, ("input", "hidden neuron", "read-out o"), strict=True):
        draw_borders(axes, trial.borders)
        axes.set_xticks(_ticks(steps))
        axes.tick_params(axis="x", labelbottom=axes is bottom)
        axes.set_ylabel(label)
        axes.yaxis.set_label_coords(-0.18, 0.5)
    bottom.set_xlabel(f"step of {trial.ms_per_step:.0f} ms")
    _draw_clock(top, trial.ms_per_step)
    _name_phases(middle, (0, *trial.borders, steps))


def _ticks(steps: int) -> range:
    return range(0, steps, 1 if steps <= 16 else 4 if steps <= 48 else 16)


def _draw_clock(axes, ms: float) -> None:
    clock = axes.secondary_xaxis("top", functions=(lambda x: x * ms, lambda x: x / ms))
    clock.set_xlabel("time (ms)")


def _name_phases(axes, edges: Sequence[int]) -> None:
    for (start, end), name in zip(pairwise(edges), PHASES, strict=True):
        if end > start:
            axes.annotate(
                name,
                ((start + end - 1) / 2, 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
            )


def _draw_maps(maps, bar, trial: Trial) -> None:
    limit = float(np.abs(trial.weights).max()) or 1.0
    gap = np.full((len(trial.spikes), 1), np.nan)
    for axes, weights, name in zip(maps, trial.weights, PHASES, strict=True):
        shown = np.hstack([weights[:, :-1], gap, weights[:, -1:]])
        image = draw_weights(axes, shown, limit)
        axes.set_title(f"end of\n{name}")
        axes.set_xticks([0, 1, 2, 4], [*CHANNELS, "read-out"], rotation=90)
        axes.tick_params(length=0)
        axes.set_yticks([])
    maps[1].set_xlabel("weight from or to")
    bar.figure.colorbar(image, cax=bar, label="weight", ticks=MaxNLocator(5))
