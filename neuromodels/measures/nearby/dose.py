"""How a score depends on the size of one coefficient of a solution: its dose curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.coefficients import Block
from neuromodels.errors import DeclarationError
from neuromodels.measures.nearby.neighbours import coefficients_of, scores_of
from neuromodels.measures.quantities import Examined, Measure, Solution, mean_of
from neuromodels.study.study import Study

FACTORS = (-1.0, 0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""What the numbers of a coefficient are multiplied by, where nobody says it."""
MOST_FACTORS = 200
EXAMPLE = "For instance: --vary A=0,0.5,1,2"


@dataclass(frozen=True)
class Doses:
    """Which coefficients are multiplied, and by what.

    Parameters
    ----------
    factors
        By name: that of a coefficient in all projections, or ``projection.coefficient``. Empty: all
        coefficients, one after another, by `FACTORS`.
    """

    factors: dict[str, tuple[float, ...]]

    @property
    def name(self) -> str:
        """What is varied, for the names of files."""
        return "-".join(self.factors) or "all"

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The factors by coefficient."""
        return {name: np.array(factors) for name, factors in self.factors.items()}

    def of(self, name: str) -> tuple[float, ...]:
        """Return by what the numbers of a coefficient are multiplied."""
        return self.factors.get(name, FACTORS)


def doses_from(study: Study, varied: Sequence[str]) -> Doses:
    """Read what ``--vary`` says: ``COEFFICIENT=FACTOR,FACTOR,...``.

    Raises
    ------
    DeclarationError
        Where it is not that.
    """
    factors: dict[str, tuple[float, ...]] = {}
    for text in varied:
        name, _, listed = text.partition("=")
        if not name.strip() or name.strip() in factors:
            told = "must name a coefficient, each once"
            raise DeclarationError(f"--vary {text}", told, cure=EXAMPLE)
        factors[name.strip()] = tuple(_factor(text, each) for each in listed.split(","))
        if len(factors[name.strip()]) > MOST_FACTORS:
            told = f"must list at most {MOST_FACTORS} factors"
            raise DeclarationError("--vary", told, len(factors[name.strip()]))
    return Doses(factors)


def _factor(where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        told = "must list numbers, with commas between them"
        raise DeclarationError(f"--vary {where}", told, text, EXAMPLE)
    return value


def examine(doses: Doses, solution: Solution) -> Examined:
    """Return the score with the numbers of each coefficient multiplied by each factor.

    Raises
    ------
    DeclarationError
        For a coefficient that is not searched.
    """
    blocks = {block.label: block for block in coefficients_of(solution).blocks}
    arrays, quantities = dict(doses.arrays), {}
    for name, labels in _named(doses, blocks).items():
        factors = [f for f in doses.of(name) if f > 0 or not _is_log(blocks, labels)]
        vectors = np.array([_multiplied(solution, blocks, labels, f) for f in factors])
        scores = scores_of(solution, vectors)
        arrays |= {f"{name} factors": np.array(factors), f"{name} scores": scores}
        for factor, of_trials in zip(factors, scores, strict=True):
            quantities[f"{factor:g} x {name}"] = mean_of(of_trials)
    return arrays, quantities


def _named(doses: Doses, blocks: dict[str, Block]) -> dict[str, list[str]]:
    """Return the labels that each name stands for, in the order that was asked."""
    own = dict.fromkeys(block.coefficient.name for block in blocks.values())
    found = {name: _labels(name, blocks) for name in doses.factors or own}
    for name, labels in found.items():
        if not labels:
            known = ", ".join((*own, *blocks))
            raise DeclarationError("--vary", f"must name one of {known}", name, EXAMPLE)
    return found


def _labels(name: str, blocks: dict[str, Block]) -> list[str]:
    return [label for label, block in blocks.items() if name in (label, block.coefficient.name)]


def _is_log(blocks: dict[str, Block], labels: list[str]) -> bool:
    return any(blocks[label].coefficient.scale == "log" for label in labels)


def _multiplied(
    solution: Solution, blocks: dict[str, Block], labels: list[str], factor: float
) -> np.ndarray:
    """Return the vector with the numbers of some blocks multiplied; bounds hold as in a search."""
    vector = solution.vector.copy()
    slices = coefficients_of(solution).slices
    for label in labels:
        coefficient, part = blocks[label].coefficient, slices[label]
        if coefficient.scale == "log":
            vector[part] += math.log(factor) / coefficient.summands
        else:
            vector[part] *= factor
    return vector


DOSE = Measure(
    name="dose",
    about="How does the score depend on the size of a coefficient?",
    note="All numbers of a coefficient times a factor; the others stay as they are. 0 takes a term"
    " away. On a log scale there are no factors of 0 or below. Bounds hold as in the search.",
    examine=examine,
    over_seeds=True,
    shows_seeds=False,
    settings=doses_from,
)
