"""Which stored runs a figure script needs: the newest of each study, and what is said of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

from neuromodels.errors import RunNotFound, StorageError
from neuromodels.store.find import members_of
from neuromodels.store.finished import outdated_keys
from neuromodels.store.neighbours import stored_runs
from neuromodels.store.store import StoredRun
from neuromodels.store.sweeps import SWEEP, StoredSweep, is_sweep
from neuromodels.study.study import Study
from neuromodels.study.sweep import Sweep, read_declared


def runs_for(
    script: ModuleType, folders: Sequence[Path], runs: Path, checkout: Path
) -> tuple[list[StoredRun], list[str]]:
    """Return the runs a figure is drawn from, and a line about each that is not there.

    Parameters
    ----------
    folders
        Run folders the user named; they win over what is found.
    runs
        Where run folders lie.

    Raises
    ------
    RunNotFound
        When nothing can be drawn; names the command that makes the first run needed.
    """
    if folders:
        return [run for folder in folders for run in _runs_in(folder)], []
    stored, absent = _runs_of_needs(script, runs, checkout)
    if not stored:
        first = script.NEEDS[0]
        raise RunNotFound(
            "figure",
            "needs a stored run",
            absent[0],
            f"Make it with: neuromodels run studies/{first}.toml",
        )
    return _runs_with_measure(script, stored, absent)


def fitting_runs(
    script: ModuleType, folders: Sequence[Path], runs: Path, checkout: Path
) -> tuple[list[StoredRun], list[str]]:
    """Return what `runs_for` does; of named folders only runs of the studies a figure needs.

    Of several runs of the same study the newest is taken.

    Parameters
    ----------
    folders
        Run folders, sweep folders, and folders of them.
    """
    if not folders:
        return runs_for(script, [], runs, checkout)
    named = _newest(run for folder in folders for run in _runs_below(folder))
    fitting = [run for study in script.NEEDS for run in named if run.name == study]
    if not fitting:
        first = script.NEEDS[0]
        raise RunNotFound(
            "figure",
            "needs a run of one of its studies",
            [str(folder) for folder in folders],
            f"Make it with: neuromodels run studies/{first}.toml --out {folders[0] / first}",
        )
    return _runs_with_measure(script, fitting, [])


def is_any_run(script: ModuleType, runs: Path) -> bool:
    """Whether a study that a figure needs was run at all, from whatever declaration."""
    members = members_of(runs, and_sweeps=True) if runs.is_dir() else []
    return any(member.run and member.run.name in script.NEEDS for member in members)


def _newest(runs: Iterable[StoredRun]) -> list[StoredRun]:
    """Return the first run of each study, and of each setting of a sweep."""
    newest: dict[tuple[str, str], StoredRun] = {}
    for run in runs:
        setting = run.digest if is_sweep(run.folder.parent) else ""
        newest.setdefault((run.name, setting), run)
    return list(newest.values())


def _runs_below(folder: Path) -> list[StoredRun]:
    """Return the runs of a run or sweep folder, or of all such folders in it, newest first."""
    members = members_of(folder, and_sweeps=True)
    return [member.run for member in members if member.run is not None]


def _runs_with_measure(
    script: ModuleType, stored: list[StoredRun], absent: list[str]
) -> tuple[list[StoredRun], list[str]]:
    """Leave out runs without the measure that a script draws, with a line about each.

    Raises
    ------
    RunNotFound
        When none was measured; names the command that does it.
    """
    measure = getattr(script, "MEASURE", None)
    if measure is None:
        return stored, absent
    done = [run for run in stored if any((run.folder / "measures").glob(f"{measure}-*.npz"))]
    others = [run for run in stored if run not in done]
    if not done:
        raise RunNotFound(
            "figure",
            f"needs the measure {measure}",
            f"{stored[0].name} without it",
            f"Make it with: neuromodels measure {stored[0].folder} {measure}",
        )
    lines = [
        f"{run.name} lacks a measure: neuromodels measure {run.folder} {measure}" for run in others
    ]
    return done, absent + lines


def _runs_of_needs(
    script: ModuleType, runs: Path, checkout: Path
) -> tuple[list[StoredRun], list[str]]:
    """Return the newest run of each study as it is declared, and a line about each missing."""
    stored, absent = [], []
    for name in script.NEEDS:
        path = checkout / "studies" / f"{name}.toml"
        declared = read_declared(path) if path.is_file() else None
        if isinstance(declared, Sweep):
            new, missing = _runs_of_sweep(declared, runs)
        else:
            new, missing = _runs_of_study(name, declared, runs)
        stored += new
        absent += missing
    return stored, absent


def _runs_in(folder: Path) -> list[StoredRun]:
    return StoredSweep(folder).runs if is_sweep(folder) else [StoredRun(folder)]


def _runs_of_study(name: str, study: Study | None, runs: Path) -> tuple[list[StoredRun], list[str]]:
    """Return the newest run that answers a study, and a line when there is none."""
    named = [run for run in stored_runs(runs) if run.name == name]
    current = [run for run in named if study is None or _answers(run, study)]
    return current[:1], [] if current else [_absence(name, named, study)]


def _runs_of_sweep(sweep: Sweep, runs: Path) -> tuple[list[StoredRun], list[str]]:
    """Return the newest run of each setting, and a line about each that has none."""
    folders = sorted(runs.glob(f"*/{SWEEP}"), key=lambda path: path.stat().st_mtime, reverse=True)
    swept = [run for path in folders for run in _runs_if_whole(path.parent)]
    newest, absent = [], []
    for setting in sweep.settings:
        current = [run for run in swept if _answers(run, setting.study)]
        newest += current[:1]
        if not current:
            named = f"{sweep.name}, setting {setting.name},"
            older = [run for run in swept if run.is_of(setting.study)]
            absent.append(_absence(named, older, setting.study))
    if not newest:
        absent = [f"{absent[0]} (and {len(absent) - 1} more settings)"]
    return newest, absent


def _runs_if_whole(folder: Path) -> list[StoredRun]:
    """Return the runs of a sweep; none where the sweep is damaged, which hides no other."""
    try:
        return StoredSweep(folder).runs
    except StorageError:
        return []


def _answers(run: StoredRun, study: Study) -> bool:
    """Whether a run is of this study, and with at least its budget."""
    is_long = _budget(run) >= study.search.generations
    return run.is_of(study) and is_long and not _is_outdated(run)


def _is_outdated(run: StoredRun) -> bool:
    """Whether scores are those of a shorter search, as the run is being extended."""
    try:
        ledger = run.ledger()
    except StorageError:
        return False
    try:
        return bool(outdated_keys(ledger, run.table))
    finally:
        ledger.close()


def _absence(name: str, older: Sequence[StoredRun], study: Study | None) -> str:
    """Return why none of the runs there are stands for a study, and what draws one anyway."""
    alike = [run for run in older if study is not None and run.is_of(study)]
    if study is None or not older:
        return f"{name} was not run"
    run = max(alike, key=_budget, default=older[0])
    if not alike:
        reason = "was run from another declaration"
    elif _budget(run) < study.search.generations:
        reason = f"was run for {_budget(run):,} of {study.search.generations:,} generations"
    else:
        reason = "has scores of a shorter search, as it is being extended"
    return f"{name} {reason}; --run {run.folder} draws it anyway"


def _budget(run: StoredRun) -> int:
    return run.study.search.generations
