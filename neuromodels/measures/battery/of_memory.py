"""Probes of working memory: recall by position, over lengths and over delays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neuromodels.analysis.capacity import resampled_bits
from neuromodels.analysis.cognition.declared import LEAST
from neuromodels.analysis.cognition.memory import (
    PARTS,
    is_bound,
    primacy,
    recency,
    retention_half_life,
    span,
)
from neuromodels.errors import DeclarationError
from neuromodels.measures.battery.probe import (
    RESAMPLES,
    Curves,
    Probe,
    Values,
    drawing,
    drawn_curve,
    kept,
    of_curve,
    of_mean,
    unbounded,
)
from neuromodels.measures.memory import recall_of, trials_at_recall
from neuromodels.measures.quantities import Quantity, Solution, bits_of
from neuromodels.study.study import Study
from neuromodels.tasks import Task

DELAYS = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Delays of the retention curve, in units of the study's own, or of `SHORTEST`."""
SHORTEST = 8
"""Steps that stand for the study's own delay where it has none."""
LENGTHS = (2, 4, 8, 16, 32)
"""Lengths of sequence of the span."""


def _recalls_items(study: Study, task: Task) -> str:
    return "" if task.delay and task.items else "its task asks for no items after a delay"


def _recall(solution: Solution, curves: Curves) -> Values:
    """Return what is recalled of a sequence, and where in it."""
    trials = trials_at_recall(solution)
    bits = np.asarray(trials.batch[trials.items[0]]) > 0.5
    right = recall_of(trials) == bits
    rng = drawing(solution, "recall")
    found = {"information": _information(solution, right, bits, rng)}
    if right.shape[1] >= PARTS:
        found |= {"primacy": of_mean(primacy(right), rng), "recency": of_mean(recency(right), rng)}
    return found


def _information(
    solution: Solution, right: np.ndarray, bits: np.ndarray, rng: np.random.Generator
) -> Quantity:
    again = drawing(solution, "recall, inputs")
    return {**bits_of(right, bits, rng), **kept(resampled_bits(right, bits, again, RESAMPLES))}


def _varies(parameter: str) -> Callable[[Study, Task], str]:
    def lacks(study: Study, task: Task) -> str:
        return "" if parameter in task.parameters else f"its task has no {parameter!r}"

    return lacks


def delays_of(study: Study, task: Task) -> list[int]:
    """Return the delays of the retention curve of a study, in steps."""
    own = int(task.with_defaults(study.task.parameters)["latency"]) or SHORTEST
    return sorted({round(part * own) for part in DELAYS})


def _retention(solution: Solution, curves: Curves) -> Values:
    """Return the half life of what is recalled after longer and shorter delays."""
    delays = delays_of(solution.study, solution.task)
    scores, chance = curves.scores(solution, "latency", delays), solution.task.chance or 0.0
    rng = drawing(solution, "retention")
    half_life = unbounded(np.nan)
    if scores.mean(axis=1).max() >= chance + LEAST:  # else it would be one of noise
        places = np.array(delays, dtype=float)
        half_life = of_curve(scores, lambda curve: retention_half_life(places, curve, chance), rng)
    return {"retention half-life": {**half_life, **drawn_curve("steps of delay", delays, scores)}}


def lengths_of(study: Study, task: Task) -> list[int]:
    """Return the lengths of the span: those of `LENGTHS` that leave inputs to be held out."""
    return [length for length in LENGTHS if _takes(study, task, length)]


def _takes(study: Study, task: Task, length: int) -> bool:
    try:
        task.with_defaults({**study.task.parameters, "length": length})
    except DeclarationError:
        return False
    return True


def _span(solution: Solution, curves: Curves) -> Values:
    """Return the length of sequence that is held, of longer and shorter ones."""
    lengths = lengths_of(solution.study, solution.task)
    scores = curves.scores(solution, "length", lengths)
    places, rng = np.array(lengths, dtype=float), drawing(solution, "span")
    found = of_curve(scores, lambda curve: span(places, curve), rng)
    bound = {"is_bound": is_bound(scores.mean(axis=1))}
    return {"span": {**found, **bound, **drawn_curve("items", lengths, scores)}}


PROBES = (
    Probe("recall", ("information", "primacy", "recency"), _recalls_items, _recall),
    Probe("retention", ("retention half-life",), _varies("latency"), _retention),
    Probe("span", ("span",), _varies("length"), _span),
)
