"""A larger budget: the longer search is the shorter one gone on with, to the bit."""

import json
import shutil
import sqlite3

import numpy as np
import pytest
from conftest import STUDY
from experiment.test_runner import numbers
from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording
from rich.console import Console

from neuromodels.errors import DamagedRun, StorageError
from neuromodels.experiment.events import SearchStarted
from neuromodels.experiment.runner import Runner
from neuromodels.report.compare import comparison_of
from neuromodels.report.pages.run import page_of
from neuromodels.report.run import report_tables, summary
from neuromodels.report.status import status_of
from neuromodels.store.budget import set_budget
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import study_of


def carry_out(study, folder):
    with Store(folder, study.to_table(), study.digest) as store:
        Runner(study, store, build=FakeExperiment, record=fake_recording).run()


def run(folder, generations, stop=None, build=FakeExperiment, record=fake_recording, **changes):
    """Run the fake study with a budget; return its events and whether it finished."""
    search = {**TABLE["search"], "generations": generations}
    study = study_of({**TABLE, **changes, "search": search}, "table", catalogs())
    events = []
    with Store(folder, study.to_table(), study.digest) as store:
        done = Runner(
            study,
            store,
            build=build,
            record=record,
            listener=events.append,
            stop=lambda: stop is not None and len(events) > stop,
        ).run()
    return events, done


def test_a_longer_search_is_the_shorter_one_gone_on_with(tmp_path):
    run(tmp_path / "grown", 8)
    events, _ = run(tmp_path / "grown", 12)
    assert {event.start for event in events if isinstance(event, SearchStarted)} == {8}
    run(tmp_path / "at once", 12)
    assert numbers(tmp_path / "grown") == numbers(tmp_path / "at once")


def test_scores_of_a_longer_search_s_solution_are_found_anew(tmp_path):
    tested = {"conditions": ["unseen", "unseen_fixed"], "seeds": [1]}
    run(tmp_path / "grown", 8, **tested)
    run(tmp_path / "grown", 12, **tested)
    run(tmp_path / "at once", 12, **tested)
    assert numbers(tmp_path / "grown") == numbers(tmp_path / "at once")


@pytest.mark.parametrize("stop", [9, 20, 35])
def test_an_extension_may_be_stopped_anywhere(tmp_path, stop):
    run(tmp_path / "grown", 8)
    done = False
    while not done:
        _, done = run(tmp_path / "grown", 12, stop=stop)
    run(tmp_path / "at once", 12)
    assert numbers(tmp_path / "grown") == numbers(tmp_path / "at once")


def test_where_the_shorter_one_ended_decides_nothing(tmp_path):
    # 7 is no test point of the longer search; its point of the learning curve stays
    run(tmp_path / "grown", 7)
    run(tmp_path / "grown", 12)
    run(tmp_path / "at once", 12)
    grown, at_once = numbers(tmp_path / "grown"), numbers(tmp_path / "at once")
    extra = [row for row in grown["tests"] if row not in at_once["tests"]]
    assert {(row["kind"], row["generation"]) for row in extra} == {("curve", 7)}
    kept = [row for row in grown["tests"] if row in at_once["tests"]]
    assert {**grown, "tests": kept} == at_once


def test_measures_of_an_older_solution_are_forgotten(tmp_path):
    run(tmp_path, 8)
    folder = tmp_path / "measures"
    folder.mkdir()
    names = ["injury-plastic-seed1", "memory-fixed-seed2", "transfer-delay-reset-seed1"]
    names += ["transfer-frozen-seed2", "injury-plastic-seed11", "injury-plastic-seed2"]
    for name in names:
        (folder / f"{name}.npz").write_bytes(b"")
    before = {seed: StoredRun(tmp_path).solution("plastic", seed)["vector"] for seed in (1, 2)}
    run(tmp_path, 12)
    after = {seed: StoredRun(tmp_path).solution("plastic", seed)["vector"] for seed in (1, 2)}
    changed = [seed for seed in (1, 2) if not np.array_equal(before[seed], after[seed])]
    assert changed == [1, 2], "else this test says nothing"
    assert [path.stem for path in folder.iterdir()] == ["injury-plastic-seed11"]


def test_measures_stay_where_the_longer_search_has_the_same_solution(tmp_path):
    finalists = {**TABLE["test"], "finalists": 20}
    worse = {"options": {"learning_rate": 0.0}, "optimizer": "pgpe"}
    table = {**TABLE, "test": finalists, "conditions": ["plastic", "reset"], "seeds": [1]}
    for generations in (8, 12):
        search = {**TABLE["search"], **worse, "generations": generations}
        study = study_of({**table, "search": search}, "table", catalogs())
        carry_out(study, tmp_path)
        (tmp_path / "measures").mkdir(exist_ok=True)
        (tmp_path / "measures" / "injury-plastic-seed1.npz").touch()
        found = StoredRun(tmp_path).solution("plastic", 1)["vector"].tolist()
        if generations == 8:
            first = found
            (tmp_path / "measures" / "transfer-reset-seed1.npz").touch()
    assert first == found, "a search without steps"
    assert (tmp_path / "measures" / "transfer-reset-seed1.npz").exists()


HUGE = 5_000_000


@pytest.fixture
def typed_wrong(tmp_path):
    """Return a finished run, whose huge extension was stopped as soon as it could be."""
    run(tmp_path, 8)
    (tmp_path / "measures").mkdir()
    (tmp_path / "measures" / "injury-reset-seed1.npz").touch()
    before = numbers(tmp_path)
    scores = summary(StoredRun(tmp_path))["conditions"]
    _, done = run(tmp_path, HUGE, stop=-1)
    assert not done
    return before, scores


def test_an_extension_that_is_stopped_loses_nothing(tmp_path, typed_wrong):
    _, scores = typed_wrong
    found = summary(StoredRun(tmp_path))
    assert found["conditions"] == scores
    assert found["status"] == "unfinished"
    assert len(found["missing"]) == 2 * len(TABLE["conditions"]) - 2, "all but random rules"
    assert (tmp_path / "measures" / "injury-reset-seed1.npz").exists()
    console = Console(record=True, width=200)
    console.print(report_tables(found))
    assert "Scores of a shorter search, until new ones replace them: plastic (seed 1)" in (
        console.export_text()
    )
    assert "Scores of a shorter search" in page_of(StoredRun(tmp_path))
    (status,) = status_of(tmp_path)["runs"]
    assert (status["state"], status["scored"]) == ("stopped", 2)
    (compared,) = comparison_of([tmp_path])["runs"]
    assert [row["seeds"] for row in compared["conditions"]] == [0, 0, 0, 0, 2]


def test_a_budget_is_taken_back_and_nothing_is_made_again(tmp_path, typed_wrong):
    before, scores = typed_wrong
    set_budget(tmp_path, 8)
    events, done = run(tmp_path, 8, build=None, record=None)
    assert done
    assert events == []
    found = summary(StoredRun(tmp_path))
    assert (found["conditions"], found["status"]) == (scores, "finished")
    after = numbers(tmp_path)
    later = [row for row in after["generations"] if row not in before["generations"]]
    assert {**after, "generations": before["generations"]} == before
    assert len(later) == 1, "a stop waits for the generation"
    assert (tmp_path / "measures" / "injury-reset-seed1.npz").exists()
    run(tmp_path, 12)
    run(tmp_path / "at once", 12)
    assert numbers(tmp_path) == numbers(tmp_path / "at once")


@pytest.mark.parametrize("stop", [3, 14, 40])
def test_a_budget_taken_back_to_what_was_computed_is_a_run_of_that_budget(tmp_path, stop):
    run(tmp_path / "grown", 8, seeds=[1])
    run(tmp_path / "grown", 60, stop=stop, seeds=[1])
    ledger = StoredRun(tmp_path / "grown").ledger()
    made = max(len(ledger.generations("plastic", 1)), len(ledger.generations("fixed", 1)))
    ledger.close()
    assert 8 < made < 60
    with pytest.raises(StorageError, match=f"at least {made}, as many generations as"):
        set_budget(tmp_path / "grown", made - 1)
    assert StoredRun(tmp_path / "grown").study.search.generations == 60
    set_budget(tmp_path / "grown", made)
    run(tmp_path / "grown", made, seeds=[1])
    run(tmp_path / "at once", made, seeds=[1])
    assert numbers(tmp_path / "grown") == numbers(tmp_path / "at once")


def test_a_search_that_was_good_between_test_points_goes_on(tmp_path):
    # the last centre of a shorter search is tested, but decides nothing
    target = {**TABLE["search"], "target": 0.01}
    test = {**TABLE["test"], "every": 4}
    for generations, place in ((3, "grown"), (12, "grown"), (12, "at once")):
        table = {**TABLE, "test": test, "search": {**target, "generations": generations}}
        carry_out(study_of(table, "table", catalogs()), tmp_path / place)
    grown, at_once = (StoredRun(tmp_path / place) for place in ("grown", "at once"))
    for seed in (1, 2):
        vectors = [each.solution("plastic", seed)["vector"].tolist() for each in (grown, at_once)]
        assert vectors[0] == vectors[1]


LOSSES = {
    "empty ledger": lambda run: (run / "ledger.sqlite").write_bytes(b""),
    "no ledger": lambda run: (run / "ledger.sqlite").unlink(),
    "ledger cut by a byte": lambda run: cut(run / "ledger.sqlite"),
    "no checkpoints": lambda run: shutil.rmtree(run / "checkpoints"),
    "no key": lambda run: (run / "key").unlink(),
    "empty key": lambda run: (run / "key").write_bytes(b""),
    "cut checkpoints": lambda run: [cut(path) for path in run.glob("checkpoints/*")],
    "rows of a search": lambda run: forget(run / "ledger.sqlite", "generations"),
}


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def forget(path, table):
    with sqlite3.connect(path) as connection:
        connection.execute(f"DELETE FROM {table}")
    connection.close()


def rows(folder):
    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        found = connection.execute("SELECT count(*) FROM generations").fetchone()
    connection.close()
    return found


@pytest.mark.parametrize("loss", LOSSES)
def test_an_extension_that_has_lost_its_place_is_refused_and_changes_nothing(tmp_path, loss):
    few = {"seeds": [1], "conditions": ["plastic", "reset"]}
    run(tmp_path, 8, **few)
    whole = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    LOSSES[loss](tmp_path)
    for _ in range(2):
        with pytest.raises(DamagedRun, match="from a copy") as caught:
            run(tmp_path, 12, **few)
        assert len(str(caught.value)) < 2000
    study = json.loads((tmp_path / "study.json").read_text())
    assert study["search"]["generations"] == 8
    if loss not in ("empty ledger", "no ledger", "ledger cut by a byte", "rows of a search"):
        assert rows(tmp_path) == (8,)
        assert summary(StoredRun(tmp_path))["status"] == "finished"
        run(tmp_path, 8, build=None, record=None, **few)
    elif loss != "rows of a search":
        with pytest.raises(DamagedRun):
            summary(StoredRun(tmp_path))
    for path, content in whole.items():  # back from a copy
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    run(tmp_path, 12, **few)
    assert rows(tmp_path) == (12,)


def test_only_the_seeds_that_run_are_reopened(tmp_path):
    run(tmp_path, 8, seeds=[1, 2])
    run(tmp_path, 12, seeds=[1])
    ledger = StoredRun(tmp_path).ledger()
    finals = {(test.condition, test.seed) for test in ledger.tests("final")}
    lengths = {seed: len(ledger.generations("plastic", seed)) for seed in (1, 2)}
    ledger.close()
    assert finals == {(c, s) for c in TABLE["conditions"] for s in (1, 2)}
    assert lengths == {1: 12, 2: 8}


def test_a_study_with_a_smaller_budget_is_refused(tmp_path):
    run(tmp_path, 8)
    with pytest.raises(StorageError, match="with 8 generations, and `run` only adds"):
        run(tmp_path, 6)
    assert StoredRun(tmp_path).study.search.generations == 8


def test_the_budget_is_no_part_of_the_digest():
    def digest(**search):
        table = {**TABLE, "search": {**TABLE["search"], **search}}
        return study_of(table, "table", catalogs()).digest

    assert digest(generations=50) == digest()
    assert digest(trials=5) != digest()


def test_resume_extends(here, said):
    said("run", "studies/small.toml", "--out", "here", "--set", "seeds=[1]")
    code, out, _ = said("resume", "here", "--extend", "6")
    assert code == 0
    assert "from generation 6" in out
    assert "12 / 12" in out
    said(
        "run",
        "studies/small.toml",
        "--out",
        "long",
        "--set",
        "seeds=[1]",
        "--set",
        "search.generations=12",
    )
    assert numbers(here / "here") == numbers(here / "long")
    code, _, err = said("run", "studies/small.toml", "--out", "here", "--set", "seeds=[1]")
    assert code == 2
    assert "`neuromodels resume here` goes on with it" in err


def test_resume_takes_a_budget_back(here, said):
    said("run", "studies/small.toml", "--out", "here", "--set", "seeds=[1]")
    before = said("report", "here")[1]
    set_budget(here / "here", HUGE)  # as an extension that was stopped at once
    assert said("report", "here")[1] != before
    code, out, _ = said("resume", "here", "--budget", "6")
    assert code == 0
    assert before in out
    assert said("report", "here")[1] == before
    code, _, err = said("resume", "here", "--budget", "5")
    assert code == 2
    assert "must be at least 6" in err
    assert said("resume", "here", "--budget", "9")[0] == 0
    said(
        "run",
        "studies/small.toml",
        "--out",
        "long",
        *["--set", "seeds=[1]"],
        *["--set", "search.generations=9"],
    )
    assert numbers(here / "here") == numbers(here / "long")
    code, _, err = said("resume", "here", "--budget", "0")
    assert code == 2
    assert len(err.splitlines()) == 1


def test_a_budget_is_not_changed_while_somebody_searches(here, said):
    (here / "studies" / "swept.toml").write_text(STUDY + "[sweep]\ncircuit.hidden = [4, 8]\n")
    said("run", "studies/swept.toml", "--out", "swept")
    before = {path: path.read_bytes() for path in here.glob("swept/**/*.json")}
    assert len(before) == 5
    (setting, _) = (path.parent for path in here.glob("swept/*/study.json"))
    stored = StoredRun(setting)
    with (
        Store(setting, stored.table, stored.digest),
        pytest.raises(StorageError, match="is in use by process"),
    ):
        set_budget(here / "swept", 9)
    assert {path: path.read_bytes() for path in before} == before


def test_resume_takes_the_budget_of_a_sweep_back(here, said):
    (here / "studies" / "swept.toml").write_text(STUDY + "[sweep]\ncircuit.hidden = [4, 8]\n")
    said("run", "studies/swept.toml", "--out", "swept")
    before = said("compare", "swept", "--json")[1]
    set_budget(here / "swept", HUGE)
    assert said("compare", "swept", "--json")[1] != before
    assert said("resume", "swept", "--budget", "6")[0] == 0
    assert said("compare", "swept", "--json")[1] == before


@pytest.mark.parametrize("number", ["-5", "many", "1.5"])
def test_an_extension_is_a_whole_number(here, said, capsys, number):
    with pytest.raises(SystemExit):
        said("resume", "here", "--extend", number)
    assert "whole number" in capsys.readouterr().err or number == "-5"


def test_the_study_of_the_tests_has_test_points_at_both_ends():
    assert "generations = 6" in STUDY
    assert "every = 3" in STUDY
    assert np.gcd(8, 12) == TABLE["test"]["every"]
