"""What a message may show, and how much of it."""

import pytest

from neuromodels.errors import (
    MOST_LETTERS,
    MOST_LINES,
    NeuromodelsError,
    on_one_screen,
    printable,
    said_by,
    shown,
)


def test_what_moves_a_cursor_is_written_out():
    assert printable("a\x1b[31mb\x07\x9b\x7f\r") == r"a\x1b[31mb\x07\x9b\x7f\r"
    assert printable("right \u202e to left") == r"right \u202e to left"
    assert printable("µm, −2 °C\n\tü") == "µm, −2 °C\n\tü"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10**6,
        "\n" * 10**4,
        "\n".join(["y" * 500] * 50),
        "\n".join("abcdefgh" * 5),
        "\x1b" * 999,
    ],
    ids=["line", "lines", "both", "short lines", "escapes"],
)
def test_a_message_fits_on_one_screen(text):
    found = on_one_screen(f"neuromodels: {text}\nthe cure")
    assert found.count("\n") < MOST_LINES
    assert len(found) <= MOST_LETTERS
    assert found.startswith("neuromodels: ")
    assert found.endswith("the cure")


def test_a_message_that_fits_is_left_alone():
    text = "\n".join(["one line of a message, with a place and a cure"] * MOST_LINES)
    assert on_one_screen(text) == text


class Odd(Exception):
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def test_anything_can_be_shown():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (10**5000, deep, Odd(), "x" * 10**6):
        assert len(shown(value)) <= 300
        assert len(str(NeuromodelsError("A.b", "must be small", value))) < 400
    assert shown("short") == "'short'"
    assert said_by(Odd()) == "Odd"
    assert said_by(ValueError("no")) == "ValueError: no"
