"""Worn connections between a network and its body: noise on what it sees and does, a dead motor."""

from __future__ import annotations

from itertools import product

import numpy as np

from neuromodels.experiment.motion import Nerves
from neuromodels.seeding import generator
from neuromodels.tasks.bodies import Body, Novelty

_AHEAD = 64
"""Steps for which noise is drawn at once."""


class FrayedNerves(Nerves):
    """Noise on observations and actions, and a dead motor.

    Parameters
    ----------
    body
        Which one.
    seed
        Of the study.
    novelty
        What is different.
    streams
        Noise streams of the trials, (n,): a trial's noise is its own, whoever runs beside it.
    """

    def __init__(self, body: Body, seed: int, novelty: Novelty, streams: np.ndarray):
        self.novelty = novelty
        self._seen = _Noise(body.observations, seed, "seen", streams)
        self._done = _Noise(body.actions, seed, "done", streams)

    def sense(self, shown: np.ndarray) -> np.ndarray:
        """Return what is shown, noise on the observations; a goal is told without."""
        if self.novelty.seen:
            noise = self._seen.next()
            shown = shown.copy()
            shown[:, : noise.shape[1]] += self.novelty.seen * noise
        return shown

    def act(self, actions: np.ndarray) -> np.ndarray:
        """Return actions with noise, clipped to +-1, that of a dead motor 0."""
        if self.novelty.done:
            actions = np.clip(actions + self.novelty.done * self._done.next(), -1, 1)
        if self.novelty.dead is not None:
            actions = actions.copy()
            actions[:, self.novelty.dead] = 0
        return actions


class _Noise:
    """Independent normal numbers, for each trial from a stream of its own."""

    def __init__(self, size: int, seed: int, name: str, streams: np.ndarray):
        self._size = size
        self._named = list(product([seed], ["novel"], [name], [int(each) for each in streams]))
        self._rngs: list[np.random.Generator] = []
        self._drawn = np.zeros((0, 0, 0))
        self._next = 0

    def next(self) -> np.ndarray:
        """Return those of the next step, (n, size)."""
        if self._next == len(self._drawn):
            self._rngs = self._rngs or [generator(*names) for names in self._named]
            several = [rng.standard_normal((_AHEAD, self._size)) for rng in self._rngs]
            self._drawn, self._next = np.stack(several, axis=1), 0
        self._next += 1
        return self._drawn[self._next - 1]
