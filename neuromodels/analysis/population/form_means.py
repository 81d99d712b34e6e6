"""Values of forms: means over starts and seeds, what these have in common taken out before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TERM = "has_"
"""Before a term's name: the column that is 1 where a rule has it."""
SEARCHED = "searched"
"""The kind of rules that effects are about; all others are controls."""
Table = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class FormMeans:
    """One number per form.

    Parameters
    ----------
    forms
        Names, (forms,).
    has
        Which terms each form has, 1 or 0, (forms, terms).
    values
        Mean of each form, (forms,).
    rules
        How many rules have a number.
    missing
        How many have none.
    empty
        Forms none of whose rules has a number: they are left out.
    """

    forms: np.ndarray
    has: np.ndarray
    values: np.ndarray
    rules: int
    missing: int
    empty: int


def terms_in(table: Table) -> list[str]:
    """Return the terms that a table has columns for."""
    return [str(name).removeprefix(TERM) for name in table if str(name).startswith(TERM)]


def column(table: Table, name: str) -> np.ndarray:
    """Return a column as an array."""
    return np.asarray(table[name])


def tasks_in(table: Table) -> list[str]:
    """Return the tasks of a table, in their order."""
    return list(dict.fromkeys(map(str, column(table, "task"))))


def means_of_forms(
    table: Table, value: str, task: str | None = None, terms: Sequence[str] = ()
) -> FormMeans:
    """Return the mean value of each form over the starts and seeds of a task.

    The unit of every test is the form: rules of one form share what is tested.  Of each number the
    mean over its task, start and seed is taken first, and the mean of all given back.  So a form
    that lacks some searches is not judged by which ones these are.

    Parameters
    ----------
    value
        Name of the column.
    task
        None: all tasks together.
    terms
        None: all that the table has.
    """
    terms = list(terms) or terms_in(table)
    chosen = column(table, "kind") == SEARCHED
    chosen &= True if task is None else column(table, "task") == task
    numbers = column(table, value).astype(float)[chosen]
    forms = column(table, "form")[chosen]
    has = np.column_stack([column(table, TERM + term)[chosen] for term in terms]).astype(float)
    known = np.isfinite(numbers)
    cells = [column(table, name)[chosen][known].astype(str) for name in ("task", "start", "seed")]
    adjusted = _without_cells(numbers[known], np.char.add(np.char.add(*cells[:2]), cells[2]))
    names, first, of_form = np.unique(forms[known], return_index=True, return_inverse=True)
    counts = np.bincount(of_form, minlength=len(names))
    means = np.bincount(of_form, adjusted, minlength=len(names)) / np.maximum(counts, 1)
    empty = len(np.unique(forms)) - len(names)
    missing = int((~known).sum())
    return FormMeans(names, has[known][first], means, int(known.sum()), missing, empty)


def _without_cells(numbers: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return numbers less the mean of their cell, plus the mean of all."""
    if not numbers.size:
        return numbers
    _, of_cell = np.unique(cells, return_inverse=True)
    means = np.bincount(of_cell, numbers) / np.bincount(of_cell)
    return np.asarray(numbers - means[of_cell] + numbers.mean())
