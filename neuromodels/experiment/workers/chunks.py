"""Into which calls a generation is cut, so that workers are busy and calls are worth their cost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neuromodels.experiment.workers.answers import Answer, Lost

CALLS = 4
"""Calls of a generation per worker, to even out their pace."""
ENOUGH_CALLS = 32
"""More only if there are more workers: each costs the scheduler a millisecond or two."""
LEAST_SECONDS = 0.02
"""Seconds of work that make a call worth its cost."""
LEAST_TRIALS = 128
"""Trials that a part has at least: fewer do not keep a compiled loop busy."""


@dataclass
class Splitting:
    """How the candidates and trials of an experiment are split; results never depend on it.

    Parameters
    ----------
    finer
        By how much chunks are smaller than usual, since usual ones took too long.
    seconds_per_instance
        What one candidate in one trial took lately, if known.
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
        """Take notice of how long a generation took, if it is known of all of it."""
        seconds = [answer.seconds if isinstance(answer, Answer) else math.nan for answer in answers]
        if not math.isnan(total := sum(seconds)):
            self.seconds_per_instance = total / instances

    def _worth(self, instances: int) -> int:
        """Return how many calls are worth their cost."""
        if self.seconds_per_instance is None:
            return instances
        return max(1, math.ceil(self.seconds_per_instance * instances / LEAST_SECONDS))


def calls_for(number: int, workers: int) -> int:
    """Return into how many calls a number of candidates, or of trials, is split."""
    return min(number, max(workers, min(CALLS * workers, ENOUGH_CALLS)))


def parts_for(chunks: int, trials: int, calls: int) -> int:
    """Return into how many parts trials are split where there are too few candidates."""
    return max(1, min(trials // LEAST_TRIALS, calls // chunks))
