"""Workers on this machine, or those of a scheduler that already runs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, pip_command
from neuromodels.experiment.side_by_side import ENOUGH, SideBySide
from neuromodels.experiment.workers.crew import Crew
from neuromodels.experiment.workers.distributed import DistributedExperiment, work_on
from neuromodels.experiment.workers.greeting import connect_within, greet, unanswered
from neuromodels.experiment.workers.own_networks import NetworkOnWorkers, network_work
from neuromodels.experiment.workers.timeouts import ANSWER_WITHIN
from neuromodels.experiment.workers.worker import LIMIT, build_experiment, record, record_trial
from neuromodels.study.study import Study

Tell = Callable[[str], None]
_ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:\d+")
LEAVE_WITHIN = 10.0
"""Seconds in which a connection to a scheduler is closed, or given up."""


class Workers:
    """Builds experiments and records trials on workers, for a `Runner`.

    Parameters
    ----------
    crew
        The workers.
    seconds
        Time limit of one chunk.
    """

    def __init__(self, crew: Crew, seconds: float = LIMIT):
        self.crew = crew
        self.seconds = seconds

    def build(
        self, study: Study, condition: str, tell: Tell | None = None
    ) -> DistributedExperiment:
        """Return the experiment of a condition, built on the workers."""
        return DistributedExperiment(study, condition, self.crew, seconds=self.seconds, tell=tell)

    def record(
        self, study: Study, condition: str, vector: np.ndarray, stream: int
    ) -> dict[str, np.ndarray]:
        """Return the arrays of one trial with monitors, run on a worker."""
        work = work_on(study, condition, build_experiment, self.seconds)
        answers = self.crew.ask_until(record, [vector], work, how=record_trial, stream=stream)
        return answers[0].value

    def for_network(self, study: Any, source: str) -> NetworkOnWorkers:
        """Return what runs instances of a `NetworkStudy` on these workers.

        Parameters
        ----------
        source
            The file that it was read from.
        """
        return NetworkOnWorkers(self.crew, network_work(study, source, self.seconds))

    def for_runner(
        self, study: Study, tell: Tell | None = None, others: SideBySide | None = None
    ) -> dict[str, Any]:
        """Return the arguments with which a `Runner` uses these workers.

        Parameters
        ----------
        tell
            Called with each sentence that the user of this study should read.
        others
            Studies that run at the same time; default: searches of this study run side by side.
        """
        enough = 1 + math.ceil(self.crew.count() / study.search.candidates)
        searches = SideBySide() if others else SideBySide(max(ENOUGH, enough))
        self.crew.waiting = (others or searches).away
        build = partial(self.build, tell=tell)
        return {"build": build, "record": self.record, "side_by_side": searches}

    def provenance(self) -> dict[str, Any]:
        """Return the workers that a run starts with, as plain values.

        ``machines`` is empty where all workers run on the driver's machine.
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
        Time limit of one chunk; a worker that takes longer is replaced.
    tell
        Called with each sentence that the user should read.

    Raises
    ------
    DeclarationError
        When Dask `distributed` is not installed, or a script starts them outside of
        ``if __name__ == "__main__":``.
    SimulationError
        When they do not start.
    """
    if count < 1:
        raise DeclarationError("local_workers.count", "there must be at least 1", count)
    with _explaining_missing_dask():
        from neuromodels.experiment.workers import local_processes
    local_processes.refuse_unguarded()
    with (
        local_processes.LocalProcesses(count) as here,
        _client(**here.client_options(), direct_to_workers=True) as client,
    ):
        patience = local_processes.START_WITHIN
        yield Workers(Crew(client, tell, alike=True, patience=patience, mend=here.mend), seconds)


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
        When no scheduler answers there, or somebody else does.
    """
    security = _keys_for(address)
    greet(address, security, max(ANSWER_WITHIN, connect_within()))
    with _client(address, security=security) as client:
        yield Workers(Crew(client, tell), seconds)


def _keys_for(address: str) -> Any:
    """Return Dask's certificates, as far as an address needs them."""
    with _explaining_missing_dask():
        from distributed import Security
    scheme = _ADDRESS.match(address)
    if scheme is None:
        raise DeclarationError(
            "Distribution.scheduler",
            "must look like tcp://host:8786 or tls://host:8786",
            address,
            "`dask scheduler` prints it.",
        )
    try:
        security = Security()
        has_keys = security.get_connection_args("client").get("ssl_context") is not None
    except (OSError, ValueError) as error:
        raise DeclarationError("distributed.comm.tls", f"cannot be read: {error}") from None
    if has_keys < (scheme[1] == "tls"):
        raise DeclarationError(
            "Distribution.scheduler",
            "needs keys that Dask's configuration names",
            address,
            "Set ca-file, client.cert and client.key of distributed.comm.tls there.",
        )
    return security


@contextmanager
def _explaining_missing_dask() -> Iterator[None]:
    """Say how to install Dask where it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise DeclarationError(
            "Distribution",
            f"needs Dask `distributed`: {error}",
            cure=f"Install it: {pip_command('cluster')}",
        ) from None


@contextmanager
def _client(address: str, **options: Any) -> Iterator[Any]:
    """Connect to a scheduler, and leave it within a bounded time."""
    with _explaining_missing_dask():
        from distributed import Client
    try:
        client = Client(address, set_as_default=False, **options)
    except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
        raise unanswered(address, str(error)) from None
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=LEAVE_WITHIN)
