"""A command in this process, on a terminal that judges what it is told."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from unicodedata import category

from neuromodels.cli import main
from neuromodels.errors import MOST_LETTERS, MOST_LINES

CODES = (0, 1, 2)


class Judge(io.StringIO):
    """Keeps the longest of what is written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def write(self, text: str) -> int:
        self.messages.append(text)
        return super().write(text)


def said(arguments: Sequence[str]) -> tuple[int, str, str]:
    """Run a command; return its exit code, its output and its complaints.

    Raises
    ------
    AssertionError
        Where the exit code is another, a message fills more than a screen, or a control character
        reaches the terminal.
    Exception
        What the command did not catch: a user would see a traceback.
    """
    output, complaints = io.StringIO(), Judge()
    with redirect_stdout(output), redirect_stderr(complaints):
        try:
            code = main(list(arguments))
        except SystemExit as end:  # of the parser
            code = end.code
    assert code in CODES, f"exit code {code}"
    assert_plain(output.getvalue())
    for message in complaints.messages:
        assert_one_screen(message)
    return code, output.getvalue(), complaints.getvalue()


def assert_one_screen(message: str) -> None:
    """Check the size of one message, and its letters."""
    lines = message.rstrip("\n").count("\n") + 1
    assert lines <= MOST_LINES, f"{lines} lines"
    assert len(message) <= MOST_LETTERS + 1, f"{len(message)} letters"
    assert_plain(message)


def assert_plain(text: str) -> None:
    """Check that nothing moves a cursor, sets a colour or turns the direction of text."""
    odd = {letter for letter in text if category(letter) in ("Cc", "Zl", "Zp")} - {"\n", "\t"}
    odd |= set(text) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert not odd, f"control characters: {sorted(map(ascii, odd))}"
