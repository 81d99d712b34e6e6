"""Which final scores are those of networks whose hidden neurons never fired.

A compiled program notes in each trial whether any neuron of a hidden population fired; the final
tests of every condition count the trials in which none did. Tests of earlier versions did not: of
these nothing is said, unless they counted spikes, and there were none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuromodels.store.records import TestRecord
from neuromodels.study.conditions import in_order

TESTS = "final tests"
"""What an entry says that silence was seen in."""


def silent_scores(tests: Sequence[TestRecord]) -> list[dict[str, Any]]:
    """Return the final scores behind which a population never fired, in the order of the tables.

    Returns
    -------
    list of dict
        ``condition``, ``seed``, ``population`` (empty: all spiking neurons), ``trials``: how many
        there were, and ``seen_in``: ``"final tests"``.
    """
    return [
        {
            "condition": test.condition,
            "seed": test.seed,
            "population": name,
            "trials": test.trials,
            "seen_in": TESTS,
        }
        for condition in in_order({test.condition for test in tests})
        for test in tests
        if test.condition == condition
        for name in _silent_in(test)
    ]


def _silent_in(test: TestRecord) -> tuple[str, ...]:
    no_spike = test.rate == 0 and not test.silent_counts
    return ("",) if no_spike else test.silent


def silence_text(silent: Sequence[Mapping[str, Any]]) -> str:
    """Return what a reader should know of these scores; empty where there are none."""
    if not silent:
        return ""
    named = [
        f"{each['condition']}, seed {each['seed']} ({each['population'] or 'all'} neurons,"
        f" {each['trials']:,} trials)"
        for each in silent
    ]
    shown = "; ".join(named[:6]) + (f"; and {len(named) - 6} more" if len(named) > 6 else "")
    return f"Silent: no neuron fired in {shown}. Such a score owes nothing to their spikes."


def silent_populations(
    condition: str, silent: Sequence[Mapping[str, Any]], seeds: Sequence[Mapping[str, Any]]
) -> str:
    """Return who was silent under a condition, and in how many of its seeds; empty: nobody."""
    of_it = [each["population"] or "all" for each in silent if each["condition"] == condition]
    return ", ".join(
        name if of_it.count(name) == len(seeds) else f"{name} ({of_it.count(name)} of {len(seeds)})"
        for name in dict.fromkeys(of_it)
    )
