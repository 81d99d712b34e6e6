"""Figures of noisy cue association: what they collect from stored runs, and that they draw it."""

from dataclasses import replace
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
    name="cue_association",
    task=TaskChoice("cue_association", {"cues": 3, "delay": 20, "noise_spread": 4.0}),
    rule=RuleChoice("nm_oja", {}, {"w": BLOCK, "alpha": BLOCK}),
    circuit=CircuitChoice(
        hidden=4, neuron="lif", readout="leaky_readout", groups=2, plastic="input"
    ),
    seeds=(1, 2, 3),
    search=SearchPlan(candidates=8, trials=4, generations=4),
    test=TestPlan(trials=40, every=2, curve_trials=20, archive=0, finalists=1),
    device=DeviceChoice(threads=1),
)
FIXED = replace(
    SMALL, rule=RuleChoice("fixed", {"normalisation": "none"}, {"w": BLOCK}), seeds=(1,)
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cues")
    for name, study in (("nm_oja", SMALL), ("fixed", FIXED)):
        with Store(folder / name, study.to_table(), study.digest) as store:
            assert Runner(study, store).run()
    return [StoredRun(folder / name) for name in ("nm_oja", "fixed")]


def test_learning_shows_the_ledger_by_rule(runs):
    script = load_script("cue_learning", ROOT)
    found = script.collect(runs)
    assert list(found) == ["fixed", "nm_oja"], "in the paper's order"
    (final,) = scores(runs[0], "final", "plastic").values()
    assert found["nm_oja"].final.seeds.tolist() == final
    assert found["nm_oja"].final.median == np.median(final)
    assert found["nm_oja"].curve.generations.tolist() == [2, 4]
    figure = script.draw(found)
    assert_readable(figure, 85)
    shown = {text.get_text() for text in texts(figure)}
    assert {"SNN", "Neuromodulated SNN (Oja)", "NM-Oja", "generation"} <= shown


def test_the_trial_is_the_recorded_one(runs):
    script = load_script("cue_trial", ROOT)
    trial = script.collect(runs)
    assert (trial.rule, trial.seeds) == ("nm_oja", 3)
    found = runs[0].recording("plastic", trial.seed)
    solution = runs[0].solution("plastic", trial.seed)
    names, ends = solution["names"].tolist(), solution["stops"]
    alpha = solution["vector"][slice(8, 16)]
    g_0 = solution["vector"][ends[names.index("input_hidden.g_0")] - 1]
    assert (names[1], ends[1]) == ("input_hidden.alpha", 16)
    second = 10 * trial.group * 4 + np.add.outer(4 * np.arange(10), [2, 3]).ravel()
    rho = found["input_hidden.rho"][second].mean(axis=0)
    np.testing.assert_allclose(trial.plastic[1], alpha[2 * trial.group + 1] * rho, atol=1e-6)
    modulation = np.tanh(found["hidden.modulation"][:2].mean(axis=0) + g_0)
    np.testing.assert_allclose(trial.modulation[0], modulation, rtol=1e-5)
    assert trial.sides.shape == (3,)
    figure = script.draw(trial)
    assert_readable(figure, 85)
    assert "time (s)" in {text.get_text() for text in texts(figure)}


def test_sweeps_are_those_that_were_measured(runs):
    script = load_script("cue_sweeps", ROOT)
    with pytest.raises(RunNotFound, match="needs the measure transfer"):
        script.collect(runs)
    vary = ["task.delay=100,20,300", "task.noise_spread=0"]
    table = examine_solutions(runs[0], "transfer", 20, vary=vary)
    (sweep,) = script.collect(runs)
    assert (sweep.parameter, sweep.searched) == ("delay", (20.0, 20.0))
    values, spread = sweep.scores["nm_oja"]
    assert values.tolist() == [20, 100, 300], "sorted"
    measured_at = [r["value"] for r in table["rows"] if r["quantity"].startswith("delay 100,")]
    assert spread.each[:, 1].tolist() == pytest.approx(measured_at[:3])
    assert "fixed" not in sweep.scores
    figure = script.draw([sweep])
    assert_readable(figure, 85)
    assert "delay (s)" in {text.get_text() for text in texts(figure)}


def test_two_runs_of_a_rule_are_refused(runs):
    with pytest.raises(NeuromodelsError, match="draws one run of each rule"):
        load_script("cue_learning", ROOT).collect([runs[0], runs[0]])
