"""Every control condition: what it says of itself, and that it changes what it says it changes."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from neuromodels import rules, tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.embodied import experiment_of
from neuromodels.experiment.episodes import Episodes
from neuromodels.experiment.recording import embodied_recording, recording_of
from neuromodels.experiment.runner import Runner
from neuromodels.report.plotting.style import MARKS
from neuromodels.seeding import generator
from neuromodels.simulation.network.builder import circuit_of, network_of, rule_of, text_of
from neuromodels.study import conditions
from neuromodels.study.conditions import BUILT, CONDITIONS, SEARCHED, controlled
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks import WRITTEN

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "study_files.md"
DERIVED = [name for name in BUILT if name not in SEARCHED]
EVERY = pytest.mark.parametrize("condition", CONDITIONS.values(), ids=lambda c: c.name)


def study_for(name: str) -> Study:
    """Return a small study of the first task and rule that provide what a condition needs."""
    needs = CONDITIONS[name].needs

    def provides(declared: object, owner: str) -> bool:
        return needs is None or needs.owner != owner or needs.is_met(declared)

    task = next(t for t in WRITTEN if provides(t, "task"))
    rule = next(r for r in [rules.CATALOG["pdlf"], *rules.CATALOG.values()] if provides(r, "rule"))
    # a delay of no steps is none
    delay = {"latency": 3} if "latency" in task.parameters else {}
    return Study(
        name="small",
        task=TaskChoice(task.name, delay),
        rule=RuleChoice(rule.name),
        circuit=CircuitChoice(hidden=8, plastic="input"),
        device=DeviceChoice(dtype="float64", threads=1),
    )


@cache
def trial_of(name: str, condition: str) -> dict[str, np.ndarray]:
    """Return a trial of a condition, in the study for another, with coefficients at random."""
    study = study_for(name)
    dimension = circuit_of(study, condition).coefficients.dimension
    vector = 0.5 * generator(1, "vectors").standard_normal(dimension)
    return recording_of(study, condition, vector, stream=7)


@EVERY
def test_it_has_a_meaning_a_mark_and_a_search_that_exists(condition):
    assert condition.meaning
    assert condition.name in MARKS, "add to MARKS in neuromodels/report/plotting/style.py"
    assert MARKS[condition.name].label
    assert condition.search in ("", *SEARCHED)
    assert condition.network in ("", *BUILT)
    assert bool(condition.search) != bool(condition.network), "a solution, or a borrowed network"


def test_no_mark_is_left_of_a_condition_that_is_gone():
    assert set(MARKS) == set(CONDITIONS)


@pytest.mark.parametrize("name", BUILT[1:])
def test_its_network_differs_from_the_plastic_one_in_what_is_declared(name):
    study, plastic = study_for(name), CONDITIONS["plastic"]
    task = tasks.CATALOG[study.task.name]
    one, other = (controlled(task, study.task.parameters, c) for c in ("plastic", name))
    if CONDITIONS[name].weights == plastic.weights:
        assert one != other
        assert circuit_of(study, "plastic") == circuit_of(study, name)
    else:
        assert rule_of(study.rule, "plastic").is_plastic
        assert not rule_of(study.rule, name).is_plastic


@pytest.mark.parametrize("name", DERIVED)
def test_its_trial_differs_from_that_of_the_search_it_tests(name):
    """With the same coefficients and the same noise."""
    one, other = trial_of(name, CONDITIONS[name].search), trial_of(name, name)
    shared = set(one) & set(other)
    assert any(differ(one[key], other[key]) for key in shared), f"{name!r} changes nothing"


def differ(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two records differ by more than rounding."""
    # other equations for the same weights may round otherwise
    return one.shape != other.shape or not np.allclose(
        one, other, rtol=1e-9, atol=1e-9, equal_nan=True
    )


@pytest.mark.parametrize("name", [n for n in BUILT if CONDITIONS[n].weights == "fixed"])
def test_fixed_weights_stay_within_a_trial_and_plastic_ones_do_not(name):
    for condition, stays in (("plastic", False), (name, True)):
        weights = trial_of(name, condition)["input_hidden.w"]
        assert (np.ptp(weights, axis=1).max() < 1e-12) == stays


@pytest.mark.parametrize("name", [n for n in CONDITIONS if CONDITIONS[n].needs])
def test_a_study_without_what_it_needs_is_refused_with_the_name_of_the_field(name):
    study, needs = study_for(name), CONDITIONS[name].needs
    task = tasks.CATALOG[study.task.name]
    if needs.owner == "task":
        with pytest.raises(DeclarationError, match=rf"Task\.{task.name}\.{needs.field}: .*{name}"):
            controlled(replace(task, **{needs.field: type(getattr(task, needs.field))()}), {}, name)
    else:
        with pytest.raises(DeclarationError, match=rf"Rule\.pdlf\.{needs.field}: .*{name}"):
            circuit_of(replace(study, rule=RuleChoice("pdlf")), name)
    owner = task if needs.owner == "task" else rules.CATALOG[study.rule.name]
    assert CONDITIONS[name].problem(**{needs.owner: owner}) == ""
    wrong = CONDITIONS[name].problem(**{needs.owner: Bare()})
    assert f"'{needs.field}'" in wrong
    assert "'bare' declares none" in wrong


class Bare:
    """A task or rule that declares nothing but its name."""

    name = "bare"

    def __getattr__(self, field):
        return ""


@EVERY
def test_a_name_that_is_half_known_is_refused_with_the_nearest_one(condition):
    study, wrong = study_for("plastic"), f"{condition.name}_"
    asked = (
        lambda: rule_of(study.rule, wrong),
        lambda: circuit_of(study, wrong),
        lambda: controlled(tasks.CATALOG[study.task.name], {}, wrong),
        lambda: network_of(study, wrong, circuit_of(study, "plastic")),
        lambda: Experiment(study, wrong),
    )
    for ask in asked:
        with pytest.raises(DeclarationError, match=rf"got '{wrong}'\. Did you mean '\w+'\?") as it:
            ask()
        assert f"'{condition.name}'?" in str(it.value)


@pytest.mark.parametrize("name", [n for n in CONDITIONS if n not in BUILT])
def test_without_a_network_of_its_own_it_is_no_silent_copy_of_another(name):
    study, borrowed = study_for(name), CONDITIONS[name].network
    task = tasks.CATALOG[study.task.name]
    for ask in (Experiment, circuit_of, lambda s, c: controlled(task, {}, c)):
        with pytest.raises(DeclarationError, match=f"It runs in that of '{borrowed}'"):
            ask(study, name)


def test_the_table_of_the_documentation_lists_exactly_the_catalog():
    named = names_of_table(PAGE.read_text(encoding="utf-8"))
    assert len(named) == len(set(named))
    assert not set(CONDITIONS) - set(named), f"add its row to {PAGE}"
    assert not set(named) - set(CONDITIONS), f"{PAGE} has a row of a condition that is gone"


def test_every_condition_that_is_declared_stands_in_the_catalog():
    declared = {v.name for v in vars(conditions).values() if isinstance(v, conditions.Condition)}
    assert not declared - set(CONDITIONS), "add to CONDITIONS in neuromodels/study/conditions.py"


def names_of_table(text: str) -> list[str]:
    """Return the names in the first column of the table that has a row for ``plastic``."""
    tables = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    firsts = [[row.split("|")[1] for row in table.splitlines()] for table in tables]
    columns = [column for column in firsts if any("`plastic`" in cell for cell in column)]
    assert len(columns) == 1, "one table of conditions"
    return re.findall(r"`(\w+)`", " ".join(columns[0]))


def test_names_are_read_from_the_table_of_conditions_only():
    text = "| key | is |\n| --- | --- |\n| `x` | y |\n\ntext\n| c | `no` |\n| --- | --- |\n"
    assert names_of_table(text + "| `plastic` | `z` |\n| `M0`, `M1` | |\n") == [
        "plastic",
        "M0",
        "M1",
    ]


WAYS_IN = {
    "rule_of": lambda study, name: rule_of(study.rule, name),
    "circuit_of": circuit_of,
    "text_of": lambda study, name: text_of(study, name, circuit_of(study, "plastic")),
    "network_of": lambda study, name: network_of(study, name, circuit_of(study, "plastic")),
    "controlled": lambda study, name: controlled(tasks.CATALOG[study.task.name], {}, name),
    "Experiment": Experiment,
    "experiment_of": experiment_of,
    "recording_of": lambda study, name: recording_of(study, name, np.zeros(1), 1),
    "embodied_recording": lambda study, name: embodied_recording(study, name, np.zeros(1), 1),
    "Episodes": lambda study, name: Episodes(study, name, np.zeros(1), np.arange(2)),
    "Runner": lambda study, name: Runner(replace(study, conditions=("plastic", name)), None),
}
"""Where the name of a condition comes in."""


@pytest.mark.parametrize("way", WAYS_IN)
def test_an_unknown_condition_is_refused_wherever_it_comes_in(way):
    """It would run as another one, or not at all, without a word."""
    words = r"onditions?: must be one of plastic, .*'frozn'\. Did"
    with pytest.raises(DeclarationError, match=words):
        WAYS_IN[way](study_for("plastic"), "frozn")


@pytest.mark.parametrize("way", [way for way in WAYS_IN if way != "Runner"])
def test_a_condition_without_a_network_of_its_own_is_refused_too(way):
    with pytest.raises(DeclarationError, match="must have a network of its own; got 'random'"):
        WAYS_IN[way](study_for("plastic"), "random")
