"""Trials of one solution, run from Python a step at a time, to look into them or to change them."""

from __future__ import annotations

import numpy as np

from neuromodels import tasks
from neuromodels.experiment.batches import batch_of, values_of
from neuromodels.experiment.motion import motion_of
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.simulation.network.equations import SMALLEST_NORM
from neuromodels.study.study import Study
from neuromodels.tasks.embodied import EmbodiedTask


def steps_of(study: Study) -> int:
    """Return how many steps a trial has; where a body is moved from outside, of that body."""
    task = tasks.CATALOG[study.task.name]
    steps = task.decisions if isinstance(task, EmbodiedTask) else task.steps
    return task.number(steps, task.with_defaults(study.task.parameters))


class Episodes:
    """All trials of a solution side by side.

    Parameters
    ----------
    condition
        Whose network, see `neuromodels.study.conditions.BUILT`.
    vector
        Coefficients of the search behind that condition, (d,).
    streams
        Noise streams of the trials, (trials,).
    """

    def __init__(self, study: Study, condition: str, vector: np.ndarray, streams: np.ndarray):
        circuit = circuit_of(study, condition)
        made = network_of(study, condition, circuit)
        self.batch = batch_of(made, study, len(streams))
        self.batch.streams = np.asarray(streams, dtype=np.uint64)
        for address, values in values_of(circuit, made, vector).items():
            self.batch[address] = values[0]
        self.is_plastic = any(each.rule.is_plastic for each in circuit.projections)
        self.steps = steps_of(study)
        self.items = list(made.initial)
        self.shapes = {
            each.name: (circuit.population(each.source).size, circuit.population(each.target).size)
            for each in circuit.projections
        }
        """Neurons before and behind each projection, by its name."""
        self._normalised = {
            each.name for each in circuit.projections if each.rule.normalisation == "p8"
        }
        self._traces = {each.name: f"{each.name}.{each.trace}" for each in circuit.populations}
        output = circuit.populations[-1]
        self._output = f"{output.name}.{output.signal}"
        self._score = made.accuracy
        self._step = made.duration / self.steps
        self._motion = motion_of(study, condition, made, self.batch)

    def run(self, steps: int = 1) -> None:
        """Run all trials on for some steps."""
        if self._motion is not None:
            self._motion.run(steps)
        else:
            self.batch.run(steps * self._step)

    def score(self) -> np.ndarray:
        """Return the scores so far, (trials,)."""
        if self._motion is not None:
            return self._motion.scores
        return np.asarray(self.batch[self._score]).reshape(-1)

    def said(self) -> np.ndarray:
        """Return the read-outs of the last step, (trials, outputs)."""
        return np.asarray(self.batch[self._output])

    def traces(self, population: str) -> np.ndarray:
        """Return what plasticity sees of a population now, (trials, neurons)."""
        return np.asarray(self.batch[self._traces[population]])

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights now by projection, (trials, synapses)."""
        return {name: np.asarray(self.batch[f"{name}.w"]) for name in self.shapes}

    def acting(self) -> dict[str, np.ndarray]:
        """Return the weights with which the next step begins: normalised where the rule does so."""
        return {
            name: _normalised(each) if name in self._normalised else each
            for name, each in self.weights().items()
        }

    def set_weights(self, weights: dict[str, np.ndarray]) -> None:
        """Replace the weights of some projections."""
        for name, values in weights.items():
            self.batch[f"{name}.w"] = values


def _normalised(weights: np.ndarray) -> np.ndarray:
    """Return each trial's weights over their 8-norm, (trials, synapses)."""
    norms = np.linalg.norm(weights.astype(float), ord=8, axis=1, keepdims=True)
    return weights / np.maximum(norms, SMALLEST_NORM)
