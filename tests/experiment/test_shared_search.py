"""The same search in several settings of a sweep: made once, and what each would make itself."""

import json
import os
import shutil
import signal
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from conftest import STUDY
from fake_experiment import FakeExperiment

from neuromodels.experiment import runner
from neuromodels.files import read_arrays
from neuromodels.store import shared_search
from neuromodels.store.ledger import Ledger
from neuromodels.store.provenance import provenance
from neuromodels.store.store import Store, StoredRun

RULES = """
[sweep]
"rule.pdp_side" = ["post", "pre"]
"""
TEXT = STUDY.replace("small", "swept").replace('"random"', '"fixed", "random"') + RULES
FILES = ("solutions", "centres")
KEYS = ("condition", "seed", "kind", "generation")
COSTS = ("seconds", "optimizer_share", "instances_per_second", "source")
"""Columns that hold how long something took, and where it was done."""


@pytest.fixture
def swept(here, monkeypatch):
    # what Brian2 reads before the first search takes most of the time, and has tests of its own
    monkeypatch.setattr("neuromodels.experiment.preflight.check_declared", lambda declared: [])
    (here / "studies" / "swept.toml").write_text(TEXT)
    return here / "runs" / "swept-sweep"


@pytest.fixture
def searched(monkeypatch):
    """Count the searches that are made, by condition."""
    made = []

    class Counted(runner.Evolution):
        def run(self):
            made.append((self.condition, self.seed))
            super().run()

    monkeypatch.setattr(runner, "Evolution", Counted)
    return made


def settings_in(folder):
    """Return the run folders of a sweep, in its order."""
    stored = json.loads((folder / "sweep.json").read_text())["settings"]
    return [folder / each["folder"] for each in stored]


def rows_of(folder):
    """Return all rows of a ledger, without what they cost and where they come from."""
    found = {}
    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        connection.row_factory = sqlite3.Row
        for table in ("runs", "generations", "tests"):
            for row in map(dict, connection.execute(f"SELECT * FROM {table}")):
                place = [
                    row[key] for key in ("condition", "seed", "kind", "generation") if key in row
                ]
                found[table, *place] = {key: row[key] for key in row if key not in COSTS}
    connection.close()
    return found


def sources_of(folder):
    ledger = Ledger(folder / "ledger.sqlite", read_only=True)
    found = {(row.condition, row.seed): row.source for row in ledger.runs()}
    ledger.close()
    return found


def arrays_of(folder):
    """Return the bytes of all solutions and centres, and of the newest checkpoints' content.

    Which one is kept beside the newest depends on the time that generations took.
    """
    found = {}
    for path in sorted(each for name in FILES for each in (folder / name).glob("*.npz")):
        found[path.name, path.parent.name] = content_of(read_arrays(path))
    run = StoredRun(folder)
    with Store(folder, run.study.to_table(), run.digest) as store:
        for condition in ("plastic", "fixed"):
            for seed in run.study.seeds:
                newest = store.checkpoints.both(condition, seed, 100)[-1]
                parts = (newest.optimizer, newest.finalists, newest.kept)
                found[condition, seed] = newest.generation, *map(content_of, parts)
    return found


def content_of(arrays):
    return {name: (array.dtype.str, array.tobytes()) for name, array in arrays.items()}


def alone(said, number, name, *more):
    """Run one setting of the sweep as a study of its own; return its folder."""
    text = TEXT.replace('["post", "pre"]', f'["{("post", "pre")[number]}"]')
    Path("studies/alone.toml").write_text(text)
    assert said("run", "studies/alone.toml", "--out", name, *more)[0] == 0
    (folder,) = settings_in(Path(name))
    return folder


def assert_same(one, other):
    assert rows_of(one) == rows_of(other)
    assert arrays_of(one) == arrays_of(other)


def test_the_second_setting_takes_the_fixed_search_and_is_as_if_it_had_made_it(
    swept, said, searched
):
    code, out, err = said("run", "studies/swept.toml")
    assert (code, err) == (0, "")
    assert searched.count(("fixed", 1)) == searched.count(("fixed", 2)) == 1
    assert len(searched) == 2 * 2 + 2
    assert "fixed, seed 1: the same search as in pdp_side-post, taken from there." in out
    first, second = settings_in(swept)
    assert_same(second, alone(said, 1, "alone"))
    assert {source for key, source in sources_of(first).items()} == {"own"}
    assert {key for key, source in sources_of(second).items() if source != "own"} == {
        ("fixed", 1),
        ("fixed", 2),
    }
    kept = [{path.name for path in (each / "checkpoints").iterdir()} for each in (first, second)]
    assert kept[0] == kept[1]
    assert "fixed-seed2.previous.npz" in kept[1]
    session = json.loads((second / "provenance.json").read_text())["sessions"][-1]
    taken = {"condition": "fixed", "source": "pdp_side-post"}
    assert session["shared"] == [{**taken, "seed": 1}, {**taken, "seed": 2}]


def test_reports_say_from_where_it_was_taken(swept, said):
    said("run", "studies/swept.toml")
    first, second = settings_in(swept)
    assert "taken from" not in said("report", first)[1]
    shown = said("report", second)[1]
    assert "taken from" in shown
    assert "pdp_side-post" in shown
    assert said("report", second, "--html")[0] == 0
    assert "pdp_side-post" in (second / "report.html").read_text()
    searches = json.loads(said("report", second, "--json")[1])["searches"]
    assert [(each["condition"], each["source"]) for each in searches if each["seed"] == 1] == [
        ("plastic", "own"),
        ("fixed", "pdp_side-post"),
    ]
    assert [each["generations"] for each in searches] == [6, 6, 6, 6]


def test_words_of_a_stranger_in_place_of_a_setting_are_shown_and_not_obeyed(swept, said):
    said("run", "studies/swept.toml")
    _, second = settings_in(swept)
    with sqlite3.connect(second / "ledger.sqlite") as connection:
        connection.execute("UPDATE runs SET source = '[red]\x1b[31mit' WHERE seed = 1")
    connection.close()
    shown = said("report", second)[1]
    assert "\x1b" not in shown
    assert "[red]" in shown
    assert "\x1b" not in said("report", second, "--html")[1]
    assert "\x1b" not in (second / "report.html").read_text()


def test_what_was_taken_is_extended_as_if_it_was_ones_own(swept, said, searched):
    said("run", "studies/swept.toml")
    _, second = settings_in(swept)
    shutil.rmtree(settings_in(swept)[0])
    searched.clear()
    assert said("resume", second, "--extend", "4")[0] == 0
    assert ("fixed", 1) in searched
    lone = alone(said, 1, "alone")
    assert said("resume", lone, "--extend", "4")[0] == 0
    assert_same(second, lone)
    assert set(sources_of(second).values()) == {"own"}


def test_a_sweep_is_extended_as_a_whole(swept, said, searched):
    said("run", "studies/swept.toml")
    said("resume", swept, "--extend", "3")
    searched.clear()
    for number, folder in enumerate(settings_in(swept)):
        lone = alone(said, number, f"alone{number}")
        said("resume", lone, "--extend", "3")
        assert_same(folder, lone)


def test_what_was_extended_off_a_test_point_is_not_taken(swept, said, searched):
    """It has a point in its learning curve that a search in one piece does not have."""
    changes = ["--set", "search.generations=4"]
    said("run", "studies/swept.toml", *changes)
    first, second = settings_in(swept)
    said("resume", first, "--extend", "2")
    shutil.rmtree(second)
    searched.clear()
    said("run", "studies/swept.toml")  # six generations
    assert ("fixed", 1) in searched
    assert_same(second, alone(said, 1, "alone"))


def test_a_source_of_another_budget_is_not_taken(swept, said, searched):
    said("run", "studies/swept.toml")
    first, second = settings_in(swept)
    said("resume", first, "--extend", "6")
    shutil.rmtree(second)
    searched.clear()
    assert said("resume", swept)[0] == 0  # of six generations, beside one of twelve
    assert ("fixed", 1) in searched
    assert_same(second, alone(said, 1, "alone"))


def test_a_sweep_that_is_stopped_again_and_again_comes_to_the_same(swept, said, monkeypatch):
    code, stops = 0, 0
    evaluate = FakeExperiment.evaluate
    for command in [("run", "studies/swept.toml"), *[("resume", swept)] * 20]:
        calls = []

        def counting(self, xs, streams, calls=calls):
            calls.append(len(xs))
            if len(calls) == 9:
                os.kill(os.getpid(), signal.SIGINT)
            return evaluate(self, xs, streams)

        with monkeypatch.context() as patch:
            patch.setattr(FakeExperiment, "evaluate", counting)
            code = said(*command)[0]
        stops += code == 130
        if code == 0:
            break
    assert code == 0
    assert stops > 3
    first, second = settings_in(swept)
    for number, folder in enumerate((first, second)):
        assert_same(folder, alone(said, number, f"alone{number}"))
    assert {source for key, source in sources_of(second).items() if key[0] == "fixed"} == {
        "pdp_side-post"
    }


@pytest.mark.parametrize("step", ["checkpoint", "write_centres", "write_solution", "finish"])
def test_a_process_killed_while_it_takes_over_leaves_nothing_half_done(
    swept, said, searched, step, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(*arguments, **more):
        raise Killed

    with monkeypatch.context() as patch:
        owner = Ledger if step == "finish" else Store
        take_over = shared_search.take_over

        def dying(store, *rest):
            with monkeypatch.context() as inner:
                inner.setattr(owner, step, die)
                take_over(store, *rest)

        patch.setattr(runner, "take_over", dying)
        with pytest.raises(Killed):
            said("run", "studies/swept.toml")
    assert said("resume", swept)[0] == 0
    assert searched.count(("fixed", 1)) == 1
    for number, folder in enumerate(settings_in(swept)):
        assert_same(folder, alone(said, number, f"alone{number}"))


def test_a_setting_beside_a_damaged_one_searches_itself(swept, said, searched):
    said("run", "studies/swept.toml")
    first, second = settings_in(swept)
    shutil.rmtree(second)
    shutil.rmtree(first / "centres")
    searched.clear()
    assert said("resume", swept)[0] == 0
    assert searched.count(("fixed", 1)) == 1
    assert_same(second, alone(said, 1, "alone"))


@pytest.mark.parametrize(
    "damage", ["checkpoints", "solutions", "centres", "key", "provenance.json", "timeout", "cpu"]
)
def test_a_source_that_leaves_a_doubt_is_not_taken(swept, said, searched, damage):
    said("run", "studies/swept.toml")
    first, second = settings_in(swept)
    shutil.rmtree(second)
    if damage == "timeout":
        with sqlite3.connect(first / "ledger.sqlite") as connection:
            connection.execute("UPDATE generations SET timeout = 1 WHERE generation = 2")
        connection.close()
    elif damage == "cpu":
        stored = json.loads((first / "provenance.json").read_text())
        stored["sessions"][0]["cpu"] = "another"
        (first / "provenance.json").write_text(json.dumps(stored))
    elif (first / damage).is_dir():
        shutil.rmtree(first / damage)
    else:
        (first / damage).unlink()
    found = shared_search.finished_search(StoredRun(first), "fixed", 1, provenance([], 0))
    assert found is None


def test_a_whole_source_is_found(swept, said):
    said("run", "studies/swept.toml")
    first, _ = settings_in(swept)
    found = shared_search.finished_search(StoredRun(first), "fixed", 1, provenance([], 0))
    assert found is not None
    assert np.array_equal(found.solution["vector"], StoredRun(first).solution("fixed", 1)["vector"])
