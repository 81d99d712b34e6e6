"""Where a sequence is held: weights moved from trial to trial, and bits read from weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neuromodels.analysis.decoding import Decoding, decode
from neuromodels.analysis.held_out import FOLDS, Splitter
from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import Examined, Measure, Solution, bits_of, mean_of
from neuromodels.seeding import generator

if TYPE_CHECKING:
    from neuromodels.experiment.episodes import Episodes


@dataclass(frozen=True)
class MemoryEvidence:
    """What recall depends on; whether each bit of each trial is right, (trials, length).

    Parameters
    ----------
    bits
        What each trial was shown.
    own
        Recall of each trial left alone.
    donor
        Recall after the weights were exchanged for those of the next trial when the delay ended,
        scored against the bits of that trial.
    recipient
        The same recall scored against the trial's own bits.
    decoding
        Bits read from the weights at the end of the delay, of sequences that the decoder was not
        fitted to, with its controls.
    """

    bits: np.ndarray
    own: np.ndarray
    donor: np.ndarray
    recipient: np.ndarray
    decoding: Decoding

    @property
    def recalled(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """What the table calls a recall, its right bits, and what its trials were asked for."""
        moved = np.roll(self.bits, -1, axis=0)
        return {
            "recall, trials left alone": (self.own, self.bits),
            "recall with another trial's weights, its bits": (self.donor, moved),
            "the same, own bits": (self.recipient, self.bits),
        }


def examine(solution: Solution) -> Examined:
    """Return recall with own and with exchanged weights, and what a decoder reads from them."""
    evidence = memory_of(solution)
    rng = generator(solution.seed, "bootstrap", "memory")
    recalled = evidence.recalled.items()
    shares = {name: mean_of(right.mean(axis=1)) for name, (right, _) in recalled}
    bits = {f"{name}, in bits": bits_of(*of, rng) for name, of in recalled}
    read = evidence.decoding.rows("bits read from the weights after the delay")
    arrays = {name: getattr(evidence, name) for name in ("bits", "own", "donor", "recipient")}
    return arrays | evidence.decoding.arrays("decoded"), shares | bits | read


def memory_of(
    solution: Solution, decoder: str = "ridge", folds: int | Splitter = FOLDS
) -> MemoryEvidence:
    """Exchange weights between trials, and read bits from them, when the delay ends.

    Parameters
    ----------
    decoder, folds
        Of the reading; see `neuromodels.analysis.decoding.decode`.

    Raises
    ------
    DeclarationError
        When the task does not show items, wait, and ask for them.
    """
    trials = trials_at_recall(solution)
    bits = np.asarray(trials.batch[trials.items[0]]) > 0.5
    weights = trials.weights()
    own = recall_of(trials)
    trials = trials_at_recall(solution)
    trials.set_weights({name: np.roll(each, -1, axis=0) for name, each in weights.items()})
    answers = recall_of(trials)
    moved = np.roll(bits, -1, axis=0)
    states, rng = np.hstack(list(weights.values())), generator(solution.seed, "decoding", "memory")
    read = decode(states, bits, bits, rng, decoder, folds)
    return MemoryEvidence(bits, own == bits, answers == moved, answers == bits, read)


def trials_at_recall(solution: Solution) -> Episodes:
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


def recall_of(trials: Episodes) -> np.ndarray:
    """Run to the end and return which answers are 1, (trials, length)."""
    answers = []
    for _ in range(trials.batch[trials.items[0]].shape[1]):
        trials.run()
        answers.append(trials.readouts()[:, 0] > 0)
    return np.column_stack(answers)


MEMORY = Measure(
    name="memory",
    about="Is a sequence held in the weights?",
    note="Fractions of right bits, and bits of information (sums of 1 - H2); weights are exchanged"
    " when the delay ends. Bits are read from the weights of sequences that the decoder was not"
    " fitted to; random-hash and shuffled controls have no memory to read.",
    examine=examine,
    conditions=("plastic",),
)
