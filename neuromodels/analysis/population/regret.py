"""What one form for all tasks costs against the best form of each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.population.form_means import SEARCHED, Table, column, tasks_in


@dataclass(frozen=True)
class Regret:
    """The best single form, and what it costs.

    Parameters
    ----------
    form
        Best mean over all tasks, by all seeds.
    best
        The best form of each task, by all seeds.
    regret
        Mean over tasks of the score of the task's best form less that of the single one. Both are
        chosen on all seeds but one and scored on that one; mean over seeds. Not-a-number with one
        seed.
    by_seed
        The same of each seed that was left out.
    forms
        How many have a score on every task and seed.
    left_out
        How many have not.
    reason
        Why there is no regret, or empty.
    """

    form: str
    best: Mapping[str, str]
    regret: float
    by_seed: Mapping[str, float]
    forms: int
    left_out: int
    reason: str


def regret_of(table: Table, value: str = "score") -> Regret:
    """Return what the best single form of a population costs over its tasks.

    A maximum over many noisy scores is too high.  So choices are made on other seeds than those
    that they are judged by.
    """
    forms, tasks, seeds, scores = _scores(table, value)
    complete = np.isfinite(scores).all(axis=(1, 2))
    left_out = int((~complete).sum())
    if not complete.any():
        return Regret("", {}, np.nan, {}, 0, left_out, "no form has a score on every task and seed")
    names, scores = np.array(forms)[complete], scores[complete]
    whole = scores.mean(axis=2)
    best = {task: str(names[whole[:, k].argmax()]) for k, task in enumerate(tasks)}
    single = str(names[whole.mean(axis=1).argmax()])
    by_seed = {seed: _left_out(scores, k) for k, seed in enumerate(seeds)} if len(seeds) > 1 else {}
    regret = float(np.mean(list(by_seed.values()))) if by_seed else np.nan
    reason = "" if by_seed else "needs two seeds: one to choose, one to judge"
    return Regret(single, best, regret, by_seed, len(names), left_out, reason)


def _left_out(scores: np.ndarray, seed: int) -> float:
    """Return the regret on one seed of choices on all others; scores are (forms, tasks, seeds)."""
    chosen, judged = np.delete(scores, seed, axis=2).mean(axis=2), scores[:, :, seed]
    single = chosen.mean(axis=1).argmax()
    best = chosen.argmax(axis=0)
    return float(np.mean(judged[best, np.arange(len(best))] - judged[single]))


def _scores(table: Table, value: str) -> tuple[list[str], list[str], list[str], np.ndarray]:
    """Return forms, tasks, seeds, and the mean over starts of each, (forms, tasks, seeds)."""
    chosen = column(table, "kind") == SEARCHED
    names = {key: column(table, key)[chosen].astype(str) for key in ("form", "task", "seed")}
    tasks = tasks_in(table)
    forms, seeds = (list(dict.fromkeys(names[key])) for key in ("form", "seed"))
    places = {"form": forms, "task": tasks, "seed": seeds}
    at = tuple(np.array([places[k].index(n) for n in names[k]], dtype=int) for k in places)
    totals, counts = (np.zeros((len(forms), len(tasks), len(seeds))) for _ in range(2))
    np.add.at(totals, at, column(table, value).astype(float)[chosen])
    np.add.at(counts, at, 1)
    with np.errstate(invalid="ignore"):
        return forms, tasks, seeds, totals / counts
