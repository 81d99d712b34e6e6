"""Worker processes on this machine: started, replaced and ended, each within a bounded time.

Dask's `LocalCluster` waits without end for a worker that hangs while it starts, also while it is
closed, and does not replace one whose replacement failed. So its parts are put together here: a
scheduler, and one nanny per worker with a limit on every wait.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.resource_tracker import ensure_running
from threading import Thread
from typing import Any, Self

import dask
from distributed import Nanny, Scheduler, Security
from distributed.core import Status
from distributed.system import MEMORY_LIMIT
from distributed.utils import silence_logging_cmgr
from tornado.ioloop import IOLoop

from neuromodels.errors import DeclarationError, NeuromodelsError, SimulationError

START_WITHIN = 120.0
"""Seconds in which a worker must start."""
GRACE = 2.0
"""Seconds in which a worker may end by itself."""
CLOSE_WITHIN = 15.0
"""Seconds until everything that is left is ended by force."""
MISSED_AFTER = 60.0
"""Seconds of silence after which a worker is replaced."""
UNGUARDED = 76
"""Exit status of a worker that would start workers as it imports the driver's script."""
_SETTINGS = {
    # a worker over its memory is ended and replaced at once: pausing would stop it for ever
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # it looks at every thread a hundred times a second, for a page that is switched off
    "distributed.worker.profile.enabled": False,
    "distributed.worker.http.routes": [],
    "distributed.scheduler.http.routes": [],
}
_OVER = (Status.closed, Status.failed)


class Keeper(Nanny):
    """A Dask nanny that ends its worker in any case, and records how workers ended.

    Parameters
    ----------
    fates
        How workers ended, in order; shared by the keepers of one scheduler.
    """

    def __init__(self, *place: Any, fates: list[str], **options: Any):
        super().__init__(*place, **options)
        self._fates = fates
        self._latest: Any = None

    async def instantiate(self) -> Status:
        """Start a worker; one that takes too long is ended, and counts as one that died."""
        with _later(START_WITHIN, self._give_up):
            return await super().instantiate()

    async def kill(self, timeout: float = GRACE, reason: str = "nanny-kill") -> None:
        """Ask the worker to end, then force it, even while it starts or stops."""
        self._latest = self.process
        try:
            with _later(timeout, self.end):
                await super().kill(timeout=timeout, reason=reason)
        finally:
            self.end()

    def end(self) -> None:
        """End the process now, if there is one."""
        process = self.process or self._latest
        if process is not None and process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def _give_up(self) -> None:
        self._fates.append(f"did not start within {START_WITHIN:g} s")
        self.end()

    def _on_worker_exit_sync(self, exitcode: int) -> None:
        self._fates.append(_fate(exitcode))
        super()._on_worker_exit_sync(exitcode)


class LocalProcesses:
    """Context of a scheduler and its workers, one core each; no worker outlives it.

    The connections are encrypted with keys that exist in memory only: without, any user of this
    machine could send code to the workers. Ctrl-C reaches the driver alone.

    Parameters
    ----------
    count
        How many workers.

    Raises
    ------
    SimulationError
        When they do not start.
    DeclarationError
        When they cannot, since every worker would start workers in turn.
    """

    def __init__(self, count: int):
        self.count = count
        self.security = Security.temporary()
        self._fates: list[str] = []
        self._names = itertools.count(1)
        self._keepers: list[Keeper] = []
        self._starts: set[asyncio.Future] = set()
        self._is_closing = False
        self._place = tempfile.mkdtemp(prefix="neuromodels-")  # Dask's own place is anybody's
        self._loop = asyncio.new_event_loop()
        self._closed = asyncio.Event()
        self._thread = Thread(target=self._live, daemon=True, name="workers")
        self._silence = silence_logging_cmgr(logging.CRITICAL)

    def __enter__(self) -> Self:
        self._silence.__enter__()
        with _blocking_interrupts():
            self._thread.start()
        try:
            self._do(self._open(), START_WITHIN + CLOSE_WITHIN)
        except BaseException as error:
            self.__exit__()
            raise self._failure(error) if isinstance(error, Exception) else error from None
        return self

    def __exit__(self, *error: object) -> None:
        try:
            with suppress(Exception):
                self._do(self._close(), CLOSE_WITHIN)
        finally:
            for keeper in self._keepers:
                keeper.end()
            self._loop.call_soon_threadsafe(self._closed.set)
            self._thread.join(2 * GRACE)
            self._silence.__exit__(None, None, None)
            shutil.rmtree(self._place, ignore_errors=True)

    def client_options(self) -> dict[str, Any]:
        """Return what a `distributed.Client` of these workers must be made with."""
        address = self.scheduler.address
        return {"address": address, "security": self.security, "loop": self._tornado}

    def mend(self) -> None:
        """Replace each worker that its nanny has given up, unless the context is closing."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._replace)

    def _do(self, work: Coroutine, seconds: float) -> Any:
        task = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return task.result(seconds)
        finally:
            task.cancel()

    def _failure(self, error: BaseException) -> NeuromodelsError:
        if _fate(UNGUARDED) in self._fates:
            return DeclarationError(
                "local_workers",
                'must be called below `if __name__ == "__main__":`, since every'
                " worker imports the script that starts it",
                cure="Put what the script does into a function, and call that function there.",
            )
        why = [f"a worker {fate}" for fate in self._fates[:1]] + _reasons(error)
        return SimulationError(
            "Distribution.workers",
            f"must start: {'; '.join(why)}",
            self.count,
            "Is there enough memory for them? Try fewer.",
        )

    # -- in the thread of the loop --------------------------------------------------------------

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._until_closed())
        self._loop.close()

    async def _until_closed(self) -> None:
        await self._closed.wait()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=GRACE)

    async def _open(self) -> None:
        self._tornado = IOLoop.current()
        with dask.config.set(_SETTINGS):
            self.scheduler = await Scheduler(
                host="127.0.0.1",
                protocol="tls://",
                security=self.security,
                dashboard=False,
                dashboard_address="127.0.0.1:0",
                allowed_failures=0,
                worker_ttl=MISSED_AFTER,
            )
        self._keepers = [self._keeper() for _ in range(self.count)]
        async with asyncio.timeout(START_WITHIN + GRACE):
            await asyncio.gather(*self._keepers)

    def _keeper(self) -> Keeper:
        return Keeper(
            self.scheduler.address,
            name=next(self._names),
            nthreads=1,
            host="127.0.0.1",
            protocol="tls://",
            security=self.security,
            memory_limit=MEMORY_LIMIT // self.count,
            dashboard=False,
            local_directory=self._place,
            silence_logs=logging.CRITICAL,
            config=_SETTINGS,
            fates=self._fates,
        )

    def _replace(self) -> None:
        for place, keeper in enumerate(self._keepers):
            if keeper.status in _OVER and not self._is_closing:
                keeper.end()
                self._keepers[place] = self._keeper()
                start = asyncio.ensure_future(_start_or_leave(self._keepers[place]))
                self._starts.add(start)
                start.add_done_callback(self._starts.discard)

    async def _close(self) -> None:
        self._is_closing = True
        ends = [keeper.close(timeout=GRACE) for keeper in self._keepers]
        await asyncio.gather(*ends, *self._starts, return_exceptions=True)
        await self.scheduler.close()


async def _start_or_leave(keeper: Keeper) -> None:
    """Start a worker; one that does not start is left to the next call of `mend`."""
    with suppress(Exception):
        await keeper


def refuse_unguarded() -> None:
    """End this process if it is a worker that imports the script of its driver."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(UNGUARDED)


def _reasons(error: BaseException) -> list[str]:
    """Return the first cause of an error, unless it only says that a worker did not start."""
    while error.__cause__ is not None:
        error = error.__cause__
    is_known = type(error) is RuntimeError
    return [] if is_known else [f"{type(error).__name__}: {error}"]


@contextmanager
def _later(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Call `act` if the block takes longer than some seconds."""
    late = asyncio.get_running_loop().call_later(seconds, act)
    try:
        yield
    finally:
        late.cancel()


def _fate(exitcode: int) -> str:
    if exitcode < 0:
        return f"was ended by {signal.Signals(-exitcode).name}"
    return f"ended with exit status {exitcode}"


@contextmanager
def _blocking_interrupts() -> Iterator[None]:
    """Let Ctrl-C reach the driver alone.

    The terminal sends it to every process in the foreground. Threads and processes inherit the
    blocked signal, also those that replace a lost worker.
    """
    ensure_running()  # Python's resource tracker unblocks the signal when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
