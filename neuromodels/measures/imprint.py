"""What a sequence leaves in the weights when its last bit was shown (PDLF, Fig. 2d and 2e)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.decoding import decoding_accuracy
from neuromodels.errors import DeclarationError
from neuromodels.experiment.episodes import Episodes
from neuromodels.study.study import Study

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
        By projection, how often a linear decoder reads each bit of any sequence from the weights,
        on trials that it was not fitted to, (length,).
    """

    sequences: np.ndarray
    silent: Mapping[str, np.ndarray]
    changes: Mapping[str, np.ndarray]
    read: Mapping[str, np.ndarray]

    def size(self, name: str) -> np.ndarray:
        """Return how large each change is, in units of what zeros leave, (k,)."""
        whole = np.linalg.norm(self.silent[name])
        return np.linalg.norm(self.changes[name], axis=(1, 2)) / max(float(whole), 1e-12)


def imprints_of(study: Study, vector: np.ndarray, streams: np.ndarray) -> Imprints:
    """Look at the weights of the trials that happened to be shown certain sequences.

    Parameters
    ----------
    vector
        Coefficients of the condition ``plastic``, (d,).
    streams
        Noise streams of fresh trials, (trials,).

    Raises
    ------
    DeclarationError
        When the task shows no sequence of bits, or no trial was shown one that is needed.
    """
    trials = Episodes(study, "plastic", vector, streams)
    if BITS not in trials.items:
        raise DeclarationError(f"Task.{study.task.name}", "must show a sequence of bits, `bit`")
    trials.run(_end_of_sequence(study))
    bits = np.asarray(trials.batch[BITS]) > 0.5
    weights = trials.acting()
    sequences = compared(bits.shape[1])
    silent = _shown(bits, np.zeros(bits.shape[1], dtype=bool))
    rows = [_shown(bits, each) for each in sequences]
    left = {name: weights[name].reshape(-1, *shape) for name, shape in trials.shapes.items()}
    return Imprints(
        sequences,
        {name: each[silent] for name, each in left.items()},
        {name: each[rows] - each[silent] for name, each in left.items()},
        {name: decoding_accuracy(each, bits) for name, each in weights.items()},
    )


def compared(length: int) -> np.ndarray:
    """Return the published sequences for a length, (4, length): 0..01, 01..1, 11110111, 1..10."""
    found = np.ones((4, length), dtype=bool)
    found[0, :-1] = False
    found[1, 0] = found[2, length // 2] = found[3, -1] = False
    return found


def written(sequence: np.ndarray) -> str:
    """Return bits as text, ``"0001"``."""
    return "".join(str(int(bit)) for bit in sequence)


def _shown(bits: np.ndarray, sequence: np.ndarray) -> int:
    """Return the first trial that was shown a sequence."""
    found = np.flatnonzero((bits == sequence).all(axis=1))
    if not found.size:
        raise DeclarationError(
            "measure imprint",
            f"needs a trial that shows {written(sequence)}",
            len(bits),
            "Draw more: --trials.",
        )
    return int(found[0])


def _end_of_sequence(study: Study) -> int:
    task = tasks.CATALOG[study.task.name]
    if not task.delay:
        raise DeclarationError(
            f"Task.{task.name}.delay", "must be declared: weights are looked at when it begins"
        )
    return task.number(task.delay[0], task.with_defaults(study.task.parameters))
