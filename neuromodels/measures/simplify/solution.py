"""Simplify a solution: terms whose coefficients may be 0, and how far the others may be scaled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.experiment.scoring import ExperimentLike, score_vectors, scores_per_trial
from neuromodels.measures.quantities import Quantity, Solution, mean_of
from neuromodels.measures.simplify.subsets import Subset, smallest_subset
from neuromodels.seeding import trial_streams

if TYPE_CHECKING:
    from neuromodels.coefficients import Block
    from neuromodels.experiment.compiled import Experiment
    from neuromodels.rules import PlasticityRule

KEEP = 0.95
"""Part of the score above chance that a simpler rule must keep."""
FACTORS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0)
"""What the numbers of a coefficient are multiplied by, all at once."""
INSTANCES = 8192
"""Candidates times trials at a time."""


@dataclass(frozen=True, eq=False)
class Simplified:
    """The smallest rule that keeps a solution's score.

    Parameters
    ----------
    rule
        With the terms that are left.
    kept, left_out
        Names of terms.
    full, reduced
        Score of the solution and of the smallest rule, both on trials that chose nothing.
    floor
        What the score had to keep, on the trials that chose.
    numbers
        For each coefficient of each projection: ``projection``, ``coefficient``, ``count``,
        ``value`` (its median), ``low`` and ``high`` of its numbers, and ``from`` and ``to``, the
        factors between which the score is kept.
    """

    rule: PlasticityRule
    kept: Subset
    left_out: Subset
    full: Quantity
    reduced: Quantity
    floor: float
    numbers: tuple[dict[str, Any], ...]


def simplify(solution: Solution, experiment: Experiment, keep: float = KEEP) -> Simplified:
    """Return the smallest rule that keeps a part of a solution's score.

    Nothing is searched again: coefficients of terms that are left out are 0, and the others stay.

    Parameters
    ----------
    solution
        Half of its streams choose the terms. The scores that are returned are on the other half.
    experiment
        Its network.
    keep
        Part of what the score is above chance.

    Raises
    ------
    DeclarationError
        Where the rule has no terms that can be left out.
    """
    rule = _rule_of(experiment)
    terms = removable_terms(experiment, rule)
    scores = _Scores(solution, experiment)
    chance = solution.task.chance or 0.0
    floor = chance + keep * (float(scores.means([solution.vector])[0]) - chance)

    def reduced(kept: Subset) -> np.ndarray:
        return _only(solution.vector, experiment, terms, kept)

    kept = smallest_subset(terms, lambda subsets: scores.means(list(map(reduced, subsets))), floor)
    vector = reduced(kept)
    stay = tuple(term for term in rule.terms if term in kept or term not in terms)
    smaller = rule.with_options({"terms": " ".join(stay)})
    return Simplified(
        smaller,
        stay,
        tuple(term for term in rule.terms if term not in stay),
        mean_of(scores.fresh(solution.vector)),
        mean_of(scores.fresh(vector)),
        floor,
        tuple(_numbers(vector, experiment, scores, _blocks_of(experiment, smaller), floor)),
    )


def _rule_of(experiment: Experiment) -> PlasticityRule:
    """Return the rule of the projections that learn; they must share one."""
    rules = {p.rule.name: p.rule for p in experiment.circuit.projections if p.rule.is_plastic}
    if len(rules) != 1 or not next(iter(rules.values())).terms:
        raise DeclarationError(
            "simplify",
            "must have one rule for all plastic projections, made of terms",
            ", ".join(rules) or "no plastic projection",
            "Name its `terms`, see docs/how_to/add_a_rule.md.",
        )
    return next(iter(rules.values()))


def removable_terms(experiment: Experiment, rule: PlasticityRule) -> Subset:
    """Return the searched terms of a rule whose coefficients may be 0."""
    may_be_zero = {
        block.coefficient.name
        for block in experiment.coefficients.blocks
        if block.coefficient.scale != "log" and block.coefficient.low <= 0 <= block.coefficient.high
    }
    return tuple(term for term in rule.terms if term in may_be_zero)


def _only(vector: np.ndarray, experiment: Experiment, terms: Subset, kept: Subset) -> np.ndarray:
    """Return the vector with all other terms at 0."""
    changed = vector.copy()
    for block in experiment.coefficients.blocks:
        if block.coefficient.name in set(terms) - set(kept):
            changed[experiment.slices[block.label]] = 0.0
    return changed


class _Scores:
    """Scores of vectors on the trials that choose, and on fresh ones.

    Inputs that are held out from searches choose nothing here, either.
    """

    def __init__(self, solution: Solution, experiment: ExperimentLike):
        half = len(solution.streams) // 2
        self._experiment = experiment
        self._choosing, self._fresh = solution.streams[:half], solution.streams[half:]
        self._inputs = None if solution.inputs is None else solution.inputs[half:]

    def means(self, vectors: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean scores of vectors on the trials that choose, (vectors,)."""
        width = max(1, INSTANCES // len(self._choosing))
        parts = [np.array(vectors[k : k + width]) for k in range(0, len(vectors), width)]
        outcomes = [score_vectors(self._experiment, xs, self._choosing) for xs in parts]
        return np.concatenate([scores_per_trial(each).mean(axis=1) for each in outcomes])

    def fresh(self, vector: np.ndarray) -> np.ndarray:
        """Return the scores of a vector on trials that chose nothing, (trials,)."""
        outcome = score_vectors(self._experiment, vector[None], self._fresh, inputs=self._inputs)
        return scores_per_trial(outcome)[0]


def _blocks_of(experiment: Experiment, smaller: PlasticityRule) -> list[Block]:
    """Return the searched coefficients that a smaller rule still has, and those of no rule."""
    gone = {c.name for c in _rule_of(experiment).coefficients}
    gone -= {c.name for c in smaller.coefficients}
    return [b for b in experiment.coefficients.blocks if b.coefficient.name not in gone]


def _numbers(
    vector: np.ndarray,
    experiment: Experiment,
    scores: _Scores,
    blocks: Sequence[Block],
    floor: float,
) -> Iterator[dict[str, Any]]:
    """Yield what is left of each coefficient, and how far it may be scaled."""
    linear = [block for block in blocks if block.coefficient.scale != "log"]
    scaled = [_scaled(vector, experiment, block, f) for block in linear for f in FACTORS]
    found = scores.means(scaled).reshape(-1, len(FACTORS)) if linear else np.zeros((0, 1))
    tolerated = {b.label: _between(row, floor) for b, row in zip(linear, found, strict=True)}
    for block in blocks:
        values = block.values(vector[None, experiment.slices[block.label]])[0]
        low, high = tolerated.get(block.label, (None, None))
        yield {
            "projection": block.projection,
            "coefficient": block.coefficient.name,
            "count": block.size,
            "value": float(np.median(values)),
            "low": float(values.min()),
            "high": float(values.max()),
            "from": low,
            "to": high,
        }


def _scaled(vector: np.ndarray, experiment: Experiment, block: Block, factor: float) -> np.ndarray:
    changed = vector.copy()
    changed[experiment.slices[block.label]] *= factor
    return changed


def _between(scores: np.ndarray, floor: float) -> tuple[float, float]:
    """Return the factors around 1 between which no score is below the floor."""
    one = FACTORS.index(1.0)
    bad = np.flatnonzero(~(scores >= floor))
    below, above = bad[bad < one], bad[bad > one]
    low = below.max() + 1 if below.size else 0
    high = above.min() - 1 if above.size else len(FACTORS) - 1
    return FACTORS[int(low)], FACTORS[int(high)]


def streams_of(seed: int, trials: int) -> np.ndarray:
    """Return the streams of a simplification: `trials` that choose and as many fresh ones."""
    return trial_streams(seed, 2 * trials, "simplify")
