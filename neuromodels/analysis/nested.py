"""Intervals over searches and trials at once: resample searches, then the trials of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuromodels.analysis.intervals import LEAST, PERCENTILES, Interval, no_interval

DRAWS = 2000
"""Resamples of an interval."""


def nested_interval(
    resamples: Sequence[np.ndarray], rng: np.random.Generator, draws: int = DRAWS
) -> Interval:
    """Return the percentile interval of a mean over searches, from two stages of resampling.

    First searches are drawn with replacement. Of each one that is drawn, the trials are drawn as
    well: one of its values on resampled trials stands for that (Davison and Hinkley 1997, Bootstrap
    Methods, section 3.8). The variance over searches already holds the noise of their trials, so
    that the second stage counts it twice. The interval is a little too wide where trials are few.

    Parameters
    ----------
    resamples
        Of each search, its value on resampled trials, (resamples,) each, all of one length.
    rng
        Draws both stages.
    draws
        How often both are drawn.

    Returns
    -------
    Interval
        Of kind ``none`` for fewer than `LEAST` searches, and where a value is not finite.
    """
    searches = len(resamples)
    if searches < LEAST or not all(np.isfinite(each).all() for each in resamples):
        return no_interval(searches)
    values = np.stack(list(resamples))
    picked = rng.integers(searches, size=(draws, searches))
    means = values[picked, rng.integers(values.shape[1], size=picked.shape)].mean(axis=1)
    low, high = np.percentile(means, PERCENTILES)
    return Interval(float(low), float(high), "nested bootstrap", searches)
