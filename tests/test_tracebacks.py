"""Whose uncaught errors advise to report them to Brian2."""

import subprocess
import sys

import pytest

ADVICE = "bug in Brian 2"
ENDS = {
    "from neuromodels.errors import SimulationError; raise SimulationError('a', 'b')": False,
    "neuromodels.rules.CATALOG['oja'].with_options({'a': 'b'})": False,
    "neuromodels.rules.CATALOG['oja'].with_options(3)": False,
    "import brian2; brian2.NeuronGroup(1, 'nonsense')": True,
}
"""Statement -> whether Brian2's advice belongs to its error."""


@pytest.mark.parametrize("room", ["rules", "neurons", "simulation"])
def test_an_error_of_ours_does_not_advise_to_report_it_to_brian2(room):
    statement = "raise neuromodels.errors.BuildError('a', 'b')"
    assert ADVICE not in told(f"import neuromodels.errors, neuromodels.{room}\n{statement}")


FORKED = f"""
import os, sys
import neuromodels.rules
for statement in {[*ENDS]}:
    child = os.fork()
    if not child:
        exec(statement)  # an error that nobody catches ends the process
    assert os.waitpid(child, 0)[1]
    print(f"ended: {{statement}}", file=sys.stderr)
raise OSError("of the first process")
"""
"""Imports the package once for all statements, each of which ends a process of its own."""


@pytest.fixture(scope="module")
def ends():
    """Return what each statement's process prints."""
    found, rest = {}, told(FORKED)
    for statement in ENDS:
        found[statement], rest = rest.split(f"ended: {statement}\n", 1)
    return found


@pytest.mark.parametrize("statement", ENDS)
def test_the_advice_stays_with_errors_that_do_not_pass_through_this_package(ends, statement):
    assert "Error" in ends[statement]
    assert (ADVICE in ends[statement]) == ENDS[statement]


def told(script):
    """Return what a script prints that ends with an uncaught error."""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "Error" in ran.stderr
    return ran.stderr
