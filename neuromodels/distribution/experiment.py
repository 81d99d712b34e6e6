"""One condition of a study, evaluated by many processes to the same bits as by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from neuromodels.distribution.answers import Answer, Description, Evaluated, Lost
from neuromodels.distribution.crew import Crew
from neuromodels.distribution.rescue import Rescue
from neuromodels.distribution.worker import (
    LIMIT,
    Build,
    Work,
    build_experiment,
    describe,
    digest_of,
    evaluate,
)
from neuromodels.errors import DeclarationError
from neuromodels.study import Study

CHUNKS = 4
"""Parts of a generation per worker, to even out their pace."""
ENOUGH_CHUNKS = 32
"""More parts only if there are more workers: each costs the scheduler a millisecond or two."""
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
        self._finer = 1
        # as many questions as workers: all of them build at the same time
        questions = [None] * self._crew.count()
        answers = self._crew.ask_until(describe, questions, work=self._work)
        self._hear(answers)
        described: Description = answers[0].value
        self.dimension, self.slices = described.dimension, described.slices
        self.centre, self.sigma = described.centre, described.sigma

    def evaluate(self, xs: np.ndarray, streams: np.ndarray) -> Evaluated:
        """Evaluate every candidate, (candidates, d), on every stream, (trials,).

        A chunk whose worker is lost is evaluated again; a candidate over which three are lost
        while nothing else runs gets NaN.
        """
        start = perf_counter()
        self._present = set()
        parts = self._finer * chunks_for(len(xs), self._crew.count())
        chunks = np.array_split(xs, min(len(xs), parts))
        answers = self._ask(chunks, streams)
        self._overhead = perf_counter() - start - _longest(answers)
        return Evaluated.joined(self._rescued(chunks, answers, streams))

    def _rescued(
        self, chunks: list[np.ndarray], answers: list[Answer | Lost], streams: np.ndarray
    ) -> list[Evaluated]:
        """Return the outcomes of all chunks, those that are lost evaluated again."""
        rescue = Rescue(
            lambda xs: self._ask([xs], streams)[0], self._crew.tell, sum(map(len, chunks)),
            len(streams), self._work.seconds, any(isinstance(a, Answer) for a in answers),
        )  # fmt: skip
        found, first = [], 0
        for chunk, answer in zip(chunks, answers, strict=True):
            found.append(answer.value if isinstance(answer, Answer) else rescue.again(chunk, first))
            first += len(chunk)
        if rescue.is_needless:
            self._finer *= 2
        return found

    def _ask(self, chunks: list[np.ndarray], streams: np.ndarray) -> list[Answer | Lost]:
        shared = {"work": self._work, "streams": np.asarray(streams)}
        answers = self._crew.ask(evaluate, chunks, **shared)
        self._hear(answers)
        return answers

    @property
    def report(self) -> dict[str, float]:
        """What all workers have cost, as far as known, and the driver's last overhead in s."""
        total: dict[str, float] = defaultdict(int)
        for worker, report in self._reports.items():
            for name, value in report.items():
                if name not in _PRESENT or worker in self._present:
                    total[name] += value
        return {**total, "workers": len(self._present), "overhead_seconds": self._overhead}

    def _hear(self, answers: Iterable[Answer | Lost]) -> None:
        for answer in answers:
            if isinstance(answer, Answer):
                self._reports[answer.worker] = answer.report
                self._present.add(answer.worker)


def chunks_for(candidates: int, workers: int) -> int:
    """Return into how many parts a generation is split."""
    return min(candidates, max(workers, min(CHUNKS * workers, ENOUGH_CHUNKS)))


def work_on(study: Study, condition: str, build: Build, seconds: float) -> Work:
    """Return what workers must know of a condition."""
    if not seconds > 0:
        raise DeclarationError("Distribution.seconds", "a chunk must get more than 0", seconds)
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
