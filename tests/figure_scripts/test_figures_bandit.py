"""The figure of the cue bandit: what it collects from a run, and that it draws it."""

from pathlib import Path

import numpy as np
import pytest
from figure_scripts.test_figures import assert_readable, texts

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.experiment.runner import Runner
from neuromodels.files import read_arrays
from neuromodels.measures.examine import examine_solutions
from neuromodels.measures.kept import measure_path
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
SMALL = Study(
    name="cue_bandit",
    task=TaskChoice("cue_bandit"),
    rule=RuleChoice("three_factor", {"pairs": "rates"}),
    circuit=CircuitChoice(
        hidden=0, readout="leaky_readout", modulator="reward_modulator", modulated_by="all"
    ),
    seeds=(1, 2),
    conditions=("plastic",),
    search=SearchPlan(candidates=4, trials=2, generations=1),
    test=TestPlan(trials=4, every=1, curve_trials=4, archive=0, finalists=1),
    device=DeviceChoice(threads=1),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bandit") / "run"
    with Store(folder, SMALL.to_table(), SMALL.digest) as store:
        assert Runner(SMALL, store).run()
    return StoredRun(folder)


def test_trials_around_the_reversal_are_those_that_were_measured(run):
    script = load_script("bandit_reversal", ROOT)
    with pytest.raises(RunNotFound, match="measure yoked was not made"):
        script.collect([run])
    examine_solutions(run, "yoked", 6)
    found = script.collect([run])["three_factor"]
    arrays = read_arrays(measure_path(run, "yoked-plastic", 2))
    for name, spread in found.items():
        last = [row[turn - 1] for row, turn in zip(arrays[name], arrays["turn"], strict=True)]
        assert spread.each[1, script.REACH - 1] == pytest.approx(np.mean(last))
    figure = script.draw({"three_factor": found})
    assert_readable(figure, 170)
    assert {"three_factor", "its own rewards"} <= {text.get_text() for text in texts(figure)}
    with pytest.raises(NeuromodelsError, match="one run of cue_bandit for each rule"):
        script.collect([run, run])
