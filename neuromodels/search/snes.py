"""SNES: separable natural evolution strategy.

Wierstra, Schaul, Glasmachers, Sun, Peters and Schmidhuber 2014, Natural evolution strategies,
Journal of Machine Learning Research 15:949; algorithm "SNES" and its default rates.
"""

import math

import numpy as np

from neuromodels.search.gaussian import GaussianSearch
from neuromodels.search.interface import OptimizerInfo, Option
from neuromodels.search.ranking import log_utilities


class SNES(GaussianSearch):
    """Follow the natural gradient of centre and sigma."""

    name = "snes"

    def move(self, noise: np.ndarray, losses: np.ndarray) -> None:
        utility = log_utilities(losses)
        # with s = noise / sigma: the gradients of J by centre, sum(u s), and by sigma,
        # sum(u (s^2 - 1)) (SNES algorithm, "compute gradients")
        centre_step = np.einsum("i,ij->j", utility, noise)
        squares = np.einsum("i,ij,ij->j", utility, noise, noise) / self.sigma**2
        sigma_step = squares - utility.sum()
        # centre <- centre + eta_mu sigma gradient (SNES algorithm, "update parameters")
        self.centre = self.centre + self.options["learning_rate"] * centre_step
        # sigma <- sigma exp(eta_sigma/2 gradient)
        self.sigma = self.sigma * np.exp(self._sigma_rate() / 2 * sigma_step)

    def _sigma_rate(self) -> float:
        # Wierstra 2014, table of default parameters
        default = (3 + np.log(self.dimension)) / (5 * np.sqrt(self.dimension))
        return self.options["sigma_factor"] * default


INFO = OptimizerInfo(
    name=SNES.name,
    summary="Adapts sigma fastest; no learning rate to set.",
    reference="Wierstra et al. 2014, JMLR 15:949",
    make=SNES,
    options={
        "learning_rate": Option(
            1.0, 0, math.inf, "Step of the centre, in sigmas: the paper's eta_mu."
        ),
        "sigma_factor": Option(
            1.0, 0, math.inf, "Multiplies the paper's rate of sigma, (3 + ln d) / (5 sqrt(d))."
        ),
    },
)
