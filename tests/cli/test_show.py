"""`neuromodels show`: a network in words, and nothing is run."""

import json
from pathlib import Path

import pytest

STUDIES = Path(__file__).parents[2] / "studies"
COPY, GRID, SWIMMER = (
    STUDIES / f"{name}.toml" for name in ("pdlf_copy_quick", "pdlf_copy_grid", "control_swimmer")
)


@pytest.fixture
def shows(said, tmp_path, monkeypatch):
    """Return a function that runs the command in an empty folder, which stays empty."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        printed = said("show", *arguments)
        assert not list(tmp_path.iterdir())
        return printed

    return run


def test_a_study_is_shown_in_its_plastic_condition(shows):
    code, out, err = shows(COPY)
    assert (code, err) == (0, "")
    assert out.startswith("pdlf_copy_quick: condition plastic\n")
    assert "    w += eta*(A*x*(y - C) + B*y + D)\n" in out
    assert "norm_input_hidden" not in out


def test_another_condition_is_shown(shows):
    _, out, _ = shows(COPY, "--condition", "fixed")
    assert out.startswith("pdlf_copy_quick: condition fixed\n")
    assert "w += eta" not in out


def test_all_parts_are_shown_on_demand(shows):
    _, out, _ = shows(COPY, "--all")
    assert "name = norm_input_hidden" in out


def test_json_is_one_object(shows):
    code, out, err = shows(COPY, "--json", "--condition", "reset")
    values = json.loads(out)
    assert (code, err) == (0, "")
    assert list(values) == [
        "study",
        "setting",
        "question",
        "condition",
        "meaning",
        "task",
        "coefficients",
        "searched",
        "network",
    ]
    assert values["setting"] is None
    assert values["network"]["loss"] == "score.loss"
    assert {part["kind"] for part in values["network"]["parts"]} >= {"group", "connection", "link"}


def test_values_are_set_as_in_a_run(shows):
    _, out, _ = shows(COPY, "--set", "circuit.hidden=7", "--set", "task.length=3")
    assert "\nhidden: 7 neurons " in out
    assert "\n    length  = 3\n" in out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("plastc", "Did you mean 'plastic'?"),
        ("random", "It runs in that of 'plastic'."),
        ("reset", "Task.swimmer.delay: the condition 'reset' needs it."),
    ],
)
def test_a_condition_without_a_network_is_refused_in_one_line(shows, given, words):
    code, out, err = shows(SWIMMER, "--condition", given)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_sweep_shows_its_first_setting_and_names_the_others(shows):
    code, out, err = shows(GRID)
    first = json.loads(shows(GRID, "--json")[1])["setting"]
    assert code == 0
    assert f"Setting of the sweep: {first}\n" in out
    assert f"this is its setting {first}." in err
    another = err.partition("--setting NAME: ")[2].split(", ")[0]
    code, out, err = shows(GRID, "--setting", another)
    assert (code, err) == (0, "")
    assert f"Setting of the sweep: {another}\n" in out


@pytest.mark.parametrize(
    ("file", "words"), [(GRID, "must be one of the sweep"), (COPY, "declares no sweep")]
)
def test_an_unknown_setting_is_refused(shows, file, words):
    code, out, err = shows(file, "--setting", "elsewhere")
    assert (code, out) == (2, "")
    assert words in err


def test_a_rule_in_a_file_of_the_users_own_is_shown(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said("new", "rule", "mine")
    code, out, err = said("show", COPY, "--set", 'rule={name="mine.py:MINE"}')
    assert code == 0
    assert f"runs code from a file of yours: {tmp_path / 'mine.py'}" in err
    assert "\n    w += eta*(x*y - decay*w) + start\n" in out
