"""Standings and their table: what is left, what failed, and no line longer than the terminal."""

from dataclasses import replace

import pytest

from neuromodels.report.scoreboard import lines_of
from neuromodels.report.standings import (
    RECENT,
    Standing,
    failures_text,
    seconds_left,
    standing_after,
    time_text,
    with_active,
)
from neuromodels.store.records import GenerationRecord, TestRecord

FINAL = TestRecord("plastic", 1, "final", 40, 10000, 0.95, 0.94, 0.96, 0.1)
CURVE = replace(FINAL, kind="curve", generation=20)
CONDITIONS = ("plastic", "fixed", "frozen", "reset", "random")


def generation(number, seconds=2.0, **more):
    values = {"failures": sum(more.values()), **more}
    return GenerationRecord(
        "plastic",
        1,
        number,
        0.1,
        number / 100,
        0.1,
        0.875,
        0.2,
        seconds=seconds,
        optimizer_share=0.01,
        instances_per_second=10.0,
        **values,
    )


def study_of_three_seeds(active=7):
    """Fifteen standings of which `active` are done."""
    found = []
    for number in range(15):
        condition, seed = CONDITIONS[number % 5], number // 5 + 1
        of = 40 if condition in ("plastic", "fixed") else 0
        done = number < active
        found.append(
            Standing(
                condition,
                seed,
                generations=of if done else 0,
                of=of,
                centre=0.5,
                best=0.6,
                test=FINAL if done else None,
                pace=1.5 if done else None,
                failures={"nan": 3, "silence": 2} if done else {},
            )
        )
    return with_active(found)


def test_a_standing_tells_the_newest_generation_and_the_sum_of_failures():
    rows = [generation(k, nan=2, silence=int(k > 5)) for k in range(10)]
    found = standing_after("plastic", 1, 40, rows, CURVE)
    assert (found.generations, found.of, found.centre, found.best) == (10, 40, 0.09, 0.875)
    assert found.failures == {"nan": 20, "silence": 4}
    assert found.seconds_left == 30 * 2.0
    assert not found.is_done


def test_the_pace_is_that_of_the_recent_generations():
    slow = [generation(k, 100.0) for k in range(100)]
    fast = [generation(100 + k, 1.0 + k % 3) for k in range(RECENT)]
    assert standing_after("plastic", 1, 200, slow + fast, None).pace == 2.0


def test_a_build_is_in_no_pace_once_there_is_another_generation():
    rows = [generation(0, 52.0), generation(1, 2.0), generation(2, 3.0)]
    found = [standing_after("plastic", 1, 100, rows[:count], None) for count in (1, 2, 3)]
    assert [each.pace for each in found] == [52.0, 2.0, 2.5]
    assert [each.seconds_left for each in found] == [99 * 52, 98 * 2, 97 * 2.5]


def test_states_follow_each_other():
    blank = Standing("plastic", 1, of=40)
    assert blank.state == "waiting"
    assert replace(blank, generations=3).state == "unfinished"
    assert replace(blank, generations=3, is_active=True).state == "searching"
    assert replace(blank, generations=40, is_active=True).state == "scoring"
    assert replace(blank, test=CURVE).state == "waiting"
    assert replace(blank, generations=40, test=FINAL, is_active=True).state == "done"
    assert Standing("frozen", 1, is_active=True).state == "scoring"


def test_only_the_first_that_is_not_done_is_active():
    states = [each.state for each in study_of_three_seeds(active=7)]
    assert states == ["done"] * 7 + ["scoring"] + ["waiting"] * 7
    assert not any(each.is_active for each in study_of_three_seeds(active=15))


def test_the_time_left_takes_each_conditions_own_pace():
    standings = [
        Standing("plastic", 1, 40, 40, pace=2.0),
        Standing("fixed", 1, 10, 40, pace=5.0),
        Standing("plastic", 2, of=40),
        Standing("fixed", 2, of=40),
        Standing("random", 1),
    ]
    assert seconds_left(standings) == 30 * 5 + 40 * 2 + 40 * 5
    unknown = [Standing("plastic", 1, 10, 40, pace=2.0), Standing("fixed", 1, of=40)]
    assert seconds_left(unknown) == 30 * 2 + 40 * 2
    assert seconds_left([Standing("plastic", 1, of=40)]) is None
    assert time_text(None) == ""
    assert time_text(3725.4) == "1:02:05"


@pytest.mark.parametrize(
    ("failures", "text"),
    [({}, ""), ({"nan": 1234}, "1,234 nan"), ({"nan": 3, "silence": 2}, "5 (3 nan, 2 silence)")],
)
def test_failures_are_told_by_kind(failures, text):
    assert failures_text(failures) == text


# -- the table ----------------------------------------------------------------------------------


def plain(lines):
    return [line.plain for line in lines]


@pytest.mark.parametrize("width", range(60, 140))
def test_no_line_is_wider_than_the_terminal_and_what_matters_stays(width):
    header, *rows = plain(lines_of([("", study_of_three_seeds())], width))
    assert max(map(len, [header, *rows])) <= width
    assert len(rows) == 15
    assert all(word in header for word in ("condition", "seed", "generation", "test"))
    assert "0.950 (0.940 - 0.960)" in rows[0]


def test_a_wide_table_tells_everything():
    header, *rows = plain(lines_of([("", study_of_three_seeds())], 200))
    words = "condition seed state generation centre best test at s/gen. failed"
    assert " ".join(header.split()) == words
    words = "plastic 1 done 40/40 0.500 0.600 0.950 (0.940 - 0.960) final 1.5 5 (3 nan, 2 silence)"
    assert " ".join(rows[0].split()) == words
    assert rows[7].split() == ["frozen", "2", "scoring"]


def test_columns_stand_below_each_other():
    header, *rows = plain(lines_of([("", study_of_three_seeds())], 200))
    place = header.index("test")
    assert {row[place : place + 5] for row in rows[:7]} == {"0.950"}


@pytest.mark.parametrize("active", range(15))
@pytest.mark.parametrize("height", [4, 6, 9, 15, 16, 40])
def test_the_table_fits_the_height_and_keeps_the_active_row(active, height):
    lines = plain(lines_of([("", study_of_three_seeds(active))], 120, height))
    assert len(lines) <= height
    assert sum("searching" in line or "scoring" in line for line in lines) == 1
    hidden = sum(int(line.split()[1]) for line in lines if line.startswith("…"))
    assert hidden + sum(not line.startswith("…") for line in lines) == 1 + 15


def test_every_search_that_goes_on_is_kept():
    keys = [("plastic", 1), ("plastic", 2), ("plastic", 3)]
    standings = with_active(study_of_three_seeds(0), keys)
    lines = plain(lines_of([("", standings)], 120, 6))
    assert [line.split()[:3] for line in lines if "searching" in line] == [
        ["plastic", str(seed), "searching"] for seed in (1, 2, 3)
    ]
    assert lines[-1] == "… 11 more"


def test_runs_that_are_not_active_fold_to_their_titles():
    idle = tuple(replace(each, is_active=False) for each in study_of_three_seeds(15))
    groups = [("first: finished", idle), ("second: running", study_of_three_seeds(2))]
    everything = plain(lines_of(groups, 120))
    assert len(everything) == 1 + 2 * 16
    folded = plain(lines_of(groups, 120, 20))
    assert folded[1:3] == ["first: finished", "second: running"]
    assert folded[3:] == everything[18:]
