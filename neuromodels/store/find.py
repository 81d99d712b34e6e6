"""Runs below a folder: a run folder's own, those of a sweep, or all that lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromodels.errors import RunNotFound
from neuromodels.store.store import STUDY, StoredRun, stored_runs
from neuromodels.store.sweeps import StoredSetting, StoredSweep, is_sweep
from neuromodels.study.study import Study


@dataclass(frozen=True)
class Member:
    """A run, or a setting of a sweep that was not begun.

    Parameters
    ----------
    folder
        Where it lies or will lie.
    run
        None: it was not begun.
    setting
        Of the sweep that it belongs to; None: of none.
    """

    folder: Path
    run: StoredRun | None
    setting: StoredSetting | None = None

    @property
    def _kept(self) -> StoredRun | StoredSetting:
        """What knows its study: the run, once there is one."""
        kept = self.run or self.setting
        assert kept is not None
        return kept

    @property
    def table(self) -> Mapping[str, Any]:
        """Its study as plain values."""
        return self._kept.table

    @property
    def study(self) -> Study:
        """Its study."""
        return self._kept.study

    @property
    def digest(self) -> str:
        """The digest of its study."""
        return self._kept.digest


def members_of(folder: Path, *, and_sweeps: bool = False) -> list[Member]:
    """Return the run of a run folder, the settings of a sweep, or the runs in a folder.

    Parameters
    ----------
    and_sweeps
        Whether settings of sweeps in a folder follow its runs.

    Returns
    -------
    list of Member
        Settings in the order of their sweep, each folder once; other runs newest first; empty when
        there is nothing.
    """
    if (folder / STUDY).is_file():
        return [Member(folder, StoredRun(folder))]
    if is_sweep(folder):
        return _settings_of(StoredSweep(folder))
    members = [Member(run.folder, run) for run in stored_runs(folder)]
    if and_sweeps:
        sweeps = sorted(path for path in folder.glob("*") if is_sweep(path))
        members += [member for path in sweeps for member in members_of(path)]
    return members


def _settings_of(sweep: StoredSweep) -> list[Member]:
    settings = {setting.folder: setting for setting in sweep.settings}
    return [
        Member(sweep.folder / name, sweep.run(setting), setting)
        for name, setting in settings.items()
    ]


def required_members(folder: Path) -> list[Member]:
    """Return what `members_of` does, runs in a folder by their names.

    Raises
    ------
    RunNotFound
        When there is nothing.
    """
    members = members_of(folder)
    if not members:
        raise RunNotFound(
            str(folder),
            "holds no run and no sweep",
            cure="`neuromodels run FILE` makes one and prints its name.",
        )
    return members if is_sweep(folder) else sorted(members, key=lambda member: member.folder)
