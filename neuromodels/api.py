"""Run a study and show how far it is: what the command line does, for scripts and notebooks."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rich import get_console

from neuromodels.experiment.events import Event, Notice
from neuromodels.experiment.on_demand import Start, no_workers
from neuromodels.experiment.side_by_side import ENOUGH, SideBySide
from neuromodels.report.display import Display, Log, display_here
from neuromodels.report.progress import Progress
from neuromodels.report.status import stored_standings
from neuromodels.store import RUNS
from neuromodels.store.provenance import provenance
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.study import Study
from neuromodels.study.sweep import Setting, Sweep, read_declared

if TYPE_CHECKING:
    from neuromodels.store.load import Loaded


def run(study: Study | Sweep | Path | str, folder: Path | str | None = None) -> Loaded:
    """Run what is missing of a study or a sweep, and return its tables.

    Progress is shown as a bar in a notebook, as a table in a terminal, and as lines of a log
    elsewhere. Ctrl-C, or the stop button, stops after the present generation: everything is
    stored, and the same call goes on. A second one stops at once.

    Parameters
    ----------
    study
        A value, or the path of a study file.
    folder
        Where it is kept; by default the folder that ``neuromodels run`` takes.

    Returns
    -------
    What `neuromodels.load` returns of the folder.

    Raises
    ------
    DeclarationError
        With every problem of a study file.
    StorageError
        When the folder holds something else, is in use, or cannot be written.
    KeyboardInterrupt
        When the user stopped it, after everything was stored.
    """
    from neuromodels.store.load import load

    display = display_here(get_console())
    declared = _read(study, display) if isinstance(study, Path | str) else study
    target = default_folder(declared) if folder is None else Path(folder)
    with StopSignal(display.say) as stop:
        is_done = carry_out(declared, target, display, stop)
    if not is_done:
        display.say("Stopped; everything is stored. The same call goes on.")
        raise KeyboardInterrupt
    return load(target)


def _read(path: Path | str, display: Display) -> Study | Sweep:
    def announce(file: Path) -> None:
        display.say(announcement(file))

    return read_declared(path, announce=announce)


def announcement(file: Path) -> str:
    """Return what is said before a file of the user's own is run."""
    return f"this study runs code from a file of yours: {file}"


def default_folder(declared: Study | Sweep) -> Path:
    """Return where a study or a sweep is kept that nobody gave a folder."""
    if isinstance(declared, Study):
        return RUNS / f"{declared.name}-{declared.digest}"
    return RUNS / f"{declared.name}-sweep"


def settings_at_once(declared: Study | Sweep) -> SideBySide | None:
    """Return how many settings of a sweep run at once on workers; None: one after the other.

    Of fewer settings several searches of each run at once.
    """
    if isinstance(declared, Study) or len(declared.settings) < ENOUGH:
        return None
    return SideBySide(ENOUGH)


def carry_out(
    declared: Study | Sweep,
    folder: Path,
    display: Display,
    stop: Callable[[], bool],
    start: Start = no_workers,
    side_by_side: SideBySide | None = None,
) -> bool:
    """Run what a folder does not hold of a study or a sweep; see `work` and `work_through`."""
    if isinstance(declared, Study):
        return work(declared, folder, display, stop, start)
    return work_through(declared, folder, display, stop, start, side_by_side)


def work(
    study: Study,
    folder: Path,
    display: Display,
    stop: Callable[[], bool],
    start: Start = no_workers,
    *,
    is_one_of_many: bool = False,
    others: SideBySide | None = None,
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
    others
        Runs at the same time.

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
        started = {"workers": workers.provenance()} if workers else {}
        store.add_provenance({**provenance(sys.argv, study.device.threads), **started})
        where = workers.for_runner(study, tell, others) if workers else {}
        with display.showing(progress, keeps=is_one_of_many):
            return Runner(study, store, listener=listen, stop=stop, **where).run()


def work_through(
    sweep: Sweep,
    folder: Path,
    display: Display,
    stop: Callable[[], bool],
    start: Start = no_workers,
    side_by_side: SideBySide | None = None,
) -> bool:
    """Run what a folder does not hold of a sweep; as `work`.

    Parameters
    ----------
    side_by_side
        How many settings run at once, on workers; the display is a log then.
    """
    from neuromodels.experiment.sweep import run_sweep

    def begin(setting: Setting, number: int, count: int, into: Path) -> bool:
        display.say(f"setting {number} of {count}: {setting.name}")
        shown = display
        if side_by_side and isinstance(display, Log):
            shown = display.with_name(setting.name)
        return work(
            setting.study, into, shown, stop, start, is_one_of_many=True, others=side_by_side
        )

    display.say(f"sweep folder: {folder}")
    if side_by_side:
        start(display.say)  # here, and not by whichever setting comes first
    return run_sweep(sweep, folder, begin, side_by_side)


class StopSignal:
    """Whether the user asked to stop: Ctrl-C, or a scheduler's TERM.

    The first signal stops after the generation, a second one at once; either way a resumed run
    gives the same numbers. In a thread, where nobody can catch signals, it is never asked.

    Parameters
    ----------
    tell
        Gets what the user should know.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.received = 0
        self._tell = tell
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self.received != 0

    def __enter__(self) -> StopSignal:
        if threading.current_thread() is threading.main_thread():
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
        self._tell("Stopping after this generation; once more stops at once.")
