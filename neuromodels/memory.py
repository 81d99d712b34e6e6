"""Where a sequence is held: weights moved from trial to trial, and bits read from weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.decoding import decoded
from neuromodels.errors import DeclarationError
from neuromodels.evaluation import batch_of, circuit_of, network_of, values_of
from neuromodels.simulation import Batch
from neuromodels.simulation.assembly import Assembly
from neuromodels.study import Study
from neuromodels.tasks import Task


@dataclass(frozen=True)
class MemoryEvidence:
    """What recall depends on, all as fractions of right bits.

    Parameters
    ----------
    own
        Recall of each trial left alone, (trials, length).
    donor
        Recall after the weights were exchanged for those of the next trial when the delay ended,
        scored against the bits of that trial, (trials, length).
    recipient
        The same recall scored against the trial's own bits, (trials, length).
    decoded
        Bits read from the weights at the end of the delay by a linear decoder, on trials that it
        was not fitted to, (length,).
    shuffled
        The same with bits of other trials, (length,): what the decoder reaches without memory.
    """

    own: np.ndarray
    donor: np.ndarray
    recipient: np.ndarray
    decoded: np.ndarray
    shuffled: np.ndarray


def memory_of(study: Study, vector: np.ndarray, streams: np.ndarray) -> MemoryEvidence:
    """Examine a solution of a task that shows items, waits, and asks for them.

    Parameters
    ----------
    vector
        Coefficients of the condition ``plastic``, (d,).
    streams
        Noise streams of fresh trials, (trials,).
    """
    trial = _Trials(study, vector, streams)
    own = trial.recalled()
    bits, weights = trial.bits, trial.weights
    trial = _Trials(study, vector, streams)
    trial.exchange()
    said = trial.recalled()
    moved = np.roll(bits, -1, axis=0)
    found = decoded(weights, bits)
    shuffled = decoded(weights, np.roll(bits, len(bits) // 2, axis=0))
    return MemoryEvidence(own == bits, said == moved, said == bits, found, shuffled)


def _end_of_delay(task: Task) -> str:
    if not task.delay:
        raise DeclarationError(
            f"Task.{task.name}.delay", "must be declared: memory is examined when a delay ends"
        )
    return task.delay[1]


class _Trials:
    """All trials of a solution, run until the delay ends."""

    def __init__(self, study: Study, vector: np.ndarray, streams: np.ndarray):
        circuit = circuit_of(study, "plastic")
        self._made: Assembly = network_of(study, "plastic", circuit)
        self._batch: Batch = batch_of(self._made, study, len(streams))
        self._batch.streams = np.asarray(streams, dtype=np.uint64)
        for address, values in values_of(circuit, self._made, vector).items():
            self._batch[address] = values[0]
        task = tasks.CATALOG[study.task.name]
        parameters = task.with_defaults(study.task.parameters)
        self._steps = task.number(task.steps, parameters)
        self._asked_from = task.number(_end_of_delay(task), parameters)
        self._projections = [f"{each.name}.w" for each in circuit.projections]
        self._output = f"{circuit.populations[-1].name}.{circuit.populations[-1].signal}"
        self._batch.run(self._asked_from * self._step)
        self.bits = np.asarray(self._batch[next(iter(self._made.initial))]) > 0.5
        self.weights = np.hstack([np.asarray(self._batch[name]) for name in self._projections])

    @property
    def _step(self):
        return self._made.duration / self._steps

    def exchange(self) -> None:
        """Give every trial the weights of the next one; all else stays its own."""
        for name in self._projections:
            self._batch[name] = np.roll(np.asarray(self._batch[name]), -1, axis=0)

    def recalled(self) -> np.ndarray:
        """Run to the end and return what was said, (trials, length)."""
        return np.column_stack([said > 0 for said in self._answers()])

    def _answers(self) -> Iterator[np.ndarray]:
        for _ in range(self._asked_from, self._steps):
            self._batch.run(self._step)
            yield np.asarray(self._batch[self._output])[:, 0]
