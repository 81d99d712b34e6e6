"""Claims about terms that were declared before a population was searched."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.corrections import holm
from neuromodels.analysis.intervals import Interval, no_interval
from neuromodels.analysis.population.form_means import Table, means_of_forms, tasks_in, terms_in
from neuromodels.analysis.population.regression import fit_of, t_of

FORM = re.compile(r"(\S+) (\w+): (\w+) (?:([<>]|!=) 0|= 0 within (\d*\.?\d+))")
GRAMMAR = "'TASK VALUE: TERM > 0', with <, != or '= 0 within 0.02' as well"


@dataclass(frozen=True)
class Claim:
    """What is claimed of the effect of a term on a value of a task.

    Parameters
    ----------
    sign
        ``">"``, ``"<"``, ``"!="``, or ``"="`` within a margin.
    margin
        Not-a-number but for ``"="``.
    """

    text: str
    task: str
    value: str
    term: str
    sign: str
    margin: float


@dataclass(frozen=True)
class Outcome:
    """What became of a claim.

    Parameters
    ----------
    effect, interval
        As of `neuromodels.analysis.population.effects.TermEffect`.
    p
        By t with HC3 errors, one-sided but for ``!=``, corrected by Holm over all claims. One that
        cannot be tested counts with 1.
    holds
        Whether `p` is below .05.
    reason
        Why it cannot be tested, or empty.
    """

    claim: Claim
    effect: float
    interval: Interval
    p: float
    holds: bool
    reason: str


def claim_in(text: str) -> Claim:
    """Return the claim in a text such as ``"copy_6 score: k001 > 0"``.

    Raises
    ------
    ValueError
        Where it has another form.
    """
    found = FORM.fullmatch(text.strip())
    if found is None or (found[5] and not float(found[5]) > 0):
        raise ValueError(f"a contrast must read {GRAMMAR}; got {text!r}")
    margin = float(found[5]) if found[5] else math.nan
    return Claim(text, found[1], found[2], found[3], found[4] or "=", margin)


def outcomes_of(table: Table, texts: Sequence[str]) -> list[Outcome]:
    """Test claims on the forms of a population.

    Raises
    ------
    ValueError
        Where a text is no claim.
    """
    found = [_tested(table, claim_in(text)) for text in texts]
    corrected = holm([1.0 if math.isnan(each.p) else each.p for each in found])
    return [
        Outcome(each.claim, each.effect, each.interval, p, p < 0.05, each.reason)
        for each, p in zip(found, corrected, strict=True)
    ]


def _tested(table: Table, claim: Claim) -> Outcome:
    terms = terms_in(table)
    for name, known in ((claim.task, tasks_in(table)), (claim.term, terms), (claim.value, table)):
        if name not in known:
            return _untested(claim, f"the table has no {name!r}")
    means = means_of_forms(table, claim.value, claim.task, terms)
    fit, place = fit_of(means.has), terms.index(claim.term)
    if not means.values.size or np.ptp(means.values) == 0:
        return _untested(claim, "no form differs")
    if fit.reasons[place]:
        return _untested(claim, fit.reasons[place])
    k = int(fit.tested[:place].sum())
    effect, error = float(fit.effects(means.values)[k]), float(fit.errors(means.values)[k])
    return _judged(claim, effect, error, fit.freedom, len(means.values))


def _judged(claim: Claim, effect: float, error: float, freedom: int, n: int) -> Outcome:
    from scipy import special

    sizes = {
        ">": -effect,
        "<": effect,
        "!=": -abs(effect),
        "=": abs(effect) - claim.margin,
    }
    sides = 2 if claim.sign == "!=" else 1
    t = float(t_of(np.array(sizes[claim.sign]), np.array(error)))
    p = min(sides * float(special.stdtr(freedom, t)), 1.0)
    half = float(special.stdtrit(freedom, 0.975)) * error
    return Outcome(claim, effect, Interval(effect - half, effect + half, "t", n), p, False, "")


def _untested(claim: Claim, reason: str) -> Outcome:
    return Outcome(claim, math.nan, no_interval(0), math.nan, False, reason)
