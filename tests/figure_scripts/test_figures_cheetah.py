"""Figures of the runner: what they collect from runs of five rules and measures, and drawing."""

from pathlib import Path

import numpy as np
import pytest
from fake_experiment import FakeExperiment
from figure_scripts.test_figures import assert_readable, texts

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.experiment.runner import Runner
from neuromodels.report.figures import load_script
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.sweep import read_declared

ROOT = Path(__file__).parents[2]
RULES = ["fixed", "plastic_bcm", "plastic_oja", "nm_bcm", "nm_oja"]
SMALL = ("candidates=8", "generations=16")
CONDITIONS = np.array(["nominal", "one motor dead", "slope +5 degrees"])


@pytest.fixture(scope="module")
def settings():
    changes = [f"search.{each}" for each in SMALL] + ["test.trials=40", "seeds=[1,2]"]
    return read_declared(ROOT / "studies" / "halfcheetah_run.toml", changes).settings


@pytest.fixture(scope="module")
def runs(settings, tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("runner"), []
    for setting in settings:
        with Store(folder / setting.name, setting.study.to_table(), setting.study.digest) as store:
            made = Runner(setting.study, store, build=FakeExperiment, record=lambda *given: {})
            made.run()
        found.append(StoredRun(folder / setting.name))
    return found


@pytest.fixture(scope="module")
def learning():
    return load_script("cheetah_learning", ROOT)


@pytest.fixture(scope="module")
def novel():
    return load_script("cheetah_novel", ROOT)


def keep(run, seed, scores):
    (run.folder / "measures").mkdir(exist_ok=True)
    path = run.folder / "measures" / f"novel-plastic-seed{seed}.npz"
    np.savez(path, conditions=CONDITIONS, scores=np.array(scores))


def measured(runs):
    """Store that seed 1 keeps a half and all, and seed 2 a quarter and three quarters."""
    for run in runs:
        keep(run, 1, [[2.0, 4.0], [2.0, 1.0], [3.0, 3.0]])
        keep(run, 2, [[4.0, 4.0], [1.0, 1.0], [2.0, 4.0]])


def test_the_settings_are_the_five_conditions(settings):
    assert [setting.study.rule.name for setting in settings] == RULES
    budgets = {repr((s.study.search, s.study.test, s.study.task)) for s in settings}
    assert len(budgets) == 1


def test_curves_and_scores_of_each_rule(learning, runs):
    found = learning.collect(runs[::-1])
    assert list(found) == RULES
    for each in found.values():
        assert (each.curve.seeds, len(each.final.seeds), each.generations) == (2, 2, 16)
        assert each.curve.generations.tolist() == [8, 16]
        assert each.final.low <= each.final.median <= each.final.high


def test_gains_are_in_units_of_the_last_of_neuromodulated_oja(learning, runs):
    found = learning.collect(runs)
    unit = found["nm_oja"].curve.median[-1]
    fractions, gained = learning.gains(found)["fixed"]
    assert fractions.tolist() == [0, 0.5, 1]
    np.testing.assert_allclose(gained[1:], found["fixed"].curve.median / unit)
    assert gained[0] == 0
    assert learning.gains({"fixed": found["fixed"]}) == {}


def test_retention_is_that_of_the_arrays(novel, runs):
    measured(runs)
    found = novel.collect(runs)
    assert list(found) == RULES
    for kept in found.values():
        assert kept.conditions == ("mean of all", *CONDITIONS[1:])
        np.testing.assert_allclose(kept.retention, [[0.75, 0.5, 1], [0.5, 0.25, 0.75]])


def test_a_solution_that_does_not_run_has_nothing_to_keep(novel, runs):
    measured(runs)
    keep(runs[0], 1, [[-1.0, 0.5], [1.0, 1.0], [1.0, 1.0]])
    assert novel.collect(runs)["fixed"].retention.shape == (1, 3)
    keep(runs[0], 2, [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert list(novel.collect(runs)) == RULES[1:]
    with pytest.raises(RunNotFound, match="needs a solution that runs"):
        novel.collect(runs[:1])


def test_other_rules_and_rules_twice_are_refused(learning, runs):
    with pytest.raises(NeuromodelsError, match=r"one run of each of fixed.*got 'nm_oja in"):
        learning.collect([*runs, runs[-1]])


@pytest.mark.parametrize(("name", "width"), [("learning", 170), ("novel", 85)])
def test_both_are_readable_and_name_the_five(request, runs, name, width):
    measured(runs)
    script = request.getfixturevalue(name)
    figure = script.draw(script.collect(runs))
    assert_readable(figure, width)
    shown = {text.get_text() for text in texts(figure)}
    assert {"SNN", "plastic SNN (BCM)", "neuromodulated SNN (Oja)"} <= shown
    units = {"learning": "reward per step (m/s)", "novel": "return over nominal return"}
    assert units[name] in shown
