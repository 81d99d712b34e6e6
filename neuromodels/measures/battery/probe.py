"""A probe: one run of a solution's trials that tells one or more cognitive values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.intervals import PERCENTILES, Interval, no_interval
from neuromodels.measures.quantities import Quantity, Solution, mean_of, number, within
from neuromodels.measures.transfer import Transfer
from neuromodels.seeding import generator
from neuromodels.study.study import Study
from neuromodels.tasks import Task

RESAMPLES = 200
"""Of a curve, whose value takes a fit: enough for two digits of its ends."""
Values = Mapping[str, Quantity]


class Curves:
    """Scores of the solutions of one study over values of a parameter of its task.

    The networks are built once for all solutions of a condition.
    """

    def __init__(self) -> None:
        self._transfers: dict[str, Transfer] = {}

    def scores(self, solution: Solution, parameter: str, values: Sequence[float]) -> np.ndarray:
        """Return the score of each trial at each value, (values, trials): the same noise for all.

        Parameters
        ----------
        parameter
            Of the task.
        values
            In the order of the rows.
        """
        varied = f"task.{parameter}={','.join(f'{value:g}' for value in values)}"
        if varied not in self._transfers:
            self._transfers[varied] = Transfer(solution.study, [varied])
        return self._transfers[varied].scores(solution)


@dataclass(frozen=True, eq=False)
class Probe:
    """What asks a solution for some cognitive values.

    Parameters
    ----------
    name
        As after ``--only``.
    values
        Names of the values that it tells, of `neuromodels.analysis.cognition.VALUES`.
    lacks
        Says why a task or a study cannot be asked; empty where it can.
    examine
        Returns the values of a solution.
    """

    name: str
    values: tuple[str, ...]
    lacks: Callable[[Study, Task], str]
    examine: Callable[[Solution, Curves], Values]


def of_curve(
    scores: np.ndarray, value: Callable[[np.ndarray], float], rng: np.random.Generator
) -> Quantity:
    """Return a value of the mean curve of trials, its interval over trials, and resamples.

    Parameters
    ----------
    scores
        Of each trial at each place of the curve, (places, trials).
    value
        Returns the value of a curve, (places,).
    rng
        Draws the resamples.
    """
    found = value(scores.mean(axis=1))
    if not np.isfinite(found):
        return unbounded(found)
    trials = scores.shape[1]
    drawn = rng.integers(trials, size=(RESAMPLES, trials))
    values = np.array([value(scores[:, rows].mean(axis=1)) for rows in drawn])
    return {**within(found, _percentiles(values, trials)), **kept(values)}


def _percentiles(values: np.ndarray, n: int) -> Interval:
    """Return the percentile interval; none where a resample has no value, or none differs."""
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        return no_interval(n)
    low, high = np.percentile(values, PERCENTILES)
    return Interval(float(low), float(high), "percentile bootstrap", n)


def kept(values: np.ndarray) -> Quantity:
    """Return the values of resamples, for intervals over searches; none where one has no value."""
    return {"resamples": [float(f"{v:.6g}") for v in values]} if np.isfinite(values).all() else {}


def drawn_curve(name: str, places: Sequence[float], scores: np.ndarray) -> Quantity:
    """Return a curve as it is drawn: mean score at each place, and the interval over trials.

    Parameters
    ----------
    name
        Of what differs from place to place, with its unit.
    places
        In the order of the rows.
    scores
        (places, trials).
    """
    points = [mean_of(of_trials) for of_trials in scores]
    ends = {key: [point[key] for point in points] for key in ("value", "low", "high")}
    return {"curve": {"name": name, "places": [float(place) for place in places], **ends}}


def of_mean(values: np.ndarray, rng: np.random.Generator) -> Quantity:
    """Return the mean over trials, (trials,), its interval, and resamples."""
    drawn = rng.integers(values.size, size=(RESAMPLES, values.size))
    return {**mean_of(values), **kept(values[drawn].mean(axis=1))}


def mean_of_known(values: np.ndarray, rng: np.random.Generator) -> Quantity:
    """Return `of_mean` of the trials or episodes that have a value, (n,), and their share."""
    known = np.isfinite(values)
    found = of_mean(values[known], rng) if known.any() else unbounded(np.nan)
    return {**found, "share": float(known.mean())}


def unbounded(value: float) -> Quantity:
    """Return a value without an interval, and why there is no number where there is none."""
    why = "infinite" if np.isinf(value) else "not defined"
    return {**number(value), **({} if np.isfinite(value) else {"reason": why})}


def drawing(solution: Solution, name: str) -> np.random.Generator:
    """Return what draws the resamples of a probe of a solution."""
    return generator(solution.seed, "bootstrap", "battery", name)
