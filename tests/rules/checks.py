"""Which test checks which rule against its paper."""

from __future__ import annotations

from collections.abc import Callable


def checks[T: Callable](*names: str) -> Callable[[T], T]:
    """Note that a test compares the rules `names` with their papers."""

    def noted(test: T) -> T:
        test.checked = names  # type: ignore[attr-defined]
        return test

    return noted
