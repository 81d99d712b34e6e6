"""What a sequence leaves in the weights when its last bit was shown (PDLF, Fig. 2d and 2e)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.decoding import Decoding, decode
from neuromodels.analysis.held_out import FOLDS, Splitter
from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import Examined, Measure, Quantity, Solution, number
from neuromodels.seeding import generator

BITS = "items.bit"


@dataclass(frozen=True)
class Imprints:
    """Weights after the last bit, as they act in the step that follows.

    Parameters
    ----------
    sequences
        Bits of the sequences looked at, (k, length).
    silent
        By projection, the weights that a sequence of zeros leaves, (before, behind).
    changes
        By projection, what each sequence leaves beyond that, (k, before, behind).
    read
        By projection, the bits of any sequence read from the weights, of sequences that the decoder
        was not fitted to, with its controls.
    """

    sequences: np.ndarray
    silent: Mapping[str, np.ndarray]
    changes: Mapping[str, np.ndarray]
    read: Mapping[str, Decoding]

    def size(self, name: str) -> np.ndarray:
        """Return how large each change is, in units of what zeros leave, (k,)."""
        whole = np.linalg.norm(self.silent[name])
        return np.linalg.norm(self.changes[name], axis=(1, 2)) / max(float(whole), 1e-12)


def examine(solution: Solution) -> Examined:
    """Return how large the change by each sequence is, and how well bits are read from it."""
    imprints = imprints_of(solution)
    arrays = {"sequences": imprints.sequences}
    quantities: dict[str, Quantity] = {}
    for name, changes in imprints.changes.items():
        arrays[f"{name}.change"] = changes.astype(np.float32)
        arrays |= imprints.read[name].arrays(f"{name}.read")
        for sequence, size in zip(imprints.sequences, imprints.size(name), strict=True):
            quantities[f"{name}: change by {bits_text(sequence)}"] = number(float(size))
        quantities |= imprints.read[name].rows(f"{name}: bits read from the weights")
    return arrays, quantities


def imprints_of(
    solution: Solution, decoder: str = "ridge", folds: int | Splitter = FOLDS
) -> Imprints:
    """Look at the weights of the trials that happened to be shown certain sequences.

    Parameters
    ----------
    decoder, folds
        Of the reading; see `neuromodels.analysis.decoding.decode`.

    Raises
    ------
    DeclarationError
        When the task shows no sequence of bits, or no trial was shown one that is needed.
    """
    trials = solution.episodes()
    if BITS not in trials.items:
        raise DeclarationError(f"Task.{solution.task.name}", "must show a sequence of bits, `bit`")
    trials.run(_end_of_sequence(solution))
    bits = np.asarray(trials.batch[BITS]) > 0.5
    weights = trials.acting()
    sequences = compared_sequences(bits.shape[1])
    silent = _trial_of(bits, np.zeros(bits.shape[1], dtype=bool))
    rows = [_trial_of(bits, sequence) for sequence in sequences]
    left = {name: weights[name].reshape(-1, *shape) for name, shape in trials.shapes.items()}
    rng = generator(solution.seed, "decoding", "imprint")
    return Imprints(
        sequences,
        {name: after[silent] for name, after in left.items()},
        {name: after[rows] - after[silent] for name, after in left.items()},
        {name: decode(after, bits, bits, rng, decoder, folds) for name, after in weights.items()},
    )


def compared_sequences(length: int) -> np.ndarray:
    """Return the published sequences for a length, (4, length): 0..01, 01..1, 11110111, 1..10."""
    sequences = np.ones((4, length), dtype=bool)
    sequences[0, :-1] = False
    sequences[1, 0] = sequences[2, length // 2] = sequences[3, -1] = False
    return sequences


def bits_text(sequence: np.ndarray) -> str:
    """Return bits as text, ``"0001"``."""
    return "".join(str(int(bit)) for bit in sequence)


def _trial_of(bits: np.ndarray, sequence: np.ndarray) -> int:
    """Return the first trial that was shown a sequence."""
    trials = np.flatnonzero((bits == sequence).all(axis=1))
    if not trials.size:
        raise DeclarationError(
            "measure imprint",
            f"needs a trial that shows {bits_text(sequence)}",
            len(bits),
            "Draw more: --trials.",
        )
    return int(trials[0])


def _end_of_sequence(solution: Solution) -> int:
    task = solution.task
    if not task.delay:
        raise DeclarationError(
            f"Task.{task.name}.delay", "must be declared: weights are looked at when it begins"
        )
    return task.number(task.delay[0], task.with_defaults(solution.study.task.parameters))


IMPRINT = Measure(
    name="imprint",
    about="What does a sequence leave in the weights?",
    note="Weights after the last bit; a change is in units of what a sequence of zeros leaves. Bits"
    " are read of sequences that the decoder was not fitted to; the controls have nothing to read.",
    examine=examine,
    conditions=("plastic",),
)
