"""What a report says of its numbers comes from the task."""

import pytest
from rich.console import Console

from neuromodels.report.run import MEANING, report_tables
from neuromodels.study.conditions import CONDITIONS
from neuromodels.study.outcome import FAILURES

SEED = {
    "seed": 1,
    "score": 0.75,
    "low": 0.7,
    "high": 0.8,
    "loss": 0.1,
    "trials": 2000,
    "generation": 9,
    "failures": 0,
    "failures_by_kind": dict.fromkeys(FAILURES, 0),
}


def text_of(task: str, condition: str = "plastic", inputs: dict | None = None, **seed) -> str:
    one = {
        "condition": condition,
        "median": 0.75,
        "low": 0.7,
        "high": 0.8,
        "seeds": [{**SEED, **seed}],
        "interval_over": "sequences",
        "kind": "t",
        "n": 2000,
    }
    found = {
        "study": "s",
        "digest": "d",
        "status": "finished",
        "question": "",
        "run": "r",
        "task": {"name": task},
        "inputs": {
            "kind": "searched",
            "shown": 0,
            "exact": False,
            "searched": None,
            **(inputs or {}),
        },
        "plan": None,
        "conditions": [one],
        "searches": [],
        "front": [],
        "missing": [],
        "silent": [],
    }
    console = Console(width=400, record=True)
    with console.capture() as capture:
        console.print(report_tables(found))
    return capture.get()


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (
            "sequence_copy",
            ["Fraction of bits recalled, 2,000", "95 % t interval, n = 2,000 sequences."],
        ),
        ("point_direction", ["Velocity along the goal over", "seen; chance 0."]),
        ("elsewhere.py:MINE", ["The task's own score, 2,000", "seen. Intervals"]),
    ],
)
def test_the_footnote_says_what_the_score_of_this_task_is(task, words):
    text = text_of(task)
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"kind": "held out", "shown": 4, "exact": True}, "exact scores on all 4 held-out inputs,"),
        ({"kind": "held out", "shown": 64}, "2,000 or more trials per seed on 64 held-out inputs,"),
        (
            {"kind": "held out", "shown": 1, "exact": True},
            "on all 1 held-out input, which no search",
        ),
        ({"searched": 16}, "per seed on 16 inputs that searches may have seen, too"),
        ({"searched": 2**40}, "per seed that no search or choice has seen"),
    ],
)
def test_the_footnote_says_what_inputs_the_scores_are_on(inputs, words):
    assert words in text_of("sequence_copy", inputs=inputs)


def test_every_condition_has_its_words():
    assert set(MEANING) == set(CONDITIONS)
    assert MEANING["unseen_fixed"] in text_of("velocity", "unseen_fixed")


def test_trials_that_failed_are_told_with_their_kinds():
    kinds = {**SEED["failures_by_kind"], "nan": 4, "outside": 2}
    text = text_of("sequence_copy", trials=20, failures=6, failures_by_kind=kinds)
    assert "6 of 20 (4 nan, 2 outside)" in text
    assert "A failed trial counts as a score of 0." in text
    assert "failed" not in text_of("sequence_copy")
    assert "6 of 20 " in text_of("sequence_copy", trials=20, failures=6), "kinds not known"
