"""One condition of a study, evaluated by many processes to the same bits as by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.experiment.workers.answers import Answer, Description, Lost
from neuromodels.experiment.workers.chunks import ChunkSizes
from neuromodels.experiment.workers.crew import Crew
from neuromodels.experiment.workers.lost_candidates import LostCandidates
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

Trials = tuple[np.ndarray, np.ndarray | None]
"""Noise streams of some trials, and the inputs that they show."""
_PRESENT = ("bytes", "threads", "instances_per_second", "synapse_updates_per_second")
"""Numbers of a report that count present workers only; the others also count lost workers."""


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
        Called with each sentence that the user should read; default: the crew's `tell`.

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
        self._chunk_sizes = ChunkSizes()
        # as many questions as workers: all of them build at the same time
        questions = [None] * self._crew.count()
        answers = self._crew.ask_until(describe, questions, self._work)
        self._hear(answers)
        description: Description = answers[0].value
        self.dimension, self.slices = description.dimension, description.slices
        self.centre, self.sigma = description.centre, description.sigma

    def evaluate(
        self, xs: np.ndarray, streams: np.ndarray, inputs: np.ndarray | None = None
    ) -> Outcome:
        """Evaluate every candidate, (candidates, d), on every stream, (trials,).

        `inputs` are the numbers of the inputs that trials show, (trials,), where they are chosen.

        A chunk whose worker is lost is evaluated again; a candidate over which three are lost
        while nothing else runs has failed in every trial, by ``timeout``.
        """
        start = perf_counter()
        chunks, parts = self._chunk_sizes.split(xs, np.asarray(streams), self._crew.count())
        shown = np.array_split(inputs, len(parts)) if inputs is not None else [None] * len(parts)
        trials = list(zip(parts, shown, strict=True))
        answers = self._ask([(chunk, *part) for chunk in chunks for part in trials])
        self._overhead = perf_counter() - start - _longest(answers)
        self._chunk_sizes.learn(answers, len(xs) * len(streams))
        whole = range(0, len(answers), len(parts))
        outcomes = [join_trials(answers[first : first + len(parts)]) for first in whole]
        return Outcome.joined(self._retry_lost(chunks, trials, outcomes))

    def _retry_lost(
        self, chunks: list[np.ndarray], trials: list[Trials], outcomes: list[Outcome | None]
    ) -> list[Outcome]:
        """Return the outcomes of all chunks; lost ones, None, are evaluated again."""

        def ask(xs: np.ndarray) -> Outcome | None:
            return join_trials(self._ask([(xs, *part) for part in trials], alone=True))

        lost = LostCandidates(
            ask,
            self._tell,
            sum(map(len, chunks)),
            sum(len(streams) for streams, _ in trials),
            self._work.seconds,
            measure_names(self._work.study),
            any(outcomes),
        )
        complete, first = [], 0
        for chunk, outcome in zip(chunks, outcomes, strict=True):
            complete.append(outcome or lost.evaluate(chunk, first))
            first += len(chunk)
        if lost.is_needless:
            self._chunk_sizes.finer *= 2
        return complete

    def _ask(
        self, parts: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]], alone: bool = False
    ) -> list[Answer | Lost]:
        answers = self._crew.ask(evaluate, parts, self._work, alone=alone)
        self._hear(answers)
        return answers

    @property
    def report(self) -> dict[str, float]:
        """Known costs of all workers, and the overhead of the driver's last generation, s."""
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


def join_trials(answers: Sequence[Answer | Lost]) -> Outcome | None:
    """Join outcomes of the same candidates over their trials; None if one of them is lost."""
    parts = [answer.value for answer in answers if isinstance(answer, Answer)]
    return Outcome.joined(parts, axis=1) if len(parts) == len(answers) else None


def measure_names(study: Study) -> tuple[str, ...]:
    """Return the names of an outcome's measures, known before any candidate is evaluated."""
    return ("rate",) if study.sees_spikes else ()


def work_on(study: Study, condition: str, build: Build, seconds: float) -> Work:
    """Return what workers need to evaluate a condition."""
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
