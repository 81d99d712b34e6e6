"""Every setting's equations are read before the first is searched."""

import pytest

from neuromodels.api import work_through
from neuromodels.errors import DeclarationError
from neuromodels.experiment.preflight import check_declared
from neuromodels.report.display import Log
from neuromodels.study.sweep import read_declared

OWN = """
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule

def rule(name, text):
    return PlasticityRule(name=name, summary="", model="w : 1", each_step=text,
        coefficients=(Coefficient("w", per="synapse"), Coefficient("eta", 0.1)))

GOOD = rule("good", "w += eta*x*y")
BAD = rule("bad", "w += eta*x*nobody")
"""
STUDY = """
name = "swept"
[task]
name = "sequence_copy"
[rule]
name = "own.py:GOOD"
[circuit]
hidden = 4
"""
SWEEP = '[sweep]\nrule.name = ["own.py:GOOD", "own.py:BAD"]\n'
FROZEN = """[rule.coefficients]
w = { frozen = 0.1 }
eta = { frozen = true }
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "own.py").write_text(OWN)

    def write(text):
        path = tmp_path / "swept.toml"
        path.write_text(text)
        return path

    return write


def test_an_equation_of_the_second_setting_is_refused_before_the_first_is_searched(
    file, tmp_path, monkeypatch
):
    sweep = read_declared(file(STUDY + SWEEP))
    monkeypatch.setattr("neuromodels.api.work", lambda *a, **k: pytest.fail("searched"))
    with pytest.raises(DeclarationError, match=r"setting name-own.py-BAD: .*nobody"):
        work_through(sweep, tmp_path / "out", Log(None), lambda: False)
    assert not (tmp_path / "out").exists()


def test_networks_with_the_same_equations_are_read_once(file, monkeypatch):
    read = []
    monkeypatch.setattr("neuromodels.experiment.preflight.Batch", lambda *a, **k: read.append(a))
    sweep = read_declared(file(STUDY + "[sweep]\ncircuit.hidden = [2, 3]\ntask.length = [3, 4]\n"))
    assert len(check_declared(sweep)) == 4
    assert len(read) == 1


def test_a_study_with_nothing_to_search_is_told_so(file):
    study = read_declared(file(STUDY + FROZEN))
    with pytest.raises(DeclarationError, match=r"at least one number must be free .*'plastic'"):
        check_declared(study)


def test_the_command_checks_all_networks_of_a_study_file(file, said):
    path = file(STUDY + SWEEP)
    code, out, errors = said("check", path)
    assert (code, out) == (2, "")
    assert "setting name-own.py-BAD" in errors
    assert "nobody" in errors
    code, out, errors = said("check", file(STUDY))
    assert (code, out) == (0, "plastic: ok\n")
