"""nevergrad's optimizers: one class that feeds them, and those of them that are worth having."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, StorageError, said_by
from neuromodels.search.checks import check_told, note, take
from neuromodels.search.interface import OptimizerInfo
from neuromodels.search.nevergrad_state import ForeignState, read_state
from neuromodels.search.ranking import is_informative, replace_failures
from neuromodels.seeding import seed_of

KEPT_BEST = 8
"""Best candidates that survive each pruning of nevergrad's archive."""


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
        xs = self.centre + self.sigma * np.array([candidate.value for candidate in asked])
        note(self._asked, xs, asked, 4 * self.candidates)
        return xs

    def tell(self, xs: np.ndarray, losses: np.ndarray) -> None:
        """Learn from candidates (n, d) that `ask` returned, in any order."""
        xs, losses = np.ascontiguousarray(xs, dtype=float), np.asarray(losses, dtype=float)
        check_told(self.name, self.dimension, xs, losses)
        asked = take(self.name, self._asked, xs)
        # recombining candidates that nothing tells apart would move the distribution at random
        if self._has_mean() and not is_informative(losses):
            return
        for candidate, loss in zip(asked, replace_failures(losses), strict=True):
            self._search.tell(candidate, float(loss))

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
        """Continue bit for bit from a dumped state; see `neuromodels.search.nevergrad_state`.

        Raises
        ------
        StorageError
            The state is another optimizer's, has another dimension, or is a stranger's.
        """
        if set(state) != {"nevergrad"}:
            self._refuse(sorted(state))
        try:
            everything = read_state(np.asarray(state["nevergrad"]).tobytes())
            name, centre, sigma, search, asked = everything
            is_own = (name, np.shape(centre)) == (self.name, (self.dimension,))
            is_own = is_own and type(search) is type(self._search)
        except (ForeignState, ValueError, TypeError) as error:
            raise StorageError(
                f"{self.name}.load",
                f"the state must be one that {self.name} dumped; it {error}",
                cure="Run the study anew in another folder.",
            ) from None
        if not is_own:
            self._refuse((name, np.size(centre)))
        self.centre, self.sigma, self._search, self._asked = centre, sigma, search, asked
        if getattr(search, "_es", None) is not None:  # a state of a release that let it be read
            search._es.opts["signals_filename"] = ""

    def _refuse(self, got: object) -> None:
        raise StorageError(
            f"{self.name}.load",
            f"the state must be one of {self.name} with {self.dimension} coordinates",
            got,
            "Load it into the optimizer that dumped it.",
        )

    def _has_mean(self) -> bool:
        """Whether candidates are drawn around a mean of those that were told."""
        return self.name in _CMA or self.name == "TBPSA"


_CMA = {"OldCMA": False, "DiagonalCMA": True}
"""Name -> whether the covariance is diagonal."""


def nevergrad_here() -> Any:
    """Return the package; nothing else that a search may need imports it.

    Raises
    ------
    DeclarationError
        Where it is missing, or broken by another package's release.
    """
    try:
        import nevergrad
    except Exception as error:  # whatever a release of numpy has broken in it
        raise DeclarationError(
            "SearchPlan.optimizer",
            "is one of nevergrad's, and nevergrad cannot be imported",
            said_by(error),
            "Install it again: pip install --force-reinstall nevergrad==1.0.12;"
            " or take one that does without: pgpe, snes, openai_es.",
        ) from None
    return nevergrad


def _nevergrad_search(name: str, dimension: int, candidates: int, seed: int) -> Any:
    """Return a fresh optimizer of nevergrad's; imports nevergrad."""
    ng = nevergrad_here()
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
        # else a file of this name in the current folder changes the settings of a search
        "signals_filename": "",
    }
    return ParametrizedCMA(diagonal=diagonal, inopts=settings)


def _declare(
    name: str, summary: str, reference: str, dimensions: tuple[int, float] = (1, math.inf)
) -> OptimizerInfo:
    return OptimizerInfo(
        name,
        summary,
        reference,
        make=partial(NevergradOptimizer, name),
        source="nevergrad",
        dimensions=dimensions,
    )


INFOS = (
    _declare(
        "OldCMA",
        "Correlated coefficients, little noise, up to a few hundred of them.",
        "Hansen and Ostermeier 2001, Evolutionary Computation 9:159",
        (2, 1000),
    ),
    _declare(
        "DiagonalCMA",
        "Coefficients of unequal scale, little noise.",
        "Ros and Hansen 2008, PPSN X:296",
        (2, math.inf),
    ),
    _declare(
        "TBPSA",
        "Strong noise; grows its population by itself.",
        "Hellwig and Beyer 2016, PPSN XIV:26",
    ),
    _declare(
        "TwoPointsDE",
        "Differential evolution, as a baseline; weak under noise.",
        "Storn and Price 1997, J Global Optimization 11:341",
    ),
    _declare(
        "PSO",
        "Particle swarm, as a baseline; weak under noise.",
        "Kennedy and Eberhart 1995, ICNN 4:1942",
    ),
    _declare(
        "OnePlusOne",
        "One parent, one child, as a baseline; weak under noise.",
        "Schumer and Steiglitz 1968, IEEE Trans Automatic Control 13:270",
    ),
    _declare(
        "RandomSearch",
        "Samples without learning: the baseline every search must beat.",
        "Bergstra and Bengio 2012, JMLR 13:281",
    ),
)
