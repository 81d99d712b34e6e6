"""A stored study is the study that was stored, whatever has become of the files it names."""

import json
from pathlib import Path

import pytest

from neuromodels.study.stored import stored_study
from neuromodels.study.study import CircuitChoice, RuleChoice, Study, TaskChoice, TestPlan
from neuromodels.study.sweep import Sweep, read_declared

STUDIES = sorted((Path(__file__).parents[2] / "studies").glob("*.toml"))


def studies_in(path):
    declared = read_declared(path)
    return [each.study for each in declared.settings] if isinstance(declared, Sweep) else [declared]


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_comes_back_as_it_was(path):
    for study in studies_in(path):
        table = json.loads(json.dumps(study.to_table()))
        again = stored_study(table)
        assert again == study
        assert again.digest == study.digest
        assert json.loads(json.dumps(again.to_table())) == table


def test_keys_that_came_later_have_their_defaults():
    table = {
        "name": "old",
        "seeds": [1, 2],
        "task": {"name": "sequence_copy", "length": 3},
        "rule": {"name": "pdlf", "pdp_side": "post", "coefficients": {"A": {"per": "synapse"}}},
        "circuit": {"hidden": 8},
    }
    assert stored_study(table) == Study(
        name="old",
        seeds=(1, 2),
        task=TaskChoice("sequence_copy", {"length": 3}),
        rule=RuleChoice("pdlf", {"pdp_side": "post"}, {"A": {"per": "synapse"}}),
        circuit=CircuitChoice(hidden=8),
    )


def test_keys_of_a_later_version_are_left_out():
    table = {
        "name": "new",
        "task": {"name": "sequence_copy"},
        "rule": {"name": "pdlf", "coefficients": {}},
        "test": {"trials": 5, "colour": "red"},
        "weather": {"rain": True},
    }
    assert stored_study(table).test == TestPlan(trials=5)


def test_names_of_files_that_are_gone_are_kept():
    table = {
        "name": "gone",
        "task": {"name": "/gone/task.py:MINE", "hills": 3},
        "rule": {"name": "/gone/rule.py:MINE", "form": "odd", "coefficients": {}},
        "contents": {"rule.name": "0123"},
    }
    study = stored_study(table)
    assert study.task == TaskChoice("/gone/task.py:MINE", {"hills": 3})
    assert study.rule == RuleChoice("/gone/rule.py:MINE", {"form": "odd"}, {})
    assert study.contents == {"rule.name": "0123"}
