"""Candidates spread over worker processes, on this machine or a cluster, by Dask `distributed`."""

from neuromodels.experiment.workers.distributed import DistributedExperiment
from neuromodels.experiment.workers.pools import Workers, local_workers, scheduler_at

__all__ = ["DistributedExperiment", "Workers", "local_workers", "scheduler_at"]
