"""What a run keeps: one frozen row per generation, per test and per search."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GenerationRecord:
    """One generation of one search.

    Losses are what is minimised, means over trials, of several goals the first; scores are
    fractions of right answers. A loss is None where every trial failed. `mean_loss` is the task's
    own, of all trials that ran. `failures` is the sum of the four kinds (``nan`` and so on),
    `restart` how often the search has begun anew, `optimizer_share` the optimizer's fraction of
    `seconds`.
    """

    condition: str
    seed: int
    generation: int
    centre_loss: float | None
    centre_score: float | None
    best_loss: float | None
    best_score: float | None
    mean_loss: float | None
    failures: int
    seconds: float
    optimizer_share: float
    instances_per_second: float
    nan: int = 0
    explosion: int = 0
    silence: int = 0
    timeout: int = 0
    restart: int = 0


@dataclass(frozen=True)
class TestRecord:
    """One test on fresh sequences: a point of the learning curve or a final score.

    `low` and `high` bound the mean score with 95 %; `generation` counts finished generations
    of the tested centre.
    """

    __test__ = False

    condition: str
    seed: int
    kind: str
    generation: int
    trials: int
    score: float
    low: float
    high: float
    loss: float | None
    failures: int = 0


@dataclass(frozen=True)
class RunRecord:
    """One condition under one seed: where it stands and what it cost."""

    condition: str
    seed: int
    status: str
    dimension: int
    generations: int
    seconds: float
    builds: int
    cache_hits: int
    instances_per_second: float
    synapse_updates_per_second: float
    bytes: int
    threads: int
