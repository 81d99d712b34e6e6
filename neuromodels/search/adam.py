"""Adam on the centre of a search distribution."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from neuromodels.search.gaussian import GaussianSearch
from neuromodels.search.interface import Option

EPSILON = 1e-8
ADAM_OPTIONS = {
    "learning_rate": Option(
        0.01, 0, math.inf, "Step of the centre, in units of the searched vector."
    ),
    "relative_rate": Option(
        0.0, 0, math.inf, "Step of the centre, in sigmas at the start; 0: use learning_rate."
    ),
    "beta1": Option(0.9, 0, 1, "Decay of the gradient's running mean, per generation."),
    "beta2": Option(0.999, 0, 1, "Decay of the squared gradient's running mean, per generation."),
}
"""Options of every optimizer that climbs with Adam."""


class AdamSearch(GaussianSearch):
    """A Gaussian search whose centre climbs its gradient with Adam.

    Its options are `ADAM_OPTIONS`. A ``relative_rate`` above zero replaces ``learning_rate`` by
    that many sigmas of the start, coordinate by coordinate.

    Source: Kingma and Ba 2015, algorithm 1.
    """

    state = (*GaussianSearch.state, "momentum", "power", "steps")

    def __init__(
        self,
        centre: np.ndarray,
        sigma: np.ndarray,
        candidates: int,
        seed: int,
        options: Mapping[str, float],
    ):
        super().__init__(centre, sigma, candidates, seed, options)
        self.momentum = np.zeros(self.dimension)
        self.power = np.zeros(self.dimension)
        self.steps = np.array(0)
        relative = self.options["relative_rate"]
        self.rate = relative * self.sigma if relative else self.options["learning_rate"]

    def ascend(self, gradient: np.ndarray) -> None:
        """Move the centre uphill along an estimated gradient, shape (d,)."""
        beta1, beta2 = self.options["beta1"], self.options["beta2"]
        self.steps = self.steps + 1
        self.momentum = beta1 * self.momentum + (1 - beta1) * gradient
        self.power = beta2 * self.power + (1 - beta2) * gradient**2
        momentum = self.momentum / (1 - beta1**self.steps)
        power = self.power / (1 - beta2**self.steps)
        self.centre = self.centre + self.rate * momentum / (np.sqrt(power) + EPSILON)
