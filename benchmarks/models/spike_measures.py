"""Every measure of spikes, on the network of ``examples/sweep_stdp_network.py``."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import numpy as np
from brian2 import ms, second

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "examples"), str(HERE.parents[1])]

from sweep_stdp_network import build  # noqa: E402

import neuromodels.models  # noqa: E402
from neuromodels.models import (  # noqa: E402
    CV2,
    LV,
    BurstIndex,
    Correlation,
    FanoFactor,
    IntervalCV,
    MeanInterval,
    Model,
    Parameter,
    Rate,
    SpikeTrainDistance,
    Synchrony,
)
from neuromodels.models.measures.base import Measure  # noqa: E402

#: Measures of anything but spikes.
OTHERS = {"Histogram", "Recorded", "Reduced", "TraceDistance"}
EXCITATORY = 400
#: Share of a run that no measure counts.
TRANSIENT = 0.2


def spike_measures(seconds: float) -> dict[str, Measure]:
    """Return all measures of spikes by name, those of trains for each kind of distance.

    Parameters
    ----------
    seconds
        Simulated time of a run.
    """
    window = seconds * (1 - TRANSIENT) / 4
    trains = recorded_trains(seconds)
    measures: dict[str, Measure] = {
        "Rate": Rate("exc"),
        "MeanInterval": MeanInterval("exc"),
        "IntervalCV": IntervalCV("exc"),
        "CV2": CV2("exc"),
        "LV": LV("exc"),
        "BurstIndex": BurstIndex("exc"),
        "FanoFactor": FanoFactor("exc", window * second),
        "Synchrony": Synchrony("exc"),
        "Correlation": Correlation("exc", "inh"),
        "SpikeTrainDistance_count": SpikeTrainDistance("exc", trains, "count"),
        "SpikeTrainDistance_van_rossum": SpikeTrainDistance("exc", trains, "van Rossum"),
        "SpikeTrainDistance_gamma": SpikeTrainDistance("exc", trains, "gamma", 2 * ms),
    }
    check_complete({type(each).__name__ for each in measures.values()})
    return measures


def recorded_trains(seconds: float) -> list:
    """Return one spike at a random time for each excitatory neuron: data to compare with."""
    draws = np.random.default_rng(1).random(EXCITATORY)
    return [[(TRANSIENT + (1 - TRANSIENT) * 0.95 * x) * seconds] * second for x in draws]


def check_complete(measured: set[str]) -> None:
    """Stop where the package has a measure of spikes that is not among these."""
    public = {name: getattr(neuromodels.models, name) for name in neuromodels.models.__all__}
    known = {n for n, x in public.items() if inspect.isclass(x) and issubclass(x, Measure)}
    if missing := known - OTHERS - measured:
        raise SystemExit(f"benchmark: add the measures {sorted(missing)}.")


def stdp_model(seconds: float, measures: dict[str, Measure]) -> Model:
    """Return the network with two parameters: inhibition, and the weights at the start."""
    parameters = {"g": Parameter("g", 2.0, 8.0), "w": Parameter("plastic.w", 0.5, 2.0)}
    span = seconds * second, parameters, measures, TRANSIENT * seconds * second
    return Model(build, *span)
