"""Cue bandit: right actions around the reversal, with own rewards, with another's, and M = 1."""

from collections.abc import Mapping, Sequence

import numpy as np

from figures.shared.measures import Arrays, measures_of
from figures.shared.scores import Spread, counts_in, note_on, over_seeds
from figures.shared.tables import in_order, rows_of, seeds_in
from neuromodels.analysis.learning import shares_around
from neuromodels.errors import NeuromodelsError
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.panels import draw_band, draw_level, keys_of, show_all
from neuromodels.report.plotting.style import DARK, GREY, MARKS, PAGE, Mark, styled
from neuromodels.store.store import StoredRun

TASK = "cue_bandit"
CONDITION = "plastic"
NEEDS = (TASK,)
MEASURE = "yoked"
TABLES = ("cue_bandit_reversal.csv",)
RULES = ("three_factor", "r_stdp", "nm_oja", "nm_bcm", "nm_pdlf")
REWARDS = {
    "own": Mark("its own rewards", MARKS[CONDITION].colour, "o"),
    "yoked": Mark("those of another episode", MARKS["fixed"].colour, "s"),
    "M1": MARKS["M1"],
}
"""Arrays of the measure -> how what the network hears is drawn."""
REACH = 15
"""Trials before the reversal, and from it on."""
CHANCE = 0.5
BY_CUE = Mark("each of two cues learned from one reward", DARK, "", "--")
"""After the reversal each cue is answered wrong once; k trials later its turn has come in a share
of 1 - 2**-k."""

Rule = Mapping[str, Spread]
"""What the network hears -> share of right actions in each trial, over seeds (seeds, 2*REACH)."""


def collect(runs: Sequence[StoredRun]) -> dict[str, Rule]:
    """Return the shares by rule.

    Raises
    ------
    NeuromodelsError
        For a run of another task or rule, two runs of one rule, or one that was not measured.
    """
    found: dict[str, Rule] = {}
    for run in runs:
        task, rule = run.study.task.name, run.study.rule.name
        if task != TASK or rule not in RULES or rule in found:
            must = f"draws one run of {TASK} for each rule: {', '.join(RULES)}"
            raise NeuromodelsError("bandit_reversal", must, f"{task} with {rule}")
        seeds = list(measures_of(run, MEASURE, [CONDITION])[CONDITION].values())
        found[rule] = {name: _over_seeds(seeds, name) for name in REWARDS}
    return {rule: found[rule] for rule in in_order(found, RULES)}


def _over_seeds(seeds: Sequence[Arrays], name: str) -> Spread:
    return over_seeds(np.array([shares_around(each[name], each["turn"], REACH) for each in seeds]))


def collect_committed() -> dict[str, Rule]:
    """Return the shares that the table holds, by rule."""
    rows = rows_of(*TABLES)
    found: dict[str, Rule] = {}
    for rule in in_order([row["rule"] for row in rows], RULES):
        found[rule] = {
            name: _spread_in(rows_of(*TABLES, rule=rule, heard=name)) for name in REWARDS
        }
    return found


def _spread_in(rows) -> Spread:
    ordered = sorted(rows, key=lambda row: int(row["trial"]))
    return over_seeds(np.array([seeds_in(row) for row in ordered]).T)


def draw(data: dict[str, Rule]):
    """Return the figure, a page wide: one panel for each rule."""
    with styled():
        figure = new_figure(PAGE, 62)
        panels = figure.subplots(1, len(data), sharey=True, squeeze=False)[0]
        for axes, (rule, heard) in zip(panels, data.items(), strict=True):
            _draw_rule(axes, rule, heard)
        show_all(panels[0], -0.03, 1.03)
        panels[0].set_ylabel("share of right actions")
        keys = keys_of([*REWARDS.values(), BY_CUE])
        figure.legend(handles=keys, loc="outside upper left", ncols=len(keys), frameon=False)
        counts = counts_in(spread for heard in data.values() for spread in heard.values())
        write_note(figure, note_on(counts, "one seed: mean over episodes"))
        return figure


def _draw_rule(axes, rule: str, heard: Rule) -> None:
    trials = np.arange(-REACH, REACH)
    axes.axvline(-0.5, color=GREY, alpha=0.4, linewidth=2, zorder=0)
    since = np.arange(REACH)
    axes.plot(since, 1 - 0.5**since, BY_CUE.line, color=BY_CUE.colour, linewidth=0.7, zorder=3)
    for name, spread in heard.items():
        draw_band(axes, trials, spread.median, spread.low, spread.high, REWARDS[name])
    draw_level(axes, CHANCE, "chance")
    axes.set(title=rule, xlabel="trials from the reversal")
