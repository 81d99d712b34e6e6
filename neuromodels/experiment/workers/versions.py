"""Checks that workers have the driver's versions: before they get work, and with every call."""

from __future__ import annotations

import asyncio
import platform
import pydoc
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import neuromodels
from neuromodels.errors import SimulationError, pip_command
from neuromodels.experiment.workers.timeouts import ANSWER_WITHIN, within
from neuromodels.store.provenance import compiler, cpu, versions

PACKAGES = ("neuromodels", "brian2", "numpy")


@cache
def versions_here() -> dict[str, str]:
    """Return the versions on which the numbers of this process depend."""
    python = ".".join(platform.python_version_tuple()[:2])
    installed = {name: versions().get(name, "unknown") for name in PACKAGES}
    return {"Python": python, **installed, "neuromodels": neuromodels.__version__}


def check_same(theirs: Mapping[str, str], worker: str) -> None:
    """Refuse, on a worker, what a driver with other versions asks.

    Raises
    ------
    SimulationError
        Naming both versions.
    """
    for name, version in versions_here().items():
        _compare(name, worker, theirs[name], version)


def check_versions(client: Any, workers: Sequence[str]) -> None:
    """Refuse workers whose results would differ, or that cannot compute at all.

    Only functions of the standard library are sent, by name: they also run on a worker that
    lacks this package.

    Parameters
    ----------
    workers
        Addresses; workers that are gone by now, or do not answer, are skipped.

    Raises
    ------
    SimulationError
        Naming the worker and both versions.
    """
    here = ".".join(platform.python_version_tuple()[:2])
    for worker, version in _ask_each(client, workers, platform.python_version).items():
        _compare("Python", worker, here, ".".join(str(version).split(".")[:2]))
    for package in PACKAGES:
        here = str(pydoc.locate(f"{package}.__version__"))
        there = _ask_each(client, workers, pydoc.locate, f"{package}.__version__")
        for worker, version in there.items():
            if version is None or isinstance(version, BaseException):
                raise lacking(ImportError(f"{package} on {worker}: {version or 'not installed'}"))
            _compare(package, worker, here, str(version))


def machines_of(client: Any, workers: Sequence[str]) -> set[str]:
    """Return processors and compilers of workers: the last bits of results depend on them."""
    processors, compilers = (_ask_each(client, workers, function) for function in (cpu, compiler))
    return {f"{processors[worker]}, {compilers.get(worker)}" for worker in processors}


def lacking(error: ImportError) -> SimulationError:
    """Return the error of a worker on which something cannot be imported."""
    return SimulationError(
        "Distribution.worker",
        "must have neuromodels and all it needs",
        str(error),
        f"Install the same environment there: {pip_command('cluster')}.",
    )


def _ask_each(
    client: Any, workers: Sequence[str], function: Callable, *arguments: str
) -> dict[str, Any]:
    """Call a function on each worker; return results or errors of those that answer."""

    async def one(worker: str) -> dict[str, Any]:
        asked = client.run(function, *arguments, workers=[worker], on_error="return")
        return await asyncio.wait_for(asked, ANSWER_WITHIN)

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*map(one, workers), return_exceptions=True)

    # one worker may use all of its time, and the others must still be waited for
    answers = within(client, 2 * ANSWER_WITHIN, all_of_them)
    values = {k: v for answer in answers if isinstance(answer, dict) for k, v in answer.items()}
    return {worker: value for worker, value in values.items() if not isinstance(value, OSError)}


def _compare(package: str, worker: str, here: str, there: str) -> None:
    if here != there:
        raise SimulationError(
            "Distribution.worker",
            f"must have {package} {here}, as the driver",
            f"{there} on {worker}",
            "Install the same version on both, then start the workers anew.",
        )
