"""OpenAI-ES: evolution strategy with a fixed sigma and Adam.

Salimans, Ho, Chen, Sidor and Sutskever 2017, Evolution strategies as a scalable alternative to
reinforcement learning, arXiv:1703.03864.
"""

import numpy as np

from neuromodels.search.adam import AdamSearch
from neuromodels.search.ranking import centred_ranks

OPTIONS = {
    "learning_rate": 0.01,
    "relative_rate": 0.0,
    "beta1": 0.9,
    "beta2": 0.999,
    "weight_decay": 0.0,
}


class OpenAIES(AdamSearch):
    """Climb the rewards' gradient by the centre; sigma never changes.

    Options: those of `AdamSearch`; ``weight_decay`` pulls the centre towards zero.
    """

    name = "openai_es"
    antithetic = True

    def move(self, noise: np.ndarray, losses: np.ndarray) -> None:
        reward = centred_ranks(losses)  # section 2.1, rank transformation
        # algorithm 1, line 5: gradient = 1/(n sigma) sum(F_i eps_i), with eps = noise / sigma
        gradient = np.einsum("i,ij->j", reward, noise) / (reward.size * self.sigma**2)
        # section 2.1: weight decay, so that perturbations keep their size relative to weights
        self.ascend(gradient - self.options["weight_decay"] * self.centre)
