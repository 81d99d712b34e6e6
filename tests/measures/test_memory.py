"""Where a sequence is held, on networks whose answer is known; and the command that asks."""

import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from neuromodels import tasks
from neuromodels.cli import main
from neuromodels.errors import DeclarationError, NeuromodelsError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.runner import Runner
from neuromodels.measures import Solution
from neuromodels.measures.examine import examine_solutions
from neuromodels.measures.memory import memory_of
from neuromodels.report.measures import measure_table
from neuromodels.search.plan import SearchPlan
from neuromodels.seeding import generator, trial_streams
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

STUDY = Study(
    name="small",
    task=TaskChoice("sequence_copy", {"length": 3, "latency": 2}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=8),
    conditions=("plastic", "fixed"),
    search=SearchPlan(candidates=8, trials=4, generations=3),
    test=TestPlan(trials=50, every=2, curve_trials=20, archive=0),
    device=DeviceChoice(dtype="float64", threads=1),
)
STREAMS = trial_streams(5, 40)


def solution_of(vector, streams):
    """Return a plastic solution of the study."""
    return Solution(STUDY, "plastic", vector, streams, 1)


@pytest.fixture(scope="module")
def vector():
    dimension = Experiment(STUDY).dimension
    return 0.5 * generator(1, "vectors").standard_normal(dimension)


def test_trials_left_alone_are_those_of_the_experiment(vector):
    found = memory_of(solution_of(vector, STREAMS))
    scores = Experiment(STUDY).evaluate(vector[None], STREAMS).scores[0]
    np.testing.assert_allclose(found.own.mean(axis=1), scores)


def test_weights_of_a_trial_with_the_same_bits_change_nothing(vector):
    found = memory_of(solution_of(vector, np.repeat(STREAMS[:1], 6)))
    np.testing.assert_array_equal(found.donor, found.own)
    np.testing.assert_array_equal(found.recipient, found.own)


def test_exchanged_weights_are_those_of_the_next_trial(vector):
    """The last trial gets the first one's; a trial of the same bits cannot tell."""
    streams = np.array([STREAMS[0], STREAMS[1], STREAMS[0], STREAMS[1]])
    found = memory_of(solution_of(vector, streams))
    np.testing.assert_array_equal(found.donor[0], found.donor[2])
    np.testing.assert_array_equal(found.donor[1], found.donor[3])
    assert not np.array_equal(found.donor, found.recipient), "the bits differ"


def test_a_rule_that_does_nothing_leaves_nothing_to_read(vector):
    found = memory_of(solution_of(np.zeros_like(vector), trial_streams(6, 300)))
    assert found.decoding.reason == "3 of 3 not decoded: the states never differ"
    assert not found.own.all()


def test_a_task_without_a_delay_is_refused(monkeypatch, vector):
    task = replace(tasks.CATALOG["sequence_copy"], delay=())
    monkeypatch.setitem(tasks.CATALOG._members, "sequence_copy", task)
    with pytest.raises(DeclarationError, match=r"sequence_copy\.delay: must be declared"):
        memory_of(solution_of(vector, STREAMS))


def test_a_task_that_asks_otherwise_is_refused(monkeypatch, vector):
    task = replace(tasks.CATALOG["sequence_copy"], steps="prelude + 2*length + latency + 1")
    monkeypatch.setitem(tasks.CATALOG._members, "sequence_copy", task)
    with pytest.raises(DeclarationError, match=r"one item in each step.*got '?4 steps, 3 items"):
        memory_of(solution_of(vector, STREAMS))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    with Store(folder, STUDY.to_table(), STUDY.digest) as store:
        assert Runner(STUDY, store).run()
    return folder


def test_a_measure_is_kept_in_the_run(finished, capsys):
    assert main(["measure", str(finished), "memory", "--trials", "60", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    own = next(row for row in found["rows"] if row["quantity"] == "recall, trials left alone")
    assert own["low"] <= own["value"] <= own["high"]
    with np.load(finished / "measures" / "memory-plastic-seed1.npz") as kept:
        assert kept["own"].shape == (60, 3)
        assert kept["own"].mean() == pytest.approx(own["value"])
    read = {row["quantity"]: row for row in found["rows"] if "folds" in row}
    label = "bits read from the weights after the delay"
    assert list(read) == [label, f"{label}, random-hash control", f"{label}, shuffled control"]
    assert read[label]["inputs"] == 8, "every sequence of three bits"
    bits = next(r for r in found["rows"] if r["quantity"] == "recall, trials left alone, in bits")
    assert 0 <= bits["value"] <= 3 * (2 * own["value"] - 1) + 0.3
    console = Console(record=True, width=120)
    console.print(measure_table(found))
    text = console.export_text()
    assert f"{own['value']:.3f}" in text
    assert "read by ridge, 8 inputs in 4 folds" in " ".join(text.split())
    with Store(finished, STUDY.to_table(), STUDY.digest) as store:
        assert Runner(STUDY, store).run(), "the folder is still the run's own"


def test_injuries_are_measured_for_every_search(finished, capsys):
    assert main(["measure", str(finished), "injury", "--trials", "40", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    by_condition = {
        condition: {r["quantity"]: r for r in found["rows"] if r["condition"] == condition}
        for condition in ("plastic", "fixed")
    }
    assert by_condition["plastic"].keys() == by_condition["fixed"].keys()
    with np.load(finished / "measures" / "injury-plastic-seed1.npz") as kept:
        assert kept["intact"].shape == (40, 8)
        assert kept["without_neurons"].shape == (5, 40)
        intact = by_condition["plastic"]["score, intact"]
        assert kept["intact"].sum(axis=1).mean() == pytest.approx(intact["value"])


def test_a_run_without_a_solution_is_one_message(tmp_path):
    with Store(tmp_path / "empty", STUDY.to_table(), STUDY.digest):
        pass
    with pytest.raises(NeuromodelsError, match="needs a finished search"):
        examine_solutions(StoredRun(tmp_path / "empty"), "memory")
