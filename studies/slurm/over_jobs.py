"""Run a study on workers in Slurm jobs: ``python over_jobs.py STUDY [--jobs N] [options]``.

Needs ``pip install "brian2-neuromodels[cluster]"``. Options that it does not know go to
``neuromodels run``, for example ``--set search.generations=100``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import dask
from dask_jobqueue import SLURMCluster
from distributed import Security

from neuromodels.cli import main as neuromodels

FOLDER = Path("runs") / "slurm"
"""Logs of the worker jobs, and their keys while they run. All nodes must see it."""
SETTINGS = {
    # a worker that dies over a chunk is reported at once instead of after three more
    "distributed.scheduler.allowed-failures": 0,
    # a node that is gone is missed after a minute
    "distributed.scheduler.worker-ttl": "60s",
}
PROLOGUE = [
    # a worker over its memory is ended and replaced: pausing would stop it for ever
    "export DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE=False",
    "export DASK_DISTRIBUTED__WORKER__MEMORY__SPILL=False",
    "export DASK_DISTRIBUTED__WORKER__MEMORY__TARGET=False",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the workers, run the study, end the workers; return the exit code."""
    options, more = _parser().parse_known_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True, mode=0o700)
    # without keys, any user of the cluster could send code to the workers
    security = Security.temporary()
    with dask.config.set({**SETTINGS, **_keys(security)}), cluster_of(options, security) as cluster:
        # jobs that end before the study does are replaced
        cluster.adapt(minimum_jobs=options.jobs, maximum_jobs=options.jobs)
        address = cluster.scheduler_address
        return neuromodels(["run", options.study, "--scheduler", address, *more])


def cluster_of(options: argparse.Namespace, security: Security) -> SLURMCluster:
    """Return a scheduler in this process whose jobs hold one worker per core."""
    return SLURMCluster(
        cores=options.cores,
        processes=options.cores,
        memory=options.memory,
        walltime=options.walltime,
        queue=options.queue,
        account=options.account,
        interface=options.interface,
        job_name="neuromodels-workers",
        job_script_prologue=PROLOGUE,
        worker_extra_args=["--no-dashboard"],
        log_directory=str(FOLDER.resolve()),
        shared_temp_directory=str(FOLDER.resolve()),
        security=security,
        protocol="tls://",
        silence_logs="critical",
        scheduler_options={"dashboard_address": ":0"},
    )


def _keys(security: Security) -> dict[str, object]:
    """Return the settings by which the driver finds its keys."""
    keys = security.get_tls_config_for_role("client")
    return {
        "distributed.comm.require-encryption": True,
        "distributed.comm.tls.ca-file": keys["ca_file"],
        "distributed.comm.tls.client.cert": keys["cert"],
        "distributed.comm.tls.client.key": keys["key"],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Run a study on workers in Slurm jobs.")
    parser.add_argument("study", metavar="STUDY", help="a study file")
    parser.add_argument("--jobs", type=int, default=4, help="worker jobs (4)")
    parser.add_argument("--cores", type=int, default=16, help="cores, so workers, per job (16)")
    parser.add_argument("--memory", default="32GB", help="memory per job (32GB)")
    parser.add_argument("--walltime", default="04:00:00", help="time limit of a job (04:00:00)")
    parser.add_argument("--queue", help="the partition")
    parser.add_argument("--account", help="who pays")
    parser.add_argument("--interface", help="network of the nodes, e.g. ib0")
    return parser


if __name__ == "__main__":
    sys.exit(main())
