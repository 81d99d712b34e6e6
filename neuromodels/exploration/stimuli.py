"""Spikes among the values of a design: each list is kept once, and points have its number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.exploration.design import Design
from neuromodels.models.model import Model
from neuromodels.models.spike_lists import SpikeList, is_spike_list, spike_list


def with_numbered_spikes(model: Model, design: Design) -> tuple[Model, Design]:
    """Return a model whose parameters choose among a design's spikes, and their numbers.

    Raises
    ------
    DeclarationError
        Where some values are spikes and others are not, or a list is none.
    """
    parameters, values = dict(model.parameters), dict(design.values)
    for name, given in design.values.items():
        pairs = _pairs_of(f"Design[{name!r}]", given)
        if not pairs:
            continue
        numbers = {spikes.digest: number for number, spikes in _each_once(pairs).items()}
        choices = list(_each_once(pairs).values())
        parameters[name] = replace(parameters[name], low=None, high=None, choices=choices)
        values[name] = np.array([numbers[spikes.digest] for spikes in pairs])
    return replace(model, parameters=parameters), replace(design, values=values)


def _pairs_of(where: str, given: Any) -> list[SpikeList]:
    """Return the lists of spikes among values; none where there are other values."""
    if is_spike_list(given):
        given = [given]
    if not isinstance(given, list | tuple) or not any(map(is_spike_list, given)):
        return []
    if not all(map(is_spike_list, given)):
        wrong = next(k for k, value in enumerate(given) if not is_spike_list(value))
        raise DeclarationError(
            f"{where}[{wrong}]", "must be a pair (indices, times) too", given[wrong]
        )
    return [spike_list(f"{where}[{k}]", value) for k, value in enumerate(given)]


def _each_once(pairs: list[SpikeList]) -> dict[int, SpikeList]:
    """Return the lists that differ, numbered in the order in which they come."""
    return dict(enumerate({spikes.digest: spikes for spikes in pairs}.values()))
