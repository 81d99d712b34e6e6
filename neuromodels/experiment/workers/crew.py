"""The workers behind a client: which of them can be used, and what they answer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock
from typing import Any
from uuid import uuid4

from neuromodels.errors import SimulationError
from neuromodels.experiment.workers.answers import Answer, Lost, Refusal
from neuromodels.experiment.workers.request_lock import RequestLock
from neuromodels.experiment.workers.timeouts import ANSWER_WITHIN, ask_in_loop, within
from neuromodels.experiment.workers.versions import check_versions, lacking, machines_of
from neuromodels.experiment.workers.worker import Checked

LOOK_EVERY = 5.0
"""Seconds between two checks that workers are still there."""
STALLED = 900.0
"""Seconds without any answer, beyond the longest call, before a run is given up: a scheduler
notices lost workers after minutes, and new ones need time to start."""
TRIES = 3


class Crew:
    """All workers of one scheduler; several threads may ask them at once.

    Parameters
    ----------
    client
        A connected `distributed.Client`.
    tell
        Called with each sentence that the user should read.
    alike
        Whether workers run in the driver's own environment; they are not checked then.
    patience
        Seconds to wait for a worker while there is none; None: without limit.
    mend
        Called when there are fewer workers than before, to replace them.

    Attributes
    ----------
    here
        Addresses of the workers, as of the last count.
    machines
        Processor and compiler of all workers so far; empty with `alike`.
    """

    def __init__(
        self,
        client: Any,
        tell: Callable[[str], None] = lambda text: None,
        *,
        alike: bool = False,
        patience: float | None = None,
        mend: Callable[[], None] = lambda: None,
    ):
        self.client = client
        self.tell = tell
        self.waiting: Callable[[], AbstractContextManager[None]] = nullcontext
        """Entered while workers work, see `neuromodels.experiment.side_by_side`."""
        self._alike, self._patience, self._mend = alike, patience, mend
        self._requests = RequestLock()
        self._looking = RLock()
        self._most = 1
        self.here: set[str] = set()
        self.machines: set[str] = set()

    def count(self) -> int:
        """Return the number of workers, at least one; new workers are checked."""
        with self._looking, self._explaining_lost_scheduler():
            workers = self._present() or self._await_worker()
            new = sorted(workers - self.here)
            if new and not self._alike:
                check_versions(self.client, new)
                self._note_machines(machines_of(self.client, new))
            self.here = workers
            return len(workers)

    def ask(
        self,
        function: Callable[..., Any],
        parts: Sequence[Any],
        work: Checked,
        *,
        alone: bool = False,
        **shared: Any,
    ) -> list[Answer | Lost]:
        """Call a function with every part, all at once, and return the answers in order.

        Parameters
        ----------
        function
            One of `neuromodels.experiment.workers.worker`.
        work
            The experiment that is asked, and the time limit of a call.
        alone
            Wait until nothing else runs, and let nothing else begin.
        shared
            Further arguments, the same for all parts.

        Raises
        ------
        NeuromodelsError
            An error of this package that a worker raised.
        SimulationError
            When no worker answers any more.
        """
        turn = self._requests.exclusive if alone else self._requests.shared
        with self.waiting(), turn():
            self.count()
            with self._explaining_lost_scheduler():
                futures = self._submit(function, parts, work=work, **shared)
                values = self._gather(futures, work.seconds)
        return [_answer(future, values[number]) for number, future in enumerate(futures)]

    def _submit(
        self, function: Callable[..., Any], parts: Sequence[Any], **shared: Any
    ) -> list[Any]:
        key = f"neuromodels-{uuid4().hex}"
        with self._looking, warnings.catch_warnings():  # filters are shared by all threads
            # vectors of thousands of coefficients are meant to be sent
            warnings.filterwarnings("ignore", "Sending large graph")
            return self.client.map(function, parts, key=key, pure=False, **shared)

    def ask_until(
        self, function: Callable[..., Any], parts: Sequence[Any], work: Checked, **shared: Any
    ) -> list[Answer]:
        """Call a function with every part until there is an answer to at least one.

        Raises
        ------
        SimulationError
            When workers were lost over it several times.
        """
        for _ in range(TRIES):
            asked = self.ask(function, parts, work, **shared)
            answers = [answer for answer in asked if isinstance(answer, Answer)]
            if answers:
                return answers
        raise SimulationError(
            "Distribution.worker",
            f"must survive `{function.__name__}`; {TRIES} died, took too long or ran out of memory",
            cure="Run the study without workers to see why, or give them more memory or time.",
        )

    def _gather(self, futures: Sequence[Any], seconds: float) -> dict[int, Any]:
        """Return the values of calls by index; keep an eye on the workers meanwhile."""
        numbered = dict(enumerate(futures))
        task = ask_in_loop(self.client, lambda: self.client.gather(numbered, errors="skip"))
        before: object = None
        since = time.monotonic()
        try:
            while True:
                try:
                    return task.result(LOOK_EVERY)
                except TimeoutError:
                    if task.done():
                        raise
                now = self._signs_of_life(futures)
                if now != before:
                    before, since = now, time.monotonic()
                elif time.monotonic() - since > seconds + STALLED:
                    raise _silent(time.monotonic() - since)
        finally:
            task.cancel()

    def _signs_of_life(self, futures: Sequence[Any]) -> tuple[int, set[str]]:
        """Return what changes while workers work: the number of open calls, and the addresses."""
        with self._looking:
            workers = self._present() or self._await_worker()
        return sum(future.status == "pending" for future in futures), workers

    def _present(self) -> set[str]:
        workers = set(within(self.client, ANSWER_WITHIN, self.client.nthreads))
        if len(workers) < self._most:
            self._mend()
        self._most = max(self._most, len(workers))
        return workers

    def _await_worker(self) -> set[str]:
        """Wait for a first worker; return the addresses of all."""
        start, has_told = time.monotonic(), False
        while not (workers := self._present()):
            waited = time.monotonic() - start
            if self._patience is not None and waited > self._patience:
                raise SimulationError(
                    "Distribution.workers",
                    f"one must start within {self._patience:g} s",
                    cure="Is there enough memory for them? Try fewer.",
                )
            if not has_told and waited > LOOK_EVERY:
                self.tell("There is no worker; waiting for one.")
                has_told = True
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
    def _explaining_lost_scheduler(self) -> Iterator[None]:
        try:
            yield
        except (OSError, CancelledError) as error:
            raise _unreachable(self.client, str(error) or type(error).__name__) from None


def _silent(seconds: float) -> SimulationError:
    return SimulationError(
        "Distribution.workers",
        f"must answer; for {seconds:.0f} s none did, and none was lost",
        cure="Do they work for somebody else? Everything until the last generation is stored:"
        " start workers of your own and resume the run.",
    )


def _unreachable(client: Any, reason: str) -> SimulationError:
    return SimulationError(
        "Distribution.scheduler",
        f"must stay reachable: {reason}",
        client.scheduler.address,
        "Everything until the last generation is stored: start it again and resume the run.",
    )


def _answer(future: Any, value: Any) -> Answer | Lost:
    """Return the value of a finished call; raise what it raised."""
    if isinstance(value, Refusal):
        raise value.error()
    if value is not None:
        # whatever the status says: the worker that held the value may be gone already
        return value
    if future.status != "error":
        raise _unreachable(future.client, "it forgot what it was asked")
    try:
        error = future.exception(timeout=ANSWER_WITHIN)
    except (OSError, CancelledError) as lost:
        raise _unreachable(future.client, str(lost) or type(lost).__name__) from None
    return _lost_or_raise(error, future)


def _lost_or_raise(error: BaseException, future: Any) -> Lost:
    """Return that a call is lost, unless it raised an error of its own."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker | MemoryError):
        return Lost()
    if isinstance(error, ImportError):
        raise lacking(error) from None
    raise error.with_traceback(future.traceback(timeout=ANSWER_WITHIN))
