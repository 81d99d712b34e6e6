"""Progress: lines every few seconds, a live view, and a plausible time left."""

from datetime import timedelta

import pytest
from fake_experiment import TABLE, catalogs
from rich.console import Console

from neuromodels.events import GenerationDone, Notice, Scored, SearchStarted
from neuromodels.progress import Progress
from neuromodels.storage.records import GenerationRecord, TestRecord
from neuromodels.studyfile import study_of


def done(number, condition="plastic", seed=1, seconds=2.0):
    record = GenerationRecord(
        condition, seed, number, 0.1, 0.75, 0.1, 0.875, 0.2, 3, seconds, 0.012, 12345.6
    )
    return GenerationDone(record, 12, {"builds": 1, "cache_hits": 2})


@pytest.fixture
def study():
    return study_of({**TABLE, "conditions": ["plastic", "fixed"]}, "table", catalogs())


def test_plain_lines_come_every_few_seconds_and_at_the_end(study):
    clock = iter(range(100))
    progress = Progress(study, clock=lambda: next(clock))
    progress.take(SearchStarted("plastic", 1, 0, 12, 6))
    lines = [progress.take(done(number)) for number in range(12)]
    assert lines[0]
    assert 2 < sum(line is not None for line in lines) < 8
    assert lines[-1]
    for word in ("plastic seed 1 12/12", "centre 0.750", "best 0.875", "12,346 instances/s",
                 "builds 1 (+2 cached)", "optimizer 1.2%", "failed 3"):  # fmt: skip
        assert word in lines[-1]


def test_the_live_view_needs_no_lines(study):
    progress = Progress(study, live=True)
    assert [progress.take(done(number)) for number in range(12)] == [None] * 12
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(progress)
    shown = console.export_text()
    assert "plastic, seed 1" in shown
    assert "12/12" in shown
    assert "ETA" in shown


def test_eta_counts_this_search_and_the_later_ones(study):
    progress = Progress(study)
    assert progress.eta() is None
    progress.take(done(3))
    assert progress.eta() == timedelta(seconds=8 * 2 + 3 * 12 * 2)
    progress.take(done(11, "fixed", seed=2))
    assert progress.eta() == timedelta(0)


def test_notices_and_scores_are_kept_on_the_screen(study):
    progress = Progress(study, live=True)
    assert progress.take(Notice("the disk is slow")) == "note: the disk is slow"
    final = TestRecord("plastic", 1, "final", 12, 10000, 0.95, 0.94, 0.96, 0.1)
    assert (
        progress.take(Scored(final))
        == "plastic, seed 1: 0.950 (0.940 - 0.960) on 10,000 fresh trials"
    )
    curve = TestRecord("plastic", 1, "curve", 8, 10, 0.9, 0.85, 0.95, 0.1)
    assert progress.take(Scored(curve)) is None
    progress.take(done(8))
    assert "test 0.900 (0.850 - 0.950) at 8" in progress.line()
