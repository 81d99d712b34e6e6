"""PGPE: policy gradients with parameter-based exploration, symmetric sampling.

Sehnke, Osendorfer, Rückstieß, Graves, Peters and Schmidhuber 2010, Parameter-exploring policy
gradients, Neural Networks 23:551. With ranks for rewards, Adam on the centre and a limited
step of sigma, as used by PDLF (arXiv:2308.12063).
"""

import math

import numpy as np

from neuromodels.search.adam import ADAM_OPTIONS, AdamSearch
from neuromodels.search.interface import OptimizerInfo, Option
from neuromodels.search.ranking import centred_ranks


class PGPE(AdamSearch):
    """Climb the rewards' gradient in centre and sigma, from mirrored pairs.

    The estimates of the paper are sums over pairs (reward of ``centre + noise``, reward of
    ``centre - noise``). Written as sums over single candidates they are the same numbers and
    hold for candidates in any order.
    """

    name = "pgpe"
    antithetic = True

    def move(self, noise: np.ndarray, losses: np.ndarray) -> None:
        reward = centred_ranks(losses)
        # Sehnke 2010, symmetric sampling, centre: mean over pairs of noise (r+ - r-)/2
        gradient = np.einsum("i,ij->j", reward, noise) / reward.size
        spread = self._sigma_gradient(noise, reward)
        self.ascend(gradient)
        # PDLF: a plain step of sigma, its change limited to a fraction of sigma
        limit = self.options["sigma_limit"] * self.sigma
        self.sigma = self.sigma + np.clip(self.options["sigma_rate"] * spread, -limit, limit)

    def _sigma_gradient(self, noise: np.ndarray, reward: np.ndarray) -> np.ndarray:
        # Sehnke 2010, symmetric sampling, sigma: ((r+ + r-)/2 - b) (noise^2 - sigma^2)/sigma
        advantage = reward - reward.mean()
        squares = np.einsum("i,ij,ij->j", advantage, noise, noise)
        # minus sigma^2 sum(advantage), which is zero because the baseline b is the mean reward
        return squares / (reward.size * self.sigma)


INFO = OptimizerInfo(
    name=PGPE.name,
    summary="First choice under noise, in any dimension.",
    reference="Sehnke et al. 2010, Neural Networks 23:551",
    make=PGPE,
    options={
        **ADAM_OPTIONS,
        "sigma_rate": Option(0.07, 0, math.inf, "Learning rate of sigma."),
        "sigma_limit": Option(0.2, 0, 1, "Largest change of sigma per generation, in sigmas."),
    },
    antithetic=PGPE.antithetic,
)
