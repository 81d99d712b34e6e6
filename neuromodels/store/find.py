"""Runs below a folder: a run folder's own, those of a sweep, or all that lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromodels.errors import RunNotFound, StorageError
from neuromodels.store.folder import NETWORK, STUDY
from neuromodels.store.neighbours import (
    MOST_NAMES,
    Tell,
    each_whole,
    folders_in,
    ignore,
    readable_run,
    stored_runs,
)
from neuromodels.store.store import StoredRun, explain_refusal, not_a_study
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


def folder_of_study(runs: Path, study: Study) -> Path:
    """Return where a study is kept that nobody gave a folder: where it is, or a new one.

    An earlier version may have begun it under another digest.
    """
    wanted = runs / f"{study.name}-{study.digest}"
    if wanted.exists():
        return wanted
    for path in sorted(runs.glob(f"{study.name}-*")):
        with suppress(StorageError, OSError):
            if (path / STUDY).is_file() and StoredRun(path).is_of(study):
                return path
    return wanted


def members_of(folder: Path, *, and_sweeps: bool = False, tell: Tell = ignore) -> list[Member]:
    """Return the run of a run folder, the settings of a sweep, or the runs in a folder.

    Parameters
    ----------
    and_sweeps
        Whether settings of sweeps in a folder follow its runs.
    tell
        Gets a sentence about each neighbour that cannot be read and is left out.

    Returns
    -------
    list of Member
        Settings in the order of their sweep, each folder once; other runs newest first; empty when
        there is nothing.

    Raises
    ------
    StorageError
        When the folder is itself a run or a sweep that cannot be read.
    """
    with explain_refusal(folder):
        if (folder / STUDY).is_file():
            return [Member(folder, readable_run(folder))]
    if is_sweep(folder):
        return _settings_of(StoredSweep(folder), tell)
    members = [Member(run.folder, run) for run in stored_runs(folder, tell)]
    if and_sweeps:
        paths = [path for path in folders_in(folder) if is_sweep(path)]
        # one that is damaged is told of, also where it is the only one
        for _, sweep in each_whole([*paths, folder], _sweep_at, tell):
            members += _settings_of(sweep, tell) if sweep else []
    return members


def _sweep_at(folder: Path) -> StoredSweep | None:
    return StoredSweep(folder) if is_sweep(folder) else None


def _settings_of(sweep: StoredSweep, tell: Tell) -> list[Member]:
    settings = {setting.folder: setting for setting in sweep.settings}
    return [
        Member(sweep.folder / setting.folder, run, setting)
        for setting, run in each_whole(settings.values(), sweep.run, tell)
    ]


def required_members(folder: Path, tell: Tell = ignore) -> list[Member]:
    """Return what `members_of` does, runs in a folder by their names.

    Raises
    ------
    RunNotFound
        When there is nothing, or nothing but sweeps.
    """
    members = members_of(folder, tell=tell)
    if not members and (folder / NETWORK).is_file():
        raise not_a_study(folder)
    if not members and not is_sweep(folder):
        _refuse_sweeps_alone(folder)
    if not members:
        raise RunNotFound(
            str(folder),
            "holds no run and no sweep",
            cure="`neuromodels run FILE` makes one and prints its name.",
        )
    return members if is_sweep(folder) else sorted(members, key=lambda member: member.folder)


def _refuse_sweeps_alone(folder: Path) -> None:
    sweeps = [path.name for path in folders_in(folder) if is_sweep(path)]
    if sweeps:
        more = f" and {len(sweeps) - MOST_NAMES:,} more" if len(sweeps) > MOST_NAMES else ""
        raise RunNotFound(
            str(folder),
            "must hold a run, or be a sweep itself",
            f"only sweeps: {', '.join(sweeps[:MOST_NAMES])}{more}",
            f"Name one of them: {folder / sweeps[0]}",
        )
