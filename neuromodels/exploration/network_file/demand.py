"""What is asked of this machine at the least: instances, bytes and seconds, before a build."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from neuromodels.exploration.design import MOST_POINTS
from neuromodels.exploration.morris_and_sobol import SAMPLES
from neuromodels.study.kinds import Key, Problem
from neuromodels.study.limits.demand import LONGEST_GENERATION, as_bytes, as_time, machine_memory

NUMBER = 8
"""Bytes of a measured value."""
STEP_SECONDS, LONGEST_STEP = 1e-9, 1e-3
"""Of one instance in a step, and of simulated time in a step; a network with more takes longer."""


def demand_problems(
    action: str, arguments: Mapping[str, Any], parameters: int, measures: int, duration: float
) -> list[Problem]:
    """Return why there are too many instances for this machine.

    Parameters
    ----------
    arguments
        Of the action.
    parameters, measures
        How many there are.
    duration
        Simulated seconds of an instance.
    """
    key, at_once, rounds = _counts(action, arguments, parameters)
    size = at_once * (measures + 1) * NUMBER
    steps = max(duration / LONGEST_STEP, 1)
    seconds = at_once * rounds * steps * STEP_SECONDS / (os.cpu_count() or 1)
    needs = f"{as_bytes(size)} for what is measured, and {as_time(seconds)} or more"
    asks = f"asks for {at_once * rounds:,} instances; they need {needs} on this machine"
    points = _points(arguments)
    if action == "sweep" and points > MOST_POINTS:
        text = f"must have at most {MOST_POINTS:,} points; got {points:,}. It {asks}. Take fewer."
        return [Problem((action, *key), text)]
    if size > machine_memory() or seconds > LONGEST_GENERATION:
        return [Problem((action, *key), f"{asks}. Take fewer.")]
    return []


def _counts(action: str, arguments: Mapping[str, Any], parameters: int) -> tuple[Key, int, int]:
    """Return the key that decides, how many instances are kept at once, and how often."""
    repeats = int(arguments.get("repeats", 1))
    if action == "fit":
        candidates = int(arguments.get("candidates", 64))
        key = "repeats" if repeats > candidates else "candidates"
        return (key,), candidates * repeats, int(arguments.get("generations", 50))
    if action == "infer":
        return ("simulations",), int(arguments.get("simulations", 2000)), arguments.get("rounds", 1)
    if action == "sensitivity":
        method = arguments.get("method", "morris")
        more = parameters if arguments.get("second_order", True) else 0
        piece = parameters + 1 if method == "morris" else parameters + more + 2
        samples = arguments.get("samples") or SAMPLES[method]
        return ("samples",), samples * piece * repeats, 1
    key = next((k for k in ("grid", "table", "points") if arguments.get(k) is not None), "grid")
    return (key,), _points(arguments) * repeats, 1


def _points(arguments: Mapping[str, Any]) -> int:
    if (grid := arguments.get("grid")) is not None:
        return math.prod(_length(values) for values in grid.values())
    if (table := arguments.get("table")) is not None:
        return max(_length(values) for values in table.values())
    return int(arguments.get("points") or 1)


def _length(values: Any) -> int:
    return len(values) if isinstance(values, list) else len(np.atleast_1d(np.asarray(values)))
