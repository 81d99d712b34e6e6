"""Effects of terms adjusted for each other: least squares with errors robust to unequal spread.

The variance is HC3 (MacKinnon and White 1985, Journal of Econometrics 29:305; Long and Ervin 2000,
The American Statistician 54:217, who advise it below 250 values), with Student's t.  Permutations
are those of residuals under the reduced model (Freedman and Lane 1983, Journal of Business &
Economic Statistics 1:292), the same for all terms, so that the largest t of all corrects them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from neuromodels.seeding import generator

DRAWN = 2000
"""Permutations drawn, always the same ones: no p value is below 1/2001."""
NOTHING = 1e-8
"""Part of a column, or of a leverage, that rounding may leave."""
LEAST_FREEDOM = 5
"""Forms beyond the numbers that are fitted, without which nothing is tested."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A value regressed on all terms and a constant.

    Parameters
    ----------
    own
        What each term's column has that no other has, (forms, terms).
    leverage
        Of each form, (forms,).
    annihilator
        Takes from values what the terms explain, (forms, forms).
    freedom
        Forms less fitted numbers.
    reasons
        Why a term is not tested; empty where it is, (terms,).
    """

    own: np.ndarray
    leverage: np.ndarray
    annihilator: np.ndarray
    freedom: int
    reasons: tuple[str, ...]

    @property
    def tested(self) -> np.ndarray:
        """Places of the terms that are tested."""
        return np.array([not reason for reason in self.reasons], dtype=bool)

    def effects(self, values: np.ndarray) -> np.ndarray:
        """Return the effect of each tested term, (terms, ...), of values (forms, ...)."""
        own = self.own[:, self.tested]
        scale = (own**2).sum(axis=0)
        return (own.T @ values) / scale.reshape(-1, *[1] * (values.ndim - 1))

    def errors(self, values: np.ndarray) -> np.ndarray:
        """Return the standard error of each effect, (terms, ...): HC3."""
        own = self.own[:, self.tested]
        residuals = (self.annihilator @ values) / _divisor(1 - self.leverage, values.ndim)
        weights = own**2 / (own**2).sum(axis=0) ** 2
        return np.sqrt(weights.T @ residuals**2)


def _divisor(left: np.ndarray, dimensions: int) -> np.ndarray:
    """Return what a residual is divided by; a form that alone decides has none, 0 over 1."""
    left = np.where(left > NOTHING, left, 1.0)
    return left if dimensions == 1 else left[:, None]


def fit_of(has: np.ndarray) -> Fit:
    """Prepare the regression on terms, (forms, terms) of 0 and 1."""
    forms, terms = has.shape
    whole = np.column_stack([np.ones(forms), has])
    hat = whole @ np.linalg.pinv(whole)
    own = np.column_stack(
        [_own_part(whole, place) for place in range(1, terms + 1)] or [np.zeros(forms)]
    )
    leverage = np.diag(hat)
    freedom = forms - int(np.linalg.matrix_rank(whole)) if forms else 0
    reasons = tuple(_reason(has[:, t], own[:, t], leverage, freedom) for t in range(terms))
    return Fit(own, leverage, np.eye(forms) - hat, freedom, reasons)


def _own_part(whole: np.ndarray, place: int) -> np.ndarray:
    others = np.delete(whole, place, axis=1)
    return np.asarray(whole[:, place] - others @ (np.linalg.pinv(others) @ whole[:, place]))


def _reason(column: np.ndarray, own: np.ndarray, leverage: np.ndarray, freedom: int) -> str:
    if not column.any() or column.all():
        return "no form has it" if not column.any() else "every form has it"
    if np.abs(own).max() <= NOTHING:
        return "other terms tell which forms have it"
    if freedom < LEAST_FREEDOM:
        return f"needs {LEAST_FREEDOM - freedom} more forms"
    alone = (leverage > 1 - NOTHING) & (np.abs(own) > NOTHING)
    return "one form alone decides" if alone.any() else ""


def t_of(effects: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return t, 0 where an effect is 0 and infinite where only its error is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(effects == 0, 0.0, effects / errors)


def permuted_t(fit: Fit, values: np.ndarray) -> np.ndarray:
    """Return t of tested terms of the data, then under permutations, (1 + `DRAWN`, terms)."""
    orders = _orders(len(values), DRAWN)
    found = [t_of(fit.effects(values), fit.errors(values))]
    residuals = fit.annihilator @ values
    columns = [_permuted_of(fit, values, residuals, place, orders) for place in _places(fit)]
    return np.vstack([found, np.column_stack(columns)]) if columns else np.zeros((1, 0))


def _places(fit: Fit) -> list[int]:
    return [int(place) for place in np.flatnonzero(fit.tested)]


def _permuted_of(
    fit: Fit, values: np.ndarray, residuals: np.ndarray, place: int, orders: np.ndarray
) -> np.ndarray:
    """Return t of one term with the residuals of the model without it permuted, (draws,)."""
    own = fit.own[:, place]
    scale = own @ own
    reduced = residuals + own * (own @ values) / scale
    shuffled = reduced[orders].T
    left = (fit.annihilator @ shuffled) / _divisor(1 - fit.leverage, 2)
    errors = np.sqrt(own**2 @ left**2) / scale
    return t_of(own @ shuffled / scale, errors)


@lru_cache(maxsize=2)
def _orders(forms: int, drawn: int) -> np.ndarray:
    """Return permutations of forms, (drawn, forms)."""
    rows = np.tile(np.arange(forms), (drawn, 1))
    return np.asarray(generator(0, "permutations of forms").permuted(rows, axis=1))
