"""The command line: parse, delegate, print. Nothing else in the package prints."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

import neuromodels
from neuromodels.errors import DeclarationError, NeuromodelsError

if TYPE_CHECKING:
    from neuromodels.study.study import Study
    from neuromodels.study.sweep import Sweep

Start = Callable[[Callable[[str], None]], Any]
"""Starts workers, and says whom to tell what the user should know of them."""
RUNS = Path("runs")  # that of neuromodels.api, which takes a moment to import
USER_ERROR = 2
EXPORTED = ("generations", "tests", "runs", "solutions", "fronts", "archives")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
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


def _complain(message: str) -> None:
    print(f"neuromodels: {message}", file=sys.stderr)


def _checkout() -> Path:
    """Return where studies/ and figures/ lie: here, or beside the package."""
    here = Path.cwd()
    beside = Path(neuromodels.__file__).parent.parent
    return here if (here / "studies").is_dir() else beside


# -- the commands -------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from neuromodels.api import default_folder
    from neuromodels.study.sweep import Sweep, read_declared

    start = [f"search.start={json.dumps(options.start)}"] if options.start else []
    changes = [*options.set, *start]
    declared = read_declared(options.file, changes, announce=_announce)
    folder = options.out or default_folder(declared)
    if isinstance(declared, Sweep):
        return _go_through(declared, folder, options)
    return _go(declared, folder, options)


def _resume(options: argparse.Namespace) -> int:
    from neuromodels.experiment.sweep import extend_study, extend_sweep, stored_sweep
    from neuromodels.store.store import StoredRun
    from neuromodels.store.sweeps import is_sweep
    from neuromodels.study.file import study_of

    if is_sweep(options.run):
        sweep = stored_sweep(options.run, _announce)
        return _go_through(extend_sweep(sweep, options.extend), options.run, options)
    stored = StoredRun(options.run)
    study = study_of(stored.study, str(stored.folder / "study.json"), announce=_announce)
    return _go(extend_study(study, options.extend), stored.folder, options)


def _announce(file: Path) -> None:
    from neuromodels.api import announcement

    _complain(announcement(file))


def _go(study: Study, folder: Path, options: argparse.Namespace) -> int:
    from neuromodels.api import StopSignal, work
    from neuromodels.report.display import display_on

    console = Console(stderr=options.json)
    with StopSignal(_say) as stop, _workers(options) as start:
        if not work(study, folder, display_on(console), stop, start):
            return _stopped(folder, stop.received, console)
    return _show_report(folder, options.json)


def _go_through(sweep: Sweep, folder: Path, options: argparse.Namespace) -> int:
    from neuromodels.api import StopSignal, work_through
    from neuromodels.experiment.side_by_side import ENOUGH, SideBySide
    from neuromodels.report.display import Log, display_on

    console = Console(stderr=options.json)
    has_workers = options.workers is not None or options.scheduler is not None
    # fewer settings come one after the other, several searches of each at once
    many = SideBySide(ENOUGH) if has_workers and len(sweep.settings) >= ENOUGH else None
    display = Log(console) if many else display_on(console)
    with StopSignal(_say) as stop, _workers(options) as start:
        if not work_through(sweep, folder, display, stop, start, many):
            return _stopped(folder, stop.received, console)
    return _show_comparison([folder], options.json)


def _say(text: str) -> None:
    # not where Ctrl-C has left the cursor
    print(f"\n{text}", file=sys.stderr)


def _stopped(folder: Path, signal_number: int, console: Console) -> int:
    console.print("Stopped; everything is stored. Go on with:", highlight=False)
    console.print(f"  neuromodels resume {folder}", highlight=False, soft_wrap=True)
    return 128 + signal_number


@contextmanager
def _workers(options: argparse.Namespace) -> Iterator[Start]:
    """Yield what starts the workers that were asked for when they are first needed.

    It returns them, or None without ``--workers`` and ``--scheduler``; they end with the block.
    """
    with ExitStack() as stack:
        started: list[Any] = []

        def start(tell: Callable[[str], None]) -> Any:
            if options.workers is None and options.scheduler is None:
                return None
            if not started:
                started.append(stack.enter_context(_started(options, tell)))
            started[0].crew.tell = tell
            return started[0]

        yield start


def _started(options: argparse.Namespace, tell: Callable[[str], None]) -> Any:
    from neuromodels.experiment.workers import local_workers, scheduler_at

    if options.workers is None:
        return scheduler_at(options.scheduler, seconds=options.chunk_seconds, tell=tell)
    return local_workers(options.workers, seconds=options.chunk_seconds, tell=tell)


def _report(options: argparse.Namespace) -> int:
    if options.html is not None:
        return _write_page(options.run, options.html)
    return _show_report(options.run, options.json)


def _write_page(folder: Path, target: str) -> int:
    from neuromodels.report.page import write_page
    from neuromodels.store.store import StoredRun

    path = write_page(StoredRun(folder), Path(target) if target else None)
    print(f"page: {path}")
    return 0


def _show_report(folder: Path, as_json: bool) -> int:
    from neuromodels.report.run import report_of, summary
    from neuromodels.store.store import StoredRun

    found = summary(StoredRun(folder))
    _show(found, report_of(found), as_json)
    return 0


def _compare(options: argparse.Namespace) -> int:
    return _show_comparison(options.folders, options.json)


def _show_comparison(folders: Sequence[Path], as_json: bool) -> int:
    from neuromodels.report.compare import comparison, comparison_of

    found = comparison(folders)
    _show(found, comparison_of(found), as_json)
    return 0


def _status(options: argparse.Namespace) -> int:
    from neuromodels.report.status import standing, standing_of

    found = standing(options.folder)
    _show(found, standing_of(found), options.json)
    return 0


def _watch(options: argparse.Namespace) -> int:
    from neuromodels.report.watch import follow

    # a pipe has no width: tables are not folded to 80 columns there
    console = Console() if sys.stdout.isatty() else Console(width=160)
    follow(options.folder, console, interval=options.interval, once=options.once)
    return 0


def _export(options: argparse.Namespace) -> int:
    from neuromodels.store.export import export
    from neuromodels.store.load import load

    count = export(load(options.folder), options.table, options.out)
    print(
        f"{options.table}: {count:,} values in {options.out}"
        if options.out.suffix == ".nc"
        else f"{options.table}: {count:,} rows in {options.out}"
    )
    return 0


def _new(options: argparse.Namespace) -> int:
    from neuromodels.study.templates import write_template

    path, command = write_template(options.kind, options.name, options.folder)
    print(f"{options.kind}: {path}\ntry it: {command}")
    return 0


def _show_study(options: argparse.Namespace) -> int:
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


def _list(options: argparse.Namespace) -> int:
    from neuromodels.report.listing import items_of, table_of

    items = items_of(options.kind, _checkout())
    _show({"kind": options.kind, "items": items}, table_of(options.kind, items), options.json)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from neuromodels.report.doctor import examine, shown

    checks = examine(RUNS)
    healthy = all(check.ok for check in checks)
    found = {"ok": healthy, "checks": [asdict(check) for check in checks]}
    _show(found, "\n".join(shown(check) for check in checks), options.json)
    return 0 if healthy else 1


def _cache(options: argparse.Namespace) -> int:
    from neuromodels.simulation.build import cache

    if options.action == "clear":
        print(f"{cache.clear()} builds removed from {cache.folder()}")
        return 0
    entries = cache.entries()
    for entry in entries:
        made = datetime.fromtimestamp(entry["created"]).isoformat(" ", "minutes")
        print(f"{entry['key']}  {entry['bytes'] / 1024:8.0f} KiB  {made}")
    size = sum(entry["bytes"] for entry in entries) / 2**20
    print(f"{len(entries)} builds, {size:.1f} MiB in {cache.folder()}")
    return 0


def _measure(options: argparse.Namespace) -> int:
    from neuromodels.measures.examine import measured, table_of
    from neuromodels.store.store import StoredRun

    run, measure = StoredRun(options.run), options.measure
    found = measured(run, measure, options.trials, _announce, options.vary, options.only)
    _show(found, table_of(found), options.json)
    return 0


def _figure(options: argparse.Namespace) -> int:
    from neuromodels.report.figures import draw_figure, load_script, runs_for, targets_for

    if options.name == "all":
        return _all_figures(options)
    checkout = _checkout()
    script = load_script(options.name, checkout)
    runs, absent = runs_for(script, options.run, RUNS, checkout)
    for line in absent:
        print(f"note: {line}")
    for path in draw_figure(script, runs, targets_for(options.name, runs, options.out)):
        print(f"figure: {path}")
    return 0


def _all_figures(options: argparse.Namespace) -> int:
    """Draw what has runs; say of the others which command makes what they lack."""
    from neuromodels.report.figures import (
        draw_figure,
        fitting_runs,
        load_script,
        scripts_of,
        targets_in,
    )

    checkout, drawn = _checkout(), 0
    for name in scripts_of(checkout):
        script = load_script(name, checkout)
        try:
            runs, absent = fitting_runs(script, options.run, RUNS, checkout)
            paths = draw_figure(script, runs, targets_in(options.out, name, runs))
        except NeuromodelsError as error:
            print(f"not drawn: {name}: {error}")
            continue
        drawn += 1
        for line in [*(f"note: {line}" for line in absent), *(f"figure: {p}" for p in paths)]:
            print(line)
    return 0 if drawn else USER_ERROR


def _show(found: dict[str, Any], view: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2, allow_nan=False, default=str))
        return
    # a pipe has no width: tables are not folded to 80 columns there
    console = Console() if sys.stdout.isatty() else Console(width=160)
    console.print(view, highlight=False, soft_wrap=isinstance(view, str), markup=False)


# -- the parser ---------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neuromodels", description="Search plasticity rules in spiking networks."
    )
    parser.add_argument("--version", action="version", version=neuromodels.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_runs(commands)
    _add_stored(commands)
    _add_looks(commands)
    return parser


def _add_runs(commands: Any) -> None:
    run = _command(commands, "run", _run, "run a study file, or go on with it")
    run.add_argument("file", metavar="FILE", help="a study file, e.g. studies/pdlf_copy_quick.toml")
    run.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change a value of the file, e.g. search.generations=100",
    )
    run.add_argument("--out", metavar="DIR", type=Path, help="the run folder")
    run.add_argument("--start", metavar="RUN", help="begin from the solutions of another run")
    resume = _command(commands, "resume", _resume, "go on with a stopped or killed run")
    report = _command(commands, "report", _report, "show the table of a run")
    for command in (resume, report):
        command.add_argument("run", metavar="RUN", type=Path, help="a run folder")
    report.add_argument(
        "--html", metavar="FILE", nargs="?", const="", help="write it as a page for a browser"
    )
    resume.add_argument(
        "--extend", metavar="N", type=_count, default=0, help="search N more generations"
    )
    for command in (run, resume):
        _add_workers(command)
    for command in (run, resume, report):
        _add_json(command)


def _add_workers(command: argparse.ArgumentParser) -> None:
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", metavar="N", type=int, help="evaluate in N processes here")
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="evaluate on the workers of a Dask scheduler"
    )
    command.add_argument(
        "--chunk-seconds",
        metavar="S",
        type=float,
        default=600.0,
        help="replace a worker that takes longer over a part of a generation (600)",
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number >= 0; got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.1 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"must be a number from 0.1 to 86400; got {text!r}")
    return seconds


def _add_stored(commands: Any) -> None:
    """Add what looks at several runs, or takes their numbers elsewhere."""
    compare = _command(commands, "compare", _compare, "show several runs in one table")
    compare.add_argument(
        "folders", metavar="FOLDER", type=Path, nargs="+", help="run folders and sweep folders"
    )
    status = _command(commands, "status", _status, "show what runs and how far it is")
    status.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", default=RUNS)
    for command in (compare, status):
        _add_json(command)
    watch = _command(commands, "watch", _watch, "follow a run or a sweep that another process runs")
    watch.add_argument("folder", metavar="RUN", type=Path, help="a run or sweep folder")
    watch.add_argument(
        "--interval", metavar="S", type=_seconds, help="seconds between two looks (2; 30 in a pipe)"
    )
    watch.add_argument("--once", action="store_true", help="look once and end")
    export = _command(commands, "export", _export, "write a table of a run to a file")
    export.add_argument("folder", metavar="FOLDER", type=Path, help="a run or sweep folder")
    export.add_argument("--table", choices=EXPORTED, required=True)
    export.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="ends in .csv, .parquet or .nc"
    )
    new = _command(commands, "new", _new, "write a commented study, rule or task that runs")
    new.add_argument("kind", choices=("study", "rule", "task"))
    new.add_argument("name", metavar="NAME", help="of the file, without its suffix")
    new.add_argument("--folder", metavar="DIR", type=Path, default=Path())


def _add_looks(commands: Any) -> None:
    from neuromodels.report.listing import KINDS

    show = _command(commands, "show", _show_study, "print a network as a methods section would")
    show.add_argument("file", metavar="STUDY", help="a study file; nothing is run")
    show.add_argument(
        "--condition", metavar="NAME", default="plastic", help="e.g. fixed or frozen (plastic)"
    )
    show.add_argument("--setting", metavar="NAME", default="", help="of a sweep (its first)")
    show.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change a value of the file, e.g. circuit.hidden=128",
    )
    show.add_argument(
        "--all", action="store_true", help="add every part of the network, in its order"
    )
    listing = _command(commands, "list", _list, "show what there is to choose from")
    listing.add_argument("kind", choices=KINDS)
    doctor = _command(commands, "doctor", _doctor, "check this machine")
    measure = _command(commands, "measure", _measure, "examine finished solutions on fresh trials")
    measure.add_argument("run", type=Path, help="run folder")
    measure.add_argument(
        "measure",
        choices=(
            "memory",
            "imprint",
            "injury",
            "weights",
            "goals",
            "states",
            "path",
            "novel",
            "transfer",
        ),
        help="where a sequence is held, and what it leaves in the weights; what losing weights"
        " costs, and how they come back; trained and unseen goals, and hidden states by goal; a"
        " commanded path; a body under novel conditions; other parameters of the task",
    )
    measure.add_argument(
        "--vary",
        metavar="KEY=VALUES",
        action="append",
        default=[],
        help="of transfer: e.g. task.latency=0,4,8; of several, all combinations",
    )
    measure.add_argument(
        "--only",
        metavar="CONDITION",
        action="append",
        default=[],
        help="e.g. plastic; without it all conditions that the measure is about",
    )
    measure.add_argument("--trials", type=int, default=2000, help="per solution (2000)")
    for command in (show, listing, doctor, measure):
        _add_json(command)
    cache = _command(commands, "cache", _cache, "show or clear the compiled networks")
    cache.add_argument("action", choices=("show", "clear"), nargs="?", default="show")
    figure = _command(commands, "figure", _figure, "draw a figure from stored runs")
    figure.add_argument(
        "name",
        metavar="NAME",
        help="a script in figures/, e.g. pdlf_fig2b; all draws every one that has its runs",
    )
    figure.add_argument(
        "--run",
        metavar="RUN",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="run folders to draw from; for all also folders of them",
    )
    figure.add_argument(
        "--out", metavar="FILE", type=Path, help="where to save it; for all a folder"
    )


def _command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
    command.set_defaults(command=function)
    return command


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON object")
