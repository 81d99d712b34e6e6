"""A console that shows what strangers write, and obeys none of it."""

from io import StringIO

import pytest
from rich.control import Control
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from neuromodels.report.terminal import Screen

HOSTILE = "\x1b[2J\x1b]0;owned\x07 [bold]x[/nope] :smile: \x9b31m"
SHOWN = r"\x1b[2J\x1b]0;owned\x07 [bold]x[/nope] :smile: \x9b31m"


def in_a_table():
    table = Table(title=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(HOSTILE)
    return table


@pytest.mark.parametrize(
    ("renderable", "times"),
    [(HOSTILE, 1), (Text(HOSTILE), 1), (in_a_table(), 3), (Panel(Text(HOSTILE)), 1)],
    ids=["text", "Text", "table", "panel"],
)
@pytest.mark.parametrize("is_terminal", [False, True])
def test_control_codes_and_markup_of_others_are_letters(renderable, times, is_terminal):
    screen = Screen(file=StringIO(), width=200, force_terminal=is_terminal, color_system=None)
    screen.print(renderable)
    found = screen.file.getvalue()
    without_bell = SHOWN.replace(r"\x07", "")  # rich leaves it out of its own texts
    assert found.replace(r"\x07", "").count(without_bell) == times
    assert "\x1b" not in found
    assert "\x07" not in found


def test_our_own_control_codes_are_obeyed():
    screen = Screen(file=StringIO(), width=80, force_terminal=True)
    screen.control(Control.home())
    with Live("moving", console=screen, auto_refresh=False) as live:
        live.update("moved", refresh=True)
    assert "\x1b[H" in screen.file.getvalue()
    assert "\x1b[?25l" in screen.file.getvalue()
