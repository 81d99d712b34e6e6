"""A run: what is evaluated, what is stored, and that stopping it changes nothing."""

import json
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import killed_run
import numpy as np
import pytest
from fake_experiment import TABLE, TARGET, FakeExperiment, catalogs, fake_recording

from neuromodels.experiment.events import GenerationDone, Notice, Scored, SearchStarted
from neuromodels.experiment.runner import Runner
from neuromodels.seeding import trial_streams
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import study_of

WALL_TIMES = {"seconds", "optimizer_share", "instances_per_second"}


def run(
    folder,
    build=FakeExperiment,
    record=fake_recording,
    listener=None,
    stop=lambda: False,
    **changes,
):
    """Run the fake study; return whether it finished, and its events."""
    events = []
    study = study_of({**TABLE, **changes}, "table", catalogs())

    def listen(event):
        events.append(event)
        if listener:
            listener(event)

    with Store(folder, study.to_table(), study.digest) as store:
        runner = Runner(study, store, build=build, record=record, listener=listen, stop=stop)
        return runner.run(), events


def numbers(folder):
    """Return every stored number except wall times."""
    found = {}
    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        connection.row_factory = sqlite3.Row
        for table in ("generations", "tests", "runs"):
            rows = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4").fetchall()
            kept = [{k: row[k] for k in row.keys() if k not in WALL_TIMES} for row in rows]  # noqa: SIM118
            found[table] = kept
    connection.close()
    kept = ("solutions", "recordings", "centres")
    for path in sorted(path for name in kept for path in folder.glob(f"{name}/*.npz")):
        with np.load(path) as arrays:
            place = f"{path.parent.name}/{path.name}"
            found[place] = {name: arrays[name].tobytes() for name in arrays.files}
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "undisturbed"
    finished, _ = run(folder)
    assert finished
    return numbers(folder)


def test_every_condition_and_seed_gets_one_final_score(undisturbed):
    final = [(t["condition"], t["seed"]) for t in undisturbed["tests"] if t["kind"] == "final"]
    assert sorted(final) == sorted((c, s) for c in TABLE["conditions"] for s in TABLE["seeds"])
    assert all(row["status"] == "finished" for row in undisturbed["runs"])


def test_the_search_searches(tmp_path):
    options = {"learning_rate": 0.05}
    search = {"candidates": 32, "trials": 4, "generations": 150, "options": options}
    run(tmp_path, search=search, conditions=["plastic"], seeds=[1])
    with np.load(tmp_path / "solutions" / "plastic-seed1.npz") as solution:
        assert np.linalg.norm(solution["vector"] - TARGET) < 0.5 * np.linalg.norm(TARGET)
        assert solution["names"].tolist() == ["input_hidden.A", "hidden_output.A"]


def test_candidates_and_centre_share_streams_across_conditions(tmp_path):
    made = []

    def build(study, condition):
        made.append(FakeExperiment(study, condition))
        return made[-1]

    run(tmp_path, build, seeds=[1], conditions=["plastic", "fixed"])
    plastic, fixed = made
    assert len(made) == 2
    for generation in range(3):
        xs, streams = plastic.calls[generation]
        assert xs.shape == (9, 6)
        assert streams.tolist() == trial_streams(1, 4, "search", generation).tolist()
        assert streams.tolist() == fixed.calls[generation][1].tolist()
    assert np.array_equal(plastic.calls[0][0][-1], np.zeros(6))


def test_experiments_are_built_once_and_shared_by_seeds(tmp_path):
    made = []

    def build(study, condition):
        made.append(condition)
        return FakeExperiment(study, condition)

    run(tmp_path, build)
    assert made == ["plastic", "fixed", "frozen", "reset"]


def test_unseen_goals_test_each_search_s_own_solution_on_equal_streams(tmp_path):
    made = {}

    def build(study, condition):
        made[condition] = FakeExperiment(study, condition)
        return made[condition]

    run(tmp_path, build, seeds=[1], conditions=["unseen", "unseen_fixed"])
    assert list(made) == ["plastic", "fixed", "unseen", "unseen_fixed"]
    streams = {condition: each.calls[-1][1].tolist() for condition, each in made.items()}
    for condition, search in (("unseen", "plastic"), ("unseen_fixed", "fixed")):
        with np.load(tmp_path / "solutions" / f"{search}-seed1.npz") as solution:
            assert np.array_equal(made[condition].calls[-1][0], solution["vector"][None])
        assert streams[condition] == streams[search] == streams["plastic"]


def test_final_scores_use_streams_nobody_has_seen(tmp_path):
    made = []

    def build(study, condition):
        made.append(FakeExperiment(study, condition))
        return made[-1]

    run(tmp_path, build, seeds=[1], conditions=["plastic"])
    parts = [streams for xs, streams in made[0].calls]
    seen, final = np.concatenate(parts[:-1]), parts[-1]
    assert final.size == 200
    assert not set(final.tolist()) & set(seen.tolist())
    xs = made[0].calls[-2][0]
    assert len(xs) == 2 or len(xs) == 3, "two finalists, and the last centre if it is not one"


def test_large_tests_are_evaluated_in_parts(tmp_path):
    made = []

    def build(study, condition):
        made.append(FakeExperiment(study, condition))
        return made[-1]

    test = {**TABLE["test"], "trials": 20000}
    run(tmp_path, build, seeds=[1], conditions=["plastic"], test=test)
    assert max(len(xs) * len(streams) for xs, streams in made[0].calls) <= 8192


def test_failed_instances_rank_last_and_are_counted(tmp_path):
    fails = partial(FakeExperiment, fails=0.05)
    _, events = run(tmp_path, fails, seeds=[1], conditions=["plastic"])
    records = [event.record for event in events if isinstance(event, GenerationDone)]
    assert sum(record.failures for record in records) > 0
    assert all(record.best_loss is None or record.best_loss < 10 for record in records)
    assert all(record.mean_loss is None or record.mean_loss < 10 for record in records)


def test_a_run_in_which_everything_fails_still_ends(tmp_path):
    fails = partial(FakeExperiment, fails=-9)
    finished, events = run(tmp_path, fails, seeds=[1], conditions=["plastic", "random"])
    assert finished
    final = [e.record for e in events if isinstance(e, Scored) and e.record.kind == "final"]
    assert [record.score for record in final] == [0.0, 0.0]
    assert [record.loss for record in final] == [None, None]


def test_stopping_and_going_on_gives_the_same_numbers(tmp_path, undisturbed):
    finished, rounds = False, 0
    while not finished:
        seen = []
        finished, _ = run(tmp_path, listener=seen.append, stop=lambda seen=seen: len(seen) > 8)
        rounds += 1
    assert rounds > 3
    assert numbers(tmp_path) == undisturbed


@pytest.mark.parametrize("name", ["nsga2", "nsga3", "moead"])
def test_a_search_for_several_goals_is_stopped_and_goes_on(tmp_path, name):
    """It is told the goals themselves, and its front is the run's."""
    goals = {"pareto": True, "terms": {"loss": {}, "rate": {}}}
    search = {**TABLE["search"], "optimizer": name}
    changes = {"seeds": [1], "conditions": ["plastic"], "objective": goals, "search": search}
    run(tmp_path / "whole", **changes)
    asked = iter([False] * 5 + [True])
    assert not run(tmp_path / "parts", stop=lambda: next(asked, False), **changes)[0]
    run(tmp_path / "parts", **changes)
    assert numbers(tmp_path / "parts") == numbers(tmp_path / "whole")
    with np.load(tmp_path / "whole" / "solutions" / "plastic-seed1.npz") as solution:
        assert solution["front_losses"].shape[1] == 2


def test_centres_are_kept_at_every_test_point(tmp_path):
    asked = []

    class Watched(FakeExperiment):
        def evaluate(self, xs, streams):
            asked.append(xs[-1].copy())  # the centre is the last one of a generation
            return super().evaluate(xs, streams)

    run(tmp_path, build=Watched, seeds=[1], conditions=["plastic"])
    found = StoredRun(tmp_path).centres("plastic", 1)
    assert found["generations"].tolist() == [0, 4, 8, 12]
    np.testing.assert_array_equal(found["centres"][0], asked[0].astype(np.float32))
    # after four generations comes the test of the centre, then the generation it begins
    np.testing.assert_array_equal(found["centres"][1], asked[4].astype(np.float32))
    np.testing.assert_array_equal(asked[4], asked[5])


def test_a_finished_run_ends_with_one_recorded_trial_per_seed(tmp_path):
    asked = []

    def record(study, condition, vector, stream):
        asked.append((condition, vector.tolist(), stream))
        return fake_recording(study, condition, vector, stream)

    run(tmp_path, record=record)
    for number, seed in enumerate(TABLE["seeds"]):
        condition, vector, stream = asked[number]
        with np.load(tmp_path / "solutions" / f"plastic-seed{seed}.npz") as solution:
            assert vector == solution["vector"].tolist()
        assert (condition, stream) == ("plastic", trial_streams(seed, 1, "recording")[0])
        assert (tmp_path / "recordings" / f"plastic-seed{seed}.npz").is_file()
    assert len(asked) == len(TABLE["seeds"])


def test_a_damaged_recording_is_made_again(tmp_path, undisturbed):
    run(tmp_path)
    (tmp_path / "recordings" / "plastic-seed1.npz").write_bytes(b"")
    run(tmp_path)
    assert numbers(tmp_path) == undisturbed


def test_without_plasticity_nothing_is_recorded(tmp_path):
    run(tmp_path, seeds=[1], conditions=["fixed"], record=None)
    assert not list((tmp_path / "recordings").iterdir())


def test_a_finished_run_is_not_built_again(tmp_path):
    run(tmp_path, seeds=[1])
    finished, events = run(tmp_path, build=None, record=None, seeds=[1])
    assert finished
    assert events == []


def test_seeds_added_later_change_nothing(tmp_path, undisturbed):
    run(tmp_path, seeds=[1])
    run(tmp_path, seeds=[2])
    assert numbers(tmp_path) == undisturbed


def test_a_damaged_checkpoint_falls_back_to_the_same_numbers(tmp_path, undisturbed):
    seen = []
    run(tmp_path, listener=seen.append, stop=lambda: len(seen) > 8)
    path = tmp_path / "checkpoints" / "plastic-seed1.npz"
    path.write_bytes(path.read_bytes()[:100])
    _, events = run(tmp_path)
    assert any(isinstance(e, Notice) and "cannot be read" in e.text for e in events)
    start = next(event for event in events if isinstance(event, SearchStarted))
    assert start.start > 0
    assert numbers(tmp_path) == undisturbed


def test_a_damaged_solution_is_made_again(tmp_path, undisturbed):
    run(tmp_path)
    (tmp_path / "solutions" / "plastic-seed1.npz").write_bytes(b"")
    run(tmp_path)
    assert numbers(tmp_path) == undisturbed


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Return a function that runs in a process of its own and returns whether it was killed."""
    tests, words = Path(__file__).parents[1], tmp_path_factory.mktemp("killed") / "words"
    with (
        open(words, "w") as file,
        subprocess.Popen(
            [sys.executable, killed_run.__file__],
            env={"PYTHONPATH": f"{tests}:{tests.parent}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        ) as lives,
    ):

        def run_on(folder, *where):
            print(json.dumps([str(folder), *where]), file=lives.stdin, flush=True)
            ended = int(lives.stdout.readline())
            assert ended in (0, -9), words.read_text()
            return ended == -9

        yield run_on


@pytest.mark.parametrize(
    "where", [("evaluate", 1), ("evaluate", 7), ("evaluate", 16), ("evaluate", 17)], ids=str
)
def test_killed_while_evaluating_gives_the_same_numbers(tmp_path, undisturbed, killed, where):
    assert killed(tmp_path, *where)
    assert not killed(tmp_path)
    assert numbers(tmp_path) == undisturbed


#: Long lives are few; `make strain` ends them much more often.
LIVES = [("store", 22), ("durable", 36)]
MORE_LIVES = [
    pytest.param(*each, marks=pytest.mark.strain) for each in [("store", 15), ("durable", 25)]
]


@pytest.mark.parametrize(("kind", "first"), [*LIVES, *MORE_LIVES])
def test_killed_anywhere_while_storing_gives_the_same_numbers(
    tmp_path, undisturbed, killed, kind, first
):
    # each life is long enough for some generations, and each ends elsewhere in one
    lives = 0
    while killed(tmp_path, kind, first + lives % 9):
        lives += 1
        assert lives < 60
    assert lives > 3
    assert numbers(tmp_path) == undisturbed
