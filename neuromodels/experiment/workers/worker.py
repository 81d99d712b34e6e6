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
from typing import Any

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
"""Experiments that one process keeps; those used longest ago are given up."""
LIMIT = 600.0
"""Seconds that one call may take, unless chosen otherwise."""

_experiments: OrderedDict[tuple[str, ...], ExperimentLike] = OrderedDict()
_files: dict[str, str] = {}
_one_at_a_time = Lock()


@dataclass(frozen=True)
class Work:
    """Which network a worker is asked about.

    Parameters
    ----------
    digest
        Of the study, from the driver.
    build
        Makes the experiment of a condition; importable on the worker.
    versions
        On which numbers depend, of the driver.
    files
        Digests of the user's own files that the study names, by path.
    seconds
        The longest one call may take, building included; the worker ends itself then.
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
    return imported("neuromodels.experiment.embodied").experiment_of(study, condition)


def record_trial(
    study: Study, condition: str, vector: np.ndarray, stream: int
) -> dict[str, np.ndarray]:
    """Return the arrays of one trial with monitors; imports Brian2."""
    return imported("neuromodels.experiment.recording").trial_of(study, condition, vector, stream)


# -- what a driver asks for ---------------------------------------------------------------------


def describe(part: None, *, work: Work) -> Answer | Lost | Refusal:
    """Build the experiment and say what its vectors look like."""
    return _guarded(work, lambda: _asked(work, _described))


def evaluate(part: tuple[np.ndarray, np.ndarray], *, work: Work) -> Answer | Lost | Refusal:
    """Evaluate candidates, (candidates, d), on every stream of some, (trials,)."""
    return _guarded(work, lambda: _asked(work, lambda made: made.evaluate(*part)))


def record(vector: np.ndarray, *, work: Work, how: Record, stream: int) -> Answer | Lost | Refusal:
    """Run one trial of a solution with monitors."""
    study = _on_these_cores(work.study)
    return _guarded(work, lambda: Answer(how(study, work.condition, vector, stream), address()))


def _guarded(work: Work, ask: Callable[[], Answer]) -> Answer | Lost | Refusal:
    """Return an answer, or why there is none; only unforeseen errors are raised."""
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


def _asked(work: Work, ask: Callable[[ExperimentLike], Any]) -> Answer:
    experiment = _experiment(work)
    start = perf_counter()
    value = ask(experiment)
    return Answer(value, address(), dict(experiment.report), perf_counter() - start)


def _described(experiment: ExperimentLike) -> Description:
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
    return replace(study, device=replace(study.device, threads=_worker().state.nthreads))


# -- the process --------------------------------------------------------------------------------


def address() -> str:
    """Return what tells this process from every other worker."""
    return str(_worker().address)


def name() -> str:
    """Return what this worker is called in messages."""
    return f"worker {_worker().name} at {socket.gethostname()}"


def _worker() -> Any:
    from distributed import get_worker

    return get_worker()


def imported(module: str) -> ModuleType:
    """Import a module in the process's main thread, where its event loop runs.

    Brian2 sets a signal handler as it is imported, which other threads must not.
    """
    if module in sys.modules:
        return sys.modules[module]
    found: Future[ModuleType] = Future()

    def load() -> None:
        try:
            found.set_result(import_module(module))
        except Exception as error:
            found.set_exception(error)

    _worker().loop.add_callback(load)
    return found.result()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End this process when the block takes longer.

    A hung call cannot be interrupted from Python. The watch is a thread of the interpreter's own
    that needs no lock, so that it also ends a process that never gives its lock back.
    """
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def check_files(files: Mapping[str, str]) -> None:
    """Refuse to work from other text than the driver's.

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
