"""Whether workers have what the driver has, asked before they get work."""

from __future__ import annotations

import platform
import pydoc
from collections.abc import Callable, Sequence
from typing import Any

from neuromodels.distribution.worker import lacking
from neuromodels.errors import SimulationError
from neuromodels.storage.provenance import compiler, cpu

PACKAGES = ("neuromodels", "brian2", "numpy")


def check_versions(client: Any, workers: Sequence[str]) -> None:
    """Refuse workers that would compute something else, or nothing.

    Only functions of the standard library are sent, by name: they also run on a worker that
    lacks this package.

    Parameters
    ----------
    workers
        Addresses; those that are gone meanwhile are passed over.

    Raises
    ------
    SimulationError
        Naming the worker and both versions.
    """
    here = ".".join(platform.python_version_tuple()[:2])
    for worker, found in _each(client, workers, platform.python_version).items():
        _compare("Python", worker, here, ".".join(str(found).split(".")[:2]))
    for package in PACKAGES:
        here = str(pydoc.locate(f"{package}.__version__"))
        locate = _each(client, workers, pydoc.locate, f"{package}.__version__")
        for worker, found in locate.items():
            if found is None or isinstance(found, BaseException):
                raise lacking(ImportError(f"{package} on {worker}: {found or 'not installed'}"))
            _compare(package, worker, here, str(found))


def machines_of(client: Any, workers: Sequence[str]) -> set[str]:
    """Return processor and compiler of workers: what the last bits of a result depend on."""
    processors, compilers = (_each(client, workers, function) for function in (cpu, compiler))
    return {f"{processors[each]}, {compilers.get(each)}" for each in processors}


def _each(
    client: Any, workers: Sequence[str], function: Callable, *arguments: str
) -> dict[str, Any]:
    found = client.run(function, *arguments, workers=list(workers), on_error="return")
    return {worker: value for worker, value in found.items() if not isinstance(value, OSError)}


def _compare(package: str, worker: str, here: str, there: str) -> None:
    if here != there:
        raise SimulationError(
            "Distribution.worker", f"must have {package} {here}, as the driver",
            f"{there} on {worker}",
            "Install the same version on both, then start the workers anew.",
        )  # fmt: skip
