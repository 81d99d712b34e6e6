"""Readers-writer lock for requests to the workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class RequestLock:
    """Shared requests run side by side; an exclusive one runs alone, before later ones."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside = 0
        self._exclusive_requests = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Enter once no exclusive request runs or waits."""
        with self._changed:
            self._changed.wait_for(lambda: self._exclusive_requests == 0)
            self._inside += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Enter once all others have left; none enters until this one leaves."""
        with self._changed:
            self._exclusive_requests += 1
            try:
                self._changed.wait_for(lambda: self._inside == 0)
                self._inside += 1
            except BaseException:
                self._exclusive_requests -= 1
                self._changed.notify_all()
                raise
        try:
            yield
        finally:
            with self._changed:
                self._exclusive_requests -= 1
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()
