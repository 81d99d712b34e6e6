"""The best candidates of a search on fresh noise: the lucky ones are found out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.intervals import PERCENTILES
from neuromodels.exploration.fitting.losses import Table
from neuromodels.exploration.fitting.scoring import Scorer
from neuromodels.seeding import generator

#: Instances of each finalist, at least, and in repeats of the search.
LEAST, TIMES = 16, 4
RESAMPLES = 1000


@dataclass(frozen=True)
class Final:
    """The winner and how it did.

    Parameters
    ----------
    place
        Between 0 and 1, (numbers,).
    table
        What was measured of it on noise that chose nobody, (1, repeats, ...) by measure.
    loss, interval
        Of these measures, with a 95 % bootstrap interval over repeats.
    """

    place: np.ndarray
    table: Table
    loss: float
    interval: tuple[float, float]


def final_of(scorer: Scorer, places: np.ndarray, repeats: int) -> Final:
    """Return the best of some places.

    One set of fresh noise chooses it, and another one says how good it is: the best of eight would
    look better than it is on the noise that has chosen it.

    Raises
    ------
    DeclarationError
        Where none of them has a loss on fresh noise.
    """
    fresh = max(LEAST, TIMES * repeats)
    chosen_by = scorer.measure(places, fresh, "finalists")
    losses = scorer.losses(chosen_by)
    if not np.isfinite(losses).any():
        raise scorer.no_loss(chosen_by, "among the finalists")
    place = places[int(np.nanargmin(losses))]
    table = scorer.measure(place[np.newaxis], fresh, "final")
    interval = _interval(scorer, table, fresh)
    return Final(place, table, float(scorer.losses(table)[0]), interval)


def _interval(scorer: Scorer, table: Table, repeats: int) -> tuple[float, float]:
    """Return a 95 % bootstrap interval of the loss over repeats."""
    rng = generator(scorer.seed, "bootstrap of the loss")
    rows = rng.integers(repeats, size=(RESAMPLES, repeats))
    losses = scorer.losses({name: values[0][rows] for name, values in table.items()})
    low, high = np.percentile(losses, PERCENTILES)
    return float(low), float(high)
