"""One trial of noisy cue association: cues, spikes, the plastic part of weights, the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.lines import Line2D

from figures.shared.cue import CONDITION, RULES, STUDY, runs_by_rule
from figures.shared.scores import choice_text, final_scores, median_seed
from neuromodels import rules
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure
from neuromodels.report.plotting.style import COLUMN, DARK, GREY, NEGATIVE, PALE, POSITIVE, styled
from neuromodels.store.store import StoredRun
from neuromodels.tasks.cue_association import GAP, MS, PERIOD, SIZE, WINDOW

NEEDS = (STUDY,)
LACKS = "the spikes and weights of a trial"
PREFERRED = ("nm_oja", "nm_bcm", "plastic_oja", "plastic_bcm")
"""Of several runs the first of these rules is drawn."""
GROUPS = ("left", "right", "go", "noise")
SIDES = (POSITIVE, NEGATIVE)
"""Colours of left and right, and of the two halves of the hidden neurons."""
HEIGHT = 118.0


@dataclass(frozen=True)
class Trial:
    """One recorded trial.

    Parameters
    ----------
    rule, seed, score, seeds
        Whose solution, which one, its score on fresh trials, and of how many it is the median.
    prelude
        Steps before the first cue.
    sides
        Of each cue, 1 left or -1 right, (cues,).
    channels, spikes
        (40, steps) and (hidden, steps), 0 or 1.
    plastic
        Mean of alpha*rho per half of the hidden neurons, (2, steps), of the `group` of channels
        where the halves differ most when the answer is asked.
    modulation
        Third factor M of each half, (2, steps); None where the rule has none.
    output
        (steps,).
    """

    rule: str
    seed: int
    score: float
    seeds: int
    prelude: int
    sides: np.ndarray
    channels: np.ndarray
    spikes: np.ndarray
    group: int
    plastic: np.ndarray
    modulation: np.ndarray | None
    output: np.ndarray


# -- from a stored run to arrays ----------------------------------------------------------------


def collect(runs: Sequence[StoredRun]) -> Trial:
    """Return the recorded trial of the seed with the median score.

    Raises
    ------
    NeuromodelsError
        When no run has a plastic rule of the study, or its search is not finished.
    """
    known = runs_by_rule("cue_trial", runs)
    rule = next((each for each in PREFERRED if each in known), None)
    if rule is None:
        raise NeuromodelsError("cue_trial", f"draws a run of {', '.join(PREFERRED)}", list(known))
    run = known[rule]
    scores = final_scores("cue_trial", run, CONDITION)
    seed = median_seed(scores)
    found = run.recording(CONDITION, seed)
    values = _coefficients(run, seed)
    group, plastic = _plastic_part(found, values["input_hidden.alpha"])
    return Trial(
        rule,
        seed,
        scores[seed],
        len(scores),
        int(run.study.task.parameters.get("prelude", 0)),
        found["items.side"],
        found["input.u"],
        found["hidden.s"],
        group,
        plastic,
        _modulation(run, found, values),
        found["output.o"][0],
    )


def _coefficients(run: StoredRun, seed: int) -> dict[str, np.ndarray]:
    stored = run.solution(CONDITION, seed)
    bounds = zip(stored["names"], stored["starts"], stored["stops"], strict=True)
    return {str(name): stored["vector"][start:stop] for name, start, stop in bounds}


def _plastic_part(found: dict[str, np.ndarray], alpha: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the group of channels that tells the halves apart, and its mean alpha*rho."""
    hidden, steps = found["hidden.s"].shape
    rho = found["input_hidden.rho"].reshape(len(GROUPS), SIZE, 2, hidden // 2, steps)
    parts = alpha.reshape(len(GROUPS), 2, 1) * rho.mean(axis=(1, 3))
    difference = np.abs(parts[:, 0] - parts[:, 1])[:, -WINDOW]
    group = int(np.argmax(difference))
    return group, parts[group]


def _modulation(
    run: StoredRun, found: dict[str, np.ndarray], values: dict[str, np.ndarray]
) -> np.ndarray | None:
    if not rules.CATALOG[run.study.rule.name].modulator:
        return None
    seen = found["hidden.modulation"].reshape(2, -1, found["t"].size).mean(axis=1)
    return np.tanh(seen + values["input_hidden.g_0"])


# -- from arrays to a figure --------------------------------------------------------------------


def draw(data: Trial):
    """Return the figure, a column wide."""
    with styled():
        names = ["channels", "hidden", "plastic", "output"]
        ratios = [40, 24, 20, 20]
        if data.modulation is not None:
            names.insert(3, "modulation")
            ratios.insert(3, 16)
        figure = new_figure(COLUMN, HEIGHT)
        rows = figure.subplots(len(names), 1, sharex=True, height_ratios=ratios)
        panels = dict(zip(names, rows, strict=True))
        _draw_spikes(panels["channels"], data.channels, np.repeat([*SIDES, GREY, GREY], SIZE))
        half = len(data.spikes) // 2
        _draw_spikes(panels["hidden"], data.spikes, np.repeat(SIDES, half))
        _draw_lines(panels["plastic"], data.plastic)
        if data.modulation is not None:
            _draw_lines(panels["modulation"], data.modulation)
            panels["modulation"].set(ylabel="third\nfactor M", ylim=(-1.15, 1.15))
        _draw_output(panels["output"], data)
        _finish(figure, panels, data)
        return figure


def _draw_spikes(axes, spikes: np.ndarray, colours: np.ndarray) -> None:
    for neuron, colour in enumerate(colours):
        seconds = np.flatnonzero(spikes[neuron] > 0.5) * MS / 1000
        axes.vlines(seconds, neuron - 0.45, neuron + 0.45, color=colour, linewidth=0.6)
    axes.set_ylim(len(spikes) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _draw_lines(axes, halves: np.ndarray) -> None:
    seconds = np.arange(halves.shape[1]) * MS / 1000
    for values, colour, line in zip(halves, SIDES, ("-", "--"), strict=True):
        axes.plot(seconds, values, line, color=colour, linewidth=1)


def _draw_output(axes, trial: Trial) -> None:
    seconds = np.arange(trial.output.size) * MS / 1000
    axes.plot(seconds, trial.output, color=DARK, linewidth=0.8)
    axes.axhline(0, color=GREY, linewidth=0.5)


def _finish(figure, panels, trial: Trial) -> None:
    end = trial.output.size * MS / 1000
    for axes in panels.values():
        _shade(axes, trial, end)
        axes.set_xlim(0, end)
    panels["channels"].set_yticks(SIZE * np.arange(4) + SIZE / 2 - 0.5, GROUPS)
    panels["channels"].set_ylabel("channels")
    panels["hidden"].set_yticks([])
    panels["hidden"].set_ylabel(f"{len(trial.spikes)} hidden")
    panels["plastic"].set_ylabel(f"α·ρ from\n{GROUPS[trial.group]}")
    panels["output"].set(xlabel="time (s)", ylabel="read-out")
    figure.align_ylabels()
    panels["channels"].set_title(_title(trial))
    keys = [
        Line2D([], [], color=SIDES[0], label="left; first half of hidden"),
        Line2D([], [], color=SIDES[1], linestyle="--", label="right; second half"),
    ]
    figure.legend(handles=keys, loc="outside lower center", ncols=2, frameon=False)


def _shade(axes, trial: Trial, end: float) -> None:
    """Shade cues in the colours of their sides, and the time of the answer."""
    for number, side in enumerate(trial.sides):
        start = (trial.prelude + PERIOD * number + GAP) * MS / 1000
        colour = SIDES[0] if side > 0 else SIDES[1]
        axes.axvspan(start, start + (PERIOD - GAP) * MS / 1000, color=colour, alpha=0.12, lw=0)
    axes.axvspan(end - WINDOW * MS / 1000, end, color=PALE, alpha=0.6, lw=0, zorder=0)


def _title(trial: Trial) -> str:
    lefts = int((trial.sides > 0).sum())
    said = "left" if trial.output[-WINDOW:].mean() > 0 else "right"
    which = f" ({choice_text(trial.seeds)})" if trial.seeds > 1 else ""
    return (
        f"{RULES[trial.rule].label}\n"
        f"seed {trial.seed}{which}, {trial.score:.2f} of trials correct\n"
        f"cues of this one: {lefts} left, {trial.sides.size - lefts} right; answer: {said}"
    )
