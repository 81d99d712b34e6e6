"""The command line: parse, call one function, print. Nothing else in the package prints."""

from __future__ import annotations

import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

import neuromodels
from neuromodels.commands import (
    argument,
    choices_in,
    command,
    count,
    one_of,
    parser_of,
    repeatable,
    seconds,
)
from neuromodels.errors import DeclarationError, NeuromodelsError
from neuromodels.store import RUNS

if TYPE_CHECKING:
    from neuromodels.study.study import Study
    from neuromodels.study.sweep import Sweep

USER_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = parser_of(neuromodels.__version__).parse_args(arguments)
    try:
        return options.function(options)
    except NeuromodelsError as error:
        _complain(str(error))
        return USER_ERROR
    except MemoryError:
        _complain("out of memory. Fewer search.candidates or search.trials need less.")
        return USER_ERROR
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # the reader went away, as in `report | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


# -- what commands share ------------------------------------------------------------------------

RUN = argument("run", metavar="RUN", type=Path, help="a run folder")
JSON = argument("--json", action="store_true", help="print one JSON object")
WORKERS = (
    one_of(
        argument("--workers", metavar="N", type=int, help="evaluate in N processes here"),
        argument(
            "--scheduler", metavar="ADDRESS", help="evaluate on the workers of a Dask scheduler"
        ),
    ),
    argument(
        "--chunk-seconds",
        metavar="S",
        type=float,
        default=600.0,
        help="replace a worker that takes longer over a part of a generation (600)",
    ),
)


def _complain(message: str) -> None:
    print(f"neuromodels: {message}", file=sys.stderr)


def _announce(file: Path) -> None:
    from neuromodels.api import announcement

    _complain(announcement(file))


def _checkout() -> Path:
    """Return where studies/ and figures/ lie: here, or beside the package."""
    here = Path.cwd()
    beside = Path(neuromodels.__file__).parent.parent
    return here if (here / "studies").is_dir() else beside


def _console() -> Console:
    # a pipe has no width: tables are not folded to 80 columns there
    return Console() if sys.stdout.isatty() else Console(width=160)


def _show(values: dict[str, Any], view: Any, as_json: bool) -> int:
    if as_json:
        print(json.dumps(values, indent=2, allow_nan=False, default=str))
    else:
        _console().print(view, highlight=False, soft_wrap=isinstance(view, str), markup=False)
    return 0


# -- running studies ----------------------------------------------------------------------------


@command(
    "run",
    "run a study file, or go on with it",
    argument("file", metavar="FILE", help="a study file, e.g. studies/pdlf_copy_quick.toml"),
    repeatable(
        "--set", metavar="KEY=VALUE", help="change a value of the file, e.g. search.generations=100"
    ),
    argument("--out", metavar="DIR", type=Path, help="the run folder"),
    argument("--start", metavar="RUN", help="begin from the solutions of another run"),
    *WORKERS,
    JSON,
)
def _run(options: Namespace) -> int:
    from neuromodels.api import default_folder
    from neuromodels.study.sweep import read_declared

    start = [f"search.start={json.dumps(options.start)}"] if options.start else []
    declared = read_declared(options.file, [*options.set, *start], announce=_announce)
    return _go(declared, options.out or default_folder(declared), options)


@command(
    "resume",
    "go on with a stopped or killed run",
    RUN,
    argument("--extend", metavar="N", type=count, default=0, help="search N more generations"),
    *WORKERS,
    JSON,
)
def _resume(options: Namespace) -> int:
    from neuromodels.experiment.sweep import extend_study, extend_sweep, stored_sweep
    from neuromodels.store.store import StoredRun
    from neuromodels.store.sweeps import is_sweep
    from neuromodels.study.file import study_of

    if is_sweep(options.run):
        sweep = stored_sweep(options.run, _announce)
        return _go(extend_sweep(sweep, options.extend), options.run, options)
    stored = StoredRun(options.run)
    study = study_of(stored.table, str(stored.folder / "study.json"), announce=_announce)
    return _go(extend_study(study, options.extend), stored.folder, options)


def _go(declared: Study | Sweep, folder: Path, options: Namespace) -> int:
    """Run what a folder does not hold of a study or a sweep, then show its table."""
    from neuromodels.api import StopSignal, carry_out, settings_at_once
    from neuromodels.experiment.on_demand import workers_on_demand
    from neuromodels.report.display import Log, display_on
    from neuromodels.store.sweeps import is_sweep

    console = Console(stderr=options.json)
    workers = (options.workers, options.scheduler)
    many = settings_at_once(declared) if workers != (None, None) else None
    display = Log(console) if many else display_on(console)
    with StopSignal(_say) as stop, workers_on_demand(*workers, options.chunk_seconds) as start:
        if not carry_out(declared, folder, display, stop, start, many):
            console.print("Stopped; everything is stored. Go on with:", highlight=False)
            console.print(f"  neuromodels resume {folder}", highlight=False, soft_wrap=True)
            return 128 + stop.received
    if is_sweep(folder):
        return _show_comparison([folder], options.json)
    return _show_report(folder, options.json)


def _say(text: str) -> None:
    # not where Ctrl-C has left the cursor
    print(f"\n{text}", file=sys.stderr)


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
        return _show_report(options.run, options.json)
    return _write_page(options.run, Path(options.html) if options.html else None)


def _write_page(folder: Path, target: Path | None) -> int:
    from neuromodels.report.page import write_page  # matplotlib takes a second
    from neuromodels.store.store import StoredRun

    print(f"page: {write_page(StoredRun(folder), target)}")
    return 0


def _show_report(folder: Path, as_json: bool) -> int:
    from neuromodels.report.run import report_tables, summary
    from neuromodels.store.store import StoredRun

    values = summary(StoredRun(folder))
    return _show(values, report_tables(values), as_json)


@command(
    "compare",
    "show several runs in one table",
    argument(
        "folders", metavar="FOLDER", type=Path, nargs="+", help="run folders and sweep folders"
    ),
    JSON,
)
def _compare(options: Namespace) -> int:
    return _show_comparison(options.folders, options.json)


def _show_comparison(folders: Sequence[Path], as_json: bool) -> int:
    from neuromodels.report.compare import comparison_of, comparison_table

    values = comparison_of(folders)
    return _show(values, comparison_table(values), as_json)


@command(
    "status",
    "show what runs and how far it is",
    argument("folder", metavar="FOLDER", type=Path, nargs="?", default=RUNS),
    JSON,
)
def _status(options: Namespace) -> int:
    from neuromodels.report.status import status_of, status_table

    values = status_of(options.folder)
    return _show(values, status_table(values), options.json)


@command(
    "watch",
    "follow a run or a sweep that another process runs",
    argument("folder", metavar="RUN", type=Path, help="a run or sweep folder"),
    argument(
        "--interval", metavar="S", type=seconds, help="seconds between two looks (2; 30 in a pipe)"
    ),
    argument("--once", action="store_true", help="look once and end"),
)
def _watch(options: Namespace) -> int:
    from neuromodels.report.watch import follow

    follow(options.folder, _console(), interval=options.interval, once=options.once)
    return 0


@command(
    "export",
    "write a table of a run to a file",
    argument("folder", metavar="FOLDER", type=Path, help="a run or sweep folder"),
    argument("--table", required=True, later=choices_in("store.export", "TABLES")),
    argument(
        "--out", metavar="FILE", type=Path, required=True, help="ends in .csv, .parquet or .nc"
    ),
)
def _export(options: Namespace) -> int:
    from neuromodels.store.export import export
    from neuromodels.store.load import load

    size = export(load(options.folder), options.table, options.out)
    unit = "values" if options.out.suffix == ".nc" else "rows"
    print(f"{options.table}: {size:,} {unit} in {options.out}")
    return 0


# -- what there is to choose from, and what a user adds to it -----------------------------------


@command(
    "new",
    "write a commented study, rule or task that runs",
    argument("kind", later=choices_in("study.templates", "TEMPLATES")),
    argument("name", metavar="NAME", help="of the file, without its suffix"),
    argument("--folder", metavar="DIR", type=Path, default=Path()),
)
def _new(options: Namespace) -> int:
    from neuromodels.study.templates import write_template

    path, trial = write_template(options.kind, options.name, options.folder)
    print(f"{options.kind}: {path}\ntry it: {trial}")
    return 0


@command(
    "show",
    "print a network as a methods section would",
    argument("file", metavar="STUDY", help="a study file; nothing is run"),
    argument("--condition", metavar="NAME", default="plastic", help="e.g. fixed (plastic)"),
    argument("--setting", metavar="NAME", default="", help="of a sweep (its first)"),
    repeatable(
        "--set", metavar="KEY=VALUE", help="change a value of the file, e.g. circuit.hidden=128"
    ),
    argument("--all", action="store_true", help="add every part of the network, in its order"),
    JSON,
)
def _show_study(options: Namespace) -> int:
    from neuromodels.report.methods import Described, methods_of, values_of
    from neuromodels.simulation.network.builder import circuit_of, text_of
    from neuromodels.study.conditions import condition_with_network
    from neuromodels.study.sweep import read_declared

    condition = options.condition
    condition_with_network(condition)
    declared = read_declared(options.file, options.set, announce=_announce)
    study, setting = _setting_of(declared, options.setting)
    circuit = circuit_of(study, condition)
    text = text_of(study, condition, circuit)
    described = Described(study, condition, circuit, text, setting)
    if options.json:
        print(json.dumps(values_of(described), indent=2, allow_nan=False))
    else:
        print(methods_of(described, options.all))
    return 0


def _setting_of(declared: Study | Sweep, name: str) -> tuple[Study, str]:
    """Return a study and the name of its setting; of a sweep the first unless one is named."""
    from neuromodels.study.sweep import Sweep

    if not isinstance(declared, Sweep):
        if name:
            raise DeclarationError("setting", "the study declares no sweep", name, "Leave it out.")
        return declared, ""
    if not name:
        first, *others = (setting.name for setting in declared.settings)
        more = f" and {len(others) - 8} more" if len(others) > 8 else ""
        _complain(
            f"{declared.name} is a sweep; this is its setting {first}."
            f" For another add --setting NAME: {', '.join(others[:8])}{more}"
        )
    chosen = declared.setting(name) if name else declared.settings[0]
    return chosen.study, chosen.name


@command(
    "check",
    "check a rule, neuron model or task of your own",
    argument("declared", metavar="FILE.py:NAME", help="e.g. my_rules.py:CALCIUM"),
    JSON,
)
def _check(options: Namespace) -> int:
    from neuromodels.experiment.contracts.users_file import check, lines_of

    verdict = check(options.declared)
    _show(verdict, lines_of(verdict), options.json)
    return 0 if verdict["ok"] else 1


@command(
    "list",
    "show what there is to choose from",
    argument("kind", later=choices_in("report.listing", "KINDS")),
    JSON,
)
def _list(options: Namespace) -> int:
    from neuromodels.report.listing import catalog_table, items_of

    items = items_of(options.kind, _checkout())
    return _show(
        {"kind": options.kind, "items": items}, catalog_table(options.kind, items), options.json
    )


# -- the machine --------------------------------------------------------------------------------


@command("doctor", "check this machine", JSON)
def _doctor(options: Namespace) -> int:
    from dataclasses import asdict

    from neuromodels.report.doctor import check_line, examine

    checks = examine(RUNS)
    healthy = all(check.ok for check in checks)
    values = {"ok": healthy, "checks": [asdict(check) for check in checks]}
    _show(values, "\n".join(check_line(check) for check in checks), options.json)
    return 0 if healthy else 1


# -- finished runs ------------------------------------------------------------------------------


def _measure_names() -> dict[str, Any]:
    from neuromodels.measures import CATALOG

    about = " ".join(f"{name}: {measure.about}" for name, measure in CATALOG.items())
    return {"choices": tuple(CATALOG), "help": about}


def _vary_help() -> dict[str, Any]:
    from neuromodels.measures import CATALOG

    names = ", ".join(name for name, measure in CATALOG.items() if measure.settings)
    return {"help": f"of {names}: e.g. task.latency=0,4,8; of several, all combinations"}


@command(
    "measure",
    "examine finished solutions on fresh trials",
    argument("run", type=Path, help="run folder"),
    argument("measure", later=_measure_names),
    repeatable("--vary", metavar="KEY=VALUES", later=_vary_help),
    repeatable(
        "--only",
        metavar="CONDITION",
        help="e.g. plastic; without it all conditions that the measure is about",
    ),
    argument("--trials", type=int, default=2000, help="per solution (2000)"),
    JSON,
)
def _measure(options: Namespace) -> int:
    from neuromodels.measures.examine import examine_solutions
    from neuromodels.report.measures import measure_table
    from neuromodels.store.store import StoredRun

    run, asked = StoredRun(options.run), (options.vary, options.only)
    values = examine_solutions(run, options.measure, options.trials, _announce, *asked)
    return _show(values, measure_table(values), options.json)


@command(
    "cache",
    "show or clear the compiled networks",
    argument("action", choices=("show", "clear"), nargs="?", default="show"),
)
def _cache(options: Namespace) -> int:
    from neuromodels.report.builds import build_lines, clear_builds

    for line in [clear_builds()] if options.action == "clear" else build_lines():
        print(line)
    return 0


@command(
    "figure",
    "draw a figure from stored runs",
    argument(
        "name",
        metavar="NAME",
        help="a script in figures/, e.g. pdlf_fig2b; all draws every one that has its runs",
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
    argument("--out", metavar="FILE", type=Path, help="where to save it; for all a folder"),
)
def _figure(options: Namespace) -> int:
    from neuromodels.report.figures import draw_all, draw_named

    wanted = (options.run, RUNS, _checkout(), options.out)
    if options.name != "all":
        for line in draw_named(options.name, *wanted):
            print(line)
        return 0
    is_drawn = False
    for drawing in draw_all(*wanted):
        is_drawn |= drawing.is_drawn
        print(*drawing.lines, sep="\n")
    return 0 if is_drawn else USER_ERROR
