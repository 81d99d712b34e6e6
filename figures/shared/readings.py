"""What a decoder read, never without its two controls: from arrays of a measure to marks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figures.shared.measures import Arrays
from figures.shared.scores import Spread, over_seeds
from neuromodels.errors import RunNotFound
from neuromodels.report.plotting.style import GREY, Mark
from neuromodels.store.store import StoredRun

CONTROLS = {
    "hashed": Mark("random hash", GREY, "x"),
    "shuffled": Mark("shuffled", GREY, "+"),
}
"""Controls -> how figures call and draw them."""


@dataclass(frozen=True)
class Reading:
    """Fraction read right and its controls, over seeds (seeds, n) each; NaN: not decodable."""

    read: Spread
    hashed: Spread
    shuffled: Spread


def reading_of(
    measures: Mapping[int, Arrays],
    name: str,
    run: StoredRun,
    measure: str,
    of: Callable[[np.ndarray], Sequence[float] | np.ndarray] = np.atleast_1d,
) -> Reading:
    """Return a reading and its controls from the arrays of each seed.

    Parameters
    ----------
    name
        Of the arrays: its own, and with ``_hashed`` and ``_shuffled`` behind it its controls.
    of
        What is shown of the accuracy of each target.

    Raises
    ------
    RunNotFound
        When the measure was made before there were controls.
    """
    names = (name, *(f"{name}_{control}" for control in CONTROLS))
    if any(each not in arrays for arrays in measures.values() for each in names):
        raise RunNotFound(
            f"{run.name}, {measure}",
            "its reading has no controls: an earlier version made it",
            cure=f"Make it anew with: neuromodels measure {run.folder} {measure}",
        )
    return Reading(
        *(
            over_seeds(np.array([of(arrays[each]) for arrays in measures.values()]))
            for each in names
        )
    )


def mean_over_targets(accuracy: np.ndarray) -> list[float]:
    """Return the mean over the targets that could be decoded; NaN where none could."""
    known = accuracy[np.isfinite(accuracy)]
    return [float(known.mean()) if known.size else float("nan")]


def draw_controls(axes, places: Sequence[float] | np.ndarray, reading: Reading, named: bool):
    """Draw the medians of both controls at some places, with names for a legend if wanted."""
    for control, mark in CONTROLS.items():
        axes.plot(
            places,
            getattr(reading, control).median,
            mark.marker,
            color=mark.colour,
            markersize=3.5,
            label=mark.label if named else None,
        )
