"""Compile one Brian2 network once and run many independent copies of it."""

from neuromodels.errors import keep_own_tracebacks
from neuromodels.simulation.device.batch import Batch
from neuromodels.simulation.device.report import Report
from neuromodels.simulation.device.script import BatchDevice
from neuromodels.simulation.device.targets import Cuda, Emulation
from neuromodels.simulation.device.trials import FAILED

__all__ = ["FAILED", "Batch", "BatchDevice", "Cuda", "Emulation", "Report"]

keep_own_tracebacks()
