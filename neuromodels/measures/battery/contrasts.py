"""What a battery says of several rules: means over searches, and tests against a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neuromodels.analysis.comparisons import brunner_munzel, stuck_shares
from neuromodels.analysis.corrections import holm, max_t
from neuromodels.analysis.equivalence import paired_equivalence
from neuromodels.analysis.intervals import mean_interval, share_interval
from neuromodels.analysis.nested import nested_interval
from neuromodels.measures.battery.standing import STUCK
from neuromodels.measures.quantities import Quantity, within
from neuromodels.seeding import generator

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
    resamples
        Of each form, ability and seed: the value on resampled trials, (resamples,), where it is
        known.
    """

    values: Mapping[tuple[Form, Ability], Mapping[int, float | None]]
    reasons: Mapping[tuple[Form, Ability], str]
    resamples: Mapping[tuple[Form, Ability], Mapping[int, np.ndarray]] = field(default_factory=dict)

    @property
    def forms(self) -> list[Form]:
        """All forms, in their order."""
        return list(dict.fromkeys(form for form, _ in (*self.values, *self.reasons)))

    @property
    def abilities(self) -> list[Ability]:
        """All abilities that some form has values of, in their order."""
        return list(dict.fromkeys(ability for _, ability in self.values))


def battery_from(cells: Sequence[tuple[str, Mapping[str, Any]]]) -> Battery:
    """Return the values in cells, each with the name of its setting.

    A search whose probe failed, while other searches of the form have its values, is a search
    without a number. Where none has, the form has a reason.
    """
    values: dict[tuple[Form, Ability], dict[int, float | None]] = {}
    resamples: dict[tuple[Form, Ability], dict[int, np.ndarray]] = {}
    refused: dict[tuple[Form, str], dict[int, str]] = {}
    for setting, cell in cells:
        form, probe, seed = (setting, cell["condition"]), cell["probe"], cell["seed"]
        for name, quantity in cell["values"].items():
            place = (form, (probe, name))
            values.setdefault(place, {})[seed] = quantity["value"]
            if quantity.get("resamples"):
                resamples.setdefault(place, {})[seed] = np.array(quantity["resamples"])
        if cell["reason"]:
            refused.setdefault((form, probe), {})[seed] = cell["reason"]
    for (form, (probe, _)), by_seed in values.items():
        by_seed |= dict.fromkeys(refused.get((form, probe), ()))
    has = {(form, probe) for form, (probe, _) in values}
    reasons = {
        (form, (probe, "")): next(iter(by_seed.values()))
        for (form, probe), by_seed in refused.items()
        if (form, probe) not in has
    }
    return Battery(values, reasons, resamples)


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


def share_over_seeds(by_seed: Mapping[int, float | None]) -> Quantity:
    """Return the share of searches that are 1, not 0, with its exact binomial interval."""
    numbers = [value for value in by_seed.values() if value is not None]
    missing = len(by_seed) - len(numbers)
    if not numbers:
        return mean_over_seeds(by_seed)
    found = share_interval(round(sum(numbers)), len(numbers))
    return {**within(float(np.mean(numbers)), found), "missing": missing}


def nested_over_seeds(battery: Battery, form: Form, ability: Ability) -> Quantity | None:
    """Return the interval of the mean over searches and their trials; None where trials are gone.

    See `neuromodels.analysis.nested.nested_interval`. All searches that have a number must have
    kept their resamples.
    """
    numbers, kept = _numbers(battery, form, ability), battery.resamples.get((form, ability), {})
    if not numbers or set(kept) != set(numbers):
        return None
    rng = generator(0, "nested bootstrap", *form, *ability)
    found = nested_interval([kept[seed] for seed in sorted(kept)], rng)
    return within(float(np.mean(list(numbers.values()))), found)


def contrasts_of(
    battery: Battery, reference: Form, margins: Mapping[str, float] | None = None
) -> list[dict[str, Any]]:
    """Test every other form against a reference, ability by ability.

    Searches are paired by seed. Within an ability all forms are tested at once by the largest t
    (`neuromodels.analysis.corrections.max_t`), on the seeds that all of them have. Forms that share
    fewer than `LEAST`, or than half, of the reference's seeds are told apart from no one: their p
    is None, with a reason. They would take the seeds from all others.

    Beside it stands a rank test of all searches, which a few stuck ones do not spoil
    (`neuromodels.analysis.comparisons.brunner_munzel`), corrected within the ability by Holm.

    Shares of stuck searches are compared by Boschloo's test instead, corrected by Holm.

    Parameters
    ----------
    margins
        Of a value, the largest difference that does not matter. These are also tested for equality
        by two one-sided t tests, on the seeds that a form and the reference have in common. The
        p values of equality are not corrected for the number of forms.

    Returns
    -------
    list of dict
        ``probe``, ``value``, ``setting``, ``condition``, ``difference``, ``p``, ``n``, ``reason``,
        ``superiority`` (the probability that a search of the form is above one of the reference),
        its ``rank_p``, ``margin`` and ``equal_p``, None where no margin was given.
    """
    asked = margins or {}
    return [
        row
        for ability in battery.abilities
        for row in _of_ability(battery, ability, reference, asked.get(ability[1]))
    ]


def _of_ability(
    battery: Battery, ability: Ability, reference: Form, margin: float | None
) -> list[dict[str, Any]]:
    others = [form for form in battery.forms if form != reference]
    numbers = {form: _numbers(battery, form, ability) for form in (reference, *others)}
    if ability[1] == STUCK:
        return _stuck_rows(ability, numbers, reference, others)
    have = [form for form in others if _has_enough(numbers[form], numbers[reference])]
    seeds = sorted(set(numbers[reference]).intersection(*(numbers[form] for form in have)))
    tested = _tested(numbers, reference, have, seeds) if have and len(seeds) >= LEAST else {}
    ranked = _ranked(numbers, reference, others)
    return [
        {
            **_row(ability, form, tested.get(form), len(seeds)),
            **_rank_row(ranked.get(form)),
            **_equality(numbers[form], numbers[reference], margin),
        }
        for form in others
    ]


def _has_enough(numbers: Numbers, of_reference: Numbers) -> bool:
    """Whether a form shares half of the reference's seeds: a few would leave few to all others."""
    return len(set(numbers) & set(of_reference)) >= max(LEAST, len(of_reference) / 2)


def _stuck_rows(
    ability: Ability, numbers: Mapping[Form, Numbers], reference: Form, others: Sequence[Form]
) -> list[dict[str, Any]]:
    """Compare shares of stuck searches, which need no pairs."""
    have = [form for form in others if numbers[form] and numbers[reference]]
    counts = {form: _stuck_of(numbers[form]) for form in (*have, reference)}
    found = [stuck_shares(*counts[form], *counts[reference]) for form in have]
    corrected = holm([each.p for each in found])
    tested = {
        form: (each.statistic, float(p))
        for form, each, p in zip(have, found, corrected, strict=True)
    }
    return [
        {
            **_row(ability, form, tested.get(form), len(numbers[form])),
            **_rank_row(None),
            **_equality({}, {}, None),
        }
        for form in others
    ]


def _stuck_of(numbers: Numbers) -> tuple[int, int]:
    return round(sum(numbers.values())), len(numbers)


def _equality(
    numbers: Numbers, of_reference: Numbers, margin: float | None
) -> dict[str, float | None]:
    """Return the p of two one-sided tests; None for no margin, too few seeds, or no spread."""
    seeds = sorted(set(numbers) & set(of_reference))
    if margin is None or len(seeds) < LEAST:
        return {"margin": margin, "equal_p": None}
    ours, theirs = (np.array([each[seed] for seed in seeds]) for each in (numbers, of_reference))
    p = paired_equivalence(ours, theirs, margin).p
    return {"margin": margin, "equal_p": float(p) if np.isfinite(p) else None}


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
    reason = "" if tested else f"fewer than {LEAST} seeds, or than half, have both numbers"
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
