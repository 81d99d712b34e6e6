"""What a report says of its numbers comes from the task."""

import pytest
from rich.console import Console

from neuromodels.report.run import MEANING, report_tables
from neuromodels.study.conditions import CONDITIONS

SEED = {
    "seed": 1,
    "score": 0.75,
    "low": 0.7,
    "high": 0.8,
    "loss": 0.1,
    "trials": 2000,
    "generation": 9,
}


def text_of(task: str, condition: str = "plastic") -> str:
    one = {
        "condition": condition,
        "median": 0.75,
        "low": 0.7,
        "high": 0.8,
        "seeds": [SEED],
        "interval_over": "sequences",
    }
    found = {
        "study": "s",
        "digest": "d",
        "status": "finished",
        "question": "",
        "run": "r",
        "task": {"name": task},
        "conditions": [one],
        "searches": [],
        "front": [],
        "missing": [],
    }
    console = Console(width=400, record=True)
    with console.capture() as capture:
        console.print(report_tables(found))
    return capture.get()


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("sequence_copy", ["Fraction of bits recalled, 2,000", "seen; chance 0.5."]),
        ("point_direction", ["Velocity along the goal over", "seen; chance 0."]),
        ("elsewhere.py:MINE", ["The task's own score, 2,000", "seen. Intervals"]),
    ],
)
def test_the_footnote_says_what_the_score_of_this_task_is(task, words):
    text = text_of(task)
    assert all(word in text for word in words), text


def test_every_condition_has_its_words():
    assert set(MEANING) == set(CONDITIONS)
    assert MEANING["unseen_fixed"] in text_of("velocity", "unseen_fixed")
