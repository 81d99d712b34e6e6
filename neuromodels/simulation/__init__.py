"""Compile one Brian2 network once and run many independent copies of it."""

from neuromodels.simulation.device.batch import FAILED, Batch
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.device.script import BatchDevice
from neuromodels.simulation.device.targets import Cuda, Emulation

__all__ = ["FAILED", "Batch", "BatchDevice", "Cuda", "Emulation", "Report"]
