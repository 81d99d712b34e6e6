"""How a generation is split into calls: enough to keep workers busy, each worth its overhead."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neuromodels.experiment.workers.answers import Answer, Lost

CALLS = 4
"""Calls of a generation per worker, to even out their pace."""
ENOUGH_CALLS = 32
"""Most calls of a generation, unless there are more workers: each costs 1 to 2 ms."""
LEAST_SECONDS = 0.02
"""Seconds of work that make a call worth its overhead."""
LEAST_TRIALS = 128
"""Fewest trials of a part: fewer do not keep a compiled loop busy."""


@dataclass
class ChunkSizes:
    """Sizes of the chunks of candidates and trials; results never depend on them.

    Parameters
    ----------
    finer
        Factor by which chunks are smaller than usual, after usual ones took too long.
    seconds_per_instance
        Time of one candidate in one trial in the last generation, s; None: unknown.
    """

    finer: int = 1
    seconds_per_instance: float | None = None

    def split(
        self, xs: np.ndarray, streams: np.ndarray, workers: int
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return chunks of candidates and parts of trials, each pair of which is one call."""
        worth = self._worth(len(xs) * len(streams))
        chunks = min(len(xs), self.finer * min(worth, calls_for(len(xs), workers)))
        parts = parts_for(chunks, len(streams), min(worth, calls_for(len(streams), workers)))
        return np.array_split(xs, chunks), np.array_split(streams, parts)

    def learn(self, answers: Iterable[Answer | Lost], instances: int) -> None:
        """Remember how long a generation took; without the times of all calls nothing changes."""
        seconds = [answer.seconds if isinstance(answer, Answer) else math.nan for answer in answers]
        if not math.isnan(total := sum(seconds)):
            self.seconds_per_instance = total / instances

    def _worth(self, instances: int) -> int:
        """Return the largest number of calls that are worth their overhead."""
        if self.seconds_per_instance is None:
            return instances
        return max(1, math.ceil(self.seconds_per_instance * instances / LEAST_SECONDS))


def calls_for(number: int, workers: int) -> int:
    """Return into how many calls a number of candidates, or of trials, is split."""
    return min(number, max(workers, min(CALLS * workers, ENOUGH_CALLS)))


def parts_for(chunks: int, trials: int, calls: int) -> int:
    """Return into how many parts trials are split where there are too few candidates."""
    return max(1, min(trials // LEAST_TRIALS, calls // chunks))
