"""Probe of the state of a network: how its hidden neurons spike, how far its weights move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from neuromodels.analysis.cognition.activity import (
    interval_cv,
    rate,
    sparseness,
    synchrony,
    weight_turnover,
)
from neuromodels.measures.battery.probe import Curves, Probe, Values, drawing, mean_of_known
from neuromodels.measures.quantities import Solution
from neuromodels.study.study import Study
from neuromodels.tasks import Task

if TYPE_CHECKING:
    from neuromodels.experiment.episodes import Episodes

MOST_TRIALS = 200
"""Trials whose spikes are kept: in 450 steps of 100 neurons those are 9 MB."""
WINDOW = 0.05
"""Seconds in which spikes count as together."""


def _spikes(study: Study, task: Task) -> str:
    hidden = getattr(study.circuit, "hidden", 1)
    return "" if hidden else "its circuit has no hidden neurons"


def _activity(solution: Solution, curves: Curves) -> Values:
    """Return how the neurons spike, and how far weights move within a trial."""
    few = solution.streams[:MOST_TRIALS]
    shown = None if solution.inputs is None else solution.inputs[:MOST_TRIALS]
    trials = replace(solution, streams=few, inputs=shown).episodes()
    spikes, before = [], np.zeros(0)
    for step in range(trials.steps):
        trials.run()
        before = _weights(trials) if step == 0 else before
        spikes.append(np.hstack([trials.signals(name) != 0 for name in trials.active]))
    dt = solution.task.step_length(solution.task.with_defaults(solution.study.task.parameters))
    return _state(
        np.stack(spikes, axis=1), before, _weights(trials), dt, drawing(solution, "activity")
    )


def _state(
    spikes: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    dt: float,
    rng: np.random.Generator,
) -> Values:
    width = min(max(1, round(WINDOW / dt)), spikes.shape[1] // 2)
    values = {
        "rate": rate(spikes, dt),
        "interval CV": interval_cv(spikes),
        "synchrony": synchrony(spikes, width),
        "sparseness": sparseness(spikes),
        "weight turnover": weight_turnover(before, after),
    }
    return {name: mean_of_known(each, rng) for name, each in values.items()}


def _weights(trials: Episodes) -> np.ndarray:
    """Return what is learned in all examined projections, (trials, synapses)."""
    return np.hstack(list(trials.plastic_parts().values()))


PROBES = (
    Probe(
        "activity",
        ("rate", "interval CV", "synchrony", "sparseness", "weight turnover"),
        _spikes,
        _activity,
    ),
)
