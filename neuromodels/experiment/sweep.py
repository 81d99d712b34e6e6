"""Run a sweep: every setting in a run folder of its own, under one folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from neuromodels.experiment.side_by_side import Job, SideBySide
from neuromodels.store.sweeps import (
    StoredSetting,
    StoredSweep,
    check_sweep_folder,
    folder_of,
    write_sweep,
)
from neuromodels.study.file import study_of
from neuromodels.study.own_files import Announce, ignore
from neuromodels.study.study import Study
from neuromodels.study.sweep import Setting, Sweep

Begin = Callable[[Setting, int, int, Path], bool]
"""Runs a setting, given its number from 1, how many there are, and its folder; False: stopped."""


def run_sweep(
    sweep: Sweep, folder: Path, begin: Begin, side_by_side: SideBySide | None = None
) -> bool:
    """Run every setting; return False when the user stopped it.

    What a folder already holds of a study is not run again, whichever sweep made it.

    Parameters
    ----------
    side_by_side
        How many run at once; by default one after the other.

    Raises
    ------
    StorageError
        When the folder holds something else.
    """
    check_sweep_folder(folder)
    folders: dict[str, str] = {}
    for setting in sweep.settings:
        digest = setting.study.digest
        folders.setdefault(digest, folder_of(folder, digest, setting.name))
    stored = [_to_stored(setting, folders[setting.study.digest]) for setting in sweep.settings]
    write_sweep(folder, sweep.name, sweep.keys, stored)
    runs: dict[str, list[Job]] = {}
    for number, (setting, place) in enumerate(zip(sweep.settings, stored, strict=True), start=1):
        run = partial(begin, setting, number, len(stored), folder / place.folder)
        runs.setdefault(place.folder, [run])
    return (side_by_side or SideBySide()).run(list(runs.values()))


def _to_stored(setting: Setting, folder: str) -> StoredSetting:
    study = setting.study
    return StoredSetting(setting.name, folder, study.digest, dict(setting.values), study.to_table())


def stored_sweep(folder: Path, announce: Announce = ignore) -> Sweep:
    """Return the sweep that a folder holds; settings whose runs were extended are longer."""
    stored = StoredSweep(folder)
    seen: set[Path] = set()

    def announce_once(file: Path) -> None:
        if file not in seen:
            seen.add(file)
            announce(file)

    settings = []
    for setting in stored.settings:
        source = str(stored.folder / setting.folder)
        study = study_of(_latest(stored, setting), source, announce=announce_once)
        settings.append(Setting(setting.name, setting.values, study))
    return Sweep(stored.name, stored.keys, tuple(settings))


def _latest(sweep: StoredSweep, setting: StoredSetting) -> Mapping[str, Any]:
    """Return the study of a setting with the larger of its two budgets."""
    run = sweep.run(setting)
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
