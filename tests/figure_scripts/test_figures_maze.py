"""Figures of the T-maze and of few-shot characters: what they collect, and that they draw it."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from figure_scripts.test_figures import assert_readable, scores, texts

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.experiment.runner import Runner
from neuromodels.measures.examine import examine_solutions
from neuromodels.report.figures import load_script
from neuromodels.search.plan import SearchPlan
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

ROOT = Path(__file__).parents[2]
BLOCK = {"per": "block", "sigma": 0.5}
SMALL = Study(
    name="t_maze",
    task=TaskChoice("t_maze", {"cues": 3, "delay": 50}),
    rule=RuleChoice(
        "three_factor",
        {"pairs": "rates", "contrast": "group"},
        {"w": BLOCK, "a_lead": {"per": "projection"}, "a_lag": {"per": "projection"}},
    ),
    circuit=CircuitChoice(hidden=0, readout="leaky_readout", modulated_by="all"),
    seeds=(1, 2),
    conditions=("plastic",),
    search=SearchPlan(candidates=4, trials=4, generations=2),
    test=TestPlan(trials=20, every=2, curve_trials=10, archive=0, finalists=1),
    device=DeviceChoice(threads=1),
)
ADDITIVE = replace(
    SMALL,
    name="t_maze_additive",
    seeds=(1,),
    conditions=("plastic",),
    rule=replace(SMALL.rule, options={"pairs": "rates", "contrast": "none"}),
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mazes")
    for study in (SMALL, ADDITIVE):
        with Store(folder / study.name, study.to_table(), study.digest) as store:
            assert Runner(study, store).run()
    return [StoredRun(folder / study.name) for study in (SMALL, ADDITIVE)]


def test_the_episode_is_the_recorded_one(runs):
    script = load_script("maze_trial", ROOT)
    episode = script.collect(runs[:1])
    found = runs[0].recording("plastic", episode.seed)
    assert episode.sides.sum() == 10
    w = found["input_output.w"]
    left = np.flatnonzero(episode.sides)
    np.testing.assert_allclose(
        episode.weights[0], (w[2 * left] - w[2 * left + 1]).mean(axis=0), atol=1e-12
    )
    np.testing.assert_allclose(episode.modulation, np.tanh(found["output.modulation"]))
    assert episode.trial == pytest.approx(0.65)
    assert found["t"].size == 2 * 130
    figure = script.draw(episode)
    assert_readable(figure, 85)
    assert {"time (s)", "eligibility"} <= {text.get_text() for text in texts(figure)}


def test_an_episode_of_two_runs_is_refused(runs):
    with pytest.raises(NeuromodelsError, match="draws one run"):
        load_script("maze_trial", ROOT).collect(runs)


def test_sweeps_are_those_that_were_measured(runs):
    script = load_script("maze_sweeps", ROOT)
    with pytest.raises(RunNotFound, match=r"task\.training="):
        script.collect(runs)
    examine_solutions(runs[0], "transfer", 10, vary=["task.training=1"], only=["plastic"])
    table = examine_solutions(runs[0], "transfer", 10, vary=["task.cues=3,5"], only=["plastic"])
    maze = script.collect(runs)
    values, spread, searched = maze.sweeps["cues"]
    assert (values.tolist(), searched) == ([3, 5], 3)
    five = [row["value"] for row in table["rows"] if row["quantity"].startswith("cues 5")]
    assert spread.each[:, 1].tolist() == pytest.approx(five[:2])
    assert list(maze.finals) == ["plastic", "additive"]
    (additive,) = scores(runs[1], "final", "plastic").values()
    assert maze.finals["additive"].seeds.tolist() == additive
    figure = script.draw(maze)
    assert_readable(figure, 85)
    assert {"training trials", "no\ncontrast"} <= {text.get_text() for text in texts(figure)}


def test_shots_stand_beside_the_nearest_class(runs):
    script = load_script("few_shot", ROOT)
    with pytest.raises(NeuromodelsError, match="draws runs of few_shot"):
        script.collect(runs[:1])
    scored = load_script("maze_sweeps", ROOT).scores_of(runs[0])[1]
    load_script("few_shot", ROOT)  # brings figures/ onto the path
    nearest = import_module("figures.shared.few_shot").stored_nearest("held out", 5)
    assert nearest.shape == (5,)
    assert 0.5 < np.median(nearest) < 1
    figure = script.draw([script.Shots(1, scored), script.Shots(5, scored)])
    assert_readable(figure, 85)
    assert "5 classes, 5 examples of each" in {text.get_text() for text in texts(figure)}
