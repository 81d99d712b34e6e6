"""A larger budget: the longer search is the shorter one gone on with, to the bit."""

import numpy as np
import pytest
from conftest import STUDY
from experiment.test_runner import numbers
from fake_experiment import TABLE, FakeExperiment, catalogs, fake_recording

from neuromodels.errors import StorageError
from neuromodels.experiment.events import SearchStarted
from neuromodels.experiment.runner import Runner
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.file import study_of


def run(folder, generations, stop=None, **changes):
    """Run the fake study with a budget; return its events and whether it finished."""
    search = {**TABLE["search"], "generations": generations}
    study = study_of({**TABLE, **changes, "search": search}, "table", catalogs())
    events = []
    with Store(folder, study.to_table(), study.digest) as store:
        done = Runner(
            study,
            store,
            build=FakeExperiment,
            record=fake_recording,
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
    for name in ("injury-plastic-seed1", "injury-plastic-seed11", "memory-fixed-seed2"):
        (folder / f"{name}.npz").write_bytes(b"")
    run(tmp_path, 12)
    assert [path.stem for path in folder.iterdir()] == ["injury-plastic-seed11"]


def test_only_the_seeds_that_run_are_reopened(tmp_path):
    run(tmp_path, 8, seeds=[1, 2])
    run(tmp_path, 12, seeds=[1])
    ledger = StoredRun(tmp_path).ledger()
    finals = {(test.condition, test.seed) for test in ledger.tests("final")}
    lengths = {seed: len(ledger.generations("plastic", seed)) for seed in (1, 2)}
    ledger.close()
    assert finals == {(c, s) for c in TABLE["conditions"] for s in (1, 2)}
    assert lengths == {1: 12, 2: 8}


def test_a_budget_only_grows(tmp_path):
    run(tmp_path, 8)
    with pytest.raises(StorageError, match="with 8 generations, a budget that can only grow"):
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


@pytest.mark.parametrize("number", ["-5", "many", "1.5"])
def test_an_extension_is_a_whole_number(here, said, capsys, number):
    with pytest.raises(SystemExit):
        said("resume", "here", "--extend", number)
    assert "whole number" in capsys.readouterr().err or number == "-5"


def test_the_study_of_the_tests_has_test_points_at_both_ends():
    assert "generations = 6" in STUDY
    assert "every = 3" in STUDY
    assert np.gcd(8, 12) == TABLE["test"]["every"]
