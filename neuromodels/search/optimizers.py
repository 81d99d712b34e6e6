"""The catalog of optimizers: three of our own and an allow-list of nevergrad's."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, StorageError
from neuromodels.search import openai_es, pgpe, snes
from neuromodels.search.checks import (
    check_candidates,
    check_told,
    checked_centre,
    checked_count,
    checked_sigma,
    completed_options,
    nearest_name,
)
from neuromodels.search.interface import Optimizer, OptimizerInfo
from neuromodels.search.ranking import is_informative
from neuromodels.seeding import seed_of

__all__ = ["OPTIMIZERS", "REFUSED", "Optimizer", "OptimizerInfo", "make_optimizer"]

FAILED_LOSS = 1e20
"""Told for a failed candidate when no other tells how bad bad is; nevergrad clips at 5e20."""

KEPT_BEST = 8
"""Best candidates that survive each pruning of nevergrad's archive."""

REFUSED: Mapping[str, str] = {
    "cma": "In nevergrad it means a variant whose population is one larger than the generation "
    "and that fails from a few hundred coefficients on; use 'OldCMA' or 'DiagonalCMA'.",
    "ngopt": "It chooses by itself among optimizers that fail with recent numpy; use 'pgpe'.",
    "ngiohtuned": "It draws from numpy's global generator, so no run can be repeated; use 'pgpe'.",
    "eda": "nevergrad's version diverges; use 'snes'.",
    "de": "It costs milliseconds per candidate in 1,000 dimensions; use 'TwoPointsDE'.",
}
"""Names of nevergrad that are left out on purpose, in lower case, and why."""


class NevergradOptimizer:
    """One of nevergrad's optimizers on a flat vector, a generation at a time.

    nevergrad searches around zero with unit sigma; `centre` and `sigma` are applied here.

    Parameters
    ----------
    name
        Its name in nevergrad.
    centre, sigma
        Start and spread of the search, shape (d,).
    candidates
        Candidates per generation.
    seed
        Seed of the samples.
    options
        Empty: nevergrad's own settings are used.
    """

    def __init__(
        self,
        name: str,
        centre: np.ndarray,
        sigma: np.ndarray,
        candidates: int,
        seed: int,
        options: Mapping[str, float],
    ):
        self.name = name
        self.centre = np.array(centre, dtype=float)
        self.sigma = np.array(sigma, dtype=float)
        self.dimension = self.centre.size
        self.candidates = candidates
        self.options = dict(options)
        self._search = _nevergrad_search(name, self.dimension, candidates, seed)
        self._asked: dict[bytes, list[Any]] = {}

    def ask(self, n: int | None = None) -> np.ndarray:
        """Return candidates, shape (n, d)."""
        n = self.candidates if n is None else n
        if n < 1:
            raise DeclarationError(f"{self.name}.ask", "n must be positive", n)
        asked = [self._search.ask() for _ in range(n)]
        xs = self.centre + self.sigma * np.array([each.value for each in asked])
        for row, each in zip(xs, asked, strict=True):
            self._asked.setdefault(row.tobytes(), []).append(each)
        self._forget(max(4 * self.candidates, n))
        return xs

    def tell(self, xs: np.ndarray, losses: np.ndarray) -> None:
        """Learn from candidates (n, d) that `ask` returned, in any order."""
        xs, losses = np.ascontiguousarray(xs, dtype=float), np.asarray(losses, dtype=float)
        check_told(self.name, self.dimension, xs, losses)
        asked = self._taken([row.tobytes() for row in xs])
        # recombining candidates that nothing tells apart would move the distribution at random
        if self._has_mean() and not is_informative(losses):
            return
        for each, loss in zip(asked, _finite(losses), strict=True):
            self._search.tell(each, float(loss))

    def recommend(self) -> np.ndarray:
        """Return the mean of the distribution, shape (d,), or nevergrad's choice without one."""
        if self.name not in _CMA:
            standard = self._search.recommend().value
        elif self._search._es is None:
            standard = np.zeros(self.dimension)
        else:
            standard = np.asarray(self._search._es.mean)
        return self.centre + self.sigma * standard

    def dump(self) -> dict[str, np.ndarray]:
        """Return the complete state: nevergrad's pickle as one uint8 array."""
        everything = (self.name, self.centre, self.sigma, self._search, self._asked)
        return {"nevergrad": np.frombuffer(pickle.dumps(everything), dtype=np.uint8).copy()}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue bit for bit from a dumped state; it is a pickle, so trust its origin.

        Raises
        ------
        StorageError
            The state is another optimizer's or has another dimension.
        """
        if set(state) != {"nevergrad"}:
            self._refuse(sorted(state))
        name, centre, sigma, search, asked = pickle.loads(np.asarray(state["nevergrad"]).tobytes())
        if (name, centre.size) != (self.name, self.dimension):
            self._refuse((name, centre.size))
        self.centre, self.sigma, self._search, self._asked = centre, sigma, search, asked

    def _refuse(self, got: object) -> None:
        raise StorageError(
            f"{self.name}.load",
            f"the state must be one of {self.name} with {self.dimension} coordinates",
            got,
            "Load it into the optimizer that dumped it.",
        )

    def _taken(self, rows: list[bytes]) -> list[Any]:
        """Return nevergrad's candidates of these rows, which are then no longer waited for."""
        if any(count > len(self._asked.get(row, ())) for row, count in Counter(rows).items()):
            raise DeclarationError(
                f"{self.name}.tell",
                "xs must be candidates that ask returned, each told once",
                cure="Tell the very array, without rounding it to single precision.",
            )
        taken = [self._asked[row].pop(0) for row in rows]
        self._asked = {row: waiting for row, waiting in self._asked.items() if waiting}
        return taken

    def _forget(self, kept: int) -> None:
        for row in list(self._asked)[: len(self._asked) - kept]:
            del self._asked[row]

    def _has_mean(self) -> bool:
        return self.name in _CMA or self.name == "TBPSA"


_CMA = {"OldCMA": False, "DiagonalCMA": True}
"""Name -> whether the covariance is diagonal."""


def _nevergrad_search(name: str, dimension: int, candidates: int, seed: int) -> Any:
    import nevergrad as ng
    from nevergrad.optimization.utils import Pruning

    vector = ng.p.Array(init=np.zeros(dimension)).set_mutation(sigma=1.0)
    vector.random_state.seed(seed_of(seed, "search", name) % 2**32)
    vector.function.deterministic = False
    make = _cma(_CMA[name]) if name in _CMA else ng.optimizers.registry[name]
    # without num_workers a batch of asks returns stale points
    search = make(vector, budget=None, num_workers=candidates)
    # none of the allowed optimizers reads the archive; unpruned it grows without bound
    search.pruning = Pruning(min_len=KEPT_BEST, max_len=max(64, candidates))
    return search


def _cma(diagonal: bool) -> Any:
    """Return nevergrad's CMA without restarts and with a step size that survives lost points."""
    from cma.sigma_adaptation import CMAAdaptSigmaCSA
    from nevergrad.optimization.optimizerlib import ParametrizedCMA

    unlimited = ("tolflatfitness", "tolstagnation", "tolconditioncov", "tolfacupx", "tolupsigma")
    settings = {
        "AdaptSigma": CMAAdaptSigmaCSA,
        **dict.fromkeys((*unlimited, "maxiter"), math.inf),
        **dict.fromkeys(("tolfun", "tolfunhist", "tolx"), 0),
        "tolxstagnation": False,
    }
    return ParametrizedCMA(diagonal=diagonal, inopts=settings)


def _finite(losses: np.ndarray) -> np.ndarray:
    """Replace non-finite losses by one that is worse than all others."""
    finite = np.isfinite(losses)
    if not finite.any():
        return np.full(losses.shape, FAILED_LOSS)
    clipped = np.clip(losses, -FAILED_LOSS, FAILED_LOSS)
    worst = clipped[finite].max()
    span = np.ptp(clipped[finite]) or max(1.0, abs(worst))
    return np.where(finite, clipped, min(worst + span, 2 * FAILED_LOSS))


def _borrowed(
    name: str, summary: str, reference: str, dimensions: tuple[int, float] = (1, math.inf)
) -> OptimizerInfo:
    return OptimizerInfo(
        partial(NevergradOptimizer, name),
        summary,
        reference,
        source="nevergrad",
        dimensions=dimensions,
    )


OPTIMIZERS: dict[str, OptimizerInfo] = {
    "pgpe": OptimizerInfo(
        pgpe.PGPE,
        "First choice under noise, in any dimension.",
        "Sehnke et al. 2010, Neural Networks 23:551",
        pgpe.OPTIONS,
        antithetic=True,
    ),
    "snes": OptimizerInfo(
        snes.SNES,
        "Adapts sigma fastest; no learning rate to set.",
        "Wierstra et al. 2014, JMLR 15:949",
        snes.OPTIONS,
    ),
    "openai_es": OptimizerInfo(
        openai_es.OpenAIES,
        "Fixed sigma: for thousands of coefficients and long runs.",
        "Salimans et al. 2017, arXiv:1703.03864",
        openai_es.OPTIONS,
        antithetic=True,
    ),
    "OldCMA": _borrowed(
        "OldCMA",
        "Correlated coefficients, little noise, up to a few hundred of them.",
        "Hansen and Ostermeier 2001, Evolutionary Computation 9:159",
        (2, 1000),
    ),
    "DiagonalCMA": _borrowed(
        "DiagonalCMA",
        "Coefficients of unequal scale, little noise.",
        "Ros and Hansen 2008, PPSN X:296",
        (2, math.inf),
    ),
    "TBPSA": _borrowed(
        "TBPSA",
        "Strong noise; grows its population by itself.",
        "Hellwig and Beyer 2016, PPSN XIV:26",
    ),
    "TwoPointsDE": _borrowed(
        "TwoPointsDE",
        "Differential evolution, as a baseline; weak under noise.",
        "Storn and Price 1997, J Global Optimization 11:341",
    ),
    "PSO": _borrowed(
        "PSO",
        "Particle swarm, as a baseline; weak under noise.",
        "Kennedy and Eberhart 1995, ICNN 4:1942",
    ),
    "OnePlusOne": _borrowed(
        "OnePlusOne",
        "One parent, one child, as a baseline; weak under noise.",
        "Schumer and Steiglitz 1968, IEEE Trans Automatic Control 13:270",
    ),
    "RandomSearch": _borrowed(
        "RandomSearch",
        "Samples without learning: the baseline every search must beat.",
        "Bergstra and Bengio 2012, JMLR 13:281",
    ),
}
"""Name -> how to make it, when to use it, its paper and its options."""


def make_optimizer(
    name: str,
    centre: np.ndarray,
    sigma: np.ndarray | float,
    candidates: int,
    seed: int,
    options: Mapping[str, float] | None = None,
) -> Optimizer:
    """Make an optimizer from the catalog.

    Parameters
    ----------
    name
        A name from `OPTIMIZERS`.
    centre
        Where the search starts, shape (d,).
    sigma
        Spread of the search, shape (d,) or one number.
    candidates
        Candidates per generation.
    seed
        Seed of the samples.
    options
        Options that differ from the optimizer's defaults.

    Raises
    ------
    DeclarationError
        An unknown name or option, or a value out of range.
    """
    info = checked_info(name)
    candidates = check_candidates(name, info, candidates)
    centre = checked_centre(name, info, centre)
    sigma = checked_sigma(sigma, centre.size)
    seed = checked_count("Optimizer.seed", seed, 0)
    return info.factory(centre, sigma, candidates, seed, completed_options(name, info, options))


def checked_info(name: str) -> OptimizerInfo:
    """Return the catalog entry of an optimizer, or refuse its name with the reason."""
    info = OPTIMIZERS.get(name) if isinstance(name, str) else None
    if info is not None:
        return info
    reason = REFUSED.get(str(name).lower()) or nearest_name(str(name), OPTIMIZERS)
    raise DeclarationError(
        "SearchPlan.optimizer",
        "must be a name from the catalog",
        name,
        f"{reason.strip()} Known: {', '.join(OPTIMIZERS)}.".strip(),
    )
