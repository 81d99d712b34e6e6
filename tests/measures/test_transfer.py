"""Stored solutions on other parameters of their task: the command, its table, its refusals."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from rich.console import Console

from neuromodels.cli import main
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.runner import Runner
from neuromodels.measures.transfer import Transfer
from neuromodels.report.measures import measure_table
from neuromodels.search.plan import SearchPlan
from neuromodels.seeding import trial_streams
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
    task=TaskChoice("sequence_copy", {"length": 2, "latency": 1, "slope": 0.5}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=6),
    seeds=(1, 2),
    conditions=("plastic", "reset", "random"),
    search=SearchPlan(candidates=8, trials=4, generations=2),
    test=TestPlan(trials=30, every=2, curve_trials=20, archive=0, random_rules=2),
    device=DeviceChoice(dtype="float64", threads=1),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    with Store(folder, STUDY.to_table(), STUDY.digest) as store:
        assert Runner(STUDY, store).run()
    return folder


@pytest.fixture(scope="module")
def asked(finished):
    return ["measure", str(finished), "transfer", "--trials", "40", "--json"]


@cache
def experiment_of(condition: str, latency: int) -> Experiment:
    """Return the network of a condition in a study of its own."""
    task = TaskChoice(STUDY.task.name, {**STUDY.task.parameters, "latency": latency})
    return Experiment(replace(STUDY, task=task), condition)


def expected(folder, condition: str, seed: int, latency: int) -> np.ndarray:
    vector = StoredRun(folder).solution("plastic", seed)["vector"]
    streams = trial_streams(seed, 40, "transfer")
    return experiment_of(condition, latency).evaluate(vector[None], streams).scores[0]


def test_scores_are_those_of_studies_with_these_parameters(finished, asked, capsys):
    assert main([*asked, "--vary", "task.latency=1,3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["condition"] for row in found["rows"]} == {"plastic", "reset"}
    for row in [row for row in found["rows"] if row["seed"] is not None]:
        latency = int(row["quantity"].removeprefix("latency "))
        scores = expected(finished, row["condition"], row["seed"], latency)
        assert row["value"] == pytest.approx(scores.mean())
        assert row["low"] <= row["value"] <= row["high"]
        name = f"transfer-latency-{row['condition']}-seed{row['seed']}.npz"
        with np.load(finished / "measures" / name) as kept:
            assert kept["latency"].tolist() == [1, 3]
            np.testing.assert_allclose(kept["scores"][[1, 3].index(latency)], scores)


def test_rows_without_a_seed_are_medians(asked, capsys):
    main([*asked, "--vary", "task.latency=1,3"])
    found = json.loads(capsys.readouterr().out)
    for row in [row for row in found["rows"] if row["seed"] is None]:
        same = [
            other["value"]
            for other in found["rows"]
            if (other["condition"], other["quantity"]) == (row["condition"], row["quantity"])
            and other["seed"] is not None
        ]
        assert row["value"] == pytest.approx(np.median(same))
        assert min(same) <= row["low"] <= row["high"] <= max(same)
    console = Console(record=True, width=120)
    console.print(measure_table(found))
    shown = console.export_text()
    assert "all seeds" in shown
    assert "seed 1" not in shown
    assert "latency 3" in shown


def test_several_parameters_make_all_combinations():
    transfer = Transfer(STUDY, ["task.latency=0,2", "task.slope=0.5", "task.length=1,3"])
    assert len(transfer.settings) == 4
    assert transfer.settings[1] == {"latency": 0, "slope": 0.5, "length": 3}
    assert transfer.labels[1] == "latency 0, slope 0.5, length 3"
    assert transfer.name == "latency-length", "what has one value is not in the name"


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (["task.patience=1"], "must begin with one of task.length, task.latency"),
        (["latency=1"], "must begin with one of"),
        (["task.latency=1", "task.latency=2"], "must begin with one of"),
        (["task.latency=1,,2"], "must list whole numbers"),
        (["task.latency=1.5"], "must list whole numbers"),
        (["task.slope=nan"], "must list numbers"),
        (["task.latency"], "must list whole numbers"),
        (["task.latency=-1"], "must be a whole number >= 0"),
        (["task.latency=" + ",".join(map(str, range(201)))], "at most 200 settings"),
        ([], "must say what is varied"),
    ],
)
def test_mistakes_are_one_message(asked, capsys, vary, said):
    assert main([*asked, *(word for text in vary for word in ("--vary", text))]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_only_some_conditions(asked, capsys):
    assert main([*asked, "--vary", "task.latency=1", "--only", "reset", "--replace"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["condition"] for row in found["rows"]} == {"reset"}
    assert main([*asked, "--vary", "task.latency=1", "--only", "random"]) == 2
    assert "must be one of plastic, fixed" in capsys.readouterr().err


def test_other_measures_vary_nothing(finished, capsys):
    command = ["measure", str(finished), "memory", "--vary", "task.latency=1"]
    assert main(command) == 2
    assert "goes with the measure transfer" in capsys.readouterr().err
