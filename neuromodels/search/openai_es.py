"""OpenAI-ES: evolution strategy with a fixed sigma and Adam.

Salimans, Ho, Chen, Sidor and Sutskever 2017, Evolution strategies as a scalable alternative to
reinforcement learning, arXiv:1703.03864.
"""

import math

import numpy as np

from neuromodels.search.adam import ADAM_OPTIONS, AdamSearch
from neuromodels.search.interface import OptimizerInfo, Option
from neuromodels.search.ranking import centred_ranks


class OpenAIES(AdamSearch):
    """Climb the rewards' gradient by the centre; sigma never changes."""

    name = "openai_es"
    antithetic = True

    def move(self, noise: np.ndarray, losses: np.ndarray) -> None:
        reward = centred_ranks(losses)  # section 2.1, rank transformation
        # algorithm 1, line 5: gradient = 1/(n sigma) sum(F_i eps_i), with eps = noise / sigma
        gradient = np.einsum("i,ij->j", reward, noise) / (reward.size * self.sigma**2)
        # section 2.1: weight decay, so that perturbations keep their size relative to weights
        self.ascend(gradient - self.options["weight_decay"] * self.centre)


INFO = OptimizerInfo(
    name=OpenAIES.name,
    summary="Fixed sigma: for thousands of coefficients and long runs.",
    reference="Salimans et al. 2017, arXiv:1703.03864",
    make=OpenAIES,
    options={
        **ADAM_OPTIONS,
        "weight_decay": Option(
            0.0, 0, math.inf, "Pull towards zero: so much of the centre is taken from the gradient."
        ),
    },
    antithetic=OpenAIES.antithetic,
)
