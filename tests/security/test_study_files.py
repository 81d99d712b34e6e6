"""A study file from a stranger is read: none of its strings is an expression, a path or a page."""

import builtins
import os
import subprocess
import tomllib

import pytest
from bad_input import GOOD

from neuromodels.errors import DeclarationError
from neuromodels.rules import CATALOG as RULES
from neuromodels.study.checks import installed_catalogs
from neuromodels.study.file import read_study, study_of
from neuromodels.study.kinds import NAME
from neuromodels.study.schema import SECTIONS
from neuromodels.tasks import CATALOG as TASKS

CODE = "__import__('os').system('touch mark')"
SPELLINGS = (
    CODE,
    f"f'{{{CODE}}}'",
    f"[{CODE} for _ in (1,)][0]",
    f"(lambda: {CODE})()",
    f"(x := {CODE})",
    "().__class__.__base__.__subclasses__()",
    'x"; #include "/etc/passwd"',
    "*/ int x = system(0); /*",
    "$(touch mark)",
    "`touch mark`",
    "../../../etc/passwd",
    "volt**2; touch mark",
)
PLACES = [
    *(f"{section}.{key}".strip(".") for section, keys in SECTIONS.items() for key in keys),
    "task.length",
    "rule.pdp_side",
    "rule.coefficients.A.per",
    "rule.coefficients.A.low",
    "circuit.coefficients.bias.per",
    "search.options.learning_rate",
    "objective.terms.loss.weight",
]


@pytest.fixture
def quiet(tmp_path, monkeypatch):
    """Go to an empty folder, and fail on whatever starts a program or evaluates a text."""

    def refuse(*arguments, **options):
        raise AssertionError(f"it ran {arguments}")

    monkeypatch.chdir(tmp_path)
    for module, name in ((os, "system"), (subprocess, "Popen"), (os, "execv")):
        monkeypatch.setattr(module, name, refuse)
    evaluate = builtins.eval

    def only_plain(text, *places):
        assert not isinstance(text, str) or "touch" not in text, text
        return evaluate(text, *places)

    monkeypatch.setattr(builtins, "eval", only_plain)
    return tmp_path


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.usefixtures("quiet")
def test_no_text_of_a_study_is_evaluated(tmp_path, place):
    (tmp_path / "study.toml").write_text(GOOD)
    for text in SPELLINGS:
        quoted = "'''" + text + "'''"
        change = f"{place}={quoted}"
        if place == "question":
            assert read_study(tmp_path / "study.toml", [change]).question == text
            continue
        with pytest.raises(DeclarationError) as refusal:
            read_study(tmp_path / "study.toml", [change])
        assert str(refusal.value).count("\n") < 20
    assert not (tmp_path / "mark").exists()


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("table", ["task", "rule", "circuit", "search.options", "objective.terms"])
def test_no_name_of_a_key_is_evaluated(tmp_path, table):
    for text in SPELLINGS:
        change = f'[{table}."{text}"]'.replace('"x"', '"x')
        (tmp_path / "study.toml").write_text(f"{GOOD}\n{change}\nx = 1\n")
        with pytest.raises(DeclarationError):
            read_study(tmp_path / "study.toml")
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_name_is_a_part_of_a_path_and_of_a_page(text):
    assert NAME.problem(text) is not None


@pytest.mark.parametrize("name", TASKS)
def test_a_task_evaluates_its_own_text_only_and_of_numbers(name):
    """Parameters are checked to be numbers before they meet the task's expressions."""
    task = TASKS[name]
    for parameter in task.parameters:
        with pytest.raises(DeclarationError, match="must be a"):
            task.with_defaults({parameter: CODE})
    with pytest.raises(DeclarationError, match="parameters are"):
        task.with_defaults({"__builtins__": 1})


def test_options_of_rules_are_words_of_closed_lists():
    catalogs = installed_catalogs()
    for name in catalogs.rules:
        for allowed in RULES[name].options.values():
            assert all(word.replace("_", "").isalnum() for word in allowed)


def test_equations_have_no_place_in_a_study_file(tmp_path):
    """Only a Python file, which is named on the screen before it runs, brings equations."""
    for key in ("model", "each_step", "on_pre", "constants", "equations"):
        (tmp_path / "study.toml").write_text(GOOD.replace("[rule]", f"[rule]\n{key} = 'w : 1'"))
        with pytest.raises(DeclarationError, match="unknown key"):
            read_study(tmp_path / "study.toml")


@pytest.mark.parametrize("path", ["/proc/self/cwd/trap.py", "~/trap.py", "trap.py", "./trap.py"])
def test_a_stored_run_names_no_file_by_where_its_reader_is(tmp_path, monkeypatch, path):
    """Such a path would find the stranger's file beside the run folder that came with it."""
    (tmp_path / "run").mkdir()
    (tmp_path / "trap.py").write_text("open('mark', 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    table = tomllib.loads(GOOD)
    table["rule"] = {"name": f"{path}:HEBB"}
    with pytest.raises(DeclarationError, match="lies in the run folder itself, or has no whole"):
        study_of(table, str(tmp_path / "run"))
    assert not (tmp_path / "mark").exists()
