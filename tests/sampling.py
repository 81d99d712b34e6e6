"""Which of many cases `make test` runs; `make strain` runs the others."""

from collections.abc import Iterable
from typing import Any

import pytest


def some(cases: Iterable[Any], every: int) -> list[Any]:
    """Return all cases; those between every so many are left to `make strain`."""
    return [
        pytest.param(*_parts(case), marks=() if k % every == 0 else pytest.mark.strain)
        for k, case in enumerate(cases)
    ]


def _parts(case: Any) -> tuple:
    return case if isinstance(case, tuple) else (case,)
