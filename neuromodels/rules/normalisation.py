"""What a rule may divide a projection's weights by at the start of each step.

`NORMALISATIONS` is the one list.  Its functions normalise weights that are read from a network; the
network itself does the same in Brian2 equations, see `neuromodels.simulation.network`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

SMALLEST_NORM = 1e-6
"""A smaller norm counts as this one, so that weights of 0 stay 0."""


def _keep(weights: np.ndarray) -> np.ndarray:
    return weights


def _divide_by_p8(weights: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(weights.astype(float), ord=8, axis=1, keepdims=True)
    return weights / np.maximum(norms, SMALLEST_NORM)


NORMALISATIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": _keep,
    "p8": _divide_by_p8,
}
"""Name -> function of the weights of several networks, (networks, synapses); ``"p8"``: 8-norm."""
