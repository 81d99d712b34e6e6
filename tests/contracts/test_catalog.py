"""Catalogs: a user's file can add to them, and what is wrong with it is one message."""

import pytest

from neuromodels import rules, tasks
from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError

HEBB = """
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule
HEBB = PlasticityRule(
    name="hebb", summary="pre times post", model="w : 1", each_step="w += a*x*y",
    coefficients=(Coefficient("a"),),
)
OTHER = 3
"""


def test_a_copy_trial_lasts_as_long_as_published():
    task = tasks.CATALOG["sequence_copy"]
    lengths = {(8, 0): 16, (64, 32): 160}
    for (length, latency), steps in lengths.items():
        parameters = task.with_defaults({"length": length, "latency": latency})
        assert task.number(task.steps, parameters) == steps


def test_a_users_file_adds_a_rule(tmp_path):
    path = tmp_path / "my_rules.py"
    path.write_text(HEBB)
    rule = rules.CATALOG[f"{path}:HEBB"]
    assert rule.name == "hebb"
    assert f"{path}:HEBB" in rules.CATALOG
    assert rules.CATALOG[f"{path}:HEBB"] is rule
    assert f"{path}:HEBB" not in list(rules.CATALOG)


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        (HEBB, "HEBBIAN", "It declares: HEBB"),
        (HEBB, "OTHER", "must declare a PlasticityRule"),
        ("1/", "X", "SyntaxError"),
        ("import nowhere_at_all", "X", "ModuleNotFoundError"),
        (HEBB.replace('model="w : 1"', 'model="w : 1", normalisation="p9"'), "HEBB", "p8"),
    ],
)
def test_what_is_wrong_with_a_users_file_is_one_message(tmp_path, text, name, words):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(DeclarationError, match=words):
        rules.CATALOG[f"{path}:{name}"]


@pytest.mark.parametrize("name", ["target", "x", "delay"])
def test_a_coefficient_with_a_name_of_brian2s_is_refused(name):
    with pytest.raises(DeclarationError, match=f"must not have a name of Brian2's.*got '{name}'"):
        rules.PlasticityRule("mine", "", "w : 1", (Coefficient(name),))


def test_unknown_names_are_absent():
    assert "nothing" not in rules.CATALOG
    assert rules.CATALOG.get("nothing") is None


WRONG = [{"length": -1}, {"length": 2.5}, {"length": True}, {"lenght": 3}, {"slope": -0.1}]


@pytest.mark.parametrize("parameters", WRONG)
def test_wrong_task_parameters_are_refused(parameters):
    with pytest.raises(DeclarationError, match="sequence_copy"):
        tasks.CATALOG["sequence_copy"].with_defaults(parameters)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("velocity", {"thrust": 1.0}),
        ("velocity", {"drag": 0}),
        ("point_direction", {"steps": 0}),
        ("swimmer", {"unseen": 2}),
        ("cart_pole", {"steps": 50}),
        ("reacher", {"fore": 0}),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(name, parameters):
    with pytest.raises(DeclarationError, match=f"{name}: .* must hold"):
        tasks.CATALOG[name].with_defaults(parameters)
    assert tasks.CATALOG[name].with_defaults({})


@pytest.mark.parametrize("value", [0, 1, 0.5])
def test_a_slope_may_be_any_number(value):
    assert tasks.CATALOG["sequence_copy"].with_defaults({"slope": value})["slope"] == value
