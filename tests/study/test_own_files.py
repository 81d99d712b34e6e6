"""What a study names outside itself: said before it runs, seen by the digest, kept in its place."""

import json
import shutil
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from conftest import STUDY
from fake_experiment import FakeExperiment, catalogs

from neuromodels.catalog import Catalog
from neuromodels.errors import DeclarationError
from neuromodels.rules import PlasticityRule
from neuromodels.rules.pdlf import PDLF
from neuromodels.store.store import StoredRun
from neuromodels.study.file import StudyFileError, read_study, study_of
from neuromodels.study.stored import stored_study
from neuromodels.study.sweep import read_declared

RULE = """\
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule
HEBB = PlasticityRule(
    name="hebb", summary="pre times post", model="w : 1", each_step="w += A*x*y",
    coefficients=(Coefficient("A"),),
)
"""
OTHER = "OTHER =" + RULE.partition("HEBB =")[2]
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
    # it looks into the installed catalogs, and would run the file for them too
    use = "neuromodels.experiment.coefficient_use.check_if_new"
    monkeypatch.setattr(use, lambda declared, folder: [])
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
    (moved / "my_rules.py").write_text(RULE.replace("A*x*y", "A*x*x"))
    assert digest(moved / "mine.toml") != first


def test_every_own_name_of_a_study_enters_its_digest(mine):
    with_two = RULE + "OTHER = HEBB\n"
    (mine / "studies" / "my_rules.py").write_text(with_two)
    path = mine / "studies" / "mine.toml"
    first = digest(path)
    path.write_text(path.read_text().replace(":HEBB", ":OTHER"))
    assert digest(path) != first


def test_the_digest_does_not_see_remarks_and_rules_that_take_no_part(mine):
    path, file = mine / "studies" / "mine.toml", mine / "studies" / "my_rules.py"
    first = digest(path)
    file.write_text("# mine\n" + RULE.replace('name="hebb", ', 'name = "hebb",\n    '))
    assert digest(path) == first
    file.write_text(RULE + OTHER)
    assert digest(path) == first
    file.write_text(RULE + OTHER.replace("A*x*y", "A*x*x"))
    assert digest(path) == first


def test_a_run_goes_on_when_another_rule_of_its_file_is_mended(mine, said):
    said("run", "studies/mine.toml")
    (folder,) = (mine / "runs").iterdir()
    file = mine / "studies" / "my_rules.py"
    file.write_text(RULE + OTHER.replace("A*x*y", "A*x*x"))
    assert said("resume", folder, "--extend", "2")[0] == 0
    file.write_text(file.read_text().replace("w += A*x*y", "w += A*y*y"))
    assert said("resume", folder)[0] == 2


def as_an_earlier_version(folder, file, **table):
    """Make a run folder what a version has left that took files whole, and numbers as written."""
    stored = json.loads((folder / "study.json").read_text())
    stored["contents"] = {"rule.name": sha256(file.read_bytes()).hexdigest()}
    stored |= table
    before = stored_study(stored).digest
    assert before != stored.pop("digest")
    shutil.rmtree(folder / "checkpoints")  # they are sealed with the digest
    (folder / "study.json").write_text(json.dumps({"digest": before, **stored}))
    older = folder.with_name(f"small-{before}")
    folder.rename(older)
    return older


@pytest.mark.parametrize("command", ["run studies/mine.toml", "resume {}", "report {}"])
def test_a_run_that_recorded_whole_files_is_recognised(mine, said, monkeypatch, command):
    file = mine / "studies" / "my_rules.py"
    said("run", "studies/mine.toml")
    (folder,) = (mine / "runs").iterdir()
    older = as_an_earlier_version(folder, file)
    monkeypatch.setattr(FakeExperiment, "evaluate", None)  # nothing is computed again
    assert said(*command.format(older).split())[0] == 0
    assert list((mine / "runs").iterdir()) == [older]
    assert f"small-{StoredRun(older).digest}" == older.name


def test_a_run_that_recorded_whole_files_sees_their_change(mine, said):
    file = mine / "studies" / "my_rules.py"
    said("run", "studies/mine.toml")
    (folder,) = (mine / "runs").iterdir()
    older = as_an_earlier_version(folder, file)
    file.write_text(RULE + "# nobody can tell what this was\n")
    code, _, err = said("resume", older)
    assert code == 2
    assert "has changed since this run began" in err
    assert said("run", "studies/mine.toml")[0] == 0
    assert len(list((mine / "runs").iterdir())) == 2


def test_a_run_of_an_earlier_version_is_extended_from_what_it_has(mine, said, monkeypatch):
    """Its checkpoints hold its own digest; once it is known, other rules may change."""
    file = mine / "studies" / "my_rules.py"
    with monkeypatch.context() as earlier:
        earlier.setattr("neuromodels.study.own_files.made_of", lambda *given: None)
        said("run", "studies/mine.toml", "--out", "older")
    before = StoredRun("older").digest
    assert said("resume", "older", "--extend", "2")[0] == 0
    file.write_text(RULE + "# mended\n")
    assert said("resume", "older", "--extend", "2")[0] == 0
    assert StoredRun("older").digest == before
    said("run", "studies/mine.toml", "--set", "search.generations=10", "--out", "newer")
    assert StoredRun("newer").digest != before
    for older, newer in zip(
        sorted(Path("older/solutions").iterdir()),
        sorted(Path("newer/solutions").iterdir()),
        strict=True,
    ):
        with np.load(older) as one, np.load(newer) as two:
            assert all(np.array_equal(one[key], two[key]) for key in two.files)


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


# -- what a stranger's study or run may not do ---------------------------------------------------

TRAP = "open({0!r}, 'w').close()\n" + RULE


@pytest.fixture
def trap(mine):
    """Return a file outside of the study's folder, and the file that shows that it was run."""
    path, sprung = mine / "trap.py", mine / "sprung"
    path.write_text(TRAP.format(str(sprung)))
    return path, sprung


@pytest.mark.parametrize("change", ["rule.coefficients.A.low=-1", "rule.normalisation=none"])
@pytest.mark.parametrize(
    "header", ["[rule]", '["r\\u0075le"]', "[ 'rule' ]", '["\\u0072ule"] # x', "[  rule  ]"]
)
def test_no_spelling_of_a_header_opens_the_fence(mine, said, trap, header, change):
    path, sprung = trap
    text = STUDY.replace("[rule]", header).replace('"pdlf"', f'"{path}:HEBB"')
    (mine / "studies" / "mine.toml").write_text(text)
    code, _, err = said("run", "studies/mine.toml", "--set", change)
    assert code == 2
    assert "must lie beside the study file" in err
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("swept", "change"),
    [
        ('[sweep]\n"rule.name" = ["{0}:HEBB"]', "sweep.circuit.hidden=[4, 5]"),
        ('["sw\\u0065ep"]\n"rule.name" = ["{0}:HEBB"]', "sweep.circuit.hidden=[4, 5]"),
        ('["sw\\u0065ep".rule]\nname = ["{0}:HEBB"]', "sweep.rule.pdp_side=['pre']"),
        ('[sweep]\nrule.name = ["{0}:HEBB"]', "rule={{name='pdlf'}}"),
        ('[[sweep.list]]\n"rule.name" = "{0}:HEBB"', "rule={{name='pdlf'}}"),
    ],
)
def test_no_sweep_opens_the_fence(mine, said, trap, swept, change):
    path, sprung = trap
    (mine / "studies" / "mine.toml").write_text(f"{STUDY}\n{swept.format(path)}\n")
    code, _, err = said("run", "studies/mine.toml", "--set", change.format())
    assert code == 2
    assert "beside the study file" in err or "given by --set" in err, err
    assert not sprung.exists()


def test_the_command_line_may_sweep_over_files_anywhere(mine, said, trap):
    path, sprung = trap
    changes = ("--set", f"sweep.rule.name=['{path}:HEBB']")
    assert said("run", "studies/small.toml", *changes)[0] == 0
    assert sprung.exists()


@pytest.mark.parametrize("name", ["trap.py", "./trap.py", "../here/trap.py", "{here}/trap.py"])
@pytest.mark.parametrize("command", [["measure", "here", "transfer"], ["resume", "here"]])
def test_nothing_that_lies_in_a_run_folder_is_run(mine, said, trap, name, command):
    said("run", "studies/mine.toml", "--out", "here")
    sprung = trap[1]
    (mine / "here" / "trap.py").write_text(trap[0].read_text())
    stored = json.loads((mine / "here" / "study.json").read_text())
    table = stored.get("study", stored)
    table["rule"]["name"] = name.format(here=mine / "here") + ":HEBB"
    table.pop("contents", None)
    (mine / "here" / "study.json").write_text(json.dumps(stored))
    code, _, err = said(*command)
    assert code == 2
    assert "lies in the run folder itself" in err, err
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("raise SystemExit(0)", ["must not end the program", "SystemExit: 0"]),
        ("raise GeneratorExit", ["must not end the program", "GeneratorExit"]),
        ("class E(BaseException): pass\nraise E", ["must not end the program"]),
        ("import nothing_at_all", ["must import nothing that is not installed", "nothing_at_all"]),
        ("1/0", ["must run without an error", "ZeroDivisionError"]),
        (b"x = '\xe9'", ["must be readable Python", "SyntaxError"]),
        (RULE.replace('"w : 1"', "None"), ["HEBB.model", "must be text", "None"]),
        (RULE.replace('"w += A*x*y"', "3"), ["HEBB.each_step", "must be text", "got 3"]),
        (RULE.replace("name=", "learns=('q',), name="), [".learns", "must name variables", "'q'"]),
        (RULE.replace("name=", "forget='q = 0', name="), [".forget", "must name variables", "'q'"]),
        (RULE.replace("name=", "learns='w', name="), ["HEBB.learns", "tuple"]),
        (RULE.replace('(Coefficient("A"),)', "3"), ["TypeError"]),
        (
            RULE.replace('Coefficient("A")', 'Coefficient("A", default="x")'),
            ["must be a plain number"],
        ),
        (RULE.replace('Coefficient("A")', 'Coefficient("A", low=10**400)'), ["low"]),
    ],
)
@pytest.mark.parametrize("command", ["run studies/mine.toml", "check studies/my_rules.py:HEBB"])
def test_whatever_an_own_file_does_is_one_message(mine, said, text, words, command):
    path = mine / "studies" / "my_rules.py"
    path.write_bytes(text) if isinstance(text, bytes) else path.write_text(text)
    code, _, err = said(*command.split())
    assert code == 2
    assert all(word in err for word in words), err
    assert "my_rules.py" in err or "PlasticityRule.hebb" in err


def test_what_an_own_file_prints_does_not_break_json(mine, said):
    path = mine / "studies" / "my_rules.py"
    path.write_text("print('loud')\n" + RULE)
    code, out, err = said("run", "studies/mine.toml", "--json")
    assert code == 0
    assert json.loads(out)["study"] == "small"
    assert "loud" in err


def test_what_is_printed_while_a_study_runs_does_not_break_json(mine, said, monkeypatch):
    evaluate = FakeExperiment.evaluate

    def loud(self, xs, streams):
        sys.stdout.write("loud\n")
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", loud)
    before = sys.stdout
    code, out, err = said("run", "studies/mine.toml", "--json")
    assert sys.stdout is before
    assert code == 0
    assert json.loads(out)["study"] == "small"
    assert err.count("loud") > 10
    _, out, _ = said("run", "studies/mine.toml", "--out", "aloud")
    assert "loud" in out, "without --json it stays"


def test_a_slow_file_is_named_when_it_is_checked(mine, said, monkeypatch):
    path = mine / "studies" / "my_rules.py"
    path.write_text("import time\ntime.sleep(1.3)\n")
    code, _, err = said("check", f"{path}:HEBB")
    assert code == 2
    assert f"still runs {path}" in err


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
