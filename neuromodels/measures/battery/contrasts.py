"""What a battery says of several rules: means over searches, and tests against a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuromodels.analysis.comparisons import brunner_munzel
from neuromodels.analysis.corrections import holm, max_t
from neuromodels.analysis.intervals import mean_interval
from neuromodels.measures.quantities import Quantity, within

Form = tuple[str, str]
"""A setting, such as a form of the rule, and a condition."""
Ability = tuple[str, str]
"""A probe and the value that it tells."""
Numbers = Mapping[int, float]
"""Of searches, by seed."""
LEAST = 2
"""Common seeds without which two forms are not compared."""


@dataclass(frozen=True)
class Battery:
    """Values of all searches.

    Parameters
    ----------
    values
        Of each form, ability and seed; None where a search has no such number.
    reasons
        Why a form has nothing of an ability.
    """

    values: Mapping[tuple[Form, Ability], Mapping[int, float | None]]
    reasons: Mapping[tuple[Form, Ability], str]

    @property
    def forms(self) -> list[Form]:
        """All forms, in their order."""
        return list(dict.fromkeys(form for form, _ in (*self.values, *self.reasons)))

    @property
    def abilities(self) -> list[Ability]:
        """All abilities that some form has values of, in their order."""
        return list(dict.fromkeys(ability for _, ability in self.values))


def battery_from(cells: Sequence[tuple[str, Mapping[str, Any]]]) -> Battery:
    """Return the values in cells, each with the name of its setting."""
    values: dict[tuple[Form, Ability], dict[int, float | None]] = {}
    reasons: dict[tuple[Form, Ability], str] = {}
    for setting, cell in cells:
        form = (setting, cell["condition"])
        for name, quantity in cell["values"].items():
            place = (form, (cell["probe"], name))
            values.setdefault(place, {})[cell["seed"]] = quantity["value"]
        if cell["reason"]:
            reasons[form, (cell["probe"], "")] = cell["reason"]
    return Battery(values, reasons)


def mean_over_seeds(by_seed: Mapping[int, float | None]) -> Quantity:
    """Return the mean over the searches that have a number, its interval, and how many have none.

    The interval is that of `neuromodels.analysis.intervals.mean_interval`. A search without a
    number is never left out in silence: ``missing`` counts them.
    """
    numbers = np.array([value for value in by_seed.values() if value is not None], dtype=float)
    missing = len(by_seed) - numbers.size
    if not numbers.size:
        empty = {"value": None, "low": None, "high": None, "kind": "none", "n": 0}
        return {**empty, "missing": missing}
    return {**within(float(numbers.mean()), mean_interval(numbers)), "missing": missing}


def contrasts_of(battery: Battery, reference: Form) -> list[dict[str, Any]]:
    """Test every other form against a reference, ability by ability.

    Searches are paired by seed. Within an ability all forms are tested at once by the largest t
    (`neuromodels.analysis.corrections.max_t`), on the seeds that all of them have. Forms that share
    fewer than `LEAST` of these seeds are told apart from no one: their p is None, with a reason.

    Beside it stands a rank test of all searches, which a few stuck ones do not spoil
    (`neuromodels.analysis.comparisons.brunner_munzel`), corrected within the ability by Holm.

    Returns
    -------
    list of dict
        ``probe``, ``value``, ``setting``, ``condition``, ``difference``, ``p``, ``n``, ``reason``,
        ``superiority`` (the probability that a search of the form is above one of the reference)
        and its ``rank_p``.
    """
    return [
        row for ability in battery.abilities for row in _of_ability(battery, ability, reference)
    ]


def _of_ability(battery: Battery, ability: Ability, reference: Form) -> list[dict[str, Any]]:
    others = [form for form in battery.forms if form != reference]
    numbers = {form: _numbers(battery, form, ability) for form in (reference, *others)}
    have = [form for form in others if len(set(numbers[form]) & set(numbers[reference])) >= LEAST]
    seeds = sorted(set(numbers[reference]).intersection(*(numbers[form] for form in have)))
    tested = _tested(numbers, reference, have, seeds) if have and len(seeds) >= LEAST else {}
    ranked = _ranked(numbers, reference, others)
    return [
        {**_row(ability, form, tested.get(form), len(seeds)), **_rank_row(ranked.get(form))}
        for form in others
    ]


def _numbers(battery: Battery, form: Form, ability: Ability) -> Numbers:
    by_seed = battery.values.get((form, ability), {})
    return {seed: value for seed, value in by_seed.items() if value is not None}


def _tested(
    numbers: Mapping[Form, Numbers], reference: Form, forms: Sequence[Form], seeds: Sequence[int]
) -> dict[Form, tuple[float, float]]:
    """Return difference and corrected p of each form."""
    differences = np.array(
        [[numbers[form][seed] - numbers[reference][seed] for form in forms] for seed in seeds]
    )
    found = max_t(differences)
    pairs = zip(found.differences, found.p, strict=True)
    return {form: (float(d), float(p)) for form, (d, p) in zip(forms, pairs, strict=True)}


def _ranked(
    numbers: Mapping[Form, Numbers], reference: Form, forms: Sequence[Form]
) -> dict[Form, tuple[float, float]]:
    """Return superiority and corrected p of the forms that have enough searches."""
    have = [f for f in forms if min(len(numbers[f]), len(numbers[reference])) >= LEAST]
    of_reference = _array(numbers[reference])
    found = [brunner_munzel(_array(numbers[form]), of_reference) for form in have]
    corrected = holm([each.p for each in found])
    return {f: (each.statistic, p) for f, each, p in zip(have, found, corrected, strict=True)}


def _array(numbers: Numbers) -> np.ndarray:
    return np.array(list(numbers.values()), dtype=float)


def _row(
    ability: Ability, form: Form, tested: tuple[float, float] | None, seeds: int
) -> dict[str, Any]:
    difference, p = tested or (None, None)
    reason = "" if tested else f"fewer than {LEAST} seeds have both numbers"
    return {
        **dict(zip(("probe", "value"), ability, strict=True)),
        **dict(zip(("setting", "condition"), form, strict=True)),
        "difference": difference,
        "p": p,
        "n": seeds if tested else 0,
        "reason": reason,
    }


def _rank_row(ranked: tuple[float, float] | None) -> dict[str, float | None]:
    superiority, p = ranked or (None, None)
    return {"superiority": superiority, "rank_p": p}
