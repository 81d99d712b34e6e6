"""Weights that grow again after an injury, beside intact ones (PDLF, arXiv:2308.12063, Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from neuromodels.analysis.recovery import alikeness
from neuromodels.measures.injury import Injury, injured_steps, wounded_steps
from neuromodels.measures.quantities import Examined, Measure, Quantity, Solution, mean_of

if TYPE_CHECKING:
    from neuromodels.experiment.episodes import Episodes

LATER = (0.75, 0.95)
"""Parts of a trial after an injury at which weights are looked at again."""


def examine(solution: Solution) -> Examined:
    """Return how alike regrown weights are to those of the same and of another intact trial."""
    steps, first, last = wounded_steps(solution)
    looks = [1, first - 1, first, last, *(int(part * steps) for part in LATER)]
    intact = weights_in(looks, solution)
    injured = weights_in(looks, solution, Injury(1.0, first, last))
    arrays: dict[str, np.ndarray] = {}
    quantities: dict[str, Quantity] = {}
    for name, regrown in injured.items():
        alike = alikeness(regrown, intact[name])
        others = alikeness(regrown, np.roll(intact[name], 1, axis=1))
        arrays |= {
            f"{name}.w": regrown[:, 0].astype(np.float32),
            f"{name}.alike": alike.mean(axis=1),
            f"{name}.others": others.mean(axis=1),
        }
        for look, cosines in list(zip(looks, alike, strict=True))[3:]:
            same = f"{name}: like the same trial left intact, step {look}"
            quantities[same] = mean_of(cosines)
        another = f"{name}: like another intact trial, step {looks[-1]}"
        quantities[another] = mean_of(others[-1])
    return {**arrays, "looks": np.array(looks), "wound": np.array([first, last])}, quantities


def weights_in(
    steps: Sequence[int], solution: Solution, injury: Injury | None = None
) -> dict[str, np.ndarray]:
    """Return by projection the weights that act in some steps, (steps, trials, before, behind).

    Of a weight ``w + alpha*rho`` it is `rho`, which alone can grow again. In a network of one's own
    they are those of the plastic projections, for synapses of the user's (steps, trials, synapses).

    Parameters
    ----------
    steps
        Which, in any order; each must lie within a trial.
    injury
        None: nothing is lost.
    """
    trials = solution.episodes()
    weights = {}
    for step in injured_steps(trials, injury):
        if step in steps:
            weights[step] = _present(trials)
        trials.run()
    return {name: np.stack([weights[step][name] for step in steps]) for name in weights[steps[0]]}


def _present(trials: Episodes) -> dict[str, np.ndarray]:
    """Return what is learned of each examined projection, as the next step uses it."""
    learned = trials.plastic_parts()
    return {name: each.reshape(-1, *trials.extents[name]) for name, each in learned.items()}


WEIGHTS = Measure(
    name="weights",
    about="Do weights that regrow after a lesion resemble those of an intact trial?",
    note="Cosines between weights after all were lost for a twentieth of a trial and those of"
    " intact trials.",
    examine=examine,
    conditions=("plastic",),
)
