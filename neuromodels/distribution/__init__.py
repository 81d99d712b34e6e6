"""Candidates spread over worker processes, on this machine or a cluster, by Dask `distributed`."""

from neuromodels.distribution.clusters import Workers, local_workers, scheduler_at
from neuromodels.distribution.experiment import DistributedExperiment

__all__ = ["DistributedExperiment", "Workers", "local_workers", "scheduler_at"]
