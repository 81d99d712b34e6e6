"""Several goals, several solutions, several beginnings: kept in the store, exact when resumed."""

from io import StringIO

import numpy as np
import pytest
from experiment.test_runner import numbers, run
from fake_experiment import TABLE, FakeExperiment
from rich.console import Console

from neuromodels.experiment.events import GenerationDone, Notice
from neuromodels.report.run import report_tables, summary
from neuromodels.search.pareto import nondominated
from neuromodels.store.export.tables import export
from neuromodels.store.ledger import Ledger
from neuromodels.store.load import load
from neuromodels.store.store import StoredRun
from neuromodels.study.outcome import FAILURES

PARETO = {"terms": {"loss": {}, "rate": {"weight": 0.5}}, "pareto": True}
STUCK = {**TABLE["search"], "generations": 20, "patience": 1}
SEVERAL = {
    "conditions": ["plastic"],
    "seeds": [1],
    "objective": PARETO,
    "search": STUCK,
    "test": {**TABLE["test"], "every": 2, "archive": 3, "archive_margin": 0.5},
}


def solution(folder):
    with np.load(folder / "solutions" / "plastic-seed1.npz") as arrays:
        return dict(arrays)


def generations(folder):
    ledger = Ledger(folder / "ledger.sqlite", read_only=True)
    rows = ledger.generations("plastic", 1)
    ledger.close()
    return rows


def test_a_front_is_kept_of_members_that_none_beats(tmp_path):
    run(tmp_path, **SEVERAL)
    found = solution(tmp_path)
    assert found["front_goals"].tolist() == ["loss", "rate"]
    assert found["front"].shape == (len(found["front_losses"]), 6)
    assert nondominated(found["front_losses"]).all()
    assert len(found["front"]) >= 3
    # the fake rate is the sum of absolute coefficients, and its weight one half
    np.testing.assert_allclose(
        found["front_losses"][:, 1], 0.5 * np.abs(found["front"]).sum(axis=1)
    )
    assert (np.diff(found["front_losses"][:, 0]) >= 0).all()


def test_fronts_and_archives_are_tables(tmp_path):
    run(tmp_path / "one", **SEVERAL)
    found, loaded = solution(tmp_path / "one"), load(tmp_path / "one")
    assert list(loaded.fronts.columns) == [
        "run",
        "condition",
        "seed",
        "member",
        "score",
        "loss",
        "rate",
    ]
    np.testing.assert_array_equal(loaded.fronts[["loss", "rate"]], found["front_losses"])
    np.testing.assert_array_equal(loaded.archives["score"], found["archive_scores"])
    assert export(loaded, "fronts", tmp_path / "fronts.csv") == len(found["front"])
    plain = {**SEVERAL, "objective": {}}
    run(tmp_path / "two", **plain)
    assert len(load(tmp_path / "two").fronts) == 0


def test_a_report_shows_front_and_kinds_of_failure(tmp_path):
    def build(study, condition):
        return FakeExperiment(study, condition, fails=0.1)

    run(tmp_path, build, **SEVERAL)
    found = summary(StoredRun(tmp_path))
    (search,) = found["searches"]
    assert search["failures_by_kind"]["nan"] == search["failures"] > 0
    assert len(found["front"]) == len(solution(tmp_path)["front"])
    console = Console(width=160, file=StringIO())
    console.print(report_tables(found))
    shown = console.file.getvalue()
    assert f"(nan {search['failures']:,})" in shown
    assert "Members that no other beats" in shown


def test_a_front_reaches_further_than_a_sum(tmp_path):
    run(tmp_path / "front", **SEVERAL)
    summed = {**SEVERAL, "objective": {"terms": {"loss": {}, "rate": {"weight": 100.0}}}}
    run(tmp_path / "sum", **summed)
    assert "front" not in solution(tmp_path / "sum")
    quiet = np.abs(solution(tmp_path / "sum")["vector"]).sum()
    rates = np.abs(solution(tmp_path / "front")["front"]).sum(axis=1)
    assert np.ptp(rates) > 0.2
    assert quiet < rates.max()


def test_a_stuck_search_begins_anew_elsewhere_and_says_so(tmp_path):
    _, events = run(tmp_path, **SEVERAL)
    rows = generations(tmp_path)
    restarts = [row.restart for row in rows]
    assert restarts == sorted(restarts)
    assert restarts[-1] >= 1
    said = [event.text for event in events if isinstance(event, Notice)]
    assert sum("beginning anew elsewhere" in text for text in said) == restarts[-1]
    first = next(row.generation for row in rows if row.restart == 1)
    assert first % 2 == 0, "decided at a test point"


def test_another_beginning_is_another_place(tmp_path):
    made = []

    def build(study, condition):
        made.append(FakeExperiment(study, condition))
        return made[-1]

    run(tmp_path, build, **SEVERAL)
    first = next(row.generation for row in generations(tmp_path) if row.restart == 1)
    searched = [xs for xs, streams in made[0].calls if len(streams) == TABLE["search"]["trials"]]
    centre = searched[first][-1]
    assert not np.array_equal(centre, made[0].centre)
    assert np.abs(centre - made[0].centre).max() < 5 * made[0].sigma.max()


def test_without_patience_there_is_one_beginning(tmp_path):
    run(tmp_path, **{**SEVERAL, "search": {**STUCK, "patience": 0}})
    assert {row.restart for row in generations(tmp_path)} == {0}


def test_good_centres_that_differ_are_kept_and_scored_again(tmp_path):
    run(tmp_path, **SEVERAL)
    found = solution(tmp_path)
    assert 1 <= len(found["archive"]) <= 3
    assert found["archive"].shape[1] == 6
    assert len(set(found["archive_generations"].tolist())) == len(found["archive"])
    assert ((found["archive_scores"] >= 0) & (found["archive_scores"] <= 1)).all()
    without = {**SEVERAL, "test": {**SEVERAL["test"], "archive": 0}}
    run(tmp_path / "without", **without)
    assert "archive" not in solution(tmp_path / "without")


@pytest.mark.parametrize("stop", [4, 9, 15])
def test_stopped_and_resumed_everything_is_the_same(tmp_path, stop):
    run(tmp_path / "at once", **SEVERAL)
    done = 0

    def count(event):
        nonlocal done
        done += isinstance(event, GenerationDone)

    run(tmp_path / "stopped", listener=count, stop=lambda: done >= stop, **SEVERAL)
    assert done == stop
    run(tmp_path / "stopped", **SEVERAL)
    assert numbers(tmp_path / "stopped") == numbers(tmp_path / "at once")


def test_a_longer_search_is_the_shorter_one_gone_on_with(tmp_path):
    for generations in (8, 20):
        run(tmp_path / "grown", **{**SEVERAL, "search": {**STUCK, "generations": generations}})
    run(tmp_path / "at once", **SEVERAL)
    assert numbers(tmp_path / "grown") == numbers(tmp_path / "at once")


def test_failures_are_counted_by_kind(tmp_path):
    def build(study, condition):
        return FakeExperiment(study, condition, fails=0.0)

    run(tmp_path, build, conditions=["plastic"], seeds=[1])
    rows = generations(tmp_path)
    assert sum(row.failures for row in rows) > 0
    for row in rows:
        assert row.failures == sum(getattr(row, kind) for kind in FAILURES)
        assert row.nan == row.failures, "the fake fails in one way"


def test_a_constraint_keeps_the_search_within_its_band(tmp_path):
    band = {"terms": {"loss": {}, "rate": {"high": 0.6, "constraint": True}}}
    search = {
        "candidates": 32,
        "trials": 4,
        "generations": 150,
        "options": {"learning_rate": 0.05},
    }
    for name, objective in (("free", {}), ("bound", band)):
        run(tmp_path / name, conditions=["plastic"], seeds=[1], search=search, objective=objective)
    free, bound = (np.abs(solution(tmp_path / name)["vector"]).sum() for name in ("free", "bound"))
    assert free > 0.9
    assert bound < 0.8


def test_a_search_ends_when_its_target_is_reached(tmp_path):
    search = {**TABLE["search"], "generations": 60, "options": {"learning_rate": 0.05}}
    plain = {**SEVERAL, "objective": {}, "search": search}
    run(tmp_path / "whole", **plain)
    ledger = Ledger(tmp_path / "whole" / "ledger.sqlite", read_only=True)
    curve = ledger.tests("curve", "plastic")
    ledger.close()
    target = np.sort([point.score for point in curve])[len(curve) // 2]
    first = next(point.generation for point in curve if point.score >= target)
    assert first < 60
    aimed = {**plain, "search": {**search, "target": float(target)}}
    run(tmp_path / "aimed", **aimed)
    rows = generations(tmp_path / "aimed")
    assert len(rows) == first
    assert [row.centre_loss for row in rows] == [
        row.centre_loss for row in generations(tmp_path / "whole")[:first]
    ]
    before = numbers(tmp_path / "aimed")
    run(tmp_path / "aimed", **aimed)
    grown = {**aimed, "search": {**aimed["search"], "generations": 80}}
    _, events = run(tmp_path / "aimed", **grown)
    assert not any(isinstance(event, GenerationDone) for event in events), "it stays finished"
    assert numbers(tmp_path / "aimed") == before
