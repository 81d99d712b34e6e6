"""What a command of the command line is: a name, a function, and arguments that can wait."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

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


def parser_of(version: str) -> ArgumentParser:
    """Return the parser of all commands; what it parses has the ``function`` to call."""
    parser = ArgumentParser(
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
    if not text.isdecimal():
        raise ArgumentTypeError(f"must be a whole number >= 0; got {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """Return seconds, from a tenth to a day, that a user wrote."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.1 <= number <= 86400:
        raise ArgumentTypeError(f"must be a number from 0.1 to 86400; got {text!r}")
    return number
