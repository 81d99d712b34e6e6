"""A study is a value: its digest changes with the science and with nothing else."""

from dataclasses import replace

import pytest
from fake_experiment import TABLE, catalogs
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.study.conditions import CONDITIONS, SEARCHED
from neuromodels.study.file import study_of
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
)


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
