"""Command lines: any arguments end with 0, 1 or 2, say little, and leave other files alone."""

from __future__ import annotations

import pytest
from bad_input import any_change
from hypothesis import strategies as st

from fuzz.budget import fuzz
from fuzz.checkout import files_in
from fuzz.terminal import said
from neuromodels.commands import COMMANDS, CommandParser

CHANGING = ("run", "resume", "measure")
"""Commands that may change a run."""
VALUES = (
    *("runs/one", "runs/swept", "runs", "runs/one/study.json", "runs/none", ".", "thesis"),
    *("studies/small.toml", "studies/swept.toml", "studies", "figures/fig1.py", "figures", "fig1"),
    *("figures/fig1.py:NEEDS", "figures/fig1.py:", ":NEEDS", "none.py:A", "thesis/chapter.txt"),
    *("small", "swept", "one", "all", "plastic", "random", "fixed", "frosen", "trials-4"),
    *("rules", "neurons", "tasks", "measures", "optimizers", "studies", "study", "rule", "task"),
    *("generations", "tests", "runs", "fronts", "archives", "solutions", "show", "clear"),
    *("memory", "imprint", "weights", "injury", "transfer", "path", "goals", "states", "novel"),
    *("a.csv", "a.nc", "a.parquet", "a.pdf", "a.png", "a.svg", "a.html", "a.docx", "thesis/a.csv"),
    *("", "-", "--", "-1", "0", "1", "2", "7", "1e3", "0.5", "nan", "inf", "1" * 30, "1_0", "٣"),
    *("search.trials=5", "search.generations=7", "seeds=[1]", "task.length=3", "circuit.hidden=4"),
    *("task.latency=0,4", "task.latency=", "task.delay=1", "=", "a=b", "conditions=['plastic']"),
    *(
        "\x1b[31mred",
        "\u202eright",
        "\r",
        "a\nb",
        "a\tb",
        "\udcff",
        "é",
        "[bold]",
        "%s",
        "%(prog)s",
    ),
    *(
        "{}",
        "*",
        "~",
        "$HOME",
        "x" * 300,
        "y" * 5000,
        "[" * 500,
        "'",
        '"',
        "\\",
        "@thesis/chapter.txt",
    ),
)
OUTSIDE = ("/", "..", "\x00")
"""Nothing outside the checkout is named; the system gives no command a zero."""


def arguments_of(command):
    """Return the names of all options of a command."""
    parser = CommandParser(prog=command.name)
    for add in command.arguments:
        add(parser)
    return [name for action in parser._actions for name in action.option_strings]


def is_inside(text):
    return not any(each in text for each in OUTSIDE)


words = (
    st.sampled_from(VALUES) | st.text(max_size=8).filter(is_inside) | any_change().filter(is_inside)
)
# Of these every one is right in some place
likely = st.sampled_from([value for value in VALUES if value.isascii() and len(value) < 30])


@st.composite
def command_lines(draw):
    """Draw a command with options and values in any order."""
    command = draw(st.sampled_from(COMMANDS))
    options = st.sampled_from(arguments_of(command))
    parts = st.one_of(
        likely.map(lambda value: [value]),
        words.map(lambda value: [value]),
        options.map(lambda option: [option]),
        st.tuples(options, likely).map(list),
        st.tuples(options, words).map(list),
        st.builds("{}={}".format, options, words).map(lambda part: [part]),
    )
    drawn = [word for part in draw(st.lists(parts, max_size=4)) for word in part]
    look_once = ["--once"] if command.name == "watch" else []
    return [command.name, *look_once, *drawn]


cases = command_lines() | st.lists(words, max_size=3)
FOUND: list[list[str]] = []
"""Cases that showed a fault once."""


@pytest.fixture
def check(checkout):
    here, put_back = checkout
    before = files_in(here)

    def check(arguments):
        put_back()
        said(arguments)
        after = files_in(here)
        touched = {name for name in before if after.get(name) != before[name]}
        if arguments and arguments[0] in CHANGING:
            touched = {name for name in touched if not name.startswith("runs/")}
        assert not touched, f"changed: {sorted(touched)}"

    return check


def test_any_command_line(check):
    fuzz("command lines", cases, check, few=80, found=FOUND)
