"""pymoo's genetic algorithms for several goals: NSGA-II, NSGA-III and MOEA/D.

They are told all goals as they are, and keep a population that covers the front.  pymoo searches
between bounds: here these are `reach` starting sigmas around the start, the same for all numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, StorageError, pip_command, said_by
from neuromodels.search.checks import Asked, check_told_goals, note, take
from neuromodels.search.gaussian import generator_words, set_generator
from neuromodels.search.interface import OptimizerInfo, Option
from neuromodels.search.pareto import nondominated
from neuromodels.search.ranking import LARGEST_LOSS
from neuromodels.seeding import generator

#: What NSGA-II's survival notes beside each member; its tournaments read the crowding.
NOTED = ("rank", "crowding")
#: What NSGA-III has seen of the goals, to bring them to one scale.
SEEN = ("ideal_point", "worst_point", "extreme_points", "nadir_point")


class PopulationSearch:
    """One of pymoo's algorithms on a flat vector, a generation at a time.

    The first generation is drawn around the centre; then candidates are bred from the population.
    Failed candidates never join it.

    Parameters
    ----------
    name
        From `ALGORITHMS`.
    centre, sigma
        Start and spread of the search, shape (d,).
    candidates
        Members of the population, and candidates per generation.
    seed
        Seed of the samples.
    options
        All options of the algorithm.
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
        pymoo_here()
        self.name = name
        self.centre = np.array(centre, dtype=float)
        self.sigma = np.array(sigma, dtype=float)
        self.dimension = self.centre.size
        self.candidates = candidates
        self.options = dict(options)
        self.generator = generator(seed, "search", name)
        self._asked: Asked[tuple[np.ndarray, int]] = {}
        self._search: Any = None  # until it is known how many goals there are

    # -------------------------------------------------------------------------------- the search

    def ask(self, n: int | None = None) -> np.ndarray:
        """Return candidates, shape (n, d)."""
        n = self.candidates if n is None else n
        if n < 1:
            raise DeclarationError(f"{self.name}.ask", "n must be positive", n)
        drawn, places = self._draw(n) if self._search is None else self._breed(n)
        xs = self.centre + self.sigma * drawn
        note(self._asked, xs, list(zip(drawn, places.tolist(), strict=True)), 4 * self.candidates)
        return xs

    def _draw(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        reach = self.options["reach"]
        drawn = self.generator.standard_normal((n, self.dimension))
        return np.clip(drawn, -reach, reach), np.full(n, -1)

    def _breed(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return children of the population, and the direction of the front that each is for."""
        children, places = np.zeros((0, self.dimension)), np.zeros(0, dtype=np.int64)
        while len(children) < n:
            self._search.n_offsprings = min(n - len(children), self._search.pop_size)
            bred = self._search.ask()
            if bred is None or not len(bred):  # nothing new can be bred from equal parents
                drawn, nowhere = self._draw(n - len(children))
                return np.vstack([children, drawn]), np.append(places, nowhere)
            at = getattr(self._search, "indices", None)
            children = np.vstack([children, bred.get("X").astype(float)])
            places = np.append(places, np.full(len(bred), -1) if at is None else at)
        return children, places

    def tell(self, xs: np.ndarray, losses: np.ndarray) -> None:
        """Learn from candidates (n, d) that `ask` returned, and all their goals (n, goals)."""
        xs, goals = np.ascontiguousarray(xs, dtype=float), np.asarray(losses, dtype=float)
        check_told_goals(self.name, self.dimension, xs, goals)
        taken = take(self.name, self._asked, xs)
        ran = np.isfinite(goals).all(axis=1)
        if not ran.any():
            return
        drawn = np.array([each for each, _ in taken])[ran]
        places = np.array([place for _, place in taken])[ran]
        goals = np.clip(goals[ran], -LARGEST_LOSS, LARGEST_LOSS)
        if self._search is None:
            self._begin(drawn, goals)
        else:
            self._go_on(drawn, goals, places)

    def _begin(self, drawn: np.ndarray, goals: np.ndarray) -> None:
        """Found the population; one with a place for each member is filled up by repeats."""
        self._search = self._algorithm(goals.shape[1])
        if self.name == "moead":
            rows = np.resize(np.arange(len(drawn)), self._search.pop_size)
            drawn, goals = drawn[rows], goals[rows]
        self._search.tell(infills=_population(drawn, goals))

    def _go_on(self, drawn: np.ndarray, goals: np.ndarray, places: np.ndarray) -> None:
        if self.name == "moead":
            # some are of the first generation, which was bred for no direction
            size = self._search.pop_size
            self._search.indices = np.where(places < 0, np.arange(len(places)) % size, places)
        self._search.tell(infills=_population(drawn, goals))

    def _algorithm(self, goals: int) -> Any:
        """Return a fresh algorithm for that many goals, which draws from our generator."""
        from pymoo.core.problem import Problem
        from pymoo.core.termination import NoTermination

        reach = self.options["reach"]
        problem = Problem(n_var=self.dimension, n_obj=goals, xl=-reach, xu=reach)
        made = ALGORITHMS[self.name](goals, self.candidates, self.options)
        made.setup(problem, termination=NoTermination())
        made.random_state = self.generator
        return made

    def recommend(self) -> np.ndarray:
        """Return the member of the front whose goals, scaled to the front, sum to the least."""
        if self._search is None:
            return self.centre.copy()
        xs, goals = self._members()
        front = nondominated(goals)
        xs, goals = xs[front], goals[front]
        scaled = (goals - goals.min(axis=0)) / np.maximum(np.ptp(goals, axis=0), 1e-300)
        return self.centre + self.sigma * xs[int(np.argmin(scaled.sum(axis=1)))]

    def _members(self) -> tuple[np.ndarray, np.ndarray]:
        members = self._search.pop
        return members.get("X").astype(float), members.get("F").astype(float)

    # --------------------------------------------------------------------------------- the state

    def dump(self) -> dict[str, np.ndarray]:
        """Return the complete state as numeric arrays."""
        waiting = [
            (np.frombuffer(row), *each) for row, known in self._asked.items() for each in known
        ]
        state = {
            "optimizer": np.frombuffer(self.name.encode(), dtype=np.uint8).copy(),
            "generator": generator_words(self.generator),
            "centre": self.centre.copy(),
            "sigma": self.sigma.copy(),
            "asked": np.array([row for row, _, _ in waiting]).reshape(-1, self.dimension),
            "drawn": np.array([drawn for _, drawn, _ in waiting]).reshape(-1, self.dimension),
            "places": np.array([place for *_, place in waiting], dtype=np.int64),
        }
        if self._search is not None:
            state["xs"], state["goals"] = self._members()
            state |= _memory(self._search, self.name)
        return state

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue bit for bit from a dumped state.

        Raises
        ------
        StorageError
            The state is another optimizer's or has another dimension.
        """
        owner = bytes(np.asarray(state.get("optimizer", ()), dtype=np.uint8)).decode("latin-1")
        if owner != self.name or np.shape(state.get("centre", ())) != (self.dimension,):
            raise StorageError(
                f"{self.name}.load",
                f"the state must be one of {self.name} with {self.dimension} coordinates",
                owner or sorted(state),
                "Load it into the optimizer that dumped it.",
            )
        self.centre, self.sigma = np.array(state["centre"]), np.array(state["sigma"])
        set_generator(self.generator, state["generator"])
        self._asked = {}
        known = list(zip(np.array(state["drawn"]), state["places"].tolist(), strict=True))
        note(self._asked, np.array(state["asked"]), known, len(known))
        self._search = None if "goals" not in state else self._restored(state)

    def _restored(self, state: Mapping[str, np.ndarray]) -> Any:
        goals = np.array(state["goals"])
        made = self._algorithm(goals.shape[1])
        made.pop = _population(np.array(state["xs"]), goals)
        made.is_initialized, made.n_iter = True, 2
        if self.name == "nsga2":
            for noted in NOTED:
                made.pop.set(noted, state[noted])
        elif self.name == "nsga3":
            for seen in SEEN:
                setattr(made.survival.norm, seen, np.array(state[seen]))
        else:
            made.ideal = np.array(state["ideal"])
        return made


def _memory(search: Any, name: str) -> dict[str, np.ndarray]:
    """Return what an algorithm knows beside the members of its population."""
    if name == "nsga2":
        return {noted: np.array(search.pop.get(noted), dtype=float) for noted in NOTED}
    if name == "nsga3":
        return {seen: np.array(getattr(search.survival.norm, seen)) for seen in SEEN}
    return {"ideal": np.array(search.ideal)}


def _population(drawn: np.ndarray, goals: np.ndarray) -> Any:
    """Return members that count as evaluated."""
    from pymoo.core.population import Population

    members = Population.new("X", drawn)
    members.set("F", goals)
    for member in members:
        member.evaluated = {"F", "G", "H"}
    return members


# -- the algorithms --------------------------------------------------------------------------------


def pymoo_here() -> Any:
    """Return the package.

    Raises
    ------
    DeclarationError
        Where it is missing, or broken by another package's release.
    """
    try:
        import pymoo
        from pymoo.config import Config
    except Exception as error:
        raise DeclarationError(
            "SearchPlan.optimizer",
            "is one of pymoo's, and pymoo cannot be imported",
            said_by(error),
            f"Install it: {pip_command('optimizers')};"
            " or take one that does without: pgpe, snes, openai_es.",
        ) from None
    Config.warnings["not_compiled"] = False  # else it prints advice that is none for us
    return pymoo


def directions(goals: int, most: int) -> np.ndarray:
    """Return evenly spread weights of goals, (k, goals), as many as there are up to `most`.

    Source: Das and Dennis 1998, SIAM J Optimization 8:631.
    """
    from pymoo.util.ref_dirs import get_reference_directions

    parts = 1
    while math.comb(parts + goals, goals - 1) <= most:
        parts += 1
    return np.asarray(get_reference_directions("das-dennis", goals, n_partitions=parts))


def _operators(options: Mapping[str, float], crossing: float) -> dict[str, Any]:
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM

    return {
        "crossover": SBX(prob=crossing, eta=options["crossover_eta"]),
        "mutation": PM(eta=options["mutation_eta"]),
    }


def _nsga2(goals: int, candidates: int, options: Mapping[str, float]) -> Any:
    from pymoo.algorithms.moo.nsga2 import NSGA2

    return NSGA2(pop_size=candidates, **_operators(options, 0.9))


def _nsga3(goals: int, candidates: int, options: Mapping[str, float]) -> Any:
    from pymoo.algorithms.moo.nsga3 import NSGA3

    toward = directions(goals, candidates)
    return NSGA3(toward, pop_size=candidates, **_operators(options, 1.0))


def _moead(goals: int, candidates: int, options: Mapping[str, float]) -> Any:
    from pymoo.algorithms.moo.moead import ParallelMOEAD

    toward = directions(goals, candidates)
    return ParallelMOEAD(
        toward,
        n_neighbors=min(max(int(options["neighbours"]), 2), len(toward)),
        prob_neighbor_mating=options["neighbour_mating"],
        **_operators(options, 1.0),
    )


ALGORITHMS = {"nsga2": _nsga2, "nsga3": _nsga3, "moead": _moead}
"""By name: makes the algorithm for a number of goals, candidates, and options."""


def _options(crossover_eta: float) -> dict[str, Option]:
    return {
        "reach": Option(10.0, 0.5, 1e6, "Largest distance from the start, in starting sigmas."),
        "crossover_eta": Option(crossover_eta, 1.0, 1000.0, "Likeness of children and parents."),
        "mutation_eta": Option(20.0, 1.0, 1000.0, "Mutations: about 1/eta of the reach."),
    }


_MATING = {
    "neighbours": Option(20.0, 2.0, 1e6, "How many nearest directions share their parents."),
    "neighbour_mating": Option(0.9, 0.0, 1.0 + 1e-9, "Share of parents taken among these."),
}


def _declare(
    name: str, summary: str, reference: str, options: Mapping[str, Option]
) -> OptimizerInfo:
    return OptimizerInfo(
        name,
        summary,
        reference,
        make=partial(PopulationSearch, name),
        options=options,
        source="pymoo",
        fewest=6,
        is_told_goals=True,
    )


INFOS = (
    _declare(
        "nsga2",
        "Two goals, little noise; keeps a population along the front.",
        "Deb et al. 2002, IEEE Trans Evolutionary Computation 6:182",
        _options(15.0),
    ),
    _declare(
        "nsga3",
        "Three goals or more, little noise; spreads by reference directions.",
        "Deb and Jain 2014, IEEE Trans Evolutionary Computation 18:577",
        _options(30.0),
    ),
    _declare(
        "moead",
        "Several goals, little noise; a weighing of goals for each member.",
        "Zhang and Li 2007, IEEE Trans Evolutionary Computation 11:712",
        {**_options(20.0), **_MATING},
    ),
)
