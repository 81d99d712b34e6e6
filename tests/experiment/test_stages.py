"""A search in stages: each has its own task and trials, and stopping it changes nothing."""

import numpy as np
import pytest
from experiment.test_runner import numbers, run
from fake_experiment import TABLE, TARGET, FakeExperiment

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.events import Building, GenerationDone, Notice
from neuromodels.experiment.preflight import check_declared
from neuromodels.experiment.runner import Runner
from neuromodels.report.run import summary
from neuromodels.report.wording.stages import stages_text
from neuromodels.search.optimizers import make_optimizer
from neuromodels.seeding import seed_of, trial_streams
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import study_of

STAGES = [
    {"generations": 3, "trials": 2, "task": {"length": 2}},
    {"generations": 4, "trials": 2, "task": {"length": 3}},
    {"generations": 2, "trials": 3, "task": {}},
]
SEARCH = {**TABLE["search"], "stages": STAGES}
CASE = {"seeds": [1], "conditions": ["plastic", "reset"]}
STAGED = {**CASE, "search": SEARCH}


class OfLength(FakeExperiment):
    """Where the best vector lies depends on the length of the task."""

    def evaluate(self, xs, streams):
        return super().evaluate(xs + 0.1 * self.study.task.parameters["length"], streams)


def generations(folder, condition="plastic", seed=1):
    ledger = StoredRun(folder).ledger()
    rows = ledger.generations(condition, seed)
    ledger.close()
    return rows


def losses(rows):
    return [(row.centre_loss, row.best_loss, row.mean_loss) for row in rows]


def by_hand(stages, seed=1):
    """The search of stages as a plain loop; stages are length, trials, generations, is new."""
    optimizer, generation, found = None, 0, []
    centre = np.zeros(TARGET.size)
    for number, (length, trials, count, is_new) in enumerate(stages):
        if is_new:
            names = ("optimizer", "plastic", *(("stage", number) if number else ()))
            centre = optimizer.recommend() if optimizer else centre
            stream = seed_of(seed, *names) % 2**32
            optimizer = make_optimizer("pgpe", centre, np.full(6, 0.1), 8, stream)
        for _ in range(count):
            streams = trial_streams(seed, trials, "search", generation)
            centre, xs = optimizer.recommend(), optimizer.ask()
            shifted = np.vstack([xs, centre]) + 0.1 * length
            outcome = FakeExperiment(None).evaluate(shifted, streams)
            values = outcome.losses.mean(axis=1)
            optimizer.tell(xs, values[:-1])
            found.append((values[-1], values[:-1].min()))
            generation += 1
    return found, optimizer.recommend()


def test_stages_are_searches_one_after_the_other(tmp_path):
    run(tmp_path, OfLength, **STAGED)
    # lengths 2 and 3 and the own 4 begin anew; on more trials the optimizer goes on
    own = TABLE["search"]["generations"] - 9
    expected, centre = by_hand([(2, 2, 3, True), (3, 2, 4, True), (4, 3, 2, True), (4, 4, own, 0)])
    found = [(row.centre_loss, row.best_loss) for row in generations(tmp_path)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    finalists = StoredRun(tmp_path).solution("plastic", 1)
    last = finalists["finalists"][finalists["finalist_generations"] == 12][0]
    np.testing.assert_allclose(last, centre, rtol=1e-12)


def test_the_first_stage_is_a_plain_search_on_its_task(tmp_path):
    run(tmp_path / "staged", OfLength, **STAGED)
    alone = {**TABLE["search"], "generations": 3, "trials": 2}
    task = {**TABLE["task"], "length": 2}
    run(tmp_path / "alone", OfLength, **{**CASE, "search": alone, "task": task})
    assert losses(generations(tmp_path / "staged")[:3]) == losses(generations(tmp_path / "alone"))


def test_tests_are_on_the_task_of_the_study(tmp_path):
    made = {}

    def build(study, condition):
        made[condition, study.task.parameters["length"]] = OfLength(study, condition)
        return made[condition, study.task.parameters["length"]]

    run(tmp_path, build, **STAGED)
    tested = {length: [] for length in (2, 3, 4)}
    for (condition, length), experiment in made.items():
        if condition == "plastic":
            tested[length] = [len(streams) for _, streams in experiment.calls]
    assert tested[2] == [2] * 3
    assert tested[3] == [2] * 4
    assert set(tested[4]) == {3, 4, 32, 200}  # both own stages, test points, the last scores


def test_each_distinct_task_is_built_once(tmp_path):
    again = [*STAGES, {"generations": 1, "task": {"length": 2}}]
    search = {**SEARCH, "stages": again}
    _, events = run(tmp_path, OfLength, conditions=["plastic"], seeds=[1, 2], search=search)
    assert sum(isinstance(event, Building) for event in events) == 3
    assert [row["builds"] for row in summary(StoredRun(tmp_path))["searches"]] == [3, 3]


def test_a_line_tells_of_each_stage(tmp_path):
    _, events = run(tmp_path, OfLength, **STAGED)
    said = [event.text for event in events if isinstance(event, Notice)]
    assert said == [
        "plastic, seed 1: stage 2 of 4 begins at generation 3, on length 3, with 2 trials.",
        "plastic, seed 1: stage 3 of 4 begins at generation 7, on the task of the study, with"
        " 3 trials.",
        "plastic, seed 1: stage 4 of 4 begins at generation 9, on the task of the study, with"
        " 4 trials.",
    ]


@pytest.mark.parametrize("stop", [1, 3, 4, 7, 8, 9, 11])
def test_stopped_and_resumed_everything_is_the_same(tmp_path, stop):
    run(tmp_path / "at once", OfLength, **STAGED)
    done = 0

    def count(event):
        nonlocal done
        done += isinstance(event, GenerationDone)

    run(tmp_path / "stopped", OfLength, listener=count, stop=lambda: done >= stop, **STAGED)
    assert done == stop
    run(tmp_path / "stopped", OfLength, **STAGED)
    assert numbers(tmp_path / "stopped") == numbers(tmp_path / "at once")


def test_a_longer_search_is_the_shorter_one_gone_on_with(tmp_path):
    for total in (12, 16):
        search = {**SEARCH, "generations": total}
        run(tmp_path / "grown", OfLength, **{**STAGED, "search": search})
    run(tmp_path / "at once", OfLength, **{**STAGED, "search": {**SEARCH, "generations": 16}})
    assert numbers(tmp_path / "grown") == numbers(tmp_path / "at once")


def test_a_stage_with_other_coefficients_is_refused_before_anything_is_searched(tmp_path):
    made = []

    def build(study, condition):
        made.append(OfLength(study, condition))
        if study.task.parameters["length"] == 3:
            made[-1].slices = {"input_hidden.A": slice(0, 6)}
        return made[-1]

    with pytest.raises(DeclarationError, match=r"search\.stages: must have the coeff.*length.*3"):
        run(tmp_path, build, **STAGED)
    assert [experiment.calls for experiment in made] == [[], [], []]


def test_the_report_tells_the_stages(tmp_path):
    run(tmp_path, OfLength, **STAGED)
    found = summary(StoredRun(tmp_path))["stages"]
    assert found == [*STAGES, {"generations": 3, "trials": 4, "task": {}}]
    assert "4 stages: 3 generations of 2 trials on length 2; 4 " in stages_text(found)
    run(tmp_path / "plain", **CASE)
    assert summary(StoredRun(tmp_path / "plain"))["stages"] == []


# -- with compiled networks ---------------------------------------------------------------------

REAL = {
    "name": "real",
    "seeds": [1],
    "conditions": ["plastic"],
    "task": {"name": "sequence_copy", "length": 3, "latency": 1},
    "circuit": {"hidden": 4},
    "rule": {"name": "pdlf"},
    "search": {
        "candidates": 4,
        "trials": 3,
        "generations": 4,
        "stages": [{"generations": 2, "task": {"length": 2, "latency": 0}}],
    },
    "test": {"trials": 8, "every": 2, "curve_trials": 8},
    "device": {"threads": 1},
}


def test_a_compiled_network_of_each_task_is_searched(tmp_path):
    study = study_of(REAL, "table")
    assert check_declared(study) == [("", "plastic")]
    with Store(tmp_path, study.to_table(), study.digest) as store:
        assert Runner(study, store).run()
    easier = {**REAL, "task": {**REAL["task"], "length": 2, "latency": 0}}
    for row, table in zip(generations(tmp_path)[::3], (easier, REAL), strict=True):
        plain = {**REAL["search"], "stages": []}
        experiment = Experiment(study_of({**table, "search": plain}, "table"))
        streams = trial_streams(1, 3, "search", row.generation)
        if row.generation == 0:
            outcome = experiment.evaluate(experiment.centre[None], streams)
            assert row.centre_loss == outcome.losses.mean()
    assert [row.generation for row in generations(tmp_path)] == [0, 1, 2, 3]
