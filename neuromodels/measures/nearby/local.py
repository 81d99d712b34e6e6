"""Which coefficients a score depends on near a solution: Morris and Sobol (SALib).

Numbers vary within `WITHIN` of the spread with which the search began, on the searched scale. All
numbers of one coefficient in one projection are a factor: they vary independently of each other,
and the index is of all of them together (groups: Campolongo et al. 2007; Saltelli et al. 2010).
All points see the same trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np

from neuromodels.analysis.sensitivity import METHODS, Design
from neuromodels.errors import DeclarationError, pip_command
from neuromodels.measures.nearby.neighbours import coefficients_of, scores_of
from neuromodels.measures.quantities import Examined, Measure, Quantity, Solution, mean_of, number
from neuromodels.seeding import seed_of

WITHIN = 1.0
"""Spreads of the start on either side of the solution."""
SAMPLES = {"morris": 16, "sobol": 64}
"""Trajectories, and base points."""
INDICES = {"morris": {"mu_star": "change of the score"}, "sobol": {"S1": "alone", "ST": "in all"}}
"""Indices that are told, and what they are called."""


def _examine(method: str, solution: Solution) -> Examined:
    if find_spec("SALib") is None:
        cure = f"Install it: {pip_command('sensitivity')}."
        raise DeclarationError(f"measure {method}", "needs the package SALib", cure=cure)
    coefficients = coefficients_of(solution)
    labels = list(coefficients.slices)
    design = _design(method, coefficients.slices, solution)
    places = design.places()
    shifts = WITHIN * (2 * places - 1) * coefficients.sigma
    scores = scores_of(solution, solution.vector + shifts)
    own = scores_of(solution, solution.vector[None])[0]
    means = scores.mean(axis=1)
    indices = design.indices(places, means)
    quantities = {"score of the solution": mean_of(own), "score around it": mean_of(means)}
    for index, words in INDICES[method].items():
        for place, label in enumerate(labels):
            quantities[f"{label}, {words}"] = _quantity(indices, index, place, design.samples)
    kept = {name: np.asarray(each) for name, each in indices.items()}
    return {**kept, "labels": np.array(labels), "scores": means}, quantities


def _design(method: str, slices: Mapping[str, slice], solution: Solution) -> Design:
    groups = [label for label, part in slices.items() for _ in range(part.stop - part.start)]
    seed = seed_of(solution.seed, "local", method) % 2**32
    return METHODS[method](len(groups), seed, SAMPLES[method], False, groups)


def _quantity(indices: Mapping[str, np.ndarray], index: str, place: int, samples: int) -> Quantity:
    """Return an index and its interval; no number where the score is the same everywhere."""
    value, low, high = (float(indices[f"{index}{end}"][place]) for end in ("", "_low", "_high"))
    if not np.isfinite([value, low, high]).all():
        return {**number(value), "n": samples}
    ends = {"low": low, "high": high, "kind": "normal bootstrap", "n": samples}
    return {**number(value), **ends}


def examine_morris(solution: Solution) -> Examined:
    """Return the mean size of the change of the score over the range of each coefficient."""
    return _examine("morris", solution)


def examine_sobol(solution: Solution) -> Examined:
    """Return which part of the variance of the score each coefficient has, alone and in all."""
    return _examine("sobol", solution)


MORRIS = Measure(
    name="morris",
    about="Which coefficients change the score near a solution?",
    note="Numbers within one first spread of the solution, those of a coefficient together. Mean"
    " size of the change of the score over that range; intervals are over 16 trajectories.",
    examine=examine_morris,
    over_seeds=True,
    shows_seeds=False,
)
SOBOL = Measure(
    name="sobol",
    about="Which part of the score's variance near a solution has each coefficient?",
    note="Numbers within one first spread of the solution, those of a coefficient together. Part of"
    " the variance alone, and in all with the others; intervals are over 64 base points.",
    examine=examine_sobol,
    over_seeds=True,
    shows_seeds=False,
)
