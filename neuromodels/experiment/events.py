"""What a runner tells while it works; whoever listens decides what to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from neuromodels.store.records import GenerationRecord, TestRecord


@dataclass(frozen=True)
class Notice:
    """Something the user should know that is not an error."""

    text: str


@dataclass(frozen=True)
class Building:
    """The network of a condition is being made and compiled."""

    condition: str


@dataclass(frozen=True)
class SearchStarted:
    """A search starts, or goes on from generation `start`."""

    condition: str
    seed: int
    start: int
    generations: int
    dimension: int


@dataclass(frozen=True)
class GenerationDone:
    """A generation is evaluated, told and stored."""

    record: GenerationRecord
    generations: int
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scoring:
    """Finalists and solutions are scored on fresh sequences, `done` of so many trials each.

    It is told when the first begin, and again between parts of many.
    """

    condition: str
    seed: int
    done: int = 0
    of: int = 0


@dataclass(frozen=True)
class Scored:
    """A point of the learning curve or a final score is known."""

    record: TestRecord


Event = Notice | Building | SearchStarted | GenerationDone | Scoring | Scored
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
