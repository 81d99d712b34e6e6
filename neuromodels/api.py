"""Run a study and show how far it is: what the command line does, for scripts and notebooks."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich import get_console

from neuromodels.commands import STOPS, ignore_signals
from neuromodels.experiment.events import Event, Notice
from neuromodels.experiment.on_demand import Start, no_workers, workers_on_demand
from neuromodels.experiment.side_by_side import ENOUGH, SideBySide
from neuromodels.report.bundled import study_named
from neuromodels.report.display import Display, Log, display_here, display_on
from neuromodels.report.networks.progress import shown_on
from neuromodels.report.progress import Progress
from neuromodels.report.status import stored_standings
from neuromodels.store import RUNS
from neuromodels.store.find import folder_of_study
from neuromodels.store.folder import NETWORK
from neuromodels.store.networks import is_finished
from neuromodels.store.provenance import provenance
from neuromodels.store.store import Store, StoredRun
from neuromodels.store.sweeps import is_sweep
from neuromodels.study.checks import installed_catalogs
from neuromodels.study.file import Declaration, is_of_network, read_declaration, study_of
from neuromodels.study.limits.demand import check_workers
from neuromodels.study.own_files import Announce, announcement, with_arrays, with_network
from neuromodels.study.study import Study
from neuromodels.study.sweep import Setting, Sweep, declared_in, once

if TYPE_CHECKING:
    from rich.console import Console

    from neuromodels.experiment.shared_search import Neighbours
    from neuromodels.exploration.network_file.reading import NetworkStudy
    from neuromodels.models.compiled import Compiled


def run(study: Study | Sweep | Path | str, folder: Path | str | None = None) -> Any:
    """Run what is missing of a study or a sweep, and return its tables.

    Progress is shown as a bar in a notebook, as a table in a terminal, and as lines of a log
    elsewhere. Ctrl-C, or the stop button, stops after the present generation: everything is
    stored, and the same call goes on. A second one stops at once.

    Parameters
    ----------
    study
        A value, or a study file: its path, or the name of one that is here or in the package.
    folder
        Where it is kept; by default the folder that ``neuromodels run`` takes.

    Returns
    -------
    What `neuromodels.load` returns of the folder; of a study of an own network what its function
    returns, such as the dataset of `neuromodels.sweep`.

    Raises
    ------
    DeclarationError
        With every problem of a study file.
    StorageError
        When the folder holds something else, is in use, or cannot be written.
    KeyboardInterrupt
        When the user stopped it, after everything was stored.
    """
    from neuromodels.experiment.coefficient_use import check_if_new
    from neuromodels.store.load import load

    display = display_here(get_console())
    if isinstance(study, Path | str):
        study = _study_file(str(study), display)
    declared = _read(study, display) if isinstance(study, Path | str) else _with_contents(study)
    if isinstance(declared, Declaration):
        return _run_network(declared, folder, display)
    target = default_folder(declared) if folder is None else Path(folder)
    for text in check_if_new(declared, target):
        display.say(text)
    beside = Path(study) if isinstance(study, Path | str) else None
    with StopSignal(display.say) as stop:
        is_done = carry_out(declared, target, display, stop, beside=beside)
    if not is_done:
        display.say("Stopped; everything is stored. The same call goes on.")
        raise KeyboardInterrupt
    return load(target)


def _study_file(text: str, display: Display) -> Path:
    """Return the path of a study that a user names, and say which was found by its name."""
    path, note = study_named(text)
    if note:
        display.say(note)
    return Path(path)


def _read(path: Path | str, display: Display) -> Study | Sweep | Declaration:
    """Return what a file declares; of an own network only that, since it is checked elsewhere."""

    def announce(file: Path) -> None:
        display.say(announcement(file))

    announce_once = once(announce)
    declaration = read_declaration(path, announce=announce_once)
    if is_of_network(declaration):
        return declaration
    return declared_in(declaration, None, announce_once)


def _run_network(declaration: Declaration, folder: Path | str | None, display: Display) -> Any:
    from neuromodels.exploration.network_file.reading import read_network_study

    study = read_network_study(declaration)
    target = folder_of_network(study) if folder is None else Path(folder)
    for file in study.code:
        display.say(announcement(file))
    with StopSignal(display.say, after="piece of work") as stop:
        found = _work_on_network(study, target, display, stop)
    if found is None:
        display.say("Stopped; everything is stored. The same call goes on.")
        raise KeyboardInterrupt
    return found


def _with_contents(declared: Study | Sweep) -> Study | Sweep:
    """Return a study made in Python with digests of arrays and network, as one that was read."""
    if isinstance(declared, Sweep):  # made of studies that were read
        return declared
    task = declared.task_out_of(installed_catalogs().tasks)
    return with_network(with_arrays(declared, task, declared.contents)[0])


def default_folder(declared: Study | Sweep) -> Path:
    """Return where a study or a sweep is kept that nobody gave a folder."""
    if isinstance(declared, Study):
        return folder_of_study(RUNS, declared)
    return RUNS / f"{declared.name}-sweep"


def stored_in(
    folder: Path, extend: int, announce: Announce, too_large: Callable[[str], None] | None
) -> Study | Sweep:
    """Return the study or the sweep of a run folder, with more generations.

    Parameters
    ----------
    extend
        How many more each search gets.
    announce, too_large
        Called with each file of the user's own before it is run, and with what is said of a study
        that this machine cannot hold; None: it is refused.
    """
    from neuromodels.experiment.sweep import extend_study, extend_sweep, stored_sweep

    if is_sweep(folder):
        return extend_sweep(stored_sweep(folder, announce, too_large), extend)
    stored = StoredRun(folder)
    source = str(stored.folder / "study.json")
    study = study_of(stored.table, source, announce=announce, too_large=too_large)
    return extend_study(study, extend)


def settings_at_once(declared: Study | Sweep) -> SideBySide | None:
    """Return how many settings of a sweep run at once on workers; None: one after the other.

    Of fewer settings several searches of each run at once.
    """
    if isinstance(declared, Study) or len(declared.settings) < ENOUGH:
        return None
    return SideBySide(ENOUGH)


def go_on(
    declared: Study | Sweep,
    folder: Path,
    console: Console,
    say: Callable[[str], None],
    workers: tuple[int | None, str | None, float],
    beside: Path | None = None,
) -> int:
    """Run what a folder does not hold of a study or a sweep, with its progress on a console.

    Parameters
    ----------
    say
        Gets a line that must not wait.
    workers
        How many processes, the address of a scheduler, and seconds of a part of a generation.
    beside
        The study file, beside which its plan may lie.

    Returns
    -------
    An exit code: 0 when it is done.
    """
    check_workers(workers[0] or 0)
    many = settings_at_once(declared) if workers[:2] != (None, None) else None
    display = Log(console) if many else display_on(console)
    with StopSignal(say, is_last=True) as stop, workers_on_demand(*workers) as start:
        if carry_out(declared, folder, display, stop, start, many, beside):
            return 0
        _say_how_to_go_on(console, folder)
        return 128 + stop.received


def _say_how_to_go_on(console: Console, folder: Path) -> None:
    console.print("Stopped; everything is stored. Go on with:", highlight=False)
    console.print(f"  neuromodels resume {folder}", highlight=False, soft_wrap=True)


def go_on_with_network(
    declaration: Declaration,
    folder: Path | None,
    console: Console,
    say: Callable[[str], None],
    announce: Announce,
    workers: tuple[int | None, str | None, float],
) -> tuple[int, Path]:
    """Run what a folder does not hold of a study of an own network; as `go_on`.

    Parameters
    ----------
    folder
        None: the one that it has by its name and its digest.
    announce
        Called with each file of the user's own before it is run.
    workers
        As of `go_on`.

    Returns
    -------
    An exit code, and the folder.
    """
    from neuromodels.exploration.network_file.reading import read_network_study

    check_workers(workers[0] or 0)
    study = read_network_study(declaration)
    target = folder or folder_of_network(study)
    if is_finished(target, study.digest, study.asked):
        return 0, target
    for file in study.code:
        announce(file)
    display = display_on(console)
    with (
        StopSignal(say, is_last=True, after="piece of work") as stop,
        workers_on_demand(*workers) as start,
    ):
        if _work_on_network(study, target, display, stop, start) is not None:
            return 0, target
        _say_how_to_go_on(console, target)
        return 128 + stop.received, target


def _work_on_network(
    study: NetworkStudy,
    folder: Path,
    display: Display,
    stop: Callable[[], bool],
    start: Start = no_workers,
) -> Any:
    """Carry a network's study out and return what came out; None when the user stopped it."""
    from neuromodels.exploration.network_file.work import carry_out as carry_out_network

    def place(compiled: Compiled) -> dict[str, Any]:
        workers = start(display.say)
        if workers is None:
            return {}
        compiled.elsewhere = workers.for_network(study, str(folder / NETWORK))
        return {"workers": workers.provenance()}

    with shown_on(display) as show:
        return carry_out_network(study, folder, display.say, show, stop, place)


def folder_of_network(study: NetworkStudy) -> Path:
    """Return where a network's study is kept that nobody gave a folder."""
    return RUNS / f"{study.name}-{study.digest}"


def verdict_of(source: str, announce: Announce) -> dict[str, Any]:
    """Return what comes of every network of a study file, whoever has made them.

    Raises
    ------
    DeclarationError
        With what is wrong.
    """
    from neuromodels.experiment import preflight

    if source.endswith(".toml"):
        declaration = read_declaration(source)
        if is_of_network(declaration):
            return _verdict_of_network(declaration, source, announce)
    return preflight.verdict_of(source, announce)


def _verdict_of_network(
    declaration: Declaration, source: str, announce: Announce
) -> dict[str, Any]:
    from neuromodels.exploration.network_file import work
    from neuromodels.exploration.network_file.reading import read_network_study

    study = read_network_study(declaration)
    for file in study.code:
        announce(file)
    return work.verdict_of(study, source)


def carry_out(
    declared: Study | Sweep,
    folder: Path,
    display: Display,
    stop: Callable[[], bool],
    start: Start = no_workers,
    side_by_side: SideBySide | None = None,
    beside: Path | None = None,
) -> bool:
    """Run what a folder does not hold of a study or a sweep; see `work` and `work_through`."""
    if isinstance(declared, Study):
        return work(declared, folder, display, stop, start, beside=beside)
    return work_through(declared, folder, display, stop, start, side_by_side, beside)


def work(
    study: Study,
    folder: Path,
    display: Display,
    stop: Callable[[], bool],
    start: Start = no_workers,
    *,
    is_one_of_many: bool = False,
    others: SideBySide | None = None,
    neighbours: Neighbours | None = None,
    beside: Path | None = None,
) -> bool:
    """Run what a folder does not hold of a study; return False when the user stopped it.

    Parameters
    ----------
    stop
        Whether the user wants to stop; asked after every generation.
    start
        Starts workers when they are first needed.
    is_one_of_many
        Whether other runs follow, so that its scores should stay on the screen.
    others, neighbours
        Runs at the same time, and settings of the same sweep, whose finished searches it takes.
    beside
        The study file, beside which its plan may lie.

    Raises
    ------
    StorageError
        When the folder holds something else, is in use, or cannot be written.
    """
    from neuromodels.experiment.runner import Runner

    with Store(folder, study.to_table(), study.digest) as store:
        display.say(f"run folder: {folder}")
        progress = Progress(study, lambda: stored_standings(StoredRun(folder)))

        def listen(event: Event) -> None:
            progress.take(event)
            display.hear(event, progress)

        def tell(text: str) -> None:
            listen(Notice(text))

        workers = start(tell)
        session = _session(study, workers)
        store.add_provenance(session)
        if beside is not None:
            store.note_plan(beside, study)
        shared = neighbours.searches_for(study, folder, session) if neighbours else None
        where = workers.for_runner(study, tell, others) if workers else {}
        with display.showing(progress, keeps=is_one_of_many):
            return Runner(study, store, listener=listen, stop=stop, shared=shared, **where).run()


def _session(study: Study, workers: Any) -> dict[str, Any]:
    """Return the provenance of this session, with its workers where there are some."""
    started = {"workers": workers.provenance()} if workers else {}
    return {**provenance(sys.argv, study.device.threads), **started}


def work_through(
    sweep: Sweep,
    folder: Path,
    display: Display,
    stop: Callable[[], bool],
    start: Start = no_workers,
    side_by_side: SideBySide | None = None,
    beside: Path | None = None,
) -> bool:
    """Run what a folder does not hold of a sweep; as `work`.

    Parameters
    ----------
    side_by_side
        How many settings run at once, on workers; the display is a log then.

    Raises
    ------
    DeclarationError
        Where the networks of a setting cannot be built; nothing was run.
    """
    from neuromodels.experiment.preflight import check_declared
    from neuromodels.experiment.shared_search import Neighbours
    from neuromodels.experiment.sweep import run_sweep

    check_declared(sweep)  # before the first of many searches
    neighbours = cache(lambda: Neighbours(sweep, folder))  # known when the first setting begins

    def begin(setting: Setting, number: int, count: int, into: Path) -> bool:
        display.say(f"setting {number} of {count}: {setting.name}")
        shown = display
        if side_by_side and isinstance(display, Log):
            shown = display.with_name(setting.name)
        return work(
            setting.study,
            into,
            shown,
            stop,
            start,
            is_one_of_many=True,
            others=side_by_side,
            neighbours=neighbours(),
            beside=beside,
        )

    display.say(f"sweep folder: {folder}")
    if side_by_side:
        start(display.say)  # here, and not by whichever setting comes first
    return run_sweep(sweep, folder, begin, side_by_side, display.say)


class StopSignal:
    """Whether the user asked to stop: Ctrl-C, or a scheduler's TERM.

    The first signal stops after the generation, a second one at once; either way a resumed run
    gives the same numbers. In a thread, where nobody can catch signals, it is never asked.

    Parameters
    ----------
    tell
        Gets what the user should know.
    is_last
        Whether nothing but the end of the program comes after it: then further signals are ignored
        for good.
    after
        What is finished first.
    """

    def __init__(
        self, tell: Callable[[str], None], *, is_last: bool = False, after: str = "generation"
    ) -> None:
        self.received = 0
        self._tell, self._is_last, self._after = tell, is_last, after
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self.received != 0

    def __enter__(self) -> StopSignal:
        if threading.current_thread() is threading.main_thread():
            for number in STOPS:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_last and self.received:
            ignore_signals()
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received:
            ignore_signals()  # so that what is put away now is put away whole
            raise KeyboardInterrupt(number)
        self.received = number
        self._tell(f"Stopping after this {self._after}; once more stops at once.")
