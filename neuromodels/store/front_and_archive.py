"""What runs keep beside their solutions, read back: fronts of several goals, diverse archives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neuromodels.store.folder import solution_path
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED


def fronts_of(run: StoredRun) -> list[dict[str, Any]]:
    """Return one row per member of a front: condition, seed, number, score and each goal."""
    return [
        {
            "condition": condition,
            "seed": seed,
            "member": member,
            "score": float(score),
            **dict(zip(map(str, arrays["front_goals"]), map(float, losses), strict=True)),
        }
        for condition, seed, arrays in _solutions(run, "front")
        for member, (score, losses) in enumerate(
            zip(arrays["front_scores"], arrays["front_losses"], strict=True)
        )
    ]


def archives_of(run: StoredRun) -> list[dict[str, Any]]:
    """Return one row per vector of an archive: condition, seed, number, generation and score."""
    return [
        {
            "condition": condition,
            "seed": seed,
            "member": member,
            "generation": int(generation),
            "score": float(score),
        }
        for condition, seed, arrays in _solutions(run, "archive")
        for member, (generation, score) in enumerate(
            zip(arrays["archive_generations"], arrays["archive_scores"], strict=True)
        )
    ]


def _solutions(run: StoredRun, needed: str) -> Iterator[tuple[str, int, dict[str, np.ndarray]]]:
    for condition in SEARCHED:
        for seed in run.study.seeds:
            if not solution_path(run.folder, condition, seed).is_file():
                continue
            arrays = run.solution(condition, seed)
            if needed in arrays:
                yield condition, seed, arrays
