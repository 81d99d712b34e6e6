"""Cognitive values of many rules at once: all trials of all rules lie side by side in one batch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.capacity import bits_of_shares
from neuromodels.analysis.cognition.activity import rate, weight_turnover
from neuromodels.analysis.cognition.learning import switch_cost
from neuromodels.analysis.learning import means_around
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.population.declaration import Cell
from neuromodels.experiment.scoring import measured_inputs, scores_per_trial
from neuromodels.measures.injury import Injury, injured_steps, wounded_steps
from neuromodels.measures.memory import recall_of, trials_at_recall
from neuromodels.measures.outcomes import outcomes_of
from neuromodels.measures.quantities import Solution
from neuromodels.measures.reversal import WINDOW
from neuromodels.seeding import trial_streams
from neuromodels.study.study import Study

if TYPE_CHECKING:
    from neuromodels.experiment.episodes import Episodes

VALUES: Mapping[str, str] = {
    "searched": "share right, inputs as the search saw them",
    "held_out": "share right, inputs that no search saw",
    "score": "held_out where inputs are held out, else searched",
    "stuck": "1 where searched is below the declared limit",
    "information": "bits recalled of a sequence, sum over positions of 1 - H2(p)",
    "later": "share right after a delay that is longer by the declared steps",
    "damaged": "share right while the declared share of weights is lost",
    "noisy": "share right with the declared noise, Hz, added",
    "acquired": "share right in the five trials before the reversal",
    "switch_cost": "the same less that of the five trials after it",
    "rate": "spikes per hidden neuron and second",
    "turnover": "sum |after - before| / sum (|before| + |after|) of all weights",
    "failures": "share of trials that failed numerically; each counts as wrong",
}
"""What is told of each rule; a value that its task does not have is not-a-number."""
CONTROLS = ("searched", "held_out", "score", "stuck", "failures")
"""Values that rules of the controls have as well."""
Values = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Bench:
    """The networks on which the rules of a cell are tested: its own, and two harder ones.

    Parameters
    ----------
    own, later, noisy
        None where the task has no such parameter.
    numbers
        Of `neuromodels.experiment.population.declaration.NUMBERS`.
    """

    cell: Cell
    numbers: Mapping[str, float]
    own: Experiment
    later: Experiment | None
    noisy: Experiment | None

    @property
    def study(self) -> Study:
        """That of the cell."""
        return self.cell.study


def bench_of(cell: Cell, numbers: Mapping[str, float]) -> Bench:
    """Build the networks of a cell."""
    later = _harder(cell.study, "latency", numbers["later"])
    noisy = _harder(cell.study, "noise", numbers["noise"])
    return Bench(cell, numbers, Experiment(cell.study), later, noisy)


def _harder(study: Study, parameter: str, more: float) -> Experiment | None:
    """Return the network of the study with more of a parameter; None where its task has none."""
    task = study.task_out_of(tasks.CATALOG)
    if parameter not in task.parameters:
        return None
    own = task.with_defaults(study.task.parameters)[parameter]
    parameters = {**study.task.parameters, parameter: own + more}
    return Experiment(replace(study, task=replace(study.task, parameters=parameters)))


def scores_of(bench: Bench, vectors: np.ndarray, seeds: Sequence[int]) -> Values:
    """Return the scores of rules, (rules,) each: those that controls have as well.

    Parameters
    ----------
    vectors
        (rules, d).
    seeds
        Of their searches; rules of one seed see the same trials.
    """
    trials = bench.study.test.trials
    streams = _streams(seeds, trials)
    searched = bench.own.evaluate(vectors, streams)
    failed = [1 - searched.ran.mean(axis=1)]
    values = {"searched": scores_per_trial(searched).mean(axis=1)}
    inputs = _inputs(bench.study, seeds, trials)
    values["held_out"] = np.full(len(vectors), np.nan)
    if inputs is not None:
        held_out = bench.own.evaluate(vectors, streams, inputs)
        failed.append(1 - held_out.ran.mean(axis=1))
        values["held_out"] = scores_per_trial(held_out).mean(axis=1)
    values["score"] = values["searched" if inputs is None else "held_out"]
    values["stuck"] = (values["searched"] < bench.numbers["stuck"]).astype(float)
    values["failures"] = np.mean(failed, axis=0)
    return values


def values_of(bench: Bench, vectors: np.ndarray, seeds: Sequence[int]) -> Values:
    """Return all `VALUES` of rules, (rules,) each; arguments as of `scores_of`."""
    scores = scores_of(bench, vectors, seeds)
    found = {
        **scores,
        "later": _on(bench.later, bench, vectors, seeds),
        "noisy": _on(bench.noisy, bench, vectors, seeds),
        **_of_recall(bench, vectors, seeds),
        **_of_reversal(bench, vectors, seeds),
        **_of_damage(bench, vectors, seeds),
    }
    nothing = np.full(len(vectors), np.nan)
    return {name: found.get(name, nothing) for name in VALUES}


def _on(
    experiment: Experiment | None, bench: Bench, vectors: np.ndarray, seeds: Sequence[int]
) -> np.ndarray:
    """Return scores in another network, on the inputs that `score` is about."""
    if experiment is None:
        return np.full(len(vectors), np.nan)
    trials = bench.study.test.trials
    inputs = _inputs(bench.study, seeds, trials)
    outcome = experiment.evaluate(vectors, _streams(seeds, trials), inputs)
    return np.asarray(scores_per_trial(outcome).mean(axis=1))


def _of_recall(bench: Bench, vectors: np.ndarray, seeds: Sequence[int]) -> Values:
    task = bench.study.task_out_of(tasks.CATALOG)
    if not (task.delay and task.items):
        return {}
    solution = _side_by_side(bench, vectors, seeds)
    trials = trials_at_recall(solution)
    bits = np.asarray(trials.batch[trials.items[0]]) > 0.5
    right = recall_of(trials) == bits
    by_rule = zip(_by_rule(right, vectors), _by_rule(bits, vectors), strict=True)
    return {"information": np.array([bits_of_shares(*each)[0] for each in by_rule])}


def _of_reversal(bench: Bench, vectors: np.ndarray, seeds: Sequence[int]) -> Values:
    if not bench.study.task_out_of(tasks.CATALOG).rewarded:
        return {}
    outcomes = outcomes_of(_side_by_side(bench, vectors, seeds))
    before, after = means_around(outcomes.right, outcomes.turn, WINDOW)
    values = {"acquired": before, "switch_cost": switch_cost(before, after)}
    return {name: _mean(_by_rule(each, vectors)) for name, each in values.items()}


def _of_damage(bench: Bench, vectors: np.ndarray, seeds: Sequence[int]) -> Values:
    """Return what damage leaves, and the activity and weights of intact networks."""
    solution = _side_by_side(bench, vectors, seeds)
    whole, _, _ = wounded_steps(solution)
    damaged = solution.episodes()
    for _ in injured_steps(damaged, Injury(bench.numbers["lost"], 0, whole)):
        damaged.run()
    values = {"damaged": np.nan_to_num(damaged.score()), **_of_activity(solution)}
    return {name: _mean(_by_rule(each, vectors)) for name, each in values.items()}


def _of_activity(solution: Solution) -> Values:
    trials = solution.episodes()
    trials.run()
    before = np.hstack(list(trials.plastic_parts().values()))
    spikes = [_spikes(trials)]
    for _ in range(trials.steps - 1):
        trials.run()
        spikes.append(_spikes(trials))
    after = np.hstack(list(trials.plastic_parts().values()))
    values = {"turnover": weight_turnover(before, after)}
    parameters = solution.task.with_defaults(solution.study.task.parameters)
    if trials.active:
        values["rate"] = rate(np.stack(spikes, axis=1), solution.task.step_length(parameters))
    return values


def _spikes(trials: Episodes) -> np.ndarray:
    nothing = np.zeros((len(trials.batch.streams), 0))
    return np.hstack([nothing, *(trials.signals(name) != 0 for name in trials.active)])


# -- trials side by side ------------------------------------------------------------------------


def _side_by_side(bench: Bench, vectors: np.ndarray, seeds: Sequence[int]) -> Solution:
    """Return all trials of all rules as those of one solution: each trial has its rule's numbers.

    Few suffice here: `stepwise` of the declaration.
    """
    trials = int(bench.numbers["stepwise"])
    streams = _streams(seeds, trials)
    inputs = _inputs(bench.study, seeds, trials)
    of_trials = np.repeat(vectors, trials, axis=0)
    shown = None if inputs is None else inputs.reshape(-1)
    return Solution(bench.study, "plastic", of_trials, streams.reshape(-1), seeds[0], shown)


def _streams(seeds: Sequence[int], trials: int) -> np.ndarray:
    return np.stack([trial_streams(seed, trials, "population", "tests") for seed in seeds])


def _inputs(study: Study, seeds: Sequence[int], trials: int) -> np.ndarray | None:
    """Return the held-out inputs of the tests of each rule, (rules, trials), where there are."""
    shown = [measured_inputs(study, seed, trials, "population") for seed in seeds]
    return None if shown[0] is None else np.stack(shown)  # type: ignore[arg-type]


def _by_rule(values: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return values of trials, (rules*trials, ...), by rule."""
    return values.reshape(len(vectors), -1, *values.shape[1:])


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the trials that have a value, (rules,); not-a-number without any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of rules without any
        return np.asarray(np.nanmean(values, axis=1))
