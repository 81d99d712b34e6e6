"""The workers behind a client: which are fit for work, and what they answer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from neuromodels.distribution.answers import Answer, Lost, Refusal
from neuromodels.distribution.versions import check_versions, machines_of
from neuromodels.distribution.worker import lacking
from neuromodels.errors import SimulationError

LOOK_EVERY = 5.0
"""Seconds between two looks at whether there still are workers."""
TRIES = 3


class Crew:
    """All workers of one scheduler.

    Parameters
    ----------
    client
        A connected `distributed.Client`.
    tell
        Gets what the user should know, one sentence at a time.
    alike
        Whether workers are known to run in the driver's own environment: none is checked then.
    patience
        Seconds to wait for a first worker, or for one after all are gone; None for ever.
    mend
        Called when there are fewer workers than before.
    """

    def __init__(
        self, client: Any, tell: Callable[[str], None] = lambda text: None, *,
        alike: bool = False, patience: float | None = None, mend: Callable[[], None] = lambda: None,
    ):  # fmt: skip
        self.client = client
        self.tell = tell
        self._alike, self._patience, self._mend = alike, patience, mend
        self._most = 1
        self._checked: set[str] = set()
        self.machines: set[str] = set()

    def count(self) -> int:
        """Return how many workers there are, at least one; those not seen before are checked."""
        with self._connected():
            workers = self._present() or self._awaited()
            new = sorted(workers - self._checked)
            if new and not self._alike:
                check_versions(self.client, new)
                self._note_machines(machines_of(self.client, new))
            self._checked = workers
            return len(workers)

    def ask(
        self, function: Callable[..., Any], parts: Sequence[Any], **shared: Any
    ) -> list[Answer | Lost]:
        """Call a function with every part, all at once, and return the answers in order.

        Parameters
        ----------
        function
            One of `neuromodels.distribution.worker`.
        shared
            Further arguments, the same for all parts.

        Raises
        ------
        NeuromodelsError
            What a worker refused, as itself.
        """
        self.count()
        with self._connected(), warnings.catch_warnings():
            # vectors of thousands of coefficients are meant to be sent
            warnings.filterwarnings("ignore", "Sending large graph")
            key = f"neuromodels-{uuid4().hex}"
            futures = self.client.map(function, parts, key=key, pure=False, **shared)
            self._wait(futures)
            values = self.client.gather(dict(enumerate(futures)), errors="skip")
        return [_answer(future, values[number]) for number, future in enumerate(futures)]

    def ask_until(
        self, function: Callable[..., Any], parts: Sequence[Any], **shared: Any
    ) -> list[Answer]:
        """Call a function with every part until there is an answer to at least one.

        Raises
        ------
        SimulationError
            When workers were lost over it several times.
        """
        for _ in range(TRIES):
            asked = self.ask(function, parts, **shared)
            answers = [answer for answer in asked if isinstance(answer, Answer)]
            if answers:
                return answers
        raise SimulationError(
            "Distribution.worker",
            f"must survive `{function.__name__}`; {TRIES} died, took too long or ran out of memory",
            cure="Run the study without workers to see why, or give them more memory or time.",
        )

    def _wait(self, futures: Sequence[Any]) -> None:
        from distributed import wait

        while True:
            try:
                with self.client.as_current():
                    wait(futures, timeout=LOOK_EVERY)
            except TimeoutError:
                if not self._present():
                    self._awaited()
            else:
                return

    def _present(self) -> set[str]:
        workers = set(self.client.nthreads())
        if len(workers) < self._most:
            self._mend()
        self._most = max(self._most, len(workers))
        return workers

    def _awaited(self) -> set[str]:
        """Wait for a worker."""
        start, said = time.monotonic(), False
        while not (workers := self._present()):
            waited = time.monotonic() - start
            if self._patience is not None and waited > self._patience:
                raise SimulationError(
                    "Distribution.workers", f"one must start within {self._patience:g} s",
                    cure="Is there enough memory for them? Try fewer.",
                )  # fmt: skip
            if not said and waited > LOOK_EVERY:
                self.tell("There is no worker; waiting for one.")
                said = True
            time.sleep(0.1)
        return workers

    def _note_machines(self, machines: set[str]) -> None:
        before, self.machines = self.machines, self.machines | machines
        if len(self.machines) > max(1, len(before)):
            self.tell(
                "Workers differ in processor or compiler, so which of them evaluates a candidate"
                f" may show in the last bits: {'; '.join(sorted(self.machines))}."
            )

    @contextmanager
    def _connected(self) -> Iterator[None]:
        try:
            yield
        except (OSError, CancelledError) as error:
            raise _unreachable(str(error)) from None


def _unreachable(reason: str) -> SimulationError:
    return SimulationError(
        "Distribution.scheduler", f"must stay reachable: {reason}",
        cure="Everything until the last generation is stored: start it again and resume the run.",
    )  # fmt: skip


def _answer(future: Any, value: Any) -> Answer | Lost:
    """Return what a finished call brought; raise what it raised."""
    if isinstance(value, Refusal):
        raise value.error()
    if future.status == "finished":
        return value
    if future.status != "error":
        raise _unreachable("it forgot what it was asked")
    return _lost(future.exception().with_traceback(future.traceback()))


def _lost(error: BaseException) -> Lost:
    """Return that a call is lost, unless it raised an error of its own."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker | MemoryError):
        return Lost()
    if isinstance(error, ImportError):
        raise lacking(error) from None
    raise error
