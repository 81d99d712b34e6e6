"""The CMA evolution strategy of pycma, with all coefficients or with a scale for each alone.

nevergrad brings pycma too, with settings of its own (`OldCMA`, `DiagonalCMA`).  Here it is as its
author has it: a negative update for bad candidates, and rates that a study can set.
"""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, StorageError, pip_command, said_by
from neuromodels.search.checks import Asked, check_told, note, take
from neuromodels.search.interface import OptimizerInfo, Option
from neuromodels.search.nevergrad_state import ForeignState, read_state
from neuromodels.search.ranking import is_informative, replace_failures
from neuromodels.seeding import seed_of

#: Name -> whether each coefficient has a scale of its own, and nothing is learned of pairs.
DIAGONAL = {"cma_es": False, "sep_cma_es": True}

RATES = {
    "mean_rate": "CMA_cmean",
    "rank_one": "CMA_rankone",
    "rank_mu": "CMA_rankmu",
    "damping": "CSA_dampfac",
}
"""What pycma calls an option."""


class CMASearch:
    """pycma's strategy on a flat vector, a generation at a time.

    pycma searches around zero with unit sigma; `centre` and `sigma` are applied here.

    Parameters
    ----------
    name
        From `DIAGONAL`.
    centre, sigma
        Start and spread of the search, shape (d,).
    candidates
        Candidates per generation.
    seed
        Seed of the samples.
    options
        All of `OPTIONS`.
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
        self._search = _search(name, self.dimension, candidates, seed, options)
        self._asked: Asked[np.ndarray] = {}
        self._told: list[tuple[np.ndarray, float]] = []

    def ask(self, n: int | None = None) -> np.ndarray:
        """Return candidates, shape (n, d)."""
        n = self.candidates if n is None else n
        if n < 1:
            raise DeclarationError(f"{self.name}.ask", "n must be positive", n)
        drawn = list(self._search.ask(n))
        xs = self.centre + self.sigma * np.array(drawn)
        note(self._asked, xs, drawn, 4 * self.candidates)
        return xs

    def tell(self, xs: np.ndarray, losses: np.ndarray) -> None:
        """Learn from candidates (n, d) that `ask` returned, in any order.

        The distribution moves as soon as a generation of them is there.
        """
        xs, losses = np.ascontiguousarray(xs, dtype=float), np.asarray(losses, dtype=float)
        check_told(self.name, self.dimension, xs, losses)
        drawn = take(self.name, self._asked, xs)
        if is_informative(losses):
            told = replace_failures(losses).tolist()
            self._told += zip(drawn, told, strict=True)
            self._learn()

    def _learn(self) -> None:
        # pycma takes one generation for each that it was asked for
        if len(self._told) < self.candidates or self._search._flgtelldone:
            return
        drawn, losses = zip(*self._told, strict=True)
        self._told = []
        with _quiet():
            self._search.tell(list(drawn), list(losses))

    def recommend(self) -> np.ndarray:
        """Return the mean of the distribution, shape (d,)."""
        return self.centre + self.sigma * np.asarray(self._search.mean)

    def dump(self) -> dict[str, np.ndarray]:
        """Return the complete state: a pickle as one uint8 array."""
        everything = (
            self.name,
            self.centre,
            self.sigma,
            self._search,
            self._asked,
            self._told,
        )
        return {"pycma": np.frombuffer(pickle.dumps(everything), dtype=np.uint8).copy()}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue bit for bit from a dumped state; see `neuromodels.search.nevergrad_state`.

        Raises
        ------
        StorageError
            The state is another optimizer's, has another dimension, or is a stranger's.
        """
        if set(state) != {"pycma"}:
            self._refuse(sorted(state))
        try:
            everything = read_state(np.asarray(state["pycma"]).tobytes())
            name, centre, sigma, search, asked, told = everything
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
        self.centre, self.sigma, self._search = centre, sigma, search
        self._asked, self._told = asked, told

    def _refuse(self, got: object) -> None:
        raise StorageError(
            f"{self.name}.load",
            f"the state must be one of {self.name} with {self.dimension} coordinates",
            got,
            "Load it into the optimizer that dumped it.",
        )


def pycma_here() -> Any:
    """Return the package.

    Raises
    ------
    DeclarationError
        Where it is missing, or broken by another package's release.
    """
    try:
        import cma
    except Exception as error:
        raise DeclarationError(
            "SearchPlan.optimizer",
            "is one of pycma's, and the package cma cannot be imported",
            said_by(error),
            f"Install it: {pip_command('optimizers')};"
            " or take one that does without: pgpe, snes, openai_es.",
        ) from None
    return cma


def _search(
    name: str, dimension: int, candidates: int, seed: int, options: Mapping[str, float]
) -> Any:
    """Return a fresh strategy that never stops by itself and draws from its own generator."""
    random = np.random.RandomState(seed_of(seed, "search", name) % 2**32)
    unlimited = ("tolflatfitness", "tolstagnation", "tolconditioncov", "tolfacupx", "tolupsigma")
    settings = {
        "popsize": candidates,
        "CMA_diagonal": DIAGONAL[name],
        "CMA_mirrors": 0,
        "randn": random.randn,
        "seed": math.nan,
        "verbose": -9,
        **{RATES[option]: value for option, value in options.items()},
        **dict.fromkeys((*unlimited, "maxiter"), math.inf),
        **dict.fromkeys(("tolfun", "tolfunhist", "tolx"), 0),
        "tolxstagnation": False,
        # else a file of this name in the current folder changes the settings of a search
        "signals_filename": "",
    }
    with _quiet():
        return pycma_here().CMAEvolutionStrategy(np.zeros(dimension), 1.0, settings)


def _quiet() -> warnings.catch_warnings:
    """Return a context in which pycma's advice on settings is not shown."""
    return warnings.catch_warnings(action="ignore")


#: Lowest rates that pycma takes: at 0 it never learns, and divides by it.
OPTIONS = {
    "mean_rate": Option(1.0, 0.01, 1.0 + 1e-9, "Step of the mean; smaller ones average noise."),
    "rank_one": Option(1.0, 0.0, 10.0, "Multiplies the rate by which the path shapes the cloud."),
    "rank_mu": Option(1.0, 0.0, 10.0, "Multiplies the rate by which good ones shape the cloud."),
    "damping": Option(1.0, 0.1, 100.0, "Multiplies the damping of sigma; larger is slower."),
}


def _declare(
    name: str, summary: str, reference: str, dimensions: tuple[int, float]
) -> OptimizerInfo:
    return OptimizerInfo(
        name,
        summary,
        reference,
        make=partial(CMASearch, name),
        options=OPTIONS,
        source="pycma",
        dimensions=dimensions,
        fewest=6,
    )


INFOS = (
    _declare(
        "cma_es",
        "Correlated coefficients, little noise, up to a few hundred; rates can be set.",
        "Hansen 2016, arXiv:1604.00772",
        (2, 1000),
    ),
    _declare(
        "sep_cma_es",
        "Coefficients of unequal scale, little noise; rates can be set.",
        "Ros and Hansen 2008, PPSN X:296",
        (2, math.inf),
    ),
)
