"""Recordings as objects of neo: spike trains and signals with units, for elephant and NWB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_unit

from neuromodels.errors import DeclarationError, pip_command

Span = tuple[float, float]
"""Where a recording begins and ends, in seconds."""


def check_neo(where: str) -> None:
    """Refuse where neo is not installed.

    Raises
    ------
    DeclarationError
        With the command that installs it.
    """
    if find_spec("neo") is None:
        cure = f"Install it: {pip_command('neo')}."
        raise DeclarationError(where, "needs the package neo, which is not installed", cure=cure)


def neo_unit(where: str, dim: Dimension, cure: str) -> str:
    """Return what neo calls the SI unit of a dimension.

    Raises
    ------
    DeclarationError
        Where it has no name for it.
    """
    from quantities import unit_registry

    name = "1" if dim is DIMENSIONLESS else str(get_unit(dim))
    name = "dimensionless" if name == "1" else name.replace("^", "**").replace(" ", "*")
    try:
        unit_registry[name]
    except (LookupError, SyntaxError):
        raise DeclarationError(where, "must have a unit that neo knows", name, cure) from None
    return name


def spike_trains(
    i: np.ndarray, t: np.ndarray, neurons: int, span: Span, group: str = ""
) -> list[Any]:
    """Return a `neo.SpikeTrain` for each neuron of a group.

    Parameters
    ----------
    i, t
        Which neuron fired, and when in seconds, (spikes,).
    neurons
        How many there are; those that never fire have empty trains.
    group
        Its name, for names and annotations; empty: the trains have none.
    """
    from neo import SpikeTrain

    begin, end = span
    # times are whole steps: one at the very end may be rounded to behind it
    times = np.clip(t, begin, end)
    return [
        SpikeTrain(times[i == k], t_start=begin, t_stop=end, units="s", **_named(group, k))
        for k in range(neurons)
    ]


def _named(group: str, neuron: int) -> dict[str, Any]:
    return {"name": f"{group}[{neuron}]", "group": group, "neuron": neuron} if group else {}


def signal(values: np.ndarray, unit: str, begin: float, period: float, **about: Any) -> Any:
    """Return a `neo.AnalogSignal`.

    Parameters
    ----------
    values
        In SI units, (times, neurons).
    unit
        As of `neo_unit`.
    begin, period
        Of the first sample, and between two, in seconds.
    about
        Its name and annotations.
    """
    from neo import AnalogSignal
    from quantities import s

    return AnalogSignal(values, units=unit, sampling_period=period * s, t_start=begin * s, **about)


def signals(name: str, samples: Mapping[str, Any], period: float) -> Iterator[Any]:
    """Yield a signal for each variable that a monitor has sampled.

    Parameters
    ----------
    name
        Of the monitor.
    samples
        Its times ``t`` and values, (neurons, times) or (times,), with Brian2's units.
    period
        Between two samples, in seconds.

    Raises
    ------
    DeclarationError
        Where a unit has no name in neo.
    """
    times = np.asarray(samples["t"], dtype=float)
    for variable, values in samples.items():
        if variable == "t" or not len(times):
            continue
        cure = "Take the numbers: batch.samples."
        unit = neo_unit(f"Batch.segment: {name}.{variable}", _dim(values), cure)
        rows = np.atleast_2d(np.asarray(values, dtype=float)).T
        yield signal(rows, unit, float(times[0]), period, name=f"{name}.{variable}")


def segment_of(instance: int, trains: Sequence[Any], traces: Sequence[Any]) -> Any:
    """Return a `neo.Segment` of an instance."""
    from neo import Segment

    found = Segment(name=f"instance {instance}", instance=int(instance))
    found.spiketrains.extend(trains)
    found.analogsignals.extend(traces)
    return found


def _dim(values: Any) -> Dimension:
    return getattr(values, "dim", DIMENSIONLESS)
