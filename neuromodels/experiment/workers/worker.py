"""What runs in a worker process: each experiment built once, one call at a time."""

from __future__ import annotations

import faulthandler
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from threading import Lock
from time import perf_counter
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from neuromodels.errors import NeuromodelsError, SimulationError
from neuromodels.experiment.scoring import ExperimentLike
from neuromodels.experiment.workers.answers import Answer, Description, Lost, Refusal
from neuromodels.experiment.workers.versions import check_same, lacking
from neuromodels.study.own_files import digest_if_readable
from neuromodels.study.study import Study

Build = Callable[[Study, str], ExperimentLike]
Record = Callable[[Study, str, np.ndarray, int], dict[str, np.ndarray]]
MOST_EXPERIMENTS = 16
"""Experiments that one process keeps; the least recently used are dropped."""
LIMIT = 600.0
"""Seconds that one call may take, unless chosen otherwise."""

_experiments: OrderedDict[tuple[str, ...], ExperimentLike] = OrderedDict()
_files: dict[str, str] = {}
_one_at_a_time = Lock()


class Checked(Protocol):
    """What a worker checks before it does anything: see `Work`."""

    @property
    def versions(self) -> Mapping[str, str]: ...

    @property
    def files(self) -> Mapping[str, str]: ...

    @property
    def seconds(self) -> float: ...


@dataclass(frozen=True)
class Work:
    """The experiment that a worker is asked about, and what it must check first.

    Parameters
    ----------
    digest
        Of the study, as the driver computed it.
    build
        Makes the experiment of a condition; importable on the worker.
    versions
        The driver's versions of what results depend on.
    files
        Digests of the user's own files that the study names, by path.
    seconds
        Time limit of a call, building included; the worker ends itself after that.
    """

    study: Study
    condition: str
    digest: str
    build: Build
    versions: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    seconds: float = LIMIT


def build_experiment(study: Study, condition: str) -> ExperimentLike:
    """Build and compile the network of a condition; imports Brian2."""
    return import_in_main_thread("neuromodels.experiment.embodied").experiment_of(study, condition)


def record_trial(
    study: Study, condition: str, vector: np.ndarray, stream: int
) -> dict[str, np.ndarray]:
    """Return the arrays of one trial with monitors; imports Brian2."""
    return import_in_main_thread("neuromodels.experiment.recording").trial_of(
        study, condition, vector, stream
    )


# -- what a driver asks for ---------------------------------------------------------------------


def describe(part: None, *, work: Work) -> Answer | Lost | Refusal:
    """Build the experiment and describe its vectors."""
    return answer_or_refuse(work, lambda: _ask_experiment(work, _description_of))


def evaluate(
    part: tuple[np.ndarray, np.ndarray, np.ndarray | None], *, work: Work
) -> Answer | Lost | Refusal:
    """Evaluate candidates, (candidates, d), on every stream of some, (trials,), and its input."""
    xs, streams, inputs = part
    shown = () if inputs is None else (inputs,)
    return answer_or_refuse(
        work,
        lambda: _ask_experiment(work, lambda experiment: experiment.evaluate(xs, streams, *shown)),
    )


def record(vector: np.ndarray, *, work: Work, how: Record, stream: int) -> Answer | Lost | Refusal:
    """Run one trial of a solution with monitors."""
    study = _on_these_cores(work.study)
    return answer_or_refuse(
        work, lambda: Answer(how(study, work.condition, vector, stream), address())
    )


def answer_or_refuse(work: Checked, ask: Callable[[], Answer]) -> Answer | Lost | Refusal:
    """Return an answer, or a value that says why there is none; raise unforeseen errors only."""
    try:
        with _one_at_a_time, time_limit(work.seconds):
            check_same(work.versions, name())
            check_files(work.files)
            return ask()
    except NeuromodelsError as error:
        return Refusal.of(error, name())
    except MemoryError:
        return Lost()
    except ImportError as error:
        return Refusal.of(lacking(error), name())


def _ask_experiment(work: Work, ask: Callable[[ExperimentLike], Any]) -> Answer:
    experiment = _experiment(work)
    start = perf_counter()
    value = ask(experiment)
    return Answer(value, address(), dict(experiment.report), perf_counter() - start)


def _description_of(experiment: ExperimentLike) -> Description:
    return Description(
        experiment.dimension,
        np.asarray(experiment.centre),
        np.asarray(experiment.sigma),
        dict(experiment.slices),
    )


def _experiment(work: Work) -> ExperimentLike:
    key = (work.digest, work.condition, f"{work.build.__module__}.{work.build.__qualname__}")
    if key not in _experiments:
        _experiments[key] = work.build(_on_these_cores(work.study), work.condition)
        while len(_experiments) > MOST_EXPERIMENTS:
            _experiments.popitem(last=False)
    _experiments.move_to_end(key)
    return _experiments[key]


def _on_these_cores(study: Study) -> Study:
    """Return the study with as many threads as this worker was given."""
    return replace(study, device=replace(study.device, threads=cores()))


# -- the process --------------------------------------------------------------------------------


def address() -> str:
    """Return the address of this process, unique among workers."""
    return str(_worker().address)


def cores() -> int:
    """Return how many threads this worker was given."""
    return int(_worker().state.nthreads)


def name() -> str:
    """Return the name of this worker in messages."""
    return f"worker {_worker().name} at {socket.gethostname()}"


def _worker() -> Any:
    from distributed import get_worker

    return get_worker()


def import_in_main_thread(module: str) -> ModuleType:
    """Import a module in the process's main thread, where its event loop runs.

    Brian2 sets a signal handler as it is imported, which other threads must not.
    """
    if module in sys.modules:
        return sys.modules[module]
    loaded: Future[ModuleType] = Future()

    def load() -> None:
        try:
            loaded.set_result(import_module(module))
        except Exception as error:
            loaded.set_exception(error)

    _worker().loop.add_callback(load)
    return loaded.result()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End this process when the block takes longer.

    A hung call cannot be interrupted from Python. The timer is a thread of the interpreter itself
    that needs no lock, so it also ends a process whose call never releases the lock.
    """
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def check_files(files: Mapping[str, str]) -> None:
    """Refuse to work where the user's files differ from the driver's.

    Raises
    ------
    SimulationError
        Where a file is missing, differs, or was read before it changed.
    """
    for path, digest in files.items():
        if path not in _files:
            _files[path] = digest_if_readable(path)
        if _files[path] != digest:
            raise SimulationError(
                "Distribution.worker",
                f"must have read the same {path} as the driver",
                cure="Start the workers anew, in the driver's folder.",
            )
