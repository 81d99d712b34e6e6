"""What final scores are on: inputs that a search has seen, or others."""

from __future__ import annotations

from typing import Any

from neuromodels import tasks
from neuromodels.study.study import Study

FEW = 2**16
"""Inputs of which a search may be expected to have seen a part that matters."""


def inputs_told(study: Study, seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is known of the inputs behind final scores, as plain values.

    Parameters
    ----------
    seeds
        What is told of each final score, with ``"inputs"`` and ``"exact"``.

    Returns
    -------
    dict
        ``"kind"``: as `TestPlan.inputs`; ``"shown"``: the fewest held-out inputs behind a score;
        ``"exact"``: whether all scores are those of all of them, with no noise of sampling;
        ``"searched"``: how many inputs searches may see, None where nobody can count them.
    """
    return {
        "kind": study.test.inputs,
        "shown": min((seed["inputs"] for seed in seeds), default=0),
        "exact": bool(seeds) and all(seed["exact"] for seed in seeds),
        "searched": _searched(study),
    }


def _searched(study: Study) -> int | None:
    """Return how many inputs searches may see; no file of the user's is read."""
    if study.task.name not in list(tasks.CATALOG):
        return None
    task = tasks.CATALOG[study.task.name]
    if task.options:  # they may decide which inputs there are
        return None
    inputs = task.inputs(task.with_defaults(study.task.parameters))
    return None if inputs is None else inputs.searched


def inputs_text(told: dict[str, Any], trials: int) -> str:
    """Return what final scores are on, in words.

    Parameters
    ----------
    trials
        The fewest behind a score.
    """
    if told["kind"] == "held out":
        words = f"held-out input{'s' * (told['shown'] != 1)}, which no search or choice has seen"
        if told["exact"]:
            return f"exact scores on all {told['shown']:,} {words}"
        return f"{trials:,} or more trials per seed on {told['shown']:,} {words}"
    if told["searched"] is not None and told["searched"] <= FEW:
        known = f"on {told['searched']:,} inputs that searches may have seen, too"
        return f"{trials:,} or more trials per seed {known}"
    return f"{trials:,} or more trials per seed that no search or choice has seen"
