"""Forms of a rule: which of its terms are there. Some are named rules, the others are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuromodels.errors import DeclarationError
from neuromodels.rules.taylor_modulated import POINTS, TAYLOR_MODULATED
from neuromodels.seeding import generator

TRIES = 1000
"""Draws in a row that may find no new form before there are too few of them."""


@dataclass(frozen=True)
class Form:
    """Some terms of a rule.

    Parameters
    ----------
    name
        A rule of the catalog, or the terms with ``+`` between them.
    terms
        In the order of the rule.
    """

    name: str
    terms: tuple[str, ...]


def named_forms(rule: str, terms: Sequence[str]) -> list[Form]:
    """Return the named rules that are made of these terms alone, each set of terms once.

    Only `taylor_modulated` has such points.
    """
    points: Mapping[str, Mapping[str, str]] = POINTS if rule == TAYLOR_MODULATED.name else {}
    forms: dict[tuple[str, ...], Form] = {}
    for name, values in points.items():
        if set(values) <= set(terms):
            kept = tuple(term for term in terms if term in values)
            forms.setdefault(kept, Form(name, kept))
    return list(forms.values())


def drawn_forms(
    terms: Sequence[str], count: int, most: int, seed: int, known: Sequence[Form] = ()
) -> list[Form]:
    """Return forms drawn at random, none twice, from the stream ``"forms"`` of a seed.

    How many terms a form has is uniform from 1 to `most`; which ones, without replacement.

    Parameters
    ----------
    known
        Forms that are not to be drawn again.

    Raises
    ------
    DeclarationError
        Where there are not as many.
    """
    rng = generator(seed, "population", "forms")
    taken = {form.terms for form in known}
    drawn: list[Form] = []
    misses = 0
    while len(drawn) < count:
        size = int(rng.integers(1, most + 1))
        chosen = set(rng.choice(len(terms), size, replace=False).tolist())
        kept = tuple(term for number, term in enumerate(terms) if number in chosen)
        misses = misses + 1 if kept in taken else 0
        if misses == TRIES:
            must = f"must leave {count:,} new forms of at most {most} out of {len(terms)} terms"
            raise DeclarationError("population.random_forms", must, len(drawn), "Ask for fewer.")
        if not misses:
            taken.add(kept)
            drawn.append(Form("+".join(kept), kept))
    return drawn
