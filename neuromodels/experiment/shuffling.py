"""Solutions in which one mechanism's numbers have lost their places."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neuromodels.seeding import generator
from neuromodels.study.conditions import CONDITIONS


def shuffled_for(condition: str, seed: int, solution: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the vector of a solution as a condition tests it, (d,).

    The numbers of each coefficient of a shuffled mechanism change places among themselves: synapse
    with synapse, neuron with neuron, within their projection. Their values stay the same.

    Parameters
    ----------
    solution
        Arrays ``vector``, ``names``, ``starts``, ``stops``.
    """
    declared, vector = CONDITIONS[condition], np.array(solution["vector"])
    if not declared.shuffles:
        return vector
    for label, start, stop in zip(
        solution["names"], solution["starts"], solution["stops"], strict=True
    ):
        _, _, coefficient = str(label).partition(".")
        if coefficient.startswith(f"{declared.mechanism}."):
            drawn = generator(seed, "shuffled", label)
            vector[start:stop] = drawn.permutation(vector[start:stop])
    return vector
