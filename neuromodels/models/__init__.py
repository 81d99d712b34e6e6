"""A Brian2 network of your own as one value: its parameters and its measures."""

from neuromodels.models.measures.distances import SpikeTrainDistance, TraceDistance
from neuromodels.models.measures.expressions import Histogram, Reduced
from neuromodels.models.measures.recorded import Recorded
from neuromodels.models.measures.recording import Recording
from neuromodels.models.measures.spikes import (
    CV2,
    LV,
    BurstIndex,
    Correlation,
    FanoFactor,
    IntervalCV,
    MeanInterval,
    Rate,
    Synchrony,
)
from neuromodels.models.model import Model
from neuromodels.models.parameters import Parameter

__all__ = [
    "CV2",
    "LV",
    "BurstIndex",
    "Correlation",
    "FanoFactor",
    "Histogram",
    "IntervalCV",
    "MeanInterval",
    "Model",
    "Parameter",
    "Rate",
    "Recorded",
    "Recording",
    "Reduced",
    "SpikeTrainDistance",
    "Synchrony",
    "TraceDistance",
]
