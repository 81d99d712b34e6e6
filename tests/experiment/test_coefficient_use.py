"""Coefficients that nothing reads: refused before a search, told of where one has begun."""

import json
from pathlib import Path

import pytest

from neuromodels import neurons, rules
from neuromodels.cli import main
from neuromodels.errors import DeclarationError
from neuromodels.experiment.coefficient_use import check_coefficients, check_if_new
from neuromodels.experiment.influence import names_read, texts_of
from neuromodels.study.sweep import read_declared

STUDIES = sorted((Path(__file__).parents[2] / "studies").glob("*.toml"))
OWN = """
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule

def rule(name, model, text, more=None):
    return PlasticityRule(name=name, summary="with beta", reference="beta", model=model,
        each_step=text, choices={"leak": more} if more else {},
        coefficients=(Coefficient("w", per="synapse"), Coefficient("beta", 0.1, per="pre")))

USED = rule("used", "w : 1", "w += beta*x*y")
UNUSED = rule("unused", "w : 1", "w += x*y  # not beta")
START = rule("start", "w : 1\\nbeta : 1", "w += x*y")
OPTION = rule("option", "w : 1", "w += x*y",
    {"none": {"each_step": "w += x*y"}, "some": {"each_step": "w += x*y - beta*w"}})
"""
STUDY = """
name = "own"
conditions = ["plastic"]
[task]
name = "sequence_copy"
[rule]
name = "own.py:USED"
[circuit]
hidden = 4
"""


@pytest.fixture
def declared(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "own.toml").write_text(STUDY)

    def read(*changes, more=""):
        (tmp_path / "own.toml").write_text(STUDY + more)
        own = [each.replace("own.py", str(tmp_path / "own.py")) for each in changes]
        return read_declared(tmp_path / "own.toml", own)

    return read


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_of_ours_searches_what_it_reads(path):
    check_coefficients(read_declared(path))


def test_every_model_of_ours_reads_its_coefficients():
    for neuron in neurons.CATALOG.values():
        assert {c.name for c in neuron.coefficients} <= names_read(texts_of(neuron)), neuron.name
    for rule in rules.CATALOG.values():
        free = {c.symbol for c in rule.coefficients if not c.frozen}
        assert free <= names_read(texts_of(rule)), rule.name


def test_what_is_read_and_what_is_only_declared_or_assigned():
    model = "w : 1\ndz/dt = -z/(tau*second) : 1 (event-driven)\nb : 1\nq = c +\n d : 1  # f"
    assert {"z", "tau", "c", "d"} <= names_read([model])
    assert not {"w", "b", "q", "f"} & names_read([model])
    assert names_read(["k = 2; w += a*k\nv >= theta"]) == {"a", "k", "v", "theta"}


def test_a_coefficient_in_no_equation_is_refused(declared):
    check_coefficients(declared())
    for rule in ("UNUSED", "START", "OPTION"):
        study = declared(f'rule.name="own.py:{rule}"')
        with pytest.raises(DeclarationError, match=rf"\.{rule.lower()}\.beta: must be read by an"):
            check_coefficients(study)
    check_coefficients(declared('rule.name="own.py:OPTION"', 'rule.leak="some"'))
    check_coefficients(declared('rule.name="own.py:UNUSED"', "rule.coefficients.beta.frozen=true"))
    check_coefficients(declared('rule.name="own.py:UNUSED"', 'conditions=["fixed"]'))


def test_a_setting_of_a_sweep_is_refused_before_the_first_is_searched(declared, tmp_path):
    sweep = declared(more='[sweep]\nrule.name = ["own.py:USED", "own.py:UNUSED"]\n')
    with pytest.raises(DeclarationError, match=r"unused\.beta"):
        check_if_new(sweep, tmp_path / "here")


def test_a_run_that_has_begun_goes_on_and_says_it(declared, tmp_path, capsys, monkeypatch):
    study = declared('rule.name="own.py:UNUSED"')
    (tmp_path / "own.toml").write_text(STUDY.replace("USED", "UNUSED"))
    here = tmp_path / "here"
    for command in (["run", "--out", str(here)], ["check"]):
        assert main([command[0], str(tmp_path / "own.toml"), *command[1:]]) == 2
        assert "unused.beta: must be read by an equation" in capsys.readouterr().err
    assert not here.exists()
    here.mkdir()
    table = {**study.to_table(), "digest": study.digest}
    (here / "study.json").write_text(json.dumps(table))
    (said,) = check_if_new(study, here)
    assert "unused.beta" in said
    monkeypatch.setattr("neuromodels.api.carry_out", lambda *arguments: True)
    monkeypatch.setattr("neuromodels.cli.running.show_report", lambda *arguments: 0)
    assert main(["resume", str(here)]) == 0
    assert "This run has begun with it and goes on." in capsys.readouterr().err
