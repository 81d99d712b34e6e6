"""Commands that look after the machine."""

from __future__ import annotations

from argparse import Namespace

from neuromodels.commands import JSON, argument, command, print_lines, show
from neuromodels.store import RUNS


@command("doctor", "check this machine", JSON)
def _doctor(options: Namespace) -> int:
    from neuromodels.report.doctor import examined

    values, text = examined(RUNS)
    show(values, text, options)
    return 0 if values["ok"] else 1


@command(
    "cache",
    "show or clear the compiled networks",
    argument("action", choices=("show", "clear"), nargs="?", default="show"),
)
def _cache(options: Namespace) -> int:
    from neuromodels.report.builds import build_lines, clear_builds

    print_lines(*([clear_builds()] if options.action == "clear" else build_lines()))
    return 0
