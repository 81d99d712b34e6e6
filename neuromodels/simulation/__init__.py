"""Compile one Brian2 network once and run many independent copies of it."""

from neuromodels.simulation.batch import FAILED, Batch
from neuromodels.simulation.device import BatchDevice
from neuromodels.simulation.report import Report
from neuromodels.simulation.targets import Cuda, Emulation

__all__ = ["FAILED", "Batch", "BatchDevice", "Cuda", "Emulation", "Report"]
