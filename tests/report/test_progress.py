"""Progress from events: the table, the line of a log, the bar of a notebook, the time left."""

from dataclasses import replace
from io import StringIO

import pytest
from fake_experiment import TABLE, catalogs
from rich.console import Console

from neuromodels.experiment.events import (
    Building,
    GenerationDone,
    Notice,
    Scored,
    Scoring,
    SearchStarted,
)
from neuromodels.report.progress import Progress
from neuromodels.report.standings import Standing
from neuromodels.store.records import GenerationRecord, TestRecord
from neuromodels.study.file import study_of

FINAL = TestRecord("plastic", 1, "final", 12, 10000, 0.95, 0.94, 0.96, 0.1)


def done(number, condition="plastic", seed=1, seconds=2.0):
    record = GenerationRecord(
        condition,
        seed,
        number,
        0.1,
        0.75,
        0.1,
        0.875,
        0.2,
        3,
        seconds,
        0.012,
        12345.6,
        nan=2,
        silence=1,
    )
    return GenerationDone(record, 12, {"builds": 1, "cache_hits": 2})


def started(condition="plastic", seed=1, start=0):
    return SearchStarted(condition, seed, start, 12, 6)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def study():
    return study_of({**TABLE, "conditions": ["plastic", "fixed"]}, "table", catalogs())


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def progress(study, clock):
    return Progress(study, clock=clock)


def shown(progress, width=120):
    console = Console(width=width, file=StringIO())
    console.print(progress)
    return console.file.getvalue()


def take_all(progress, *events):
    for event in events:
        progress.take(event)


def test_a_line_of_the_log_tells_the_newest_generation(progress):
    take_all(progress, started(), *map(done, range(12)))
    for word in (
        "plastic seed 1 12/12 centre 0.750",
        "best 0.875",
        "12,346 instances/s",
        "builds 1 (+2 cached)",
        "optimizer 1.2%",
        "failed 36 (24 nan, 12 silence)",
        "ETA 0:01:12",
    ):
        assert word in progress.line()


def test_there_is_no_line_before_the_first_generation(progress):
    assert progress.line() == ""
    progress.take(started())
    assert progress.line() == ""


def test_restarts_of_a_search_are_told(progress):
    event = done(3)
    progress.take(replace(event, record=replace(event.record, restart=2)))
    assert "restarts 2" in progress.line()


def test_the_table_has_every_condition_and_seed(progress):
    take_all(progress, started(), *map(done, range(12)), Scored(FINAL), started("fixed"))
    take_all(progress, done(0, "fixed"), done(1, "fixed"))
    lines = shown(progress).splitlines()
    assert [" ".join(line.split()[:4]) for line in lines[1:5]] == [
        "plastic 1 done 12/12",
        "fixed 1 searching 2/12",
        "plastic 2 waiting 0/12",
        "fixed 2 waiting 0/12",
    ]
    assert "0.950 (0.940 - 0.960)  final" in lines[1]
    assert "36 (24 nan, 12 silence)" in lines[1]
    below = "\n".join(lines[6:])
    for word in (
        "fixed, seed 1",
        "17%",
        "12,346 instances/s",
        "builds 1 (+2 cached)",
        "optimizer 1.2%",
        "time left 0:01:08",
    ):
        assert word in below


def test_what_is_done_between_generations_is_told(progress):
    assert "starting" in shown(progress)
    progress.take(Building("plastic"))
    assert "plastic: building the network" in shown(progress)
    take_all(progress, started(), done(0), Scoring("plastic", 1))
    assert "plastic, seed 1: scoring on fresh sequences" in shown(progress)


def test_how_far_a_scoring_is_and_for_how_long_is_told(progress, clock):
    take_all(progress, started(), done(0), Scoring("plastic", 1, 8192, 10000))
    clock.now += 125
    assert "fresh sequences, 8,192 of 10,000  elapsed 0:02:05" in shown(progress)
    assert progress.bar() == "plastic, seed 1: scoring on fresh sequences, 8,192 of 10,000"


def test_the_end_of_all_searches_is_told(progress):
    for condition in ("plastic", "fixed"):
        for seed in (1, 2):
            assert "recording" not in shown(progress)
            progress.take(Scored(replace(FINAL, condition=condition, seed=seed)))
    assert "recording a trial of each solution" in shown(progress)
    assert progress.seconds_left() is None


def test_the_time_left_counts_this_search_and_the_later_ones(progress):
    assert progress.seconds_left() is None
    progress.take(done(3))
    assert progress.seconds_left() == 8 * 2 + 3 * 12 * 2


def test_the_time_left_counts_down_within_a_generation_and_no_further(progress, clock):
    progress.take(done(3))
    clock.now += 1.5
    assert progress.seconds_left() == 88 - 1.5
    clock.now += 100
    assert progress.seconds_left() == 88 - 2


def built(event, seconds, **more):
    return replace(event, report={**event.report, "build_seconds": seconds, **more})


@pytest.mark.parametrize("workers", [{}, {"workers": 2}])
def test_no_time_left_counts_a_build(progress, clock, workers):
    """The first generation compiles: what it took says nothing of those that follow."""
    spent = 50.0 * workers.get("workers", 1)
    take_all(progress, started(), built(done(0, seconds=52.0), spent, **workers))
    assert progress.seconds_left() == 11 * 2 + 36 * 2
    clock.now += 30
    assert progress.seconds_left() == 11 * 2 + 36 * 2 - 2, "nor does it count down by a build"
    clock.now -= 30
    for number, seconds in ((1, 3.0), (2, 5.0)):
        progress.take(built(done(number, seconds=seconds), spent, **workers))
    assert progress.seconds_left() == 9 * 4 + 36 * 4
    take_all(progress, started(seed=2), built(done(0, seed=2, seconds=3.0), spent, **workers))
    assert progress.standings[2].pace == 3, "what was built for seed 1 is no part of it"


def test_a_build_of_unknown_length_counts_only_until_the_next_generation(progress):
    take_all(progress, done(0, seconds=52.0))
    assert progress.seconds_left() == 11 * 52 + 36 * 52
    progress.take(done(1))
    assert progress.seconds_left() == 10 * 2 + 36 * 2


def test_a_search_that_goes_on_keeps_its_pace_through_a_build(study):
    stored = [Standing("plastic", 1, 4, 12, pace=2.0)]
    progress = Progress(study, lambda: stored)
    take_all(progress, started(start=4), done(4, seconds=52.0))
    assert progress.standings[0].pace == 2
    progress.take(done(5, seconds=3.0))
    assert progress.standings[0].pace == 3


def test_a_generation_that_takes_unusually_long_is_told(progress, clock):
    progress.take(done(3, seconds=20.0))
    clock.now += 39
    assert "since the last generation" not in shown(progress)
    clock.now += 2
    assert "0:00:41 since the last generation" in shown(progress)


def test_what_an_earlier_session_did_is_shown_and_not_waited_for(study):
    """The store is the truth, also when a search goes on from an older checkpoint."""
    stored = [
        Standing("plastic", 1, 12, 12, test=FINAL, pace=2.0),
        Standing("fixed", 1, 9, 12, pace=2.0, failures={"nan": 5}),
    ]
    progress = Progress(study, lambda: stored)
    assert "0.950 (0.940 - 0.960)  final" in shown(progress)
    assert progress.seconds_left() == (3 + 12 + 12) * 2
    stored[1] = Standing("fixed", 1, 8, 12, pace=2.0, failures={"nan": 4})
    take_all(progress, started("fixed", start=8), done(8, "fixed"))
    assert progress.standings[1].generations == 9
    assert progress.standings[1].failures == {"nan": 6, "silence": 1}


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Notice("the disk is slow"), "note: the disk is slow"),
        (started(), "plastic, seed 1: searching 6 coefficients"),
        (started(start=5), "plastic, seed 1: searching 6 coefficients from generation 5"),
        (started(start=12), None),
        (Scored(FINAL), "plastic, seed 1: 0.950 (0.940 - 0.960) on 10,000 fresh trials"),
        (Scored(replace(FINAL, kind="curve")), None),
        (done(3), None),
        (Scoring("plastic", 1), None),
        (
            Scoring("plastic", 1, 819, 10000),
            "plastic, seed 1: scoring on fresh sequences, 819 of 10,000",
        ),
    ],
)
def test_what_stays_on_the_screen(progress, event, text):
    progress.take(event)
    assert progress.message(event) == text


def test_the_newest_test_is_told_with_its_interval(progress):
    curve = TestRecord("plastic", 1, "curve", 8, 10, 0.9, 0.85, 0.95, 0.1)
    take_all(progress, done(7), Scored(curve), done(8))
    assert "test 0.900 (0.850 - 0.950) at 8" in progress.line()
    assert "test 0.900 (0.850 - 0.950) at 8" in progress.bar()


def test_the_bar_of_a_notebook_fills(progress, clock):
    progress.take(started())
    lengths = []
    for number in range(12):
        clock.now += 2
        progress.take(done(number))
        bar = progress.bar().split("|")[1]
        assert len(bar) == 10
        lengths.append(len(bar.rstrip()))
    assert lengths == sorted(lengths)
    assert progress.bar().startswith("plastic, seed 1: 100%|██████████| 12/12 [0:00:24<0:00:00, ")
    assert "2 s/generation" in progress.bar()
    progress.take(done(5))
    assert progress.bar().startswith("plastic, seed 1:  50%|█████     | 6/12 [")


def test_several_searches_at_once_share_a_bar(progress, clock):
    take_all(progress, started(), started(seed=2), done(2), done(5, seed=2))
    assert [each.state for each in progress.standings] == [
        "searching",
        "waiting",
        "searching",
        "waiting",
    ]
    assert progress.seconds_left() == (9 + 6 + 12 + 12) * 2 / 2
    assert "2 searches at once" in shown(progress)
    clock.now += 3
    assert progress.bar() == "2 searches at once:  19%|█▉        | 9/48 [0:00:03<0:00:37]"
    assert progress.line().startswith("plastic seed 2 6/12 ")
    progress.take(Scored(replace(FINAL, seed=2)))
    assert "plastic, seed 1" in progress.message(started())
    progress.take(done(3))
    assert progress.bar().startswith("plastic, seed 1:  33%")


def test_a_view_may_be_drawn_at_any_moment(study):
    """The terminal is redrawn by a thread of its own, between any two steps of the run."""
    events = [Building("plastic"), started(), done(0), Scoring("plastic", 1), Scored(FINAL)]
    progress = Progress(study)
    for event in events:
        progress.take(event)
        for width in (20, 60, 200):
            assert "plastic" in shown(progress, width)
