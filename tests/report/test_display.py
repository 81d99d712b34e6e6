"""Where progress is shown: tables in terminals, lines in logs, one output in notebooks."""

import re
import sys
from datetime import datetime
from io import StringIO
from itertools import pairwise
from types import ModuleType, SimpleNamespace

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
from neuromodels.report.display import Log, Notebook, Terminal, display_here, display_on
from neuromodels.report.progress import Progress
from neuromodels.store.records import GenerationRecord, TestRecord
from neuromodels.study.file import study_of

GENERATIONS = 20000
FINAL = TestRecord("plastic", 1, "final", 12, 10000, 0.95, 0.94, 0.96, 0.1)
ENVIRONMENT = {"TERM": "xterm-256color"}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Handle:
    """What IPython's ``display`` returns for a ``display_id``: one output that is replaced."""

    def __init__(self):
        self.contents = []

    def update(self, content, *, raw):
        assert raw
        self.contents.append(content["text/plain"])


class Cell:
    """A notebook's cell: counts its outputs."""

    def __init__(self):
        self.outputs = []

    def display(self, content, *, raw, display_id):
        assert raw
        assert display_id is True
        self.outputs.append(Handle())
        self.outputs[-1].update(content, raw=True)
        return self.outputs[-1]

    @property
    def text(self):
        (output,) = self.outputs
        return output.contents[-1]


def done(number, of=GENERATIONS):
    record = GenerationRecord(
        "plastic", 1, number, 0.1, 0.75, 0.1, 0.875, 0.2, 0, 1.0, 0.012, 12345.6
    )
    return GenerationDone(record, of, {})


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def progress(clock):
    search = {**TABLE["search"], "generations": GENERATIONS}
    table = {**TABLE, "seeds": [1], "conditions": ["plastic"], "search": search}
    return Progress(study_of(table, "table", catalogs()), clock=clock)


def tell(display, progress, event):
    progress.take(event)
    display.hear(event, progress)


def terminal(**more):
    return Console(file=StringIO(), force_terminal=True, width=100, _environ=ENVIRONMENT, **more)


def pipe():
    return Console(file=StringIO(), width=200, _environ={"SLURM_JOB_ID": "7"})


# -- a log --------------------------------------------------------------------------------------


def test_every_line_of_a_log_says_when(progress):
    console = pipe()
    display = Log(console)
    before = datetime.now().replace(microsecond=0)
    display.say("run folder: [bold]runs/x")
    events = [
        Notice("a note"),
        Building("plastic"),
        SearchStarted("plastic", 1, 0, 9, 6),
        done(0),
        Scored(FINAL),
    ]
    for event in events:
        tell(display, progress, event)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 6
    for line in lines:
        stamp = datetime.fromisoformat(line[:19])
        assert before <= stamp <= datetime.now()
        assert line[19:21] == "  "
    assert lines[0].endswith("run folder: [bold]runs/x")
    assert not any("\x1b" in line for line in lines)


def test_a_log_becomes_sparser_and_ends_with_the_last_generation(progress, clock):
    console = pipe()
    display, times = Log(console, clock), []
    for number in range(GENERATIONS):
        clock.now = float(number)
        length = console.file.tell()
        tell(display, progress, done(number))
        if console.file.tell() > length:
            times.append(clock.now)
    pauses = [b - a for a, b in pairwise(times)][:-1]
    assert times[0] == 0
    assert times[-1] == GENERATIONS - 1
    assert pauses[0] == 5
    assert pauses == sorted(pauses)
    assert 290 < pauses[-1] <= 300
    assert 60 < len(times) < 300


def test_a_log_tells_now_and_then_how_far_a_scoring_is(progress, clock):
    console = pipe()
    display = Log(console, clock)
    for number in range(100):
        clock.now = number / 2
        tell(display, progress, Scoring("plastic", 1, 100 * number, 10000))
    lines = console.file.getvalue().splitlines()
    assert "scoring on fresh sequences, 100 of 10,000" in lines[0]
    assert 5 <= len(lines) <= 12


def test_no_line_of_a_log_is_folded_or_cut(progress):
    console = Console(file=StringIO(), width=40)
    tell(Log(console), progress, Notice("word " * 40))
    assert len(console.file.getvalue().splitlines()) == 1


# -- a terminal ---------------------------------------------------------------------------------


def test_a_terminal_shows_a_table_and_only_notices_stay(progress):
    console = terminal()
    display = Terminal(console)
    with display.showing(progress):
        for event in (Building("plastic"), Notice("the disk is slow"), done(0), Scored(FINAL)):
            tell(display, progress, event)
    written = console.file.getvalue()
    assert written.count("note: the disk is slow") == 1
    assert "fresh trials" not in written
    assert "\x1b[?25l" in written, "the cursor is hidden while the table is redrawn"
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_the_table_stays_when_others_follow(progress):
    ends = {}
    for keeps in (False, True):
        console = terminal()
        with Terminal(console).showing(progress, keeps=keeps):
            progress.take(Scored(FINAL))
        ends[keeps] = console.file.getvalue().rpartition("\x1b[2K")[2]
    assert "0.950 (0.940 - 0.960)" not in ends[False]
    assert "0.950 (0.940 - 0.960)" in ends[True]


def test_an_error_leaves_the_terminal_as_it_was(progress):
    console = terminal()
    with pytest.raises(ZeroDivisionError), Terminal(console).showing(progress):
        _ = 1 / 0
    written = console.file.getvalue()
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


# -- a notebook ---------------------------------------------------------------------------------


def test_a_notebook_has_one_output_that_is_replaced(progress, clock):
    cell = Cell()
    display = Notebook(cell.display, clock)
    display.say("run folder: runs/x")
    with display.showing(progress):
        tell(display, progress, SearchStarted("plastic", 1, 0, GENERATIONS, 6))
        for number in range(10):
            clock.now += 1
            tell(display, progress, done(number))
        assert re.search(
            r"^run folder: runs/x\nplastic, seed 1:   0%\|.{10}\| 10/20000 \[0:00:10<", cell.text
        )
        tell(display, progress, Notice("the disk is slow"))
        tell(display, progress, Scored(FINAL))
    assert cell.text.splitlines() == [
        "run folder: runs/x",
        "note: the disk is slow",
        "plastic, seed 1: 0.950 (0.940 - 0.960) on 10,000 fresh trials",
    ]


def test_fast_generations_are_not_all_drawn(progress, clock):
    cell = Cell()
    display = Notebook(cell.display, clock)
    with display.showing(progress):
        for number in range(1000):
            clock.now += 0.01
            tell(display, progress, done(number))
    assert 15 < len(cell.outputs[0].contents) < 25


def test_an_error_leaves_the_bar_where_it_was(progress, clock):
    cell = Cell()
    display = Notebook(cell.display, clock)
    progress.take(done(41))
    with pytest.raises(ZeroDivisionError), display.showing(progress):
        _ = 1 / 0
    assert "42/20000" in cell.text


# -- which of them ------------------------------------------------------------------------------


@pytest.fixture
def ipython(monkeypatch):
    """Return a function that puts a fake IPython in place, with a shell or without."""

    def install(shell):
        package, module, cell = ModuleType("IPython"), ModuleType("IPython.display"), Cell()
        package.get_ipython = lambda: shell
        module.display = cell.display
        monkeypatch.setitem(sys.modules, "IPython", package)
        monkeypatch.setitem(sys.modules, "IPython.display", module)
        return cell

    return install


def test_a_terminal_has_a_table_and_everything_else_a_log():
    assert isinstance(display_on(terminal()), Terminal)
    assert isinstance(display_on(pipe()), Log)
    dumb = Console(file=StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    assert isinstance(display_on(dumb), Log)


def test_a_kernel_is_a_notebook(ipython):
    cell = ipython(SimpleNamespace(kernel=object()))
    display = display_here(pipe())
    assert isinstance(display, Notebook)
    display.say("hello")
    assert cell.text == "hello"


@pytest.mark.parametrize("shell", [None, SimpleNamespace(), SimpleNamespace(kernel=None)])
def test_ipython_in_a_terminal_is_a_terminal(ipython, shell):
    ipython(shell)
    assert isinstance(display_here(terminal()), Terminal)
    assert isinstance(display_here(pipe()), Log)


def test_nothing_needs_ipython(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert isinstance(display_here(pipe()), Log)
