"""The figure of the task family: what it collects from a run, and how it orders its rows."""

from pathlib import Path

import numpy as np
import pytest
from figure_scripts.test_figures import assert_readable

from neuromodels.errors import NeuromodelsError, RunNotFound
from neuromodels.experiment.runner import Runner
from neuromodels.files import read_arrays
from neuromodels.measures.examine import examine_solutions
from neuromodels.measures.kept import measure_path
from neuromodels.report.figures import load_script
from neuromodels.search.plan import SearchPlan
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.study import TestPlan
from neuromodels.tasks.family.family import NAMES
from tests.tasks.family.test_family import study_of

ROOT = Path(__file__).parents[2]
SCRIPT = load_script("family_transfer", ROOT)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    study = study_of(options={"tasks": "match", "withheld": "go"}, trials=4, spread=0)
    small = {
        "search": SearchPlan(candidates=4, trials=2, generations=1),
        "test": TestPlan(trials=4, every=1, curve_trials=4, archive=0, finalists=1),
    }
    study = type(study)(**{**vars(study), **small, "name": "family", "seeds": (1, 2)})
    folder = tmp_path_factory.mktemp("family") / "run"
    with Store(folder, study.to_table(), study.digest) as store:
        assert Runner(study, store).run()
    return StoredRun(folder)


def test_a_row_has_the_measured_scores_of_every_task(run):
    with pytest.raises(RunNotFound, match="measure members was not made"):
        SCRIPT.collect([run])
    examine_solutions(run, "members", 28)
    found = SCRIPT.collect([run])
    assert found.rows == ("match",)
    assert found.seeds == (2, 2)
    each = [read_arrays(measure_path(run, "members-plastic", seed))["scores"] for seed in (1, 2)]
    np.testing.assert_allclose(found.scores[0], np.mean([s.mean(axis=1) for s in each], axis=0))
    assert_readable(SCRIPT.draw(found), 170)


def test_rows_are_named_by_what_was_searched():
    every = " ".join(NAMES)
    assert SCRIPT.label_of({"tasks": "go", "withheld": "match recall"}, "plastic") == "only_go"
    assert SCRIPT.label_of({"tasks": "", "withheld": "go"}, "plastic") == "without_go"
    assert SCRIPT.label_of({"tasks": every, "withheld": ""}, "plastic") == "half with go"
    assert SCRIPT.label_of({"tasks": "", "withheld": ""}, "plastic") == "all"
    assert SCRIPT.label_of({"tasks": "", "withheld": ""}, "unmodulated") == SCRIPT.UNMODULATED


def test_the_row_of_all_other_tasks_is_made_of_rules_that_never_saw_the_column():
    found = {f"without_{name}": dict.fromkeys(NAMES, np.zeros(3)) for name in ("go", "match")}
    found["without_go"] |= {"go": np.array([0.1, 0.3, 0.2])}
    matrix = SCRIPT.matrix_of(found)
    row = matrix.scores[matrix.rows.index(SCRIPT.OTHERS)]
    assert row[NAMES.index("go")] == 0.2
    assert row[NAMES.index("match")] == 0
    assert np.isnan(row[NAMES.index("recall")])


def test_runs_of_other_tasks_are_refused():
    class Other:
        study = type("S", (), {"task": type("T", (), {"name": "cue_bandit"})})

    with pytest.raises(NeuromodelsError, match="draws runs of family"):
        SCRIPT.collect([Other()])
