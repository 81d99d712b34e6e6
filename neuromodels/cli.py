"""The command line: parse, delegate, print. Nothing else in the package prints."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich.console import Console

import neuromodels
from neuromodels.errors import NeuromodelsError

if TYPE_CHECKING:
    from neuromodels.study import Study

RUNS = Path("runs")
USER_ERROR = 2


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
    from neuromodels.studyfile import read_study

    study = read_study(options.file, options.set)
    folder = options.out or RUNS / f"{study.name}-{study.digest}"
    return _go(study, folder, options)


def _resume(options: argparse.Namespace) -> int:
    from neuromodels.storage.store import StoredRun
    from neuromodels.studyfile import study_of

    stored = StoredRun(options.run)
    study = study_of(stored.study, str(stored.folder / "study.json"))
    return _go(study, stored.folder, options)


def _go(study: Study, folder: Path, options: argparse.Namespace) -> int:
    from neuromodels.runner import Runner
    from neuromodels.storage.provenance import provenance
    from neuromodels.storage.store import Store

    console = Console(stderr=options.json)
    with Store(folder, study.to_table(), study.digest) as store, StopSignal() as stop:
        console.print(f"run folder: {folder}", highlight=False, soft_wrap=True)
        with _workers(options, store.notices.append) as workers:
            found = {"workers": workers.provenance()} if workers else {}
            store.add_provenance({**provenance(sys.argv, study.device.threads), **found})
            where = {"build": workers.build, "record": workers.record} if workers else {}
            finished = _watched(partial(Runner, **where), study, store, stop, console)
    if not finished:
        console.print("Stopped; everything is stored. Go on with:", highlight=False)
        console.print(f"  neuromodels resume {folder}", highlight=False, soft_wrap=True)
        return 128 + stop.received
    return _show_report(folder, options.json)


@contextmanager
def _workers(options: argparse.Namespace, tell: Callable[[str], None]) -> Iterator[Any]:
    """Yield the workers that were asked for, None without ``--workers`` and ``--scheduler``."""
    if options.workers is None and options.scheduler is None:
        yield None
        return
    from neuromodels.distribution import local_workers, scheduler_at

    start = scheduler_at if options.workers is None else local_workers
    where = options.scheduler if options.workers is None else options.workers
    with start(where, seconds=options.chunk_seconds, tell=tell) as workers:
        yield workers


def _watched(
    runner: Callable[..., Any], study: Study, store: Any, stop: StopSignal, console: Console
) -> bool:
    from rich.live import Live

    from neuromodels.progress import Progress

    progress = Progress(study, live=console.is_terminal)

    def listen(event: Any) -> None:
        line = progress.take(event)
        if line:
            console.print(line, highlight=False, soft_wrap=True)

    work = runner(study, store, listener=listen, stop=stop)
    if not console.is_terminal:
        return work.run()
    with Live(progress, console=console, refresh_per_second=4, transient=True):
        return work.run()


def _report(options: argparse.Namespace) -> int:
    return _show_report(options.run, options.json)


def _show_report(folder: Path, as_json: bool) -> int:
    from neuromodels.reporting import report_of, summary
    from neuromodels.storage.store import StoredRun

    found = summary(StoredRun(folder))
    _show(found, report_of(found), as_json)
    return 0


def _list(options: argparse.Namespace) -> int:
    from neuromodels.listing import items_of, table_of

    items = items_of(options.kind, _checkout())
    _show({"kind": options.kind, "items": items}, table_of(options.kind, items), options.json)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from neuromodels.doctor import examine, shown

    checks = examine(RUNS)
    healthy = all(check.ok for check in checks)
    found = {"ok": healthy, "checks": [asdict(check) for check in checks]}
    _show(found, "\n".join(shown(check) for check in checks), options.json)
    return 0 if healthy else 1


def _cache(options: argparse.Namespace) -> int:
    from neuromodels.simulation import cache

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


def _figure(options: argparse.Namespace) -> int:
    from neuromodels.figures import draw_figure, load_script, runs_for, targets_for

    checkout = _checkout()
    script = load_script(options.name, checkout)
    runs, absent = runs_for(script, options.run, RUNS, checkout)
    for line in absent:
        print(f"note: {line}")
    for path in draw_figure(script, runs, targets_for(options.name, runs, options.out)):
        print(f"figure: {path}")
    return 0


def _show(found: dict[str, Any], view: Any, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, indent=2, allow_nan=False, default=str))
        return
    # a pipe has no width: tables are not folded to 80 columns there
    console = Console() if sys.stdout.isatty() else Console(width=160)
    console.print(view, highlight=False, soft_wrap=isinstance(view, str), markup=False)


class StopSignal:
    """Whether the user asked to stop: Ctrl-C, or a scheduler's TERM.

    The first signal stops after the generation, a second one at once; either way a resumed run
    gives the same numbers.
    """

    def __init__(self) -> None:
        self.received = 0
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self.received != 0

    def __enter__(self) -> StopSignal:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received:
            raise KeyboardInterrupt
        self.received = number
        print("\nStopping after this generation; once more stops at once.", file=sys.stderr)


# -- the parser ---------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neuromodels", description="Search plasticity rules in spiking networks."
    )
    parser.add_argument("--version", action="version", version=neuromodels.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_runs(commands)
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
    resume = _command(commands, "resume", _resume, "go on with a stopped or killed run")
    report = _command(commands, "report", _report, "show the table of a run")
    for command in (resume, report):
        command.add_argument("run", metavar="RUN", type=Path, help="a run folder")
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
        "--chunk-seconds", metavar="S", type=float, default=600.0,
        help="replace a worker that takes longer over a part of a generation (600)",
    )


def _add_looks(commands: Any) -> None:
    from neuromodels.listing import KINDS

    listing = _command(commands, "list", _list, "show what there is to choose from")
    listing.add_argument("kind", choices=KINDS)
    doctor = _command(commands, "doctor", _doctor, "check this machine")
    for command in (listing, doctor):
        _add_json(command)
    cache = _command(commands, "cache", _cache, "show or clear the compiled networks")
    cache.add_argument("action", choices=("show", "clear"), nargs="?", default="show")
    figure = _command(commands, "figure", _figure, "draw a figure from stored runs")
    figure.add_argument("name", metavar="NAME", help="a script in figures/, e.g. pdlf_fig2b")
    figure.add_argument(
        "--run", metavar="RUN", type=Path, nargs="+", action="extend", default=[],
        help="run folders to draw from",
    )
    figure.add_argument("--out", metavar="FILE", type=Path, help="where to save it")


def _command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
    command.set_defaults(command=function)
    return command


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON object")
