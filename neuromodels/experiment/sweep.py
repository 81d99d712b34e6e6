"""Run a sweep: every setting in a run folder of its own, under one folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from neuromodels.errors import DamagedRun, NeuromodelsError, StorageError
from neuromodels.experiment.side_by_side import Job, SideBySide
from neuromodels.store.neighbours import Tell, left_out
from neuromodels.store.neighbours import ignore as tell_nobody
from neuromodels.store.sweeps import (
    StoredSetting,
    StoredSweep,
    check_sweep_folder,
    discard_sweep,
    folder_of,
    write_sweep,
)
from neuromodels.study.file import study_of
from neuromodels.study.own_files import Announce, ignore
from neuromodels.study.study import Study
from neuromodels.study.sweep import Setting, Sweep, once

Begin = Callable[[Setting, int, int, Path], bool]
"""Runs a setting, given its number from 1, how many there are, and its folder; False: stopped."""


def run_sweep(
    sweep: Sweep,
    folder: Path,
    begin: Begin,
    side_by_side: SideBySide | None = None,
    tell: Tell = tell_nobody,
) -> bool:
    """Run every setting; return False when the user stopped it.

    What a folder already holds of a study is not run again, whichever sweep made it.

    Parameters
    ----------
    side_by_side
        How many run at once; by default one after the other.
    tell
        Gets a sentence about each setting that is left out, as its run folder is damaged.

    Raises
    ------
    StorageError
        When the folder holds something else.
    DamagedRun
        In the end, when settings were left out.
    """
    check_sweep_folder(folder)
    folders: dict[str, str] = {}
    for setting in sweep.settings:
        digest = setting.study.digest
        folders.setdefault(digest, folder_of(folder, setting.study, setting.name))
    stored = [_to_stored(setting, folders[setting.study.digest]) for setting in sweep.settings]
    write_sweep(folder, sweep.name, sweep.keys, stored)
    runs: dict[str, list[Job]] = {}
    damaged: list[str] = []
    for number, (setting, place) in enumerate(zip(sweep.settings, stored, strict=True), start=1):
        run = partial(begin, setting, number, len(stored), folder / place.folder)
        runs.setdefault(place.folder, [partial(_run_if_whole, run, place.folder, damaged, tell)])
    try:
        is_done = (side_by_side or SideBySide()).run(list(runs.values()))
    except NeuromodelsError:
        discard_sweep(folder)
        raise
    if not is_done:
        return False
    if damaged:
        must = f"holds {len(damaged)} of {len(runs)} settings that cannot be run"
        cure = "All others are done. Remove these folders to run their settings again."
        raise DamagedRun(str(folder), must, ", ".join(damaged[:3]), cure)
    return True


def _run_if_whole(run: Job, folder: str, damaged: list[str], tell: Tell) -> bool:
    """Run a setting; one whose folder is damaged keeps no other from being run."""
    try:
        return run()
    except DamagedRun as error:
        tell(left_out(error))
        damaged.append(folder)
        return True


def _to_stored(setting: Setting, folder: str) -> StoredSetting:
    study = setting.study
    return StoredSetting(setting.name, folder, study.digest, dict(setting.values), study.to_table())


def stored_sweep(folder: Path, announce: Announce = ignore, too_large: Tell | None = None) -> Sweep:
    """Return the sweep that a folder holds; settings whose runs were extended are longer.

    Parameters
    ----------
    announce, too_large
        As of `neuromodels.study.sweep.read_declared`.
    """
    stored = StoredSweep(folder)
    announce_once, too_large_once = once(announce), too_large and once(too_large)
    settings = []
    for setting in stored.settings:
        source = str(stored.folder / setting.folder)
        study = study_of(_latest(stored, setting), source, None, announce_once, too_large_once)
        settings.append(Setting(setting.name, setting.values, study))
    return Sweep(stored.name, stored.keys, tuple(settings))


def _latest(sweep: StoredSweep, setting: StoredSetting) -> Mapping[str, Any]:
    """Return the study of a setting with the larger of its two budgets."""
    try:
        run = sweep.run(setting)
    except StorageError:  # told of when the setting's turn comes
        run = None
    both = [setting.table, run.table] if run else [setting.table]
    return max(both, key=lambda table: table["search"]["generations"])


def extend_study(study: Study, generations: int) -> Study:
    """Return a study with so many generations more."""
    total = study.search.generations + generations
    return replace(study, search=replace(study.search, generations=total))


def extend_sweep(sweep: Sweep, generations: int) -> Sweep:
    """Return a sweep with so many generations more in every setting."""
    settings = (
        replace(setting, study=extend_study(setting.study, generations))
        for setting in sweep.settings
    )
    return replace(sweep, settings=tuple(settings))
