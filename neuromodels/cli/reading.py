"""Commands that read what runs have stored."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from neuromodels.cli.shown import show_comparison, show_report
from neuromodels.commands import (
    JSON,
    RUN,
    argument,
    choices_in,
    command,
    complain,
    console,
    print_lines,
    seconds,
    show,
)
from neuromodels.store import RUNS


@command(
    "report",
    "show the table of a run",
    RUN,
    argument(
        "--html", metavar="FILE", nargs="?", const="", help="write it as a page for a browser"
    ),
    JSON,
)
def _report(options: Namespace) -> int:
    if options.html is None:
        return show_report(options.run, options)
    from neuromodels.report.pages import write_page_of  # matplotlib takes a second

    target = Path(options.html) if options.html else None
    print_lines(f"page: {write_page_of(options.run, target)}")
    return 0


@command(
    "compare",
    "show several runs in one table",
    argument(
        "folders", metavar="FOLDER", type=Path, nargs="+", help="run folders and sweep folders"
    ),
    JSON,
)
def _compare(options: Namespace) -> int:
    return show_comparison(options.folders, options)


@command(
    "status",
    "show what runs and how far it is",
    argument("folder", metavar="FOLDER", type=Path, nargs="?", default=RUNS),
    JSON,
)
def _status(options: Namespace) -> int:
    from neuromodels.report.status import status_of, status_table

    values = status_of(options.folder, complain)
    return show(values, status_table(values), options)


@command(
    "watch",
    "follow a run or a sweep that another process runs",
    argument("folder", metavar="RUN", type=Path, help="a run or sweep folder"),
    argument("--interval", metavar="S", type=seconds, help="between two looks (2; 30 in a pipe)"),
    argument("--once", action="store_true", help="look once and end"),
)
def _watch(options: Namespace) -> int:
    from neuromodels.report.watch import follow

    follow(options.folder, console(), interval=options.interval, once=options.once)
    return 0


@command(
    "export",
    "write a table of a run to a file",
    argument("folder", metavar="FOLDER", type=Path, help="a run or sweep folder"),
    argument("--table", required=True, later=choices_in("store.export.tables", "TABLES")),
    argument("--out", metavar="FILE", type=Path, required=True, help=".csv, .json, .parquet, .nc"),
)
def _export(options: Namespace) -> int:
    from neuromodels.store.export.tables import export, tables_in

    size = export(tables_in(options.folder, complain), options.table, options.out)
    unit = "values" if options.out.suffix == ".nc" else "rows"
    print_lines(f"{options.table}: {size:,} {unit} in {options.out}")
    return 0
