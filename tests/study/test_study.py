"""A study is a value: its digest changes with the science and with nothing else."""

import json
import re
import tomllib
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from fake_experiment import TABLE, catalogs
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.api import default_folder
from neuromodels.errors import StorageError
from neuromodels.store.checkpoints import Checkpoint
from neuromodels.store.store import Store, StoredRun
from neuromodels.store.sweeps import folder_of
from neuromodels.study.conditions import CONDITIONS, SEARCHED
from neuromodels.study.file import study_of
from neuromodels.study.schema import COEFFICIENT, SECTIONS, TERM
from neuromodels.study.stored import is_stored_as, stored_study
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
)
from neuromodels.tasks import CATALOG as TASKS


def study(**changes):
    return study_of({**TABLE, **changes}, "table", catalogs())


def test_digest_is_twelve_hex_digits():
    assert len(study().digest) == 12
    assert int(study().digest, 16) >= 0


@pytest.mark.parametrize("change", [{"name": "other"}, {"question": "why?"}, {"seeds": [7, 8, 9]}])
def test_digest_ignores_labels_and_seeds(change):
    assert study(**change).digest == study().digest


def test_digest_ignores_threads():
    base = study()
    assert replace(base, device=DeviceChoice(threads=2)).digest == base.digest


@pytest.mark.parametrize(
    "change",
    [
        {"conditions": ["plastic"]},
        {"circuit": {"hidden": 5}},
        {"task": {"name": "sequence_copy", "latency": 0}},
        {"rule": {"name": "pdlf", "pdp_side": "pre"}},
        {"rule": {"name": "pdlf", "coefficients": {"A": {"sigma": 0.05}}}},
        {"search": {**TABLE["search"], "trials": 5}},
        {"device": {"dtype": "float64"}},
    ],
)
def test_digest_follows_the_science(change):
    assert study(**change).digest != study().digest


def test_digest_ignores_what_older_studies_could_not_say():
    """Runs of releases without objectives and failures are still found."""
    small = Study(
        name="s",
        task=TaskChoice("sequence_copy", {"length": 3, "latency": 2}),
        rule=RuleChoice("pdlf"),
        circuit=CircuitChoice(hidden=8),
    )
    assert small.digest == "8098e56c5ff4"


@pytest.mark.parametrize(
    "change",
    [
        {"objective": {"terms": {"loss": {"weight": 2}}}},
        {"objective": {"terms": {"loss": {}, "rate": {"high": 9.0}}}},
        {"objective": {"terms": {"loss": {}, "rate": {}}, "pareto": True}},
        {"failures": {"nan": 10}},
        {"failures": {"highest_rate": 40}},
        {"search": {**TABLE["search"], "patience": 5}},
        {"test": {**TABLE["test"], "archive": 0}},
    ],
)
def test_digest_follows_objective_and_failures(change):
    assert study(**change).digest != study().digest


def test_digest_does_not_tell_whole_numbers_from_others():
    one = study(objective={"terms": {"loss": {"weight": 1}}}, failures={"nan": 1000000})
    assert one.digest == study().digest


# A study of the real catalogs that gives a number wherever a real one is meant.
WRITTEN = """
name = "x"
[task]
name = "target_rate"
goal = 5.0
[circuit]
inhibitory = 2
neuron = "lif"
probability = { XE = 1.0, II = 0.0 }
coefficients.bias = { default = 1.0, low = -2.0, high = 2.0, sigma = 3.0 }
[rule]
name = "fixed"
normalisation = "none"
coefficients.w = { default = 1.0, low = 0.0, high = 3.0, sigma = 2.0 }
[rules.IE]
name = "doublet"
coefficients.eta = { frozen = 1.0 }
[search]
options = { learning_rate = 1.0 }
target = 1.0
[test]
archive_margin = 1.0
[objective.terms.loss]
weight = 2.0
[objective.terms.rate]
low = 0.0
high = 2.0
[failures]
nan = 1.0
lowest_rate = 0.0
"""


def test_digest_does_not_tell_one_from_one_point_zero():
    """Each number in turn is written as a whole one, and one that is zero with a minus."""
    written = study_of(tomllib.loads(WRITTEN), "table")
    numbers = list(re.finditer(r"(?<= )-?[0-9]\.0\b", WRITTEN))
    assert len(numbers) == 20
    for number in numbers:
        for other in [number[0].removesuffix(".0"), *(["-0.0"] if number[0] == "0.0" else [])]:
            text = WRITTEN[: number.start()] + other + WRITTEN[number.end() :]
            again = study_of(tomllib.loads(text), "table")
            assert again.digest == written.digest, text[number.start() - 20 : number.end()]
            assert json.dumps(again.to_table()) == json.dumps(written.to_table())


def test_every_real_number_of_the_schema_has_one_form():
    """A kind that takes 0.5 takes 1 as 1.0; no other kind changes what is written."""
    kinds = [*chain(*(section.values() for section in SECTIONS.values())), *TERM.values()]
    kinds += [kind for key, kind in COEFFICIENT.items() if key != "frozen"]
    for kind in kinds:
        is_real = kind.holds(0.5)
        assert kind.is_real == is_real, kind.must
        assert repr(kind.value(1)) == ("1.0" if is_real else "1")


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_has_one_digest_for_one_meaning(name, tmp_path):
    parameters = TASKS[name].parameters
    known = {"file": str(tmp_path / "data.npz"), "environment": "CartPole-v1"}
    options = {key: known[key] for key in TASKS[name].options if key in known}
    if "environment" in options:
        pytest.importorskip("gymnasium", reason="Gymnasium is not installed")
    np.savez(tmp_path / "data.npz", inputs=np.ones((2, 3, 1)), labels=[0, 1])
    table = {"name": "x", "rule": {"name": "pdlf"}}
    reals = [key for key, value in parameters.items() if isinstance(value, float)]
    whole = {key: int(parameters[key]) for key in reals if parameters[key].is_integer()}
    one = study_of({**table, "task": {"name": name, **options}}, "table")
    two = study_of({**table, "task": {"name": name, **options, **whole}}, "table")
    assert two.digest == one.digest


def test_what_was_stored_before_is_known_by_its_numbers():
    study = study_of({**TABLE, "task": {"name": "sequence_copy", "slope": 1}}, "table")
    table = json.loads(json.dumps(study.to_table()))
    table["task"]["slope"] = 1
    before = stored_study(table).digest
    assert before != study.digest
    assert is_stored_as(table, before, study)
    for other in (
        {**table, "task": {**table["task"], "slope": 2}},
        {**table, "task": {**table["task"], "slope": True}},
        {**table, "task": {**table["task"], "more": 0}},
        {**table, "later": {"key": 1}},
        {**table, "search": {**table["search"], "later": 1}},
        {key: table[key] for key in table if key != "rule"},
        {**table, "rule": 3},
        {},
    ):
        assert not is_stored_as(other, "0" * 12, study)
    assert is_stored_as({**table, "seeds": [9], "name": "y"}, "0" * 12, study)


def test_a_run_with_numbers_as_they_were_written_goes_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = study_of({**TABLE, "task": {"name": "sequence_copy", "slope": 1}}, "table")
    table = json.loads(json.dumps(study.to_table()))
    table["task"]["slope"] = 1
    before = stored_study(table).digest
    with Store(Path("runs") / f"parabola-{before}", table, before) as store:
        store.checkpoint("plastic", 1, Checkpoint(0, {"m": np.zeros(2)}))
    assert default_folder(study) == Path("runs") / f"parabola-{before}"
    with Store(default_folder(study), study.to_table(), study.digest) as store:
        assert store.resume_point("plastic", 1)[0].optimizer["m"].size == 2
    run = StoredRun(default_folder(study))
    assert run.digest == before
    assert run.is_of(study)
    assert folder_of(Path("runs"), study, "any") == run.folder.name
    other = study_of({**TABLE, "task": {"name": "sequence_copy", "slope": 2}}, "table")
    assert default_folder(other) == Path("runs") / f"parabola-{other.digest}"
    with pytest.raises(StorageError, match="another study"):
        Store(run.folder, other.to_table(), other.digest).__enter__()


def test_digest_is_the_same_whether_defaults_are_written_or_not():
    written = {"name": "sequence_copy", "length": 4, "latency": 4}
    assert study(task=written).digest == study().digest
    reordered = list(reversed(TABLE["conditions"]))
    assert study(conditions=reordered).digest == study().digest


def test_derived_conditions_imply_the_search_whose_solution_they_test():
    assert study(conditions=["unseen_fixed"]).tested == ("fixed", "unseen_fixed")
    assert study(conditions=["unseen_fixed", "unseen"]).searched == ("plastic", "fixed")
    assert study(conditions=["reset"]).searched == ("plastic",)
    assert study(conditions=["random"]).searched == ()
    assert study(conditions=["reset", "fixed"]).tested == ("plastic", "fixed", "reset")


@settings(max_examples=30, deadline=None)
@given(
    seeds=st.lists(st.integers(0, 2**60), min_size=1, unique=True),
    conditions=st.lists(st.sampled_from(list(CONDITIONS)), min_size=1, unique=True),
    default=st.floats(-1, 1),
    low=st.one_of(st.just(float("-inf")), st.floats(-3, -1)),
    frozen=st.booleans(),
)
def test_a_study_survives_its_own_table(seeds, conditions, default, low, frozen):
    settings_of_a = {"default": default, "low": low, "frozen": frozen}
    made = study(
        seeds=seeds,
        conditions=conditions,
        rule={"name": "pdlf", "coefficients": {"A": settings_of_a}},
    )
    again = study_of(made.to_table(), "table", catalogs())
    assert again == made
    assert again.digest == made.digest
    assert set(made.searched) <= set(SEARCHED)
