"""Workers that start when a run first needs them, and end with the command that asked for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from neuromodels.experiment.workers import Workers, local_workers, scheduler_at

Tell = Callable[[str], None]
Start = Callable[[Tell], Any]
"""Starts workers, and says whom to tell what the user should know of them."""


def no_workers(tell: Tell) -> None:
    """Start nothing: this process evaluates by itself."""


@contextmanager
def workers_on_demand(count: int | None, scheduler: str | None, seconds: float) -> Iterator[Start]:
    """Yield what starts workers; called again, it returns those that it has started.

    It returns None where neither workers nor a scheduler were asked for.

    Parameters
    ----------
    count
        Worker processes on this machine.
    scheduler
        Address of a scheduler whose workers are used instead.
    seconds
        The longest that one may take over one chunk.
    """
    with ExitStack() as stack:
        workers: list[Workers] = []

        def start(tell: Tell) -> Workers | None:
            if count is None and scheduler is None:
                return None
            if not workers:
                workers.append(stack.enter_context(_start(count, scheduler, seconds, tell)))
            workers[0].crew.tell = tell
            return workers[0]

        yield start


def _start(
    count: int | None, scheduler: str | None, seconds: float, tell: Tell
) -> AbstractContextManager[Workers]:
    if count is not None:
        return local_workers(count, seconds=seconds, tell=tell)
    assert scheduler is not None
    return scheduler_at(scheduler, seconds=seconds, tell=tell)
