"""One condition of a study, evaluated by many processes to the same bits as by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.experiment.workers.answers import Answer, Description, Lost
from neuromodels.experiment.workers.chunks import Splitting
from neuromodels.experiment.workers.crew import Crew
from neuromodels.experiment.workers.lost_candidates import Rescue
from neuromodels.experiment.workers.versions import versions_here
from neuromodels.experiment.workers.worker import (
    LIMIT,
    Build,
    Work,
    build_experiment,
    describe,
    evaluate,
)
from neuromodels.study.outcome import Outcome
from neuromodels.study.own_files import digest_if_readable, files_of
from neuromodels.study.study import Study

_PRESENT = ("bytes", "threads", "instances_per_second", "synapse_updates_per_second")
"""Numbers of a report that hold for the workers of now, not for all that ever were."""


class DistributedExperiment:
    """An experiment that lives in worker processes; has the methods of `ExperimentLike`.

    A generation is split by candidates, and one of few candidates by trials too. Since an
    instance's result depends on its numbers and its stream alone, results are the same bits for
    any number of workers and chunks.

    Parameters
    ----------
    client
        A `distributed.Client`, or the `Crew` of one.
    build
        Makes the experiment in a worker; must be importable there.
    seconds
        The longest that a worker may take over one chunk, building included.
    tell
        Gets what the user should know of its candidates; without, whom the crew tells.

    Raises
    ------
    NeuromodelsError
        Where a worker cannot build the network, or differs from the driver.
    """

    def __init__(
        self,
        study: Study,
        condition: str,
        client: Any,
        *,
        build: Build = build_experiment,
        seconds: float = LIMIT,
        tell: Callable[[str], None] | None = None,
    ):
        self._crew = client if isinstance(client, Crew) else Crew(client)
        self._tell = tell or self._crew.tell
        self._work = work_on(study, condition, build, seconds)
        self._reports: dict[str, Mapping[str, float]] = {}
        self._overhead = 0.0
        self._splitting = Splitting()
        # as many questions as workers: all of them build at the same time
        questions = [None] * self._crew.count()
        answers = self._crew.ask_until(describe, questions, self._work)
        self._hear(answers)
        described: Description = answers[0].value
        self.dimension, self.slices = described.dimension, described.slices
        self.centre, self.sigma = described.centre, described.sigma

    def evaluate(self, xs: np.ndarray, streams: np.ndarray) -> Outcome:
        """Evaluate every candidate, (candidates, d), on every stream, (trials,).

        A chunk whose worker is lost is evaluated again; a candidate over which three are lost
        while nothing else runs has failed in every trial, by ``timeout``.
        """
        start = perf_counter()
        chunks, parts = self._splitting.split(xs, np.asarray(streams), self._crew.count())
        answers = self._ask([(chunk, part) for chunk in chunks for part in parts])
        self._overhead = perf_counter() - start - _longest(answers)
        self._splitting.learn(answers, len(xs) * len(streams))
        whole = range(0, len(answers), len(parts))
        found = [joined(answers[first : first + len(parts)]) for first in whole]
        return Outcome.joined(self._rescued(chunks, parts, found))

    def _rescued(
        self, chunks: list[np.ndarray], parts: list[np.ndarray], found: list[Outcome | None]
    ) -> list[Outcome]:
        """Return the outcomes of all chunks, those that are lost evaluated again."""

        def ask(xs: np.ndarray) -> Outcome | None:
            return joined(self._ask([(xs, part) for part in parts], alone=True))

        rescue = Rescue(
            ask,
            self._tell,
            sum(map(len, chunks)),
            sum(map(len, parts)),
            self._work.seconds,
            measured(self._work.study),
            any(found),
        )
        outcomes, first = [], 0
        for chunk, outcome in zip(chunks, found, strict=True):
            outcomes.append(outcome or rescue.again(chunk, first))
            first += len(chunk)
        if rescue.is_needless:
            self._splitting.finer *= 2
        return outcomes

    def _ask(
        self, parts: list[tuple[np.ndarray, np.ndarray]], alone: bool = False
    ) -> list[Answer | Lost]:
        answers = self._crew.ask(evaluate, parts, self._work, alone=alone)
        self._hear(answers)
        return answers

    @property
    def report(self) -> dict[str, float]:
        """What all workers have cost, as far as known, and the driver's last overhead in s."""
        total: dict[str, float] = defaultdict(int)
        for worker, report in self._reports.items():
            for name, value in report.items():
                if name not in _PRESENT or worker in self._crew.here:
                    total[name] += value
        return {**total, "workers": len(self._crew.here), "overhead_seconds": self._overhead}

    def _hear(self, answers: Iterable[Answer | Lost]) -> None:
        for answer in answers:
            if isinstance(answer, Answer):
                self._reports[answer.worker] = answer.report


def joined(answers: Sequence[Answer | Lost]) -> Outcome | None:
    """Return the outcome of some candidates from that of parts of their trials, if all came."""
    parts = [answer.value for answer in answers if isinstance(answer, Answer)]
    return Outcome.joined(parts, axis=1) if len(parts) == len(answers) else None


def measured(study: Study) -> tuple[str, ...]:
    """Return the names of an outcome's measures, also when no candidate could be evaluated."""
    return ("rate",) if study.sees_spikes else ()


def work_on(study: Study, condition: str, build: Build, seconds: float) -> Work:
    """Return what workers must know of a condition."""
    if not seconds > 0:
        raise DeclarationError("Distribution.seconds", "a chunk must get more than 0", seconds)
    files = {file: digest_if_readable(file) for file in files_of(study.to_table())}
    return Work(study, condition, study.digest, build, versions_here(), files, seconds)


def _longest(answers: Iterable[Answer | Lost]) -> float:
    """Return how long the busiest worker worked."""
    busy: dict[str, float] = defaultdict(float)
    for answer in answers:
        if isinstance(answer, Answer):
            busy[answer.worker] += answer.seconds
    return max(busy.values(), default=0.0)
