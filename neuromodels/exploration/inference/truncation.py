"""Where a later round looks: parameters whose posterior is not negligible.

Truncated proposals (Deistler et al. 2022): the prior, without the region that holds the least
probable 1e-4 of the posterior. Within the region the prior stays as it was. So simulations of all
rounds train one network without any correction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.errors import SimulationError
from neuromodels.exploration.inference.density import Density
from neuromodels.seeding import generator

NEGLIGIBLE = 1e-4
#: Samples that show how far a posterior reaches.
SHOWN = 20_000
#: Places that are tried for each that is wanted, at most.
PATIENCE = 1000
AT_ONCE = 50_000


@dataclass(frozen=True)
class Region:
    """Places where a posterior is not negligible.

    Parameters
    ----------
    density, looked
        The network, and the measures that it is asked about, (columns,).
    least
        Log density relative to the prior below which a place lies outside.
    low, high
        Corners of the smallest box around all samples, (axes,).
    """

    density: Density
    looked: np.ndarray
    least: float
    low: np.ndarray
    high: np.ndarray

    @staticmethod
    def around(density: Density, looked: np.ndarray, seed: int) -> Region:
        """Return the region of a posterior."""
        drawn = density.draw(looked[None, :], SHOWN, seed)[0]
        least = float(np.quantile(density.log_ratio(drawn, looked), NEGLIGIBLE))
        return Region(density, looked, least, drawn.min(axis=0), drawn.max(axis=0))

    def holds(self, places: np.ndarray) -> np.ndarray:
        """Return which places lie inside, (places,)."""
        inside = ((places >= self.low) & (places <= self.high)).all(axis=1)
        inside[inside] = self.density.log_ratio(places[inside], self.looked) >= self.least
        return inside


def places_within(regions: Sequence[Region], count: int, seed: int) -> np.ndarray:
    """Return places drawn from the prior inside all regions, (count, axes).

    Raises
    ------
    SimulationError
        Where hardly any place is.
    """
    low = np.max([region.low for region in regions], axis=0)
    high = np.min([region.high for region in regions], axis=0)
    rng = generator(seed, "truncated prior")
    found: list[np.ndarray] = []
    for _ in range(1 + PATIENCE * count // AT_ONCE):
        places = low + rng.random((AT_ONCE, len(low))) * (high - low)
        for region in regions:
            places = places[region.holds(places)]
        found.append(places)
        if sum(map(len, found)) >= count:
            return np.concatenate(found)[:count]
    cure = "Take one round with more simulations."
    told = "the posterior is too narrow for another round"
    raise SimulationError("infer.rounds", told, cure=cure)
