"""The command line: parse, call one function, print.

Each module here holds the commands of one kind. Their order is that of the help.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import neuromodels
from neuromodels._renames import with_new_command
from neuromodels.commands import (
    StdoutForAnswer,
    complain,
    ended_by_signals,
    exit_code_of,
    parser_of,
    prepare_process,
    refuse_preferences,
)

for _kind in ("running", "reading", "writing", "asking", "machine"):
    import_module(f"neuromodels.cli.{_kind}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    prepare_process()
    with ended_by_signals(for_good=arguments is None):
        return exit_code_of(lambda: _carry_out(arguments, arguments is None), complain)


def _carry_out(arguments: Sequence[str] | None, for_good: bool) -> int:
    try:
        arguments, told = with_new_command(sys.argv[1:] if arguments is None else arguments)
        if told:
            complain(told)
        options = parser_of(neuromodels.__version__).parse_args(arguments)
        refuse_preferences()
        if not getattr(options, "json", False):
            return options.function(options)
        with StdoutForAnswer(for_good=for_good) as stdout:
            code = options.function(options)
            stdout.give(getattr(options, "answer", ""))
            return code
    finally:
        sys.stdout.flush()
