"""Many may ask the workers at once, but whoever must be alone is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """Two ways to enter: beside others, or alone, before anybody who comes later."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside = 0
        self._waiting_alone = 0

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Enter once nobody is or wants to be alone."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting_alone == 0)
            self._inside += 1
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Enter once everybody inside has left; nobody enters until this one leaves."""
        with self._changed:
            self._waiting_alone += 1
            try:
                self._changed.wait_for(lambda: self._inside == 0)
                self._inside += 1
            except BaseException:
                self._waiting_alone -= 1
                self._changed.notify_all()
                raise
        try:
            yield
        finally:
            with self._changed:
                self._waiting_alone -= 1
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()
