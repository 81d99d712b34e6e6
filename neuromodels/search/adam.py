"""Adam on the centre of a search distribution."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuromodels.search.gaussian import GaussianSearch

EPSILON = 1e-8


class AdamSearch(GaussianSearch):
    """A Gaussian search whose centre climbs its gradient with Adam.

    Options ``learning_rate`` (units of the searched vector), ``beta1``, ``beta2``, and
    ``relative_rate``: when above zero it replaces ``learning_rate`` by that many starting
    sigmas, coordinate by coordinate.

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
