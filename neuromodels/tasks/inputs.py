"""Which inputs a task can show, and which of them no search ever sees."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

NEARLY_HALF = 0.499
"""Rounds a product of a share and a count to the same number in single and double precision."""


@dataclass(frozen=True)
class Inputs:
    """The inputs that a task can show, where they can be counted.

    Parameters
    ----------
    searched
        How many inputs a search may see.
    held_out
        How many no search, choice or fit sees.
    variable
        Variable of an item that holds the number of the input that a trial shows: the first
        `searched` numbers are those of searches, the others are held out. Empty where nobody can
        choose the input.
    """

    searched: int
    held_out: int = 0
    variable: str = ""

    def choose_held_out(self, trials: int, rng: np.random.Generator) -> np.ndarray:
        """Return the numbers of the held-out inputs that trials show.

        None is shown again before all were shown.

        Parameters
        ----------
        trials
            How many there are.
        rng
            Draws the inputs where there are more of them than trials.

        Returns
        -------
        ndarray
            (trials,), whole numbers; trials of the same input are `held_out` apart.
        """
        if trials < self.held_out:
            return self.searched + rng.choice(self.held_out, size=trials, replace=False)
        return np.resize(self.searched + np.arange(self.held_out), trials)

    def even_count(self, trials: int) -> int:
        """Return how many trials show each held-out input equally often, and at least twice.

        Whether a score is exact is seen from whether an input always gets the same one. So there
        are fewer trials than wanted, or up to twice as many. With fewer trials than inputs there
        is no such number, and `trials` itself is returned.
        """
        if trials < self.held_out:
            return trials
        return self.held_out * max(2, trials // self.held_out)


def is_exact(scores: np.ndarray, inputs: np.ndarray, held_out: int) -> bool:
    """Whether a mean score is that of all held-out inputs, without any noise of sampling.

    Parameters
    ----------
    scores, inputs
        Of each trial, (trials,).
    held_out
        How many inputs are held out.
    """
    shown, repeats = np.unique(inputs, return_counts=True)
    if len(shown) < held_out or repeats.min() < 2 or len(set(repeats)) > 1:
        return False
    in_order = scores[np.argsort(inputs, kind="stable")].reshape(len(shown), -1)
    return bool((in_order == in_order[:, :1]).all())


def held_out_count(share: float, inputs: int) -> int:
    """Return how many inputs a share keeps from searches."""
    return int(np.floor(share * inputs + NEARLY_HALF))


def order_by_hash(rows: np.ndarray, *names: object) -> np.ndarray:
    """Return rows, (inputs, n), in the order of a hash of each, which never changes.

    What is held out are the last rows. Whether a given row is among them depends on its own
    numbers, and on no seed of a study.

    Parameters
    ----------
    rows
        Whole numbers from 0 to 255.
    names
        What the hash depends on beside a row.
    """
    salt = "/".join(map(str, names)).encode()
    hashes = [sha256(salt + row).digest() for row in bytes_of(rows)]
    return rows[sorted(range(len(rows)), key=hashes.__getitem__)]


def bytes_of(rows: np.ndarray) -> list[bytes]:
    """Return each row, of whole numbers from 0 to 255, as bytes."""
    data, width = rows.astype(np.uint8).tobytes(), rows.shape[1]
    return [data[first : first + width] for first in range(0, len(data), width)]
