"""What equations declare, and promises about the numbers in them that a search may change."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable

import numpy as np

from neuromodels.coefficients import Coefficient, CoefficientVector
from neuromodels.experiment.contracts.contract import require
from neuromodels.seeding import generator

REACH = 3.0
"""Standard deviations of a search's start within which an unbounded coefficient is drawn."""


def check_bounds(
    where: str, coefficients: Iterable[Coefficient], is_start: Callable[[Coefficient], bool]
) -> None:
    """Refuse a searched coefficient whose default leaves a search one side only.

    The initial value of a variable may be the lowest that the variable can have.
    """
    for coefficient in coefficients:
        if coefficient.frozen:
            continue
        low, value, high = coefficient.low, coefficient.default, coefficient.high
        begins = low <= value < high if is_start(coefficient) else low < value < high
        require(
            begins and math.isfinite(value),
            f"{where}.{coefficient.name}",
            "low < default < high must hold for a search to move both ways",
            (low, value, high),
            "Widen the bounds, move the default, or freeze it.",
        )


def check_use(
    where: str,
    coefficients: Iterable[Coefficient],
    used: Collection[str],
    must: str = "must stand in an equation or statement",
) -> None:
    """Refuse a coefficient that is not among the names used."""
    for coefficient in coefficients:
        require(
            coefficient.symbol in used,
            f"{where}.{coefficient.name}",
            must,
            coefficient.name,
            "A search would change it without effect: use it or remove it.",
        )


def words(text: str) -> set[str]:
    """Return the identifiers of equations and statements, comments left out."""
    return set(re.findall(r"\b[A-Za-z_]\w*", re.sub(r"#.*", "", text)))


def variables(equations: str) -> list[str]:
    """Return the variables that equations declare, in order."""
    pattern = re.compile(r"^\s*(?:d(\w+)/d\w+|(\w+))\s*[=:]")
    lines = (pattern.match(line.partition("#")[0]) for line in equations.splitlines())
    return [match[1] or match[2] for match in lines if match]


def stored(equations: str) -> list[str]:
    """Return those of `variables` that keep a number, and are no expression of others."""
    plain = re.sub(r"#.*", "", equations)
    return [name for name in variables(plain) if not re.search(rf"(?m)^\s*{name}\s*=", plain)]


def drawn_vectors(coefficients: CoefficientVector, count: int) -> np.ndarray:
    """Return vectors of a search within its bounds, shape (count, d); the first is the default."""
    random, columns = generator(0, "contract"), []
    for block in coefficients.blocks:
        columns.append(_draw(block.coefficient, random, (count, block.size)))
    drawn = np.concatenate(columns, axis=1) if columns else np.zeros((count, 0))
    drawn[0] = coefficients.centre
    return drawn


def _draw(
    coefficient: Coefficient, random: np.random.Generator, shape: tuple[int, int]
) -> np.ndarray:
    centre = float(coefficient.to_search_scale(coefficient.default))
    if math.isfinite(coefficient.low) and math.isfinite(coefficient.high):
        low, high = (
            float(coefficient.to_search_scale(b)) for b in (coefficient.low, coefficient.high)
        )
        return random.uniform(low, high, shape)
    return centre + random.uniform(-REACH, REACH, shape) * coefficient.sigma
