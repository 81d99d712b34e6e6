"""PGPE, SNES and OpenAI-ES under nevergrad's own interface, one candidate at a time.

Importing this module imports nevergrad.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from nevergrad.common.errors import TellNotAskedNotSupportedError
from nevergrad.optimization import base
from nevergrad.optimization.utils import MultiValue

from neuromodels.search import openai_es, pgpe, snes
from neuromodels.search.gaussian import GaussianSearch

# nevergrad searches with unit sigma, so steps are stated in sigmas
STRATEGIES: Mapping[str, tuple[type[GaussianSearch], Mapping[str, float]]] = {
    "NeuromodelsPGPE": (pgpe.PGPE, {**pgpe.INFO.defaults, "relative_rate": 0.1}),
    "NeuromodelsSNES": (snes.SNES, snes.INFO.defaults),
    "NeuromodelsOpenAIES": (openai_es.OpenAIES, {**openai_es.INFO.defaults, "relative_rate": 0.1}),
}

_PLACE = "neuromodels.place"


@dataclass
class _Generation:
    """The candidates of one generation, and the losses that were told so far."""

    xs: np.ndarray
    centre: np.ndarray
    losses: np.ndarray
    told: np.ndarray
    handed_out: int = 0


class NevergradStrategy(base.Optimizer):
    """A Gaussian search fed through nevergrad's ask and tell.

    A generation closes when all of its candidates are told, or when the second one after it
    begins: lost candidates never stall the search. There is no archive, only the best point.

    Parameters
    ----------
    strategy
        A key of `STRATEGIES`.
    popsize
        Candidates per generation; by default ``num_workers``, at least 4 + 3 ln d, made even.
    """

    def __init__(
        self,
        parametrization: Any,
        budget: int | None = None,
        num_workers: int = 1,
        *,
        strategy: str = "NeuromodelsPGPE",
        popsize: int | None = None,
    ):
        super().__init__(parametrization, budget=budget, num_workers=num_workers)
        self.strategy = strategy
        least = max(self.num_workers, 4 + int(3 * math.log(self.dimension)))
        size = least if popsize is None else popsize
        self.popsize = size + size % 2
        self.pruning = None
        # a point that a cheap constraint rejects is told as a failure: its generation can close
        self._penalize_cheap_violations = True
        self._search: GaussianSearch | None = None
        self._open: dict[int, _Generation] = {}
        self._latest = -1

    def _internal_ask_candidate(self) -> Any:
        generation = self._open.get(self._latest)
        if generation is None or generation.handed_out == self.popsize:
            generation = self._begin()
        row = generation.handed_out
        generation.handed_out += 1
        candidate = self.parametrization.spawn_child()
        candidate.set_standardized_data(generation.xs[row], reference=self.parametrization)
        candidate._meta[_PLACE] = (self._latest, row)
        return candidate

    def _internal_tell_candidate(self, candidate: Any, loss: float) -> None:
        number, row = candidate._meta.get(_PLACE, (-1, -1))
        generation = self._open.get(number)
        if generation is None:  # a straggler of a closed generation
            return
        generation.losses[row], generation.told[row] = loss, True
        if generation.told.all():
            self._close(number)

    def _internal_tell_not_asked(self, candidate: Any, loss: float) -> None:
        raise TellNotAskedNotSupportedError

    def _internal_provide_recommendation(self) -> np.ndarray:
        return self._gaussian().recommend()

    def _update_archive_and_bests(self, candidate: Any, loss: Any) -> None:
        lowest = self.current_bests["minimum"]  # type: ignore[has-type]
        if loss <= lowest.get_estimation("minimum"):
            best = MultiValue(candidate, loss, reference=self.parametrization)
            self.current_bests = dict.fromkeys(self.current_bests, best)  # type: ignore[has-type]

    def _begin(self) -> _Generation:
        self._latest += 1
        for number in [each for each in self._open if each < self._latest - 1]:
            self._close(number)
        search = self._gaussian()
        self._open[self._latest] = _Generation(
            search.ask(),
            search.recommend(),
            np.full(self.popsize, np.nan),
            np.zeros(self.popsize, dtype=bool),
        )
        return self._open[self._latest]

    def _close(self, number: int) -> None:
        generation = self._open.pop(number)
        told = generation.told
        if told.any():
            # relative to the centre they were drawn around: it may have moved since
            noise = generation.xs[told] - generation.centre
            self._gaussian().update(noise, generation.losses[told])

    def _gaussian(self) -> GaussianSearch:
        # made late, because users seed the parametrization after making the optimizer
        if self._search is None:
            make, options = STRATEGIES[self.strategy]
            start, spread = np.zeros(self.dimension), np.ones(self.dimension)
            seed = int(self._rng.randint(2**32, dtype=np.uint64))
            self._search = make(start, spread, self.popsize, seed, options)
        return self._search


class ConfiguredStrategy(base.ConfiguredOptimizer):
    """The settings of a `NevergradStrategy`, which nevergrad's registry holds by name."""

    def __init__(self, *, strategy: str = "NeuromodelsPGPE", popsize: int | None = None):
        super().__init__(NevergradStrategy, {"strategy": strategy, "popsize": popsize})


def register_with_nevergrad() -> None:
    """Enter the strategies in nevergrad's registry; harmless when repeated."""
    for name in STRATEGIES:
        if name not in base.registry:
            ConfiguredStrategy(strategy=name).set_name(name, register=True)
