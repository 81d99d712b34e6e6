"""Brian2's own tests as the judge of ``set_device("batch")``.

``python -m neuromodels.simulation.brian2_suite`` runs every test that Brian2 marks as compatible
with standalone devices, in both precisions, and says of each whether it passed, was refused by
name, or failed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from copy import deepcopy
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import brian2
import numpy as np

import neuromodels.simulation.device.script  # gives Brian2 the device "batch"
from neuromodels.errors import NeuromodelsError, SimulationError, pip_command
from neuromodels.simulation.brian2_suite import tables

if TYPE_CHECKING:
    from neuromodels.simulation.brian2_suite.records import Record, Records

brian_devices: Any = import_module("brian2.devices.device")

DTYPES = {"float64": np.float64, "float32": np.float32}
PLUGIN = "neuromodels.simulation.brian2_suite.records"
#: No cache: pytest would write it into the installed Brian2.
PYTEST_OPTIONS = (
    "-p",
    PLUGIN,
    "-p",
    "no:cacheprovider",
    "--tb=short",
    "--show-capture=no",
    "--disable-warnings",
)
#: All tests passed, some failed, none was selected.
PYTEST_ENDED = {0, 1, 5}
FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130


def judge(precision: str, select: str = "", folders: Sequence[str] = ()) -> list[Record]:
    """Return what each test came to in one precision.

    What pytest prints goes to standard error.  Preferences and devices are as before afterwards.

    Parameters
    ----------
    precision
        ``"float64"`` or ``"float32"``.
    select
        An expression for pytest's ``-k``; empty for all tests.
    folders
        Further folders with tests of the same kind, marked ``standalone_compatible``.

    Raises
    ------
    SimulationError
        Where pytest is missing, stops early, or finds no test.
    """
    if find_spec("pytest") is None:
        raise SimulationError(
            "pytest",
            "must be installed to run Brian2's tests",
            cure=f"Install it: {pip_command('test')}.",
        )
    from neuromodels.simulation.brian2_suite.records import recorded

    selected = ("-k", select) if select else ()
    with _as_before(), redirect_stdout(sys.stderr), recorded() as records:
        brian2.test(
            [],
            test_codegen_independent=False,
            test_standalone="batch",
            test_in_parallel=[],
            fail_for_not_implemented=False,
            float_dtype=DTYPES[precision],
            extra_test_dirs=list(folders),
            additional_args=[*PYTEST_OPTIONS, *selected],
        )
    _check_complete(records, select)
    return list(records.tests.values())


def _check_complete(records: Records, select: str) -> None:
    bad = sorted(set(records.statuses) - PYTEST_ENDED)
    if bad or not records.statuses:
        must = "pytest must run to its end, with exit status 0, 1 or 5"
        raise SimulationError("Brian2's tests", must, bad, "What pytest wrote above says why.")
    if not records.tests:
        raise SimulationError("--select", "must match the name of a test", select)


@contextmanager
def _as_before() -> Iterator[None]:
    """Give Brian2's settings back, and numpy's way to print, which its tests change too."""
    active, earlier = brian_devices.get_device(), list(brian_devices.previous_devices)
    chosen = (active, getattr(active, "build_on_run", True), getattr(active, "build_options", {}))
    kept = [(each, deepcopy(each)) for each in (brian2.prefs.prefs, brian2.prefs.backup_prefs)]
    step, options = brian2.defaultclock.dt, os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        with np.printoptions():
            yield
    finally:
        brian_devices.previous_devices[:] = [*earlier, chosen]
        brian_devices.reset_device()
        brian2.defaultclock.dt = step
        for values, before in kept:
            values.update(before)
        if options is not None:
            os.environ["PYTEST_ADDOPTS"] = options


# -- the command --------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the device and write the verdict; return 1 if a test failed."""
    options = _parser().parse_args(arguments)
    precisions = list(DTYPES) if options.precision == "both" else [options.precision]
    try:
        judged = {precision: judge(precision, options.select) for precision in precisions}
    except NeuromodelsError as error:
        sys.stderr.write(f"neuromodels: {error}\n")
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    sys.stdout.write(_show(judged, options) + "\n")
    failed = any(test.outcome == "failed" for tests in judged.values() for test in tests)
    return FAILED if failed else 0


def _show(judged: dict[str, list[Record]], options: argparse.Namespace) -> str:
    if options.json:
        return json.dumps(as_dict(judged), indent=1)
    written = tables.markdown if options.markdown else tables.text
    return written(judged, _command(options))


def as_dict(judged: dict[str, list[Record]]) -> dict[str, Any]:
    """Return versions, counts and every test, as ``--json`` prints them."""
    versions = {
        "brian2": brian2.__version__,
        "neuromodels": neuromodels.__version__,
        "python": platform.python_version(),
    }
    return versions | {precision: _count(tests) for precision, tests in judged.items()}


def _count(tests: list[Record]) -> dict[str, Any]:
    counts = Counter(test.outcome for test in tests)
    numbers = {outcome: counts[outcome] for outcome in tables.COLUMNS}
    return {**numbers, "tests": [asdict(test) for test in tests]}


def _command(options: argparse.Namespace) -> str:
    """Return the command that gives the same table."""
    words = ["python -m neuromodels.simulation.brian2_suite"]
    words += ["--markdown"] * options.markdown
    words += [f"--precision {options.precision}"] * (options.precision != "both")
    words += [f'--select "{options.select}"'] * bool(options.select)
    return " ".join(words)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m neuromodels.simulation.brian2_suite",
        description='Run Brian2\'s own tests on set_device("batch").',
    )
    parser.add_argument("--precision", choices=[*DTYPES, "both"], default="both")
    parser.add_argument("--select", default="", metavar="EXPR", help="as pytest's -k")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument(
        "--markdown", action="store_true", help="the table in docs/reference/brian2_suite.md"
    )
    return parser
