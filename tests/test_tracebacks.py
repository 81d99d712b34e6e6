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


@pytest.mark.parametrize("statement", ENDS)
def test_the_advice_stays_with_errors_that_do_not_pass_through_this_package(statement):
    found = told(f"import neuromodels.rules\n{statement}")
    assert (ADVICE in found) == ENDS[statement]


def told(script):
    """Return what a script prints that ends with an uncaught error."""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "Error" in ran.stderr
    return ran.stderr
