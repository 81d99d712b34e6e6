"""Brian2's own tests as judge: what counts as what, a selection of them, and the committed page."""

import json
import os
import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from textwrap import dedent

import brian2
import pytest

from neuromodels.errors import SimulationError
from neuromodels.simulation.brian2_suite import suite as brian2_suite
from neuromodels.simulation.brian2_suite import tables
from neuromodels.simulation.brian2_suite.records import Record

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "brian2_suite.md"
REQUIRED = 0.95
#: Both kinds of run, a test that declines single precision, one that the device may refuse.
SELECTED = (
    "test_simple_threshold or test_scalar_threshold or test_active_flag "
    "or test_refractoriness_repeated_legacy or test_finitecable"
)

#: The hooks and the fixture that Brian2's own folder has.
CONFTEST = "from brian2.conftest import pytest_runtest_makereport, setup_and_teardown"

TESTS = """
import pytest
from brian2 import NeuronGroup, get_device
from brian2.core.base import BrianObjectException
from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation.device.script import batch_device

pytestmark = pytest.mark.standalone_compatible

def wrapped(cause):
    cells = NeuronGroup(1, "v : 1", name="cells", namespace={})
    raise BrianObjectException("Error in cells.", cells) from cause

@pytest.fixture
def broken_after():
    yield
    raise OSError("cannot tidy up")

@pytest.fixture
def refused_before():
    raise UnsupportedFeature("before", "is not there")

def test_fakesuite_passed():
    assert get_device() is batch_device

@pytest.mark.multiple_runs
def test_fakesuite_passed_twice():
    assert get_device() is batch_device

def test_fakesuite_refused():
    raise UnsupportedFeature("cells.delay", "must | be * 0", "2 ms", "Use another device.")

@pytest.mark.multiple_runs
def test_fakesuite_refused_with_object():
    wrapped(UnsupportedFeature("cells_4_thresholder_12", "must be regular"))

def test_fakesuite_refused_in_setup(refused_before):
    pass

def test_fakesuite_not_implemented():
    raise NotImplementedError("someone else's")

def test_fakesuite_not_implemented_with_object():
    wrapped(NotImplementedError("someone else's"))

def test_fakesuite_wrong():
    assert [1, 2] == [1,
                      3], "two lines\\nof text"

def test_fakesuite_broken_in_teardown(broken_after):
    pass

def test_fakesuite_refused_and_broken(broken_after):
    raise UnsupportedFeature("cells", "must be there")

def test_fakesuite_declined():
    pytest.skip("for numpy | only")

@pytest.mark.skipif(True, reason="not here")
def test_fakesuite_declined_by_mark():
    raise AssertionError("was run")

@pytest.mark.codegen_independent
def test_fakesuite_expected_error():
    with pytest.raises(NotImplementedError):
        raise UnsupportedFeature("cells", "must be there")
"""

EXPECTED = {
    "passed": ("single", "passed", ""),
    "passed_twice": ("multiple", "passed", ""),
    "expected_error": ("single", "passed", ""),
    "refused": ("single", "refused", "cells.delay: must | be * 0; got '2 ms'. Use another device."),
    "refused_with_object": ("multiple", "refused", "cells_4_thresholder_12: must be regular."),
    "refused_in_setup": ("single", "refused", "before: is not there."),
    "not_implemented": ("single", "failed", "NotImplementedError: someone else's"),
    "not_implemented_with_object": ("single", "failed", "NotImplementedError: someone else's"),
    "wrong": ("single", "failed", "AssertionError: two lines of text assert [1, 2] == [1, 3]"),
    "broken_in_teardown": ("single", "failed", "OSError: cannot tidy up"),
    "refused_and_broken": ("single", "failed", "OSError: cannot tidy up"),
    "declined": ("single", "skipped", "for numpy | only"),
    "declined_by_mark": ("single", "skipped", "not here"),
}

#: Judges the tests above from unusual settings, and tells the settings before and afterwards.
JUDGE = """
import json, os, sys
from dataclasses import asdict
import brian2, numpy as np
from brian2.devices.device import previous_devices
from neuromodels.simulation.brian2_suite.suite import judge

def settings():
    device = brian2.get_device()
    return repr((sorted(brian2.prefs.items()), sorted(brian2.prefs.backup_prefs.items()),
                 type(device), device.build_on_run, device.build_options, previous_devices,
                 float(brian2.defaultclock.dt), np.get_printoptions(),
                 os.environ["PYTEST_ADDOPTS"]))

brian2.set_device("runtime")
brian2.set_device("cpp_standalone", build_on_run=False, directory=None)
brian2.prefs.core.default_float_dtype = np.float32
brian2.prefs.codegen.cpp.extra_compile_args_gcc += ["-Wall"]
brian2.defaultclock.dt = 0.25*brian2.ms
before = settings()
tests = judge("float64", "fakesuite", [sys.argv[1]])
print(json.dumps({"tests": [asdict(test) for test in tests], "settings": [before, settings()]}))
"""


def python(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("fakesuite")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_fake.py").write_text(dedent(TESTS))
    done = python("-c", JUDGE, str(folder), PYTEST_ADDOPTS="--exitfirst")
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_test_is_judged_once(judged):
    names = [test["name"] for test in judged["tests"]]
    assert sorted(names) == sorted(f"test_fake.py::test_fakesuite_{name}" for name in EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_outcome(judged, name):
    found = {test["name"].partition("fakesuite_")[2]: test for test in judged["tests"]}[name]
    runs, outcome, reason = EXPECTED[name]
    assert (found["runs"], found["outcome"]) == (runs, outcome)
    assert found["reason"].startswith(reason)
    assert bool(found["reason"]) == bool(reason)
    assert "\n" not in found["reason"]


def test_brian2_is_left_as_it_was(judged):
    before, after = judged["settings"]
    assert after == before


# -- tables -------------------------------------------------------------------------------------

VERDICT = {
    "float64": [
        Record("test_a.py::test_1", "single"),
        Record("test_a.py::test_2", "single", "refused", "cells_7_pre.delay: must | be <0>."),
        Record("test_a.py::test_3", "multiple", "failed", "ValueError: 2*a*b in '/tmp/x/a_2.c'"),
        Record("test_a.py::test_4", "single", "skipped", "not here"),
    ],
    "float32": [
        Record("test_a.py::test_1", "single"),
        Record("test_a.py::test_2", "single", "refused", "cells_pre.delay: must | be <0>."),
        Record("test_a.py::test_3", "multiple"),
        Record("test_a.py::test_4", "single", "skipped", "not here"),
    ],
}


def rows_of(page: str) -> dict[tuple[str, str], list[int]]:
    """Return passed, refused, failed and skipped by precision and run statements."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines()]
    kept = [row for row in cells if len(row) == len(tables.HEAD) and row[2].isdigit()]
    return {(row[0], row[1]): [int(number) for number in row[2:6]] for row in kept}


def test_the_page_counts_every_test():
    assert rows_of(tables.markdown(VERDICT, "command")) == {
        ("float64", "single"): [1, 1, 0, 1],
        ("float64", "multiple"): [0, 0, 1, 0],
        ("float64", "all"): [1, 1, 1, 1],
        ("float32", "single"): [1, 1, 0, 1],
        ("float32", "multiple"): [1, 0, 0, 0],
        ("float32", "all"): [2, 1, 0, 1],
    }


def test_the_page_gives_each_reason_once():
    page = tables.markdown(VERDICT, "command")
    refused = r"| `test_a.py::test_2` | float64, float32 | cells_pre.delay: must \| be \<0>. |"
    assert page.count(refused) == 1
    assert r"| `test_a.py::test_3` | float64 | ValueError: 2\*a\*b in 'a.c' |" in page
    assert "test_1" not in page


def test_the_text_names_refused_and_failed_tests():
    lines = tables.text(VERDICT, "command").splitlines()
    assert "  test_a.py::test_3 (float64): ValueError: 2*a*b in 'a.c'" in lines
    assert "  test_a.py::test_2 (float64, float32): cells_pre.delay: must | be <0>." in lines
    assert any("GSL" in line for line in lines)


# -- the command --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("precision", [pytest.param("both", marks=pytest.mark.strain), "float32"])
def test_a_selection_of_brian2s_tests_passes(precision):
    module = "neuromodels.simulation.brian2_suite"
    done = python("-m", module, "--json", "--select", SELECTED, "--precision", precision)
    assert done.returncode == 0, done.stderr[-3000:]
    verdict = json.loads(done.stdout)
    assert verdict["brian2"] == brian2.__version__
    for each in ("float64", "float32") if precision == "both" else (precision,):
        part = verdict[each]
        counts = {outcome: part[outcome] for outcome in tables.COLUMNS}
        assert sum(counts.values()) == len(part["tests"]) == 5
        assert counts["failed"] == 0
        assert counts["passed"] >= 3
        assert {test["runs"] for test in part["tests"]} == {"single", "multiple"}
    assert verdict["float32"]["skipped"] >= 1


def test_a_failed_test_gives_1(monkeypatch, capsys):
    monkeypatch.setattr(brian2_suite, "judge", lambda precision, select: VERDICT[precision])
    assert brian2_suite.main(["--json"]) == 1
    verdict = json.loads(capsys.readouterr().out)
    assert [verdict["float64"][name] for name in tables.COLUMNS] == [1, 1, 1, 1]
    assert verdict["float32"]["tests"][1]["reason"] == "cells_pre.delay: must | be <0>."
    assert brian2_suite.main(["--precision", "float32"]) == 0


def test_a_missing_pytest_is_named(monkeypatch, capsys):
    monkeypatch.setattr(brian2_suite, "find_spec", lambda name: None)
    assert brian2_suite.main([]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("neuromodels: pytest: must be installed")
    assert "brian2-neuromodels[test]" in written.err


@pytest.mark.parametrize(
    ("statuses", "tests", "message"),
    [
        ([0, 3, 5], {"a": Record("a", "single")}, r"must run to its end, .* 5; got \[3\]\."),
        ([], {}, "must run to its end"),
        ([5, 5, 5], {}, "--select: must match the name of a test; got 'nothing'"),
    ],
)
def test_a_suite_that_judged_nothing_is_an_error(statuses, tests, message):
    records = Namespace(statuses=statuses, tests=tests)
    with pytest.raises(SimulationError, match=message):
        brian2_suite._check_complete(records, "nothing")


# -- the page -----------------------------------------------------------------------------------


def test_the_committed_page_says_that_nearly_all_tests_pass():
    page = PAGE.read_text()
    judged = re.search(r"Tests of brian2 (\S+) ", page)
    assert judged, f"{PAGE.name} names no version"
    if judged[1] != brian2.__version__:
        pytest.skip(f"{PAGE.name} is about brian2 {judged[1]}, not {brian2.__version__}")
    rows = rows_of(page)
    for precision in ("float64", "float32"):
        passed, refused, failed, _ = rows[precision, "all"]
        assert passed >= REQUIRED * (passed + refused + failed), precision
        parts = zip(rows[precision, "single"], rows[precision, "multiple"], strict=True)
        assert [sum(part) for part in parts] == rows[precision, "all"]
