"""What a command of the command line is: a name, a function, arguments that can wait, an end."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import warnings
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, Self, TextIO

import neuromodels
from neuromodels.errors import NeuromodelsError, on_one_screen, printable, shown
from neuromodels.report.terminal import Screen

MOST = 10**9
"""Of generations and processes that a user may ask for: more take years."""
USER_ERROR = 2
PREFERENCES = "brian_preferences"
STOPS = (signal.SIGINT, signal.SIGTERM)

Function = Callable[[Namespace], int]
Argument = Callable[[Any], None]
"""Adds itself to a parser, or to a group of one."""


@dataclass(frozen=True)
class Command:
    """A command, the line that lists it, what it calls, and its arguments."""

    name: str
    help: str
    function: Function
    arguments: tuple[Argument, ...]


COMMANDS: list[Command] = []


def command(name: str, help: str, *arguments: Argument) -> Callable[[Function], Function]:
    """Make a command of the function below; the help lists commands in the order of the file."""

    def add(function: Function) -> Function:
        COMMANDS.append(Command(name, help, function, arguments))
        return function

    return add


def argument(*names: str, later: Callable[[], dict[str, Any]] = dict, **settings: Any) -> Argument:
    """Return an argument, declared as for `argparse.ArgumentParser.add_argument`.

    Parameters
    ----------
    later
        Returns settings that need an import; called only when its command is.
    """
    return lambda parser: parser.add_argument(*names, **settings, **later())


def repeatable(name: str, **settings: Any) -> Argument:
    """Return an option that may be given again and again; its values are a list."""
    return argument(name, action="append", default=[], **settings)


def one_of(*arguments: Argument) -> Argument:
    """Return arguments of which a user may give one."""

    def add(parser: Any) -> None:
        group = parser.add_mutually_exclusive_group()
        for each in arguments:
            each(group)

    return add


def choices_in(module: str, name: str) -> Callable[[], dict[str, Any]]:
    """Return what reads the choices of an argument off a module of the package, later."""
    return lambda: {"choices": tuple(getattr(import_module(f"neuromodels.{module}"), name))}


def settings_from(module: str, name: str) -> Callable[[], dict[str, Any]]:
    """Return what asks a function of the package for the settings of an argument, later."""
    return lambda: getattr(import_module(f"neuromodels.{module}"), name)()


class CommandParser(ArgumentParser):
    """The parser of one command, which gets its arguments when it parses.

    Parameters
    ----------
    command
        Without it this is a plain parser.
    """

    def __init__(self, *, command: Command | None = None, **settings: Any):
        super().__init__(**settings)
        self._command = command

    def parse_known_args(self, args=None, namespace=None):
        """Parse what follows the name of the command."""
        if self._command is not None:
            for add in self._command.arguments:
                add(self)
            self.set_defaults(function=self._command.function)
            self._command = None
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments on one screen, and end with code 2."""
        text = f"{self.format_usage()}{self.prog}: error: {message}"
        if sys.stderr is not None:
            sys.stderr.write(on_one_screen(text) + "\n")
        raise SystemExit(2)


def parser_of(version: str) -> ArgumentParser:
    """Return the parser of all commands; what it parses has the ``function`` to call."""
    parser = CommandParser(
        prog="neuromodels", description="Search plasticity rules in spiking networks."
    )
    parser.add_argument("--version", action="version", version=version)
    known = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=CommandParser)
    for each in COMMANDS:
        about = f"{each.help.capitalize()}."
        known.add_parser(each.name, help=each.help, description=about, command=each)
    return parser


def count(text: str) -> int:
    """Return a whole number >= 0 that a user wrote."""
    return _whole(text, 0)


def positive(text: str) -> int:
    """Return a whole number >= 1 that a user wrote."""
    return _whole(text, 1)


def _whole(text: str, lowest: int) -> int:
    # Python counts other scripts' digits as numbers too, and reads thousands of them slowly
    known = text.isascii() and text.isdecimal() and len(text) < 20
    if not known or not lowest <= int(text) <= MOST:
        must = f"must be a whole number from {lowest} to {MOST:,}"
        raise ArgumentTypeError(f"{must}; got {shown(text)}")
    return int(text)


def seconds(text: str) -> float:
    """Return seconds, from a tenth to a day, that a user wrote."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.1 <= number <= 86400:
        raise ArgumentTypeError(f"must be a number from 0.1 to 86400; got {shown(text)}")
    return number


# -- how a command ends -------------------------------------------------------------------------


def exit_code_of(command: Callable[[], int], complain: Callable[[str], None]) -> int:
    """Carry a command out, whatever comes of it.

    Parameters
    ----------
    complain
        Gets what the user did wrong, or what the system refuses.
    """
    try:
        os.getcwd()
    except OSError:
        complain("the working directory is gone. cd to one that exists.")
        return USER_ERROR
    try:
        return command()
    except NeuromodelsError as error:
        complain(str(error))
    except MemoryError:
        complain("out of memory. Fewer search.candidates or search.trials need less.")
    except KeyboardInterrupt as interrupt:
        return 128 + int(interrupt.args[0] if interrupt.args else signal.SIGINT)
    except BrokenPipeError:  # the reader went away, as in `report | head`
        _silence_output()
        return 128 + signal.SIGPIPE
    except OSError as error:
        _silence_output()
        complain(f"the system refuses: {error}")
    except BaseException:
        sys.excepthook = sys.__excepthook__  # Brian2's would have our errors reported as its own
        raise
    return USER_ERROR


class StdoutForAnswer:
    """Sends what anybody writes to stdout to stderr, but for one answer.

    Files of the user's own may print when they are read and whenever something calls them. So may
    the processes that they start, and libraries in C.

    Parameters
    ----------
    for_good
        Whether the process ends with the command: then what it says at its end is no answer.
    """

    def __init__(self, *, for_good: bool):
        self._for_good = for_good
        self._stream, self._copy, self._is_open = sys.stdout, -1, True
        # in a test or a notebook it is not that of the process
        self._is_of_process = _file_of(sys.stdout) == 1 and _file_of(sys.stderr) >= 0

    def __enter__(self) -> Self:
        self._close()
        return self

    def __exit__(self, *error: object) -> None:
        if not self._for_good:
            self._open()

    def give(self, answer: str) -> None:
        """Write the answer, empty where there is none."""
        if not answer:
            return
        self._open()
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()  # where that fails it stays open, for whoever is to be told
        self._close()

    def _close(self) -> None:
        _flush_all()
        self._is_open, sys.stdout = False, sys.stderr
        if self._is_of_process:
            self._copy = os.dup(1)
            os.dup2(sys.stderr.fileno(), 1)

    def _open(self) -> None:
        if self._is_open:
            return
        _flush_all()
        self._is_open, sys.stdout = True, self._stream
        if self._is_of_process:
            os.dup2(self._copy, 1)
            os.close(self._copy)


def _file_of(stream: TextIO) -> int:
    """Return the number of the file behind a stream, -1 where there is none."""
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError):
        return -1


def _flush_all() -> None:
    """Write what waits in the buffers of Python and of C to where it belongs now."""
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None:
            stream.flush()
    with suppress(OSError, TypeError, AttributeError):  # where C has no such names
        ctypes.CDLL(None).fflush(None)


@contextmanager
def ended_by_signals(*, for_good: bool) -> Iterator[None]:
    """Make TERM end a command as Ctrl-C does, with a KeyboardInterrupt that has its number.

    From the first on all others are ignored, so that nothing interrupts what is put away.

    Parameters
    ----------
    for_good
        Whether the process ends with the command: then they stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in STOPS}
    try:
        yield
    finally:
        if not (for_good and signal.getsignal(signal.SIGINT) is signal.SIG_IGN):
            for number, handler in before.items():
                signal.signal(number, handler)


def ignore_signals() -> None:
    """Let no second signal disturb how a command ends."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> None:
    ignore_signals()
    raise KeyboardInterrupt(number)


@contextmanager
def said_when_slow(complain: Callable[[str], None], what: str) -> Iterator[None]:
    """Name what runs when it takes more than a second: a file of the user's may have no end."""
    timer = threading.Timer(1.0, complain, [what])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


# -- arguments that several commands have ------------------------------------------------------

RUN = argument("run", metavar="RUN", type=Path, help="a run folder")
JSON = argument("--json", action="store_true", help="print one JSON object")
WORKERS = (
    one_of(
        argument("--workers", metavar="N", type=positive, help="evaluate in N processes here"),
        argument(
            "--scheduler", metavar="ADDRESS", help="evaluate on the workers of a Dask scheduler"
        ),
    ),
    argument(
        "--chunk-seconds",
        metavar="S",
        type=seconds,
        default=600.0,
        help="replace a worker that takes longer over a part of a generation (600)",
    ),
)

BATTERY = (
    repeatable("--only", metavar="PROBE", help="e.g. recall; without it all that suit the task"),
    argument("--against", metavar="SETTING", default="", help="compare with it (the first)"),
    repeatable("--margin", metavar="VALUE=N", help="test whether VALUE is as good to within N"),
    argument(
        "--stuck", metavar="SCORE", type=float, help="below it a search is stuck (chance+.05)"
    ),
    argument(
        "--controls", metavar="SETTING", default="", help="also its rules shuffled, and random"
    ),
    argument("--workers", metavar="N", type=positive, default=1, help="answer in N processes (1)"),
    argument("--csv", type=Path, help="also write every value of every search to this file"),
    argument("--curves", type=Path, help="also write every point of every curve to this file"),
)


# -- where a command runs -----------------------------------------------------------------------


def prepare_process() -> None:
    """Take what surrounds a command as it is: closed or narrow streams, strict warnings.

    Whatever a stream cannot encode is written out. Warnings that are errors would stop packages
    that this one imports. No figure needs a window. The current folder may be a stranger's.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell, as with >&-
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    # else each worker would look for Python's own modules in the current folder first
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    if "MPLBACKEND" in os.environ:
        os.environ["MPLBACKEND"] = "agg"
    if any("error" in option for option in sys.warnoptions):
        sys.warnoptions.clear()
        os.environ.pop("PYTHONWARNINGS", None)
        warnings.simplefilter("default")
        for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)


def refuse_preferences() -> None:
    """Refuse a file of Brian2's in the current folder: Brian2 runs what stands in it.

    Raises
    ------
    NeuromodelsError
        When there is one.
    """
    if os.path.lexists(PREFERENCES):
        raise NeuromodelsError(
            PREFERENCES,
            "is a file in the current folder whose text Brian2 runs as Python",
            cure="If it is yours, move it to ~/.brian/user_preferences; if not, read it first.",
        )


def _silence_output() -> None:
    """Drop what was not written yet: its reader is gone, or its disk is full."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # no file behind it
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


# -- what commands say --------------------------------------------------------------------------

BESIDE = Path(neuromodels.__file__).resolve().parent.parent
"""The checkout, where the package runs from one."""


def complain(message: str) -> None:
    """Say what is wrong, or what happens, on stderr."""
    with suppress(OSError):  # nobody may be left to read it
        print(on_one_screen(f"neuromodels: {message}"), file=sys.stderr, flush=True)


def say_on_a_new_line(text: str) -> None:
    # not where Ctrl-C has left the cursor
    with suppress(OSError):
        print(f"\n{text}", file=sys.stderr, flush=True)


def print_lines(*lines: str) -> None:
    """Print lines on stdout."""
    for line in lines:
        print(printable(line))


def checkout_folder() -> Path:
    """Return where studies/ and figures/ lie: here, or beside the package."""
    here = Path.cwd()
    return here if (here / "studies").is_dir() else BESIDE


def console() -> Screen:
    """Return what tables are printed on."""
    # a pipe has no width: tables are not folded to 80 columns there
    return Screen() if sys.stdout.isatty() else Screen(width=160)


def show(values: dict[str, Any], view: Any, options: Namespace) -> int:
    """Print a view, or with ``--json`` keep the values as the answer; return the exit code 0."""
    if options.json:
        options.answer = json.dumps(values, indent=2, allow_nan=False, default=str)
    else:
        console().print(view, highlight=False, soft_wrap=isinstance(view, str), markup=False)
    return 0


SET = repeatable(
    "--set", metavar="KEY=VALUE", help="change a value of the file, e.g. search.generations=100"
)
