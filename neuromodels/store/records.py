"""What a run keeps: one frozen row per generation, per test and per search."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class GenerationRecord:
    """One generation of one search.

    Losses are what is minimised, means over trials, of several goals the first; scores are
    fractions of right answers. A loss is None where every trial failed. `mean_loss` is the task's
    own, of all trials that ran. `failures` is the sum of the five kinds (``nan`` and so on),
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
    outside: int = 0


BOOTSTRAP = "percentile bootstrap"
"""The interval of a test that versions before kinds were kept have written."""


@dataclass(frozen=True)
class TestRecord:
    """One test on fresh sequences: a point of the learning curve or a final score.

    `low` and `high` bound the mean score, see `neuromodels.analysis.intervals`; their
    `interval_kind` in runs of older versions is the percentile bootstrap. `generation` counts
    finished generations of the tested centre. A failed trial has the score 0 in `score`; `failures`
    is how many there are, and ``nan`` and so on how many of each kind. Runs from before kinds were
    kept have none.
    `rate` is the mean rate in Hz of the trials that ran, None where no spikes were counted.
    `silent_trials` says in how many trials no neuron of a hidden population fired, by population:
    ``{"hidden": 12}``; ``{}`` where nobody knows. `inputs` is how many held-out inputs were shown,
    0 where trials drew what a search may have seen; `exact` is 1 where these are all there are and
    each always gets the same score, so that `score` is no estimate.
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
    nan: int = 0
    explosion: int = 0
    silence: int = 0
    timeout: int = 0
    outside: int = 0
    rate: float | None = None
    silent_trials: str = "{}"
    interval_kind: str = BOOTSTRAP
    inputs: int = 0
    exact: int = 0

    @property
    def silent_counts(self) -> dict[str, int]:
        """In how many trials no neuron of a hidden population fired, by population."""
        return counts_from_text(self.silent_trials)

    @property
    def silent(self) -> tuple[str, ...]:
        """Hidden populations of which no neuron fired in any trial of which that is known."""
        known = self.trials - self.timeout
        return tuple(name for name, count in self.silent_counts.items() if count >= known > 0)


OWN = "own"


@dataclass(frozen=True)
class RunRecord:
    """One condition under one seed: where it stands and what it cost.

    `source` is ``"own"``, or the setting of a sweep from which a search was taken over; its costs
    are what it cost there.
    """

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
    source: str = OWN


def counts_to_text(counts: Mapping[str, int]) -> str:
    """Return counts by name as the text of a column, which no table takes for a missing one."""
    return json.dumps(dict(counts), sort_keys=True)


def counts_from_text(text: str) -> dict[str, int]:
    """Return the counts of a column; none where it does not hold what `counts_to_text` writes."""
    try:
        counts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(counts, dict):
        return {}
    # names of populations only: what a stranger wrote there is shown in terminals
    known = {name: count for name, count in counts.items() if name.isidentifier()}
    return {name: count for name, count in known.items() if type(count) is int}
