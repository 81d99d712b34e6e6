"""Instances of a user's own network, run by many processes to the same bits as by one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from neuromodels.errors import SimulationError
from neuromodels.experiment.workers.answers import Answer, Lost, Refusal
from neuromodels.experiment.workers.crew import TRIES, Crew
from neuromodels.experiment.workers.versions import versions_here
from neuromodels.experiment.workers.worker import (
    LIMIT,
    address,
    answer_or_refuse,
    cores,
    import_in_main_thread,
)
from neuromodels.study.own_files import digest_if_readable

CALLS = 2
"""Parts of a chunk for each worker, to even out their pace."""
MOST_MODELS = 4
"""Models that one process keeps; the least recently used are dropped."""
Part = tuple[Mapping[str, np.ndarray], np.ndarray, np.ndarray, int, int]
"""What `Compiled.run` takes."""
_models: OrderedDict[str, Any] = OrderedDict()


@dataclass(frozen=True)
class NetworkWork:
    """The study whose network a worker builds, and what it must check first.

    Parameters
    ----------
    source, table, contents
        The study as a run folder keeps it, and where it was read.
    versions, files, seconds
        As of `neuromodels.experiment.workers.worker.Work`.
    """

    source: str
    table: Mapping[str, Any]
    contents: Mapping[str, str]
    versions: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    seconds: float = LIMIT

    @property
    def key(self) -> str:
        """What tells its model from any other."""
        return repr((self.table, self.contents))


def network_work(study: Any, source: str, seconds: float) -> NetworkWork:
    """Return what workers need to build the network of a `NetworkStudy`."""
    files = {str(file): digest_if_readable(str(file)) for file in study.code}
    table, contents = study.stored_table, study.contents
    return NetworkWork(source, table, contents, versions_here(), files, seconds)


def measure(part: Part, *, work: NetworkWork) -> Answer | Lost | Refusal:
    """Run instances, and return all that was measured of them."""
    return answer_or_refuse(work, lambda: _measured(part, work))


def _measured(part: Part, work: NetworkWork) -> Answer:
    compiled = _model(work)
    begun = perf_counter()
    return Answer(compiled.run(*part), address(), {}, perf_counter() - begun)


def _model(work: NetworkWork) -> Any:
    if work.key not in _models:
        room = import_in_main_thread("neuromodels.exploration.network_file.work")
        _models[work.key] = room.stored_model(work.source, work.table, work.contents, cores())
        while len(_models) > MOST_MODELS:
            _models.popitem(last=False)
    _models.move_to_end(work.key)
    return _models[work.key]


class NetworkOnWorkers:
    """Runs instances of a model on workers; called as `Compiled.run` is.

    Parameters
    ----------
    crew
        The workers.
    work
        The study.
    """

    def __init__(self, crew: Crew, work: NetworkWork):
        self._crew, self._work = crew, work

    def __call__(
        self,
        points: Mapping[str, np.ndarray],
        rows: np.ndarray,
        streams: np.ndarray,
        stretches: int = 0,
    ) -> dict[str, np.ndarray]:
        """Run instances and return what was measured of each, in their order."""
        count = min(len(streams), CALLS * self._crew.count())
        parts = [
            _part(points, rows[chosen], streams[chosen], stretches)
            for chosen in np.array_split(np.arange(len(streams)), count)
        ]
        found = [each.value for each in self._ask(parts)]
        return {name: np.concatenate([each[name] for each in found]) for name in found[0]}

    def _ask(self, parts: Sequence[Part]) -> list[Answer]:
        """Return an answer to each part; those whose worker was lost are asked for again."""
        answers: dict[int, Answer] = {}
        for trial in range(TRIES):
            open_parts = [number for number in range(len(parts)) if number not in answers]
            if not open_parts:
                break
            wanted = [parts[number] for number in open_parts]
            asked = self._crew.ask(measure, wanted, self._work, alone=trial > 0)
            both = zip(open_parts, asked, strict=True)
            answers |= {number: each for number, each in both if isinstance(each, Answer)}
        if len(answers) < len(parts):
            told = f"must survive its instances; {TRIES} died, took too long or ran out of memory"
            cure = "Run the study without workers to see why, or give them more memory or time."
            raise SimulationError("Distribution.worker", told, cure=cure)
        return [answers[number] for number in range(len(parts))]


def _part(
    points: Mapping[str, np.ndarray], rows: np.ndarray, streams: np.ndarray, stretches: int
) -> Part:
    """Return some instances with no more points than they have."""
    wanted, own = np.unique(rows, return_inverse=True)
    return {name: values[wanted] for name, values in points.items()}, own, streams, 0, stretches
