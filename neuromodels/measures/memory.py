"""Where a sequence is held: weights moved from trial to trial, and bits read from weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neuromodels.analysis.decoding import decoding_accuracy
from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import Examined, Measure, Solution, mean_of, number

if TYPE_CHECKING:
    from neuromodels.experiment.episodes import Episodes


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


def examine(solution: Solution) -> Examined:
    """Return recall with own and with exchanged weights, and what a decoder reads from them."""
    evidence = memory_of(solution)
    return vars(evidence), {
        "recall, trials left alone": mean_of(evidence.own.mean(axis=1)),
        "recall with another trial's weights, its bits": mean_of(evidence.donor.mean(axis=1)),
        "the same, own bits": mean_of(evidence.recipient.mean(axis=1)),
        "bits read from the weights after the delay": number(float(evidence.decoded.mean())),
        "the same reading, bits of other trials": number(float(evidence.shuffled.mean())),
    }


def memory_of(solution: Solution) -> MemoryEvidence:
    """Exchange weights between trials, and read bits from them, when the delay ends.

    Raises
    ------
    DeclarationError
        When the task does not show items, wait, and ask for them.
    """
    trials = _at_recall(solution)
    bits = np.asarray(trials.batch[trials.items[0]]) > 0.5
    weights = trials.weights()
    own = _recall(trials)
    trials = _at_recall(solution)
    trials.set_weights({name: np.roll(each, -1, axis=0) for name, each in weights.items()})
    answers = _recall(trials)
    moved = np.roll(bits, -1, axis=0)
    states = np.hstack(list(weights.values()))
    read = decoding_accuracy(states, bits)
    shuffled = decoding_accuracy(states, np.roll(bits, len(bits) // 2, axis=0))
    return MemoryEvidence(own == bits, answers == moved, answers == bits, read, shuffled)


def _at_recall(solution: Solution) -> Episodes:
    """Return trials run until the delay ends."""
    trials = solution.episodes()
    trials.run(_end_of_delay(solution))
    return trials


def _end_of_delay(solution: Solution) -> int:
    task = solution.task
    if not task.delay:
        raise DeclarationError(
            f"Task.{task.name}.delay", "must be declared: memory is examined when a delay ends"
        )
    parameters = task.with_defaults(solution.study.task.parameters)
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


def _recall(trials: Episodes) -> np.ndarray:
    """Run to the end and return which answers are 1, (trials, length)."""
    answers = []
    for _ in range(trials.batch[trials.items[0]].shape[1]):
        trials.run()
        answers.append(trials.readouts()[:, 0] > 0)
    return np.column_stack(answers)


MEMORY = Measure(
    name="memory",
    about="Is a sequence held in the weights?",
    note="Fractions of right bits; weights are exchanged when the delay ends.",
    examine=examine,
    conditions=("plastic",),
)
