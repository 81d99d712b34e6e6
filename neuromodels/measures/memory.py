"""Where a sequence is held: weights moved from trial to trial, and bits read from weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.decoding import decoding_accuracy
from neuromodels.errors import DeclarationError
from neuromodels.experiment.episodes import Episodes
from neuromodels.study.study import Study


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
    trials = _at_recall(study, vector, streams)
    bits = np.asarray(trials.batch[trials.items[0]]) > 0.5
    weights = trials.weights()
    own = _recalled(trials)
    trials = _at_recall(study, vector, streams)
    trials.set_weights({name: np.roll(each, -1, axis=0) for name, each in weights.items()})
    said = _recalled(trials)
    moved = np.roll(bits, -1, axis=0)
    states = np.hstack(list(weights.values()))
    found = decoding_accuracy(states, bits)
    shuffled = decoding_accuracy(states, np.roll(bits, len(bits) // 2, axis=0))
    return MemoryEvidence(own == bits, said == moved, said == bits, found, shuffled)


def _at_recall(study: Study, vector: np.ndarray, streams: np.ndarray) -> Episodes:
    """Return trials run until the delay ends."""
    trials = Episodes(study, "plastic", vector, streams)
    trials.run(_end_of_delay(study))
    return trials


def _end_of_delay(study: Study) -> int:
    task = tasks.CATALOG[study.task.name]
    if not task.delay:
        raise DeclarationError(
            f"Task.{task.name}.delay", "must be declared: memory is examined when a delay ends"
        )
    parameters = task.with_defaults(study.task.parameters)
    numbers = (task.delay[1], task.steps, task.items)
    end, steps, items = (task.number(each, parameters) for each in numbers)
    if steps - end != items:
        raise DeclarationError(
            f"Task.{task.name}",
            "must ask for one item in each step after its delay",
            f"{steps - end} steps, {items} items",
            "Measure memory in runs of sequence_copy.",
        )
    return end


def _recalled(trials: Episodes) -> np.ndarray:
    """Run to the end and return which answers are 1, (trials, length)."""
    answers = []
    for _ in range(trials.batch[trials.items[0]].shape[1]):
        trials.run()
        answers.append(trials.readouts()[:, 0] > 0)
    return np.column_stack(answers)
