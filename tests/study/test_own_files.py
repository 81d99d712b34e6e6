"""What a study names outside itself: said before it runs, seen by the digest, kept in its place."""

from dataclasses import replace

import pytest
from conftest import STUDY
from fake_experiment import catalogs

from neuromodels.catalog import Catalog
from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.rules.pdlf import PDLF
from neuromodels.study.file import StudyFileError, read_study, study_of
from neuromodels.study.sweep import read_declared

RULE = """\
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule
HEBB = PlasticityRule(
    name="hebb", summary="pre times post", model="w : 1", each_step="w += A*x*y",
    coefficients=(Coefficient("A"),),
)
"""
PYTHON = """\
from neuromodels.search.plan import SearchPlan
from neuromodels.study.study import RuleChoice, Study, TaskChoice, TestPlan
STUDY = Study(
    name="small", question="Does it run?", seeds=(1, 2), conditions=("plastic", "random"),
    task=TaskChoice("sequence_copy"), rule=RuleChoice("pdlf"),
    search=SearchPlan(candidates=8, trials=4, generations=6),
    test=TestPlan(trials=50, curve_trials=10, every=3, random_rules=4),
)
"""


def own_catalogs():
    """Return the fake catalogs with one of rules that a user's file can add to."""
    return replace(catalogs(), rules=Catalog(PlasticityRule, (PDLF,)))


@pytest.fixture
def mine(here, monkeypatch):
    """Go to a checkout with a study of a rule in a file beside it."""
    for module in ("study.file", "study.sweep"):
        monkeypatch.setattr(f"neuromodels.{module}.installed_catalogs", own_catalogs)
    text = STUDY.replace('name = "pdlf"', 'name = "my_rules.py:HEBB"')
    (here / "studies" / "mine.toml").write_text(text)
    (here / "studies" / "my_rules.py").write_text(RULE)
    return here


def digest(path, *changes):
    return read_study(path, changes, own_catalogs()).digest


def test_a_users_rule_is_announced_once_and_before_it_runs(mine, said):
    path = mine / "studies" / "my_rules.py"
    path.write_text("import sys\nprint('RUNS', file=sys.stderr)\n" + RULE)
    code, _, err = said("run", "studies/mine.toml")
    assert code == 0
    assert err == f"neuromodels: this study runs code from a file of yours: {path}\nRUNS\n"
    (folder,) = (mine / "runs").iterdir()
    code, _, err = said("resume", folder)
    assert code == 0
    assert err.count(str(path)) == 1


def test_a_study_of_the_catalog_announces_nothing(mine, said):
    assert said("run", "studies/small.toml")[2] == ""


def test_the_digest_sees_the_content_and_not_the_place(mine):
    first = digest(mine / "studies" / "mine.toml")
    moved = mine / "elsewhere"
    moved.mkdir()
    for name in ("mine.toml", "my_rules.py"):
        (moved / name).write_bytes((mine / "studies" / name).read_bytes())
    assert digest(moved / "mine.toml") == first
    (moved / "my_rules.py").write_text(RULE + "# a remark\n")
    assert digest(moved / "mine.toml") != first


def test_every_own_name_of_a_study_enters_its_digest(mine):
    with_two = RULE + "OTHER = HEBB\n"
    (mine / "studies" / "my_rules.py").write_text(with_two)
    path = mine / "studies" / "mine.toml"
    first = digest(path)
    path.write_text(path.read_text().replace(":HEBB", ":OTHER"))
    assert digest(path) != first


def test_a_run_whose_rule_has_changed_is_not_resumed(mine, said, monkeypatch):
    said("run", "studies/mine.toml")
    (folder,) = (mine / "runs").iterdir()
    path = mine / "studies" / "my_rules.py"
    path.write_text("raise SystemExit('never run')\n")
    code, _, err = said("resume", folder)
    assert code == 2
    assert f"rule.name: {path} has changed since this run began" in err
    path.write_text(RULE)
    assert said("resume", folder)[0] == 0


def test_a_stored_study_is_read_from_anywhere(mine, monkeypatch):
    study = read_study("studies/mine.toml", (), own_catalogs())
    (mine / "deep").mkdir()
    monkeypatch.chdir(mine / "deep")
    assert study_of(study.to_table(), "study.json", own_catalogs()) == study


def test_a_run_is_reported_when_its_files_are_gone(mine, said):
    said("run", "studies/mine.toml", "--out", "here")
    commands = (["report", "here", "--json"], ["status", "here"], ["compare", "here"])
    before = [said(*command)[1] for command in commands]
    (mine / "studies" / "my_rules.py").unlink()
    assert [said(*command) for command in commands] == [(0, out, "") for out in before]
    assert said("resume", "here")[0] == 2, "but it cannot go on"


@pytest.mark.parametrize("place", ["../my_rules.py", "/tmp/my_rules.py", "a/../../my_rules.py"])
def test_a_study_file_names_nothing_outside_its_folder(mine, said, place):
    path = mine / "studies" / "mine.toml"
    path.write_text(path.read_text().replace("my_rules.py", place))
    (mine / "my_rules.py").write_text("raise SystemExit('never run')\n")
    code, _, err = said("run", "studies/mine.toml")
    assert code == 2
    assert "mine.toml:8: rule.name: must lie beside the study file or below it" in err
    assert "--set rule.name=" in err
    assert len(err.splitlines()) == 2


def test_the_command_line_names_files_anywhere(mine, said):
    (mine / "my_rules.py").write_text(RULE)
    code, _, err = said("run", "studies/small.toml", "--set", "rule.name=my_rules.py:HEBB")
    assert code == 0
    assert f"a file of yours: {mine}/my_rules.py" in err


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "..", "a/b", "~/x", ""])
def test_a_study_writes_nowhere_but_into_its_folder(here, said, name):
    path = here / "studies" / "small.toml"
    path.write_text(path.read_text().replace('name = "small"', f'name = "{name}"'))
    code, _, err = said("run", "studies/small.toml")
    assert code == 2
    assert "small.toml:1: name: must be letters" in err
    assert not (here / "runs").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1/", ["SyntaxError"]),
        ("X = 3", ["It declares: none"]),
        (RULE.replace("HEBB", "HEB"), ["It declares: HEB"]),
        (RULE.replace('Coefficient("A")', 'Coefficient("A", low=2, high=1)'), ["low <= high"]),
        (None, ["FileNotFoundError"]),
    ],
)
def test_an_own_file_that_cannot_be_used_is_one_line_among_the_others(mine, said, text, words):
    path = mine / "studies" / "my_rules.py"
    path.write_text(text) if text is not None else path.unlink()
    code, _, err = said("run", "studies/mine.toml", "--set", "circuit.hidden=-1")
    assert code == 2
    assert "2 problems" in err
    (line,) = [line for line in err.splitlines() if "mine.toml:8: rule.name" in line]
    assert all(word in line for word in words)


def test_a_sweep_announces_each_file_once(mine):
    path = mine / "studies" / "mine.toml"
    path.write_text(path.read_text() + "[sweep]\ncircuit.hidden = [4, 5, 6]\n")
    announced = []
    sweep = read_declared(path, (), own_catalogs(), announced.append)
    assert len(sweep.settings) == 3
    assert announced == [mine / "studies" / "my_rules.py"]


# -- Python studies -----------------------------------------------------------------------------


@pytest.fixture
def python(here):
    path = here / "studies" / "small.py"
    path.write_text(PYTHON)
    return path


def test_a_python_study_is_the_same_as_its_text(python):
    text = read_study(python.with_suffix(".toml"), (), catalogs())
    assert read_study(python, (), catalogs()) == text
    assert read_study(python, ["search.trials=3"], catalogs()).search.trials == 3


def test_a_python_study_runs_and_says_so_first(python, said):
    python.write_text("import sys\nprint('RUNS', file=sys.stderr)\n" + PYTHON)
    code, out, err = said("run", "studies/small.py")
    assert code == 0
    assert err == "neuromodels: this study runs code from a file of yours: studies/small.py\nRUNS\n"
    assert "Score on fresh sequences" in out
    assert said("report", next((python.parents[1] / "runs").iterdir()))[0] == 0


def test_values_of_a_python_study_are_checked_too(python):
    python.write_text(PYTHON.replace('"pdlf"', '"pdfl"').replace('"plastic"', '"plastik"'))
    with pytest.raises(StudyFileError) as caught:
        read_study(python, (), catalogs())
    assert len(caught.value.lines) == 2
    assert any("unknown rule 'pdfl'. Did you mean 'pdlf'?" in line for line in caught.value.lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("STUDI = 3\n", "must declare STUDY"),
        ("STUDY = 3\n", "got 'int'"),
        ("x = 1\n1/0\n", "small.py:2: cannot be run: ZeroDivisionError"),
        ("x = (\n", "small.py:1: cannot be run: SyntaxError"),
        (PYTHON.replace("candidates=8", "candidates=7"), "small.py:6: cannot be run: .*even"),
        ("import nowhere_at_all\n", "small.py:1: cannot be run: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_with_a_python_study_is_one_message(python, text, words):
    python.write_text(text)
    with pytest.raises(DeclarationError, match=words):
        read_study(python, (), catalogs())


def test_a_missing_python_study_is_one_sentence(here):
    with pytest.raises(DeclarationError, match="no such study file"):
        read_study(here / "none.py", (), catalogs())
