"""Sloppy and stiff directions of a solution: which changes of its rule's numbers cost anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from neuromodels.analysis.degeneracy.curvature import (
    bends,
    difference_points,
    directions_of,
    hessians,
    line_points,
    verdict_of,
)
from neuromodels.errors import DeclarationError
from neuromodels.experiment.scoring import ExperimentLike, score_vectors
from neuromodels.measures.quantities import Examined, Measure, Quantity, Solution, mean_of, number
from neuromodels.seeding import generator
from neuromodels.study.objective import measure_of
from neuromodels.study.study import Study

if TYPE_CHECKING:
    from neuromodels.coefficients import Block
    from neuromodels.study.outcome import Outcome

MOST_NUMBERS = 24
"""Of a rule, that are each a coordinate; of more, all of a coefficient are scaled together."""
STEP = 0.5
"""Of a number, in units of the spread with which its search began."""
SHARE = 0.25
"""Step of numbers that are scaled together: they are multiplied by ``exp(SHARE)``."""
FEWEST = 4
"""Trials of each half."""
AT_ONCE = 8192
"""Networks per call."""
Made = tuple[str, np.ndarray, np.ndarray]
"""A coordinate: its name, what it adds to a vector, (d,), and logarithms of factors, (d,)."""


@dataclass(frozen=True, eq=False)
class Coordinates:
    """What is moved: each a step of a vector of coefficients.

    Parameters
    ----------
    names
        ``"input_output.eta"`` and so on, (k,).
    steps
        What is added to each number, (k, d).
    logarithms
        Of what each number is multiplied by, (k, d): so a product of two coefficients is a sum.
    """

    names: tuple[str, ...]
    steps: np.ndarray
    logarithms: np.ndarray

    def vectors(self, middle: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Return the vectors at points, (n, k), around a middle, (d,)."""
        return middle * np.exp(points @ self.logarithms) + points @ self.steps


def examine(solution: Solution) -> Examined:
    """Return the curvature of the loss along its directions, the stiffest first."""
    from neuromodels.experiment.embodied import experiment_of  # imports Brian2

    experiment = experiment_of(solution.study, solution.condition)
    coordinates = coordinates_of(solution, experiment)
    proposing, measuring = _halves(solution)
    of_trials = hessians_of(proposing, experiment, coordinates)
    found = directions_of(of_trials, generator(solution.seed, "directions"))
    curvatures = bends_along(found.vectors, measuring, experiment, coordinates)
    order = np.argsort(-curvatures.mean(axis=1), kind="stable")
    vectors, curvatures = found.vectors[order], curvatures[order]
    arrays = {
        "hessians": of_trials.astype(np.float32),
        "coordinates": np.array(coordinates.names),
        "steps": coordinates.steps,
        "logarithms": coordinates.logarithms,
        **{name: np.asarray(value) for name, value in vars(found).items()},
        "vectors": vectors,
        "curvatures": curvatures,
    }
    return arrays, _rows(vectors, curvatures, coordinates.names)


def _halves(solution: Solution) -> tuple[Solution, Solution]:
    """Return the solution with one half of its trials, and with the other.

    Raises
    ------
    DeclarationError
        When a half has fewer than four.
    """
    half = len(solution.streams) // 2
    if half < FEWEST:
        must = f"must be at least {2 * FEWEST}"
        raise DeclarationError("measure directions --trials", must, len(solution.streams))
    streams = solution.streams[:half], solution.streams[half:]
    # what was held out from the search is not what it minimised
    one, other = (replace(solution, streams=each, inputs=None) for each in streams)
    return one, other


def coordinates_of(solution: Solution, experiment: ExperimentLike) -> Coordinates:
    """Return what is moved around a solution: the numbers of its plastic rules.

    Of more than `MOST_NUMBERS` all of a coefficient are scaled together.

    Raises
    ------
    DeclarationError
        Where no number of a plastic rule was searched.
    """
    blocks = _blocks_of_rules(experiment)
    if not blocks:
        must = "needs searched numbers of a plastic rule"
        raise DeclarationError("measure directions", must, solution.condition)
    every = sum(block.size for block in blocks) <= MOST_NUMBERS
    made = _one_by_one(blocks, experiment) if every else _together(blocks, experiment)
    names, steps, logarithms = zip(*made, strict=True)
    return Coordinates(tuple(names), np.array(steps), np.array(logarithms))


def _blocks_of_rules(experiment: ExperimentLike) -> list[Block]:
    """Return the searched coefficients of all plastic rules."""
    circuit = experiment.circuit  # type: ignore[attr-defined]
    plastic = {p.name for p in circuit.projections if p.rule.is_plastic}
    return [b for b in circuit.coefficients.blocks if b.projection in plastic]


def _one_by_one(blocks: Sequence[Block], experiment: ExperimentLike) -> Iterator[Made]:
    """Yield a coordinate for each number."""
    none = np.zeros(experiment.dimension)
    for block in blocks:
        part = experiment.slices[block.label]
        for k in range(block.size):
            step = none.copy()
            step[part.start + k] = STEP * experiment.sigma[part.start + k]
            yield (block.label if block.size == 1 else f"{block.label}[{k}]"), step, none


def _together(blocks: Sequence[Block], experiment: ExperimentLike) -> Iterator[Made]:
    """Yield a coordinate for each coefficient; numbers on a log scale are moved by as much."""
    none = np.zeros(experiment.dimension)
    for block in blocks:
        part, moved = experiment.slices[block.label], none.copy()
        if block.coefficient.scale == "log":
            moved[part] = STEP * experiment.sigma[part]
            yield block.label, moved, none
        else:
            moved[part] = SHARE
            yield block.label, none, moved


def hessians_of(
    solution: Solution, experiment: ExperimentLike, coordinates: Coordinates
) -> np.ndarray:
    """Return the Hessian of the loss in each trial, (trials, k, k), per step of each coordinate.

    All points see the same trials.
    """
    points = difference_points(len(coordinates.names))
    losses = _losses_at(points, solution, experiment, coordinates)
    return hessians(losses, len(coordinates.names))


def bends_along(
    vectors: np.ndarray, solution: Solution, experiment: ExperimentLike, coordinates: Coordinates
) -> np.ndarray:
    """Return how the loss bends along directions, (n, k), in each trial, (n, trials)."""
    return bends(_losses_at(line_points(vectors), solution, experiment, coordinates))


def _losses_at(
    points: np.ndarray, solution: Solution, experiment: ExperimentLike, coordinates: Coordinates
) -> np.ndarray:
    xs = coordinates.vectors(solution.vector, points)
    most = max(1, AT_ONCE // len(solution.streams))
    parts = (xs[k : k + most] for k in range(0, len(xs), most))
    return np.concatenate(
        [losses_of(solution.study, _scored(solution, experiment, part)) for part in parts]
    )


def _scored(solution: Solution, experiment: ExperimentLike, xs: np.ndarray) -> Outcome:
    return score_vectors(experiment, xs, solution.streams, inputs=solution.inputs)


def losses_of(study: Study, outcome: Outcome) -> np.ndarray:
    """Return what a search minimised, in each trial, (points, trials).

    Terms that are bands count over a whole candidate, not in a trial, and are left out. Where there
    is no other term it is the task's loss.
    """
    terms = {name: t for name, t in study.objective.terms.items() if not t.is_band}
    weights = {name: term.weight for name, term in terms.items()} or {"loss": 1.0}
    parts = [weight * measure_of(name, outcome) for name, weight in weights.items()]
    ran = outcome.ran & np.isfinite(parts).all(axis=0)
    return np.where(ran, np.sum(parts, axis=0), study.failures.losses(outcome.failed))


def _rows(vectors: np.ndarray, curvatures: np.ndarray, names: Sequence[str]) -> dict[str, Quantity]:
    """Return the curvature of each direction, as a part of the largest, and the counts."""
    means, participation = [mean_of(each) for each in curvatures], vectors**2
    largest = max(each["value"] for each in means)
    verdicts = [verdict_of(_end(m, "low"), _end(m, "high"), largest) for m in means]
    rows: dict[str, Quantity] = {
        f"{verdict} directions": number(float(verdicts.count(verdict)))
        for verdict in ("stiff", "undecided", "sloppy", "falling")
    }
    rows["largest curvature, loss per step squared"] = means[0]
    for k, (mean, verdict) in enumerate(zip(means, verdicts, strict=True)):
        rows[f"direction {k + 1}, part of the largest"] = {
            **_part(mean, largest),
            "verdict": verdict,
            "made_of": {n: float(p) for n, p in zip(names, participation[k], strict=True)},
        }
    sloppy = [k for k, verdict in enumerate(verdicts) if verdict == "sloppy"]
    for name, part in zip(names, participation[sloppy].sum(axis=0), strict=True):
        rows[f"part of {name} in sloppy directions"] = number(float(part))
    return rows


def _end(quantity: Quantity, end: str) -> float:
    value = quantity[end]
    return np.nan if value is None else float(value)


def _part(quantity: Quantity, largest: float) -> Quantity:
    if not largest > 0:
        return {**quantity, "value": None, "low": None, "high": None, "kind": "none"}
    scaled = {k: quantity[k] / largest for k in ("value", "low", "high") if quantity[k] is not None}
    return {**quantity, **scaled}


DIRECTIONS = Measure(
    name="directions",
    about="Which changes of a rule's numbers cost anything, and which do not?",
    note="Curvature of the searched loss on the same trials. One half of the trials proposes"
    " directions, the other measures along them. Sloppy: the interval lies between -.05 and .05 of"
    " the largest; stiff: above .2; falling: below -.05.",
    examine=examine,
    conditions=("plastic",),
)
