"""Scores of vectors beside a solution, all from one compiled network and on the same trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neuromodels.experiment.scoring import ExperimentLike, score_vectors, scores_per_trial
from neuromodels.measures.quantities import Solution
from neuromodels.study.study import Study

if TYPE_CHECKING:
    from neuromodels.coefficients import CoefficientVector

MOST_VECTORS = 256
"""Vectors at a time; bounds the memory that many of them need."""


def scores_of(solution: Solution, vectors: np.ndarray) -> np.ndarray:
    """Return the score of each vector, (n, d), in each trial of a solution, (n, trials)."""
    experiment = _experiment_of(solution.study, solution.condition)
    parts = [
        score_vectors(
            experiment, vectors[k : k + MOST_VECTORS], solution.streams, inputs=solution.inputs
        )
        for k in range(0, len(vectors), MOST_VECTORS)
    ]
    return np.vstack([scores_per_trial(part) for part in parts])


def coefficients_of(solution: Solution) -> CoefficientVector:
    """Return what the numbers of a solution stand for."""
    from neuromodels.experiment import batches  # imports Brian2

    return batches.coefficients_of(solution.study, solution.condition)


_kept: dict[tuple[str, str], ExperimentLike] = {}
"""The network that was built last, for other seeds of its run."""


def _experiment_of(study: Study, condition: str) -> ExperimentLike:
    from neuromodels.experiment.embodied import experiment_of  # imports Brian2

    if (study.digest, condition) not in _kept:
        _kept.clear()
        _kept[study.digest, condition] = experiment_of(study, condition)
    return _kept[study.digest, condition]
