"""Several searches at once, so that workers have enough to do.

Each search has a thread, but only one thread runs at any time: the one that holds the baton. It
puts the baton down while it waits for workers. So the store, the listener and the experiments,
which all searches share, need not be thread-safe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Lock, Thread, local

ENOUGH = 4
"""Most searches at once: while one runs its optimizer, the workers evaluate for others."""
Job = Callable[[], bool]
"""Does something that may take long; returns False when no other job should begin."""


class _Over(BaseException):
    """Ends a thread after another one failed."""


class SideBySide:
    """Runs chains of jobs, some chains at a time.

    Parameters
    ----------
    most
        How many chains; one runs them one after the other, in the thread that asks.
    """

    def __init__(self, most: int = 1):
        self.most = most
        self._baton, self._gate = Lock(), Lock()
        self._mine = local()
        self._is_stopped = self._is_over = False

    def run(self, chains: Sequence[Sequence[Job]]) -> bool:
        """Run the jobs of each chain in order; return whether all were run.

        After a job that returns False, running jobs finish and no other begins. An error, or
        Ctrl-C, is raised at once: threads that wait then end without going on.
        """
        left = deque(chains)
        count = min(self.most, len(left))
        if count < 2:
            return self._run_some(left)
        ends: SimpleQueue[bool | BaseException] = SimpleQueue()
        try:
            for _ in range(count):
                Thread(target=self._take_part, args=[left, ends], daemon=True).start()
            completed = [_end_of(ends) for _ in range(count)]
        except BaseException:
            self._is_over = True
            with self._baton:  # whoever has it comes to where it waits
                raise
        return all(completed)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Give the baton to other threads while the block waits for something."""
        if not hasattr(self._mine, "has_baton"):  # a thread that takes no part
            yield
            return
        self._baton.release()
        try:
            yield
        finally:
            self._baton.acquire()
            if self._is_over:
                raise _Over

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Run such blocks one at a time, even while the thread inside is `away`."""
        with self.away():
            self._gate.acquire()
        try:
            yield
        finally:
            self._gate.release()

    def _take_part(self, left: deque[Sequence[Job]], ends: SimpleQueue) -> None:
        with self._baton:
            self._mine.has_baton = True
            try:
                ends.put(self._run_some(left))
            except _Over:
                pass
            except BaseException as error:
                self._is_stopped = True
                ends.put(error)

    def _run_some(self, left: deque[Sequence[Job]]) -> bool:
        while left:
            for job in left.popleft():
                if self._is_stopped or self._is_over or not job():
                    self._is_stopped = True
                    return False
        return True


def _end_of(ends: SimpleQueue[bool | BaseException]) -> bool:
    """Return what the next thread ends with; raise it if it is an error."""
    while True:
        try:
            # not without end: a signal that another thread got must be noticed
            end = ends.get(timeout=1.0)
        except Empty:
            continue
        if isinstance(end, BaseException):
            raise end
        return end
