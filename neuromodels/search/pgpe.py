"""PGPE: policy gradients with parameter-based exploration, symmetric sampling.

Sehnke, Osendorfer, Rückstieß, Graves, Peters and Schmidhuber 2010, Parameter-exploring policy
gradients, Neural Networks 23:551. With ranks for rewards, Adam on the centre and a limited
step of sigma, as used by PDLF (arXiv:2308.12063).
"""

import numpy as np

from neuromodels.search.adam import AdamSearch
from neuromodels.search.ranking import centred_ranks

OPTIONS = {
    "learning_rate": 0.01,
    "relative_rate": 0.0,
    "beta1": 0.9,
    "beta2": 0.999,
    "sigma_rate": 0.07,
    "sigma_limit": 0.2,
}


class PGPE(AdamSearch):
    """Climb the rewards' gradient in centre and sigma, from mirrored pairs.

    Options: those of `AdamSearch`; ``sigma_rate``, the learning rate of sigma; ``sigma_limit``,
    its largest change per generation as a fraction of itself.

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
