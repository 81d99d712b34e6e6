"""What the presence of each term does to a value, over all forms of a population."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.corrections import holm, step_down
from neuromodels.analysis.effects import cliffs_delta, delta_interval
from neuromodels.analysis.intervals import Interval, no_interval
from neuromodels.analysis.population.form_means import (
    FormMeans,
    Table,
    means_of_forms,
    terms_in,
)
from neuromodels.analysis.population.regression import Fit, fit_of, permuted_t, t_of

LEVEL = 0.05


@dataclass(frozen=True)
class TermEffect:
    """What one term does to one value in one task.

    Parameters
    ----------
    task, value, term
        What it is about; `task` is ``"all"`` for all tasks together.
    effect
        Mean of forms with the term less that of forms without it, all other terms held equal.
    interval
        Of the effect, 95 % by t with HC3 errors; not corrected for the number of terms.
    p
        That there is none: permutations, corrected by the largest t over the terms of the task.
    equivalent_p
        That the effect is not smaller than `margin`: two one-sided t tests, Holm over the terms of
        the task. Not-a-number where no margin was given.
    margin
        The difference that does not matter; not-a-number: none was declared.
    delta, delta_interval
        Cliff's delta of forms with the term against forms without it, not adjusted.
    mean_with, mean_without
        Of forms, not adjusted.
    forms_with, forms_without
        How many.
    spread
        Standard deviation of the means of forms: a unit in which effects on several values compare.
    missing
        Rules of the task without a number: they do not take part.
    reason
        Why nothing is tested; empty where it is.
    """

    task: str
    value: str
    term: str
    effect: float
    interval: Interval
    p: float
    equivalent_p: float
    margin: float
    delta: float
    delta_interval: Interval
    mean_with: float
    mean_without: float
    forms_with: int
    forms_without: int
    spread: float
    missing: int
    reason: str

    @property
    def is_shown(self) -> bool:
        """Whether there is an effect at the level .05, among all terms of the task."""
        return self.p < LEVEL

    @property
    def is_none(self) -> bool:
        """Whether the effect is shown to be smaller than the margin, among all terms."""
        return self.equivalent_p < LEVEL


def term_effects(
    table: Table,
    value: str,
    task: str | None = None,
    terms: Sequence[str] = (),
    margin: float = math.nan,
) -> list[TermEffect]:
    """Return the effect of every term on a value.

    Parameters
    ----------
    table
        Columns ``task``, ``start``, ``seed``, ``form``, ``kind``, one ``has_TERM`` per term, and
        the value: a dictionary of arrays, or a DataFrame.
    task
        None: all tasks together.
    terms
        Empty: all that the table has.
    margin
        The largest effect that does not matter, in the unit of the value. Declare it before you
        see the values.

    Raises
    ------
    ValueError
        For a margin that is not above 0.
    """
    if margin <= 0:
        raise ValueError(f"margin must be above 0; got {margin}")
    terms = list(terms) or terms_in(table)
    means = means_of_forms(table, value, task, terms)
    fit, flat = fit_of(means.has), _flat_reason(means)
    tested = _tested(fit, means, margin) if not flat else {}
    return [
        _effect(
            task or "all", value, term, means, place, tested, flat or fit.reasons[place], margin
        )
        for place, term in enumerate(terms)
    ]


def _flat_reason(means: FormMeans) -> str:
    if not means.values.size:
        return "no rule of the task has this value"
    spread = float(np.ptp(means.values))
    return "" if spread > 1e-12 * max(1.0, float(np.abs(means.values).max())) else "no form differs"


@dataclass(frozen=True)
class _Tested:
    """What is known of a term that is tested."""

    effect: float
    interval: Interval
    p: float
    equivalent_p: float


def _tested(fit: Fit, means: FormMeans, margin: float) -> Mapping[int, _Tested]:
    from scipy import special

    effects, errors = fit.effects(means.values), fit.errors(means.values)
    sizes = np.abs(permuted_t(fit, means.values))
    corrected = step_down(sizes)
    half = float(special.stdtrit(fit.freedom, 0.975)) * errors
    within = special.stdtr(fit.freedom, t_of(np.abs(effects) - margin, errors))
    alike = holm(list(within)) if np.isfinite(margin) else [math.nan] * len(effects)
    n = len(means.values)
    return {
        int(place): _Tested(
            float(effects[k]),
            Interval(float(effects[k] - half[k]), float(effects[k] + half[k]), "t", n),
            float(corrected[k]),
            float(alike[k]),
        )
        for k, place in enumerate(np.flatnonzero(fit.tested))
    }


def _effect(
    task: str,
    value: str,
    term: str,
    means: FormMeans,
    place: int,
    tested: Mapping[int, _Tested],
    reason: str,
    margin: float,
) -> TermEffect:
    nothing = _Tested(math.nan, no_interval(len(means.values)), math.nan, math.nan)
    found = tested.get(place, nothing)
    has = means.has[:, place] == 1
    ours, theirs = means.values[has], means.values[~has]
    both = bool(ours.size and theirs.size)
    return TermEffect(
        task,
        value,
        term,
        found.effect,
        found.interval,
        found.p,
        found.equivalent_p,
        margin,
        cliffs_delta(ours, theirs) if both else math.nan,
        delta_interval(ours, theirs) if both else no_interval(0),
        float(ours.mean()) if ours.size else math.nan,
        float(theirs.mean()) if theirs.size else math.nan,
        int(has.sum()),
        int((~has).sum()),
        float(means.values.std(ddof=1)) if means.values.size > 1 else math.nan,
        means.missing,
        reason if place not in tested else "",
    )
