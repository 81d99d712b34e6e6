"""One condition of a study, evaluated by many processes to the same bits as by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from neuromodels.distribution.answers import Answer, Description, Evaluated, Lost
from neuromodels.distribution.crew import TRIES, Crew
from neuromodels.distribution.worker import (
    LIMIT,
    Build,
    Work,
    build_experiment,
    describe,
    digest_of,
    evaluate,
)
from neuromodels.errors import SimulationError
from neuromodels.study import Study

CHUNKS = 4
"""Parts of a generation per worker, to even out their pace."""
ENOUGH_CHUNKS = 32
"""More parts only if there are more workers: each costs the scheduler a millisecond or two."""
HOPELESS = 5
"""Candidates given up in a call in which none could be evaluated, before the run is."""
_PRESENT = ("bytes", "threads", "instances_per_second", "synapse_updates_per_second")
"""Numbers of a report that hold for the workers of now, not for all that ever were."""


class DistributedExperiment:
    """An experiment that lives in worker processes; has the methods of `ExperimentLike`.

    A generation is split by candidates. Since an instance's result depends on its numbers and
    its stream alone, results are the same bits for any number of workers and chunks.

    Parameters
    ----------
    client
        A `distributed.Client`, or the `Crew` of one.
    build
        Makes the experiment in a worker; must be importable there.
    seconds
        The longest that a worker may take over one chunk, building included.

    Raises
    ------
    NeuromodelsError
        Where a worker cannot build the network, or differs from the driver.
    """

    def __init__(
        self, study: Study, condition: str, client: Any, *,
        build: Build = build_experiment, seconds: float = LIMIT,
    ):  # fmt: skip
        self._crew = client if isinstance(client, Crew) else Crew(client)
        self._work = work_on(study, condition, build, seconds)
        self._reports: dict[str, Mapping[str, float]] = {}
        self._present: set[str] = set()
        self._overhead = 0.0
        described = self._heard(self._crew.ask_once(describe, None, work=self._work))
        assert isinstance(described, Description)
        self.dimension, self.slices = described.dimension, described.slices
        self.centre, self.sigma = described.centre, described.sigma

    def evaluate(self, xs: np.ndarray, streams: np.ndarray) -> Evaluated:
        """Evaluate every candidate, (candidates, d), on every stream, (trials,).

        A chunk whose worker is lost is evaluated again; a candidate over which three are lost
        while nothing else runs gets NaN.
        """
        call = _Call(self._ask, self._crew.tell, len(xs), streams, self._work.seconds)
        start = perf_counter()
        chunks = np.array_split(xs, chunks_for(len(xs), self._crew.count()))
        self._present = set()
        answers = self._ask(chunks, streams)
        self._overhead = perf_counter() - start - _longest(answers)
        call.heard(answers)
        parts, first = [], 0
        for chunk, answer in zip(chunks, answers, strict=True):
            if isinstance(answer, Lost):
                parts.append(call.again(chunk, first))
            else:
                parts.append(self._heard(answer))
            first += len(chunk)
        return Evaluated.joined(parts)

    @property
    def report(self) -> dict[str, float]:
        """What all workers have cost, as far as known, and the driver's last overhead in s."""
        total: dict[str, float] = defaultdict(int)
        for worker, report in self._reports.items():
            for name, value in report.items():
                if name not in _PRESENT or worker in self._present:
                    total[name] += value
        return {**total, "workers": len(self._present), "overhead_seconds": self._overhead}

    def _ask(self, chunks: list[np.ndarray], streams: np.ndarray) -> list[Answer | Lost]:
        return self._crew.ask(evaluate, chunks, work=self._work, streams=np.asarray(streams))

    def _heard(self, answer: Answer) -> Any:
        self._reports[answer.worker] = answer.report
        self._present.add(answer.worker)
        return answer.value


class _Call:
    """One call of `evaluate` that lost workers: who is evaluated again, who is given up."""

    def __init__(
        self, ask: Callable[[list[np.ndarray], np.ndarray], list[Answer | Lost]],
        tell: Callable[[str], None], count: int, streams: np.ndarray, seconds: float,
    ):  # fmt: skip
        self._ask, self._tell = ask, tell
        self._count, self._streams, self._seconds = count, streams, seconds
        self._answered = self._given_up = 0

    def heard(self, answers: Iterable[Answer | Lost]) -> None:
        """Count what could be evaluated."""
        self._answered += sum(isinstance(answer, Answer) for answer in answers)

    def again(self, xs: np.ndarray, first: int) -> Evaluated:
        """Evaluate a lost chunk while nothing else runs: as a whole, then one by one.

        Parameters
        ----------
        first
            The number of its first candidate.
        """
        last = first + len(xs) - 1
        which = f"candidate {first}" if len(xs) == 1 else f"candidates {first} to {last}"
        self._tell(
            f"A worker died, ran out of memory or took longer than {self._seconds:g} s over"
            f" {which} of {self._count}; evaluating them again."
        )
        whole = self._alone(xs) if len(xs) > 1 else None
        if whole:
            return whole
        return Evaluated.joined([self._one(xs[k : k + 1], first + k) for k in range(len(xs))])

    def _alone(self, xs: np.ndarray) -> Evaluated | None:
        (answer,) = self._ask([xs], self._streams)
        self.heard([answer])
        return answer.value if isinstance(answer, Answer) else None

    def _one(self, xs: np.ndarray, number: int) -> Evaluated:
        for _ in range(TRIES):
            found = self._alone(xs)
            if found:
                return found
        self._give_up(number)
        return Evaluated.none(len(self._streams))

    def _give_up(self, number: int) -> None:
        self._given_up += 1
        cause = f"died, ran out of memory or took longer than {self._seconds:g} s"
        if self._given_up == HOPELESS and not self._answered:
            raise SimulationError(
                "Distribution.worker", f"must survive a candidate; over {HOPELESS} of"
                f" {self._count} and no other, {TRIES} workers each {cause}",
                cure="Give the workers more memory, or more time with --chunk-seconds.",
            )  # fmt: skip
        self._tell(
            f"Candidate {number} of {self._count} counts as failed: {TRIES} workers {cause}"
            " over it alone."
        )


def chunks_for(candidates: int, workers: int) -> int:
    """Return into how many parts a generation is split."""
    return min(candidates, max(workers, min(CHUNKS * workers, ENOUGH_CHUNKS)))


def work_on(study: Study, condition: str, build: Build, seconds: float) -> Work:
    """Return what workers must know of a condition."""
    files = {path: digest_of(path) for path in own_files(study)}
    return Work(study, condition, study.digest, build, files, seconds)


def own_files(study: Study) -> list[str]:
    """Return the user's own files that a study names, as ``my_rules.py:CALCIUM``."""
    named = (study.rule.name, study.task.name, study.circuit.neuron)
    return sorted({name.rpartition(":")[0] for name in named if ".py:" in name})


def _longest(answers: Iterable[Answer | Lost]) -> float:
    """Return how long the busiest worker worked."""
    busy: dict[str, float] = defaultdict(float)
    for answer in answers:
        if isinstance(answer, Answer):
            busy[answer.worker] += answer.seconds
    return max(busy.values(), default=0.0)
