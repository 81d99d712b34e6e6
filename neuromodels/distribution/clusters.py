"""Workers on this machine, or those of a scheduler that already runs."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.resource_tracker import ensure_running
from typing import Any

import numpy as np

from neuromodels.distribution.crew import Crew
from neuromodels.distribution.experiment import DistributedExperiment, work_on
from neuromodels.distribution.worker import LIMIT, build_experiment, record, record_trial
from neuromodels.errors import DeclarationError, SimulationError
from neuromodels.study import Study

Tell = Callable[[str], None]
START_WITHIN = 120.0
"""Seconds in which a worker of this machine must start."""
_LOCAL = {
    # a worker over its memory is ended and replaced at once: pausing would stop it for ever
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


class Workers:
    """What `Runner` needs to evaluate on workers.

    Parameters
    ----------
    crew
        The workers.
    seconds
        The longest that one may take over one chunk.
    """

    def __init__(self, crew: Crew, seconds: float = LIMIT):
        self.crew = crew
        self.seconds = seconds

    def build(self, study: Study, condition: str) -> DistributedExperiment:
        """Return the experiment of a condition, built on the workers."""
        return DistributedExperiment(study, condition, self.crew, seconds=self.seconds)

    def record(
        self, study: Study, condition: str, vector: np.ndarray, stream: int
    ) -> dict[str, np.ndarray]:
        """Return the arrays of one trial with monitors, run on a worker."""
        work = work_on(study, condition, build_experiment, self.seconds)
        asked = {"work": work, "how": record_trial, "stream": stream}
        return self.crew.ask_until(record, [vector], **asked)[0].value

    def provenance(self) -> dict[str, Any]:
        """Return which workers a run starts with, as plain values.

        ``machines`` is empty where all run on the driver's.
        """
        return {
            "scheduler": self.crew.client.scheduler.address,
            "count": self.crew.count(),
            "machines": sorted(self.crew.machines),
        }


@contextmanager
def local_workers(
    count: int, *, seconds: float = LIMIT, tell: Tell = lambda text: None
) -> Iterator[Workers]:
    """Start worker processes of one core each on this machine; none outlives the block.

    Parameters
    ----------
    count
        How many.
    seconds
        The longest that one may take over one chunk; it is replaced then.
    tell
        Gets what the user should know.

    Raises
    ------
    DeclarationError
        When Dask `distributed` is not installed.
    SimulationError
        When they do not start.
    """
    if count < 1:
        raise DeclarationError("local_workers.count", "there must be at least 1", count)
    client_class, _ = _needed()
    with (
        _cluster(count) as cluster,
        client_class(cluster, set_as_default=False, direct_to_workers=True) as client,
    ):
        # on a busy machine, or without memory, replacing a worker may fail: then there is a new one
        mend = partial(cluster.scale, count)
        yield Workers(Crew(client, tell, alike=True, patience=START_WITHIN, mend=mend), seconds)


@contextmanager
def scheduler_at(
    address: str, *, seconds: float = LIMIT, tell: Tell = lambda text: None
) -> Iterator[Workers]:
    """Use the workers of a running scheduler; certificates are those of Dask's configuration.

    Parameters
    ----------
    address
        ``"tcp://host:8786"`` or ``"tls://host:8786"``.
    seconds, tell
        As of `local_workers`.

    Raises
    ------
    DeclarationError
        When Dask `distributed` is not installed.
    SimulationError
        When no scheduler answers there.
    """
    client_class, _ = _needed()
    try:
        client = client_class(address, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise SimulationError(
            "Distribution.scheduler", f"must answer: {error}", address,
            "Start it with `dask scheduler`, or take the address from its log.",
        ) from None  # fmt: skip
    with client:
        yield Workers(Crew(client, tell), seconds)


def _needed() -> tuple[Any, Any]:
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as error:
        raise DeclarationError(
            "Distribution", f"needs Dask `distributed`: {error}",
            cure='Install it: pip install "neuromodels[cluster]"',
        ) from None  # fmt: skip
    return Client, LocalCluster


@contextmanager
def _cluster(count: int) -> Iterator[Any]:
    """Start scheduler and workers; close them whatever happens.

    The connections are encrypted with keys that exist in memory only: without, any user of this
    machine could send code to the workers.
    """
    import dask
    from distributed import Security

    _, cluster_class = _needed()
    try:
        with dask.config.set(_LOCAL), _deaf_to_interrupts():
            cluster = cluster_class(
                n_workers=count, threads_per_worker=1, dashboard_address=":0",
                silence_logs=logging.CRITICAL, security=Security.temporary(),
                scheduler_kwargs={"allowed_failures": 0},
            )  # fmt: skip
    except (ImportError, OSError, RuntimeError) as error:
        raise SimulationError(
            "Distribution.workers", f"must start: {error}", count,
            'Try fewer; in a script, start them below `if __name__ == "__main__":`.',
        ) from None  # fmt: skip
    with cluster:
        yield cluster


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let Ctrl-C reach the driver alone.

    The terminal sends it to every process in the foreground. Threads and processes inherit who
    is deaf, also the processes that replace a lost worker.
    """
    ensure_running()  # as it starts, the resource tracker of Python makes its thread hear again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
