"""The command line: parse, call one function, print."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import neuromodels
from neuromodels.commands import (
    BATTERY,
    BESIDE,
    JSON,
    RUN,
    SET,
    USER_ERROR,
    WORKERS,
    StdoutForAnswer,
    argument,
    checkout_folder,
    choices_in,
    command,
    complain,
    console,
    count,
    ended_by_signals,
    exit_code_of,
    one_of,
    parser_of,
    positive,
    prepare_process,
    print_lines,
    refuse_preferences,
    repeatable,
    said_when_slow,
    say_on_a_new_line,
    seconds,
    settings_from,
    show,
)
from neuromodels.errors import printable
from neuromodels.report.terminal import Screen
from neuromodels.store import RUNS

if TYPE_CHECKING:
    from neuromodels.study.file import Declaration
    from neuromodels.study.study import Study
    from neuromodels.study.sweep import Sweep


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    prepare_process()
    with ended_by_signals(for_good=arguments is None):
        return exit_code_of(lambda: _carry_out(arguments), complain)


def _carry_out(arguments: Sequence[str] | None) -> int:
    try:
        options = parser_of(neuromodels.__version__).parse_args(arguments)
        refuse_preferences()
        if not getattr(options, "json", False):
            return options.function(options)
        with StdoutForAnswer(for_good=arguments is None) as stdout:
            code = options.function(options)
            stdout.give(getattr(options, "answer", ""))
            return code
    finally:
        sys.stdout.flush()


def _announce(file: Path) -> None:
    from neuromodels.api import announcement

    complain(announcement(file))


# -- running studies ----------------------------------------------------------------------------


@command(
    "run",
    "run a study file, or go on with it",
    argument("file", metavar="FILE", help="a study file, e.g. studies/pdlf_copy_quick.toml"),
    SET,
    argument("--out", metavar="DIR", type=Path, help="the run folder"),
    argument("--start", metavar="RUN", help="begin from the solutions of another run"),
    *WORKERS,
    JSON,
)
def _run(options: Namespace) -> int:
    from neuromodels.api import default_folder
    from neuromodels.study.file import is_of_network, read_declaration
    from neuromodels.study.sweep import declared_in, once

    asked = options.set + ([f"search.start={json.dumps(options.start)}"] if options.start else [])
    announce = once(_announce)
    declaration = read_declaration(options.file, asked, announce)
    if is_of_network(declaration):
        return _go_network(declaration, options)
    declared = declared_in(declaration, None, announce, _too_large(options))
    folder = options.out or default_folder(declared)
    return _go(declared, folder, options, Path(options.file))


@command(
    "resume",
    "go on with a stopped or killed run",
    RUN,
    one_of(
        argument("--extend", metavar="N", type=count, default=0, help="search N more generations"),
        argument(
            "--budget",
            metavar="N",
            type=count,
            help="search N generations in all; takes back what --extend gave, if not yet searched",
        ),
    ),
    *WORKERS,
    JSON,
)
def _resume(options: Namespace) -> int:
    from neuromodels.api import stored_in
    from neuromodels.store.budget import set_budget
    from neuromodels.store.networks import is_network, stored_declaration

    if is_network(options.run):
        declaration = stored_declaration(options.run, options.extend, options.budget)
        return _go_network(declaration, options, options.run)
    if options.budget is not None:
        set_budget(options.run, options.budget)
    declared = stored_in(options.run, options.extend, _announce, _too_large(options))
    return _go(declared, options.run, options)


def _too_large(options: Namespace) -> Callable[[str], None] | None:
    return complain if options.scheduler else None  # its workers may have more memory


def _go(
    declared: Study | Sweep, folder: Path, options: Namespace, beside: Path | None = None
) -> int:
    """Run what a folder does not hold of a study or a sweep, then show its table."""
    from neuromodels.api import go_on
    from neuromodels.experiment.coefficient_use import check_if_new
    from neuromodels.store.sweeps import is_sweep

    for text in check_if_new(declared, folder):
        complain(text)
    workers = (options.workers, options.scheduler, options.chunk_seconds)
    if code := go_on(
        declared, folder, Screen(stderr=options.json), say_on_a_new_line, workers, beside
    ):
        return code
    if is_sweep(folder):
        return _show_comparison([folder], options)
    return _show_report(folder, options)


def _go_network(declaration: Declaration, options: Namespace, folder: Path | None = None) -> int:
    """Run what a folder does not hold of a study of an own network, then show its tables."""
    from neuromodels.api import go_on_with_network

    workers = (options.workers, options.scheduler, options.chunk_seconds)
    asked = declaration, folder or getattr(options, "out", None), Screen(stderr=options.json)
    code, into = go_on_with_network(*asked, say_on_a_new_line, _announce, workers)
    return code or _show_report(into, options)


@command(
    "declare",
    "write the plan of a study into a file, to commit before the run",
    argument("file", metavar="FILE", help="a study file"),
    SET,
    repeatable(
        "--contrast",
        metavar="CLAIM",
        help="what the study will be judged by: 'plastic > fixed', 'plastic = reset within 0.02'",
    ),
    repeatable("--exclude", metavar="RULE", help="which searches will not count, in words"),
    JSON,
)
def _declare(options: Namespace) -> int:
    from neuromodels.report.declared.written import declare, written_text
    from neuromodels.study.sweep import once, read_declared

    declared = read_declared(options.file, options.set, announce=once(_announce))
    told = declare(Path(options.file), declared, options.contrast, options.exclude)
    return show(told, written_text(told), options)


# -- looking at runs ----------------------------------------------------------------------------


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
        return _show_report(options.run, options)
    return _write_page(options.run, Path(options.html) if options.html else None)


def _write_page(folder: Path, target: Path | None) -> int:
    from neuromodels.report.pages import write_page_of  # matplotlib takes a second

    print_lines(f"page: {write_page_of(folder, target)}")
    return 0


def _show_report(folder: Path, options: Namespace) -> int:
    from neuromodels.report.networks.tables import network_summary
    from neuromodels.report.networks.terminal import network_tables
    from neuromodels.report.run import report_tables, summary
    from neuromodels.store.networks import StoredNetwork, is_network
    from neuromodels.store.store import StoredRun

    if is_network(folder):
        values = network_summary(StoredNetwork(folder))
        return show(values, network_tables(values), options)
    values = summary(StoredRun(folder))
    return show(values, report_tables(values), options)


@command(
    "compare",
    "show several runs in one table",
    argument(
        "folders", metavar="FOLDER", type=Path, nargs="+", help="run folders and sweep folders"
    ),
    JSON,
)
def _compare(options: Namespace) -> int:
    return _show_comparison(options.folders, options)


def _show_comparison(folders: Sequence[Path], options: Namespace) -> int:
    from neuromodels.report.compare import compared

    return show(*compared(folders, complain), options)


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
    argument("--table", required=True, later=choices_in("store.export", "TABLES")),
    argument("--out", metavar="FILE", type=Path, required=True, help=".csv, .json, .parquet, .nc"),
)
def _export(options: Namespace) -> int:
    from neuromodels.store.export import export, tables_in

    size = export(tables_in(options.folder, complain), options.table, options.out)
    unit = "values" if options.out.suffix == ".nc" else "rows"
    print_lines(f"{options.table}: {size:,} {unit} in {options.out}")
    return 0


# -- what there is to choose from, and what a user adds to it -----------------------------------


@command(
    "new",
    "write a commented study, rule, task or network that runs",
    argument("kind", later=choices_in("study.templates", "TEMPLATES")),
    argument("name", metavar="NAME", help="of the file, without its suffix"),
    argument("--folder", metavar="DIR", type=Path, default=Path()),
)
def _new(options: Namespace) -> int:
    from neuromodels.study.templates import write_template

    path, trial = write_template(options.kind, options.name, options.folder)
    print_lines(f"{options.kind}: {path}", f"try it: {trial}")
    return 0


@command(
    "show",
    "print a network as a methods section would",
    argument("file", metavar="STUDY", help="a study file; nothing is run"),
    argument("--condition", metavar="NAME", default="plastic", help="e.g. fixed (plastic)"),
    argument("--setting", metavar="NAME", default="", help="of a sweep (its first)"),
    SET,
    argument("--all", action="store_true", help="add every part of the network, in its order"),
    JSON,
)
def _show_study(options: Namespace) -> int:
    from neuromodels.report.methods import described_as, methods_of, values_of
    from neuromodels.study.conditions import condition_with_network
    from neuromodels.study.sweep import read_declared, setting_of

    condition_with_network(options.condition)
    declared = read_declared(options.file, options.set, announce=_announce)
    study, setting = setting_of(declared, options.setting, complain)
    described = described_as(study, options.condition, setting)
    values = values_of(described) if options.json else {}
    return show(values, printable(methods_of(described, options.all)), options)


@command(
    "check",
    "check a rule, neuron, task or study of your own",
    argument("declared", metavar="FILE", help="my_rules.py:CALCIUM, or a study file"),
    JSON,
)
def _check(options: Namespace) -> int:
    from neuromodels.api import verdict_of
    from neuromodels.experiment.contracts.users_file import check, lines_of

    is_study = options.declared.endswith((".toml", ".py"))
    slow = said_when_slow(complain, f"still runs {options.declared.rpartition(':')[0]}")
    verdict = verdict_of(options.declared, _announce) if is_study else check(options.declared, slow)
    show(verdict, lines_of(verdict), options)
    return 0 if verdict["ok"] else 1


@command(
    "list",
    "show what there is to choose from",
    argument("kind", later=choices_in("report.listing", "KINDS")),
    JSON,
)
def _list(options: Namespace) -> int:
    from neuromodels.report.listing import catalog_table, items_of

    items = items_of(options.kind, checkout_folder())
    values = {"kind": options.kind, "items": items}
    return show(values, catalog_table(options.kind, items), options)


# -- the machine --------------------------------------------------------------------------------


@command("doctor", "check this machine", JSON)
def _doctor(options: Namespace) -> int:
    from dataclasses import asdict

    from neuromodels.report.doctor import check_line, examine

    checks = examine(RUNS)
    healthy = all(check.ok for check in checks)
    values = {"ok": healthy, "checks": [asdict(check) for check in checks]}
    show(values, "\n".join(check_line(check) for check in checks), options)
    return 0 if healthy else 1


# -- finished runs ------------------------------------------------------------------------------


@command(
    "measure",
    "examine finished solutions on fresh trials",
    argument("run", type=Path, help="run folder"),
    argument("measure", later=settings_from("measures.examine", "choice_of_measures")),
    repeatable("--vary", metavar="KEY=VALUES", later=settings_from("measures.examine", "values")),
    repeatable("--only", metavar="CONDITION", help="e.g. plastic; without it all it is about"),
    argument("--trials", type=positive, default=2000, help="per solution (2000)"),
    argument(
        "--replace", action="store_true", help="also a result of more trials, or of other values"
    ),
    JSON,
)
def _measure(options: Namespace) -> int:
    from neuromodels.measures.examine import examine_solutions
    from neuromodels.report.measures import measure_table
    from neuromodels.store.store import StoredRun

    run, asked = StoredRun(options.run), (options.vary, options.only, options.replace)
    values = examine_solutions(run, options.measure, options.trials, _announce, *asked)
    return show(values, measure_table(values), options)


@command(
    "battery",
    "measure all cognitive values, and compare rules",
    argument("run", type=Path, help="folder of runs or of a sweep, or a study file that was run"),
    argument("--trials", type=positive, default=500, help="per solution and probe (500)"),
    *BATTERY,
    JSON,
)
def _battery(options: Namespace) -> int:
    from neuromodels.report.battery.asked import battery_asked

    found, view = battery_asked(options, _announce, complain)
    return show(found, view, options)


@command(
    "simplify",
    "show the smallest rule that keeps a solution's score",
    argument("run", type=Path, help="run folder"),
    argument("--keep", type=float, default=0.95, help="part of the score above chance (0.95)"),
    argument("--trials", type=positive, default=500, help="that choose, and that test (500)"),
    JSON,
)
def _simplify(options: Namespace) -> int:
    from neuromodels.measures.simplify.run import simplify_run
    from neuromodels.report.battery.simplified import simplified_view
    from neuromodels.store.store import StoredRun

    found = simplify_run(StoredRun(options.run), options.trials, options.keep, _announce)
    return show(found, simplified_view(found), options)


@command(
    "cache",
    "show or clear the compiled networks",
    argument("action", choices=("show", "clear"), nargs="?", default="show"),
)
def _cache(options: Namespace) -> int:
    from neuromodels.report.builds import build_lines, clear_builds

    print_lines(*([clear_builds()] if options.action == "clear" else build_lines()))
    return 0


@command(
    "figure",
    "draw a figure from stored runs, or from committed tables",
    argument(
        "name",
        metavar="NAME",
        help="a script in figures/, e.g. pdlf_fig2b; all draws every one that can be drawn",
    ),
    argument(
        "--run",
        metavar="RUN",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="run folders to draw from; for all also folders of them",
    ),
    argument(
        "--from-tables",
        action="store_true",
        help="draw from the tables in figures/data, as is done where nothing was run",
    ),
    argument("--out", metavar="FILE", type=Path, help="where to save it; for all a folder"),
)
def _figure(options: Namespace) -> int:
    from neuromodels.report.figures import Asked, draw_all, draw_named

    checkout = checkout_folder()
    if checkout != BESIDE and (checkout / "figures").is_dir():
        complain(f"this runs scripts of the folder that you are in: {checkout / 'figures'}")
    asked = Asked(options.run, RUNS, checkout, options.from_tables)
    if options.name != "all":
        print_lines(*draw_named(options.name, asked, options.out))
        return 0
    is_drawn = False
    for drawing in draw_all(asked, options.out):
        is_drawn |= drawing.is_drawn
        print_lines(*drawing.lines)
    if not is_drawn:
        complain("no figure was drawn")
    return 0 if is_drawn else USER_ERROR
