"""A run folder: who may write it, and what lies where."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from neuromodels.errors import RunNotFound, StorageError
from neuromodels.files import (
    PRIVATE,
    TEMPORARY,
    arrays_to_bytes,
    folder_key,
    read_arrays,
    read_json,
    replace_file,
    write_json,
    writing,
)
from neuromodels.store.centres import centres_path, with_centre
from neuromodels.store.checkpoints import Checkpoint, Checkpoints
from neuromodels.store.ledger import Ledger
from neuromodels.store.lock import FolderLock
from neuromodels.store.provenance import changed_since
from neuromodels.study.stored import stored_study
from neuromodels.study.study import Study

STUDY = "study.json"
PROVENANCE = "provenance.json"
LEDGER = "ledger.sqlite"
LOCK = "lock"
KEY = "key"
SYNC_EVERY = 2.0
"""Seconds between checkpoints that wait for the disk."""
ARRAYS = ("solutions", "recordings")
_FOLDERS = {"starts", "centres", "checkpoints", "figures", "measures", *ARRAYS}
_OURS = {STUDY, PROVENANCE, LEDGER, LOCK, KEY, *_FOLDERS}


class StoredRun:
    """A run folder, to be read; never changes it.

    Parameters
    ----------
    folder
        As printed when the run started.

    Attributes
    ----------
    table
        Its study as plain values, as they are stored.
    digest
        Of its study.

    Raises
    ------
    RunNotFound
        When the folder holds no run.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        if not (self.folder / STUDY).is_file():
            raise RunNotFound(
                str(folder),
                "is not a run folder (it has no study.json)",
                cure="`neuromodels run FILE` makes one and prints its name.",
            )
        stored = read_json(self.folder / STUDY)
        self.digest = str(stored.pop("digest", ""))
        self.table: Mapping[str, Any] = stored

    @property
    def name(self) -> str:
        """The name of its study."""
        return str(self.table.get("name", ""))

    @cached_property
    def study(self) -> Study:
        """Its study, whose own files may be gone; see `neuromodels.study.stored`.

        Raises
        ------
        StorageError
            When what is stored is no whole study.
        """
        try:
            return stored_study(self.table)
        except (KeyError, TypeError, AttributeError) as error:
            path = str(self.folder / STUDY)
            raise StorageError(path, f"must hold a whole study ({error})") from error

    def ledger(self) -> Ledger:
        """Open the ledger for reading, also while the run goes on."""
        if not (self.folder / LEDGER).exists():
            raise RunNotFound(
                str(self.folder),
                "has no ledger yet",
                cure=f"`neuromodels resume {self.folder}` starts it.",
            )
        return Ledger(self.folder / LEDGER, read_only=True)

    def solution(self, condition: str, seed: int) -> dict[str, np.ndarray]:
        """Return the arrays of a solution: ``vector`` (d,) and its named slices."""
        return read_arrays(solution_path(self.folder, condition, seed))

    def centres(self, condition: str, seed: int) -> dict[str, np.ndarray]:
        """Return where a search was: ``generations`` (k,) and ``centres`` (k, d).

        Raises
        ------
        RunNotFound
            When the run was made by a version that did not keep them.
        """
        path = centres_path(self.folder, condition, seed)
        if not path.is_file():
            raise RunNotFound(
                str(path),
                "is written while a search goes on, and is not there",
                cure="Older versions did not keep it; run the study again.",
            )
        return read_arrays(path)

    def recording(self, condition: str, seed: int) -> dict[str, np.ndarray]:
        """Return the arrays of the trial that was recorded with a solution.

        Raises
        ------
        RunNotFound
            When there is none yet.
        """
        path = recording_path(self.folder, condition, seed)
        if not path.is_file():
            raise RunNotFound(
                str(path),
                "is recorded when a run finishes, and is not there",
                cure=f"`neuromodels resume {self.folder}` makes it.",
            )
        return read_arrays(path)


class Store:
    """A run folder, to be written by this process only.

    Parameters
    ----------
    folder
        Made when missing; refused when it holds another study or somebody's files.
    study
        The study as plain values.
    digest
        Identifies the study; the folder keeps it.
    """

    def __init__(self, folder: Path, study: Mapping[str, Any], digest: str):
        self.folder = Path(folder)
        self.digest = digest
        self.notices: list[str] = []
        self._study = dict(study)
        self._lock = FolderLock(self.folder / LOCK)
        self._synced = -SYNC_EVERY

    def __enter__(self) -> Self:
        check_folder(self.folder, self.digest)
        with writing(self.folder):
            self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            for name in ARRAYS:
                (self.folder / name).mkdir(exist_ok=True)
        self._lock.acquire()
        try:
            check_folder(self.folder, self.digest)  # again: now nobody else can change it
            self._remove_parts()
            self._write_study()
            key = folder_key(self.folder / KEY)
            self.checkpoints = Checkpoints(self.folder / "checkpoints", self.digest, key)
            self.ledger = Ledger(self.folder / LEDGER)
        except BaseException:
            self._lock.release()
            raise
        if self._lock.stale:
            self.notices.append(self._lock.stale)
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self.ledger.close(finished=error[0] is None)
        finally:
            self._lock.release()

    def add_provenance(self, session: dict[str, Any]) -> None:
        """Append the provenance of this session; note what changed since the last."""
        path = self.folder / PROVENANCE
        sessions = read_json(path).get("sessions", []) if path.exists() else []
        if sessions and (changes := changed_since(sessions[-1], session)):
            self.notices.append(
                "Since the last session changed: "
                + "; ".join(changes)
                + ". Results may differ in the last bits from an uninterrupted run."
            )
        write_json(path, {"sessions": [*sessions, session]})

    def checkpoint(
        self, condition: str, seed: int, checkpoint: Checkpoint, *, durable: bool = False
    ) -> None:
        """Store where a search stands.

        A killed process never loses a checkpoint. A power cut loses those of the last
        `SYNC_EVERY` seconds: waiting for the disk in every generation would cost as much as a
        small network's generation itself.

        Parameters
        ----------
        durable
            Wait for the disk now.
        """
        durable = durable or time.monotonic() >= self._synced + SYNC_EVERY
        if durable:
            self.ledger.sync()
            self._synced = time.monotonic()
        self.checkpoints.write(condition, seed, checkpoint, durable=durable)

    def write_solution(self, condition: str, seed: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Store the arrays of a solution atomically."""
        replace_file(solution_path(self.folder, condition, seed), arrays_to_bytes(arrays))

    def solution(self, condition: str, seed: int) -> dict[str, np.ndarray] | None:
        """Return the arrays of a solution, or None when it is missing or damaged."""
        return self._arrays(solution_path(self.folder, condition, seed))

    def write_recording(self, condition: str, seed: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Store the arrays of a recorded trial atomically."""
        replace_file(recording_path(self.folder, condition, seed), arrays_to_bytes(arrays))

    def recording(self, condition: str, seed: int) -> dict[str, np.ndarray] | None:
        """Return the arrays of a recorded trial, or None when missing or damaged."""
        return self._arrays(recording_path(self.folder, condition, seed))

    def keep_centre(
        self, condition: str, seed: int, generation: int, centre: np.ndarray, every: int
    ) -> None:
        """Add where a search is at a test point; see `with_centre`."""
        path = centres_path(self.folder, condition, seed)
        with writing(path):
            path.parent.mkdir(exist_ok=True)
        arrays = with_centre(self._arrays(path), generation, centre, every)
        replace_file(path, arrays_to_bytes(arrays), durable=False)

    def write_start(self, condition: str, seed: int, centre: np.ndarray) -> None:
        """Store where a search starts when it does not start from the rule's defaults."""
        path = start_path(self.folder, condition, seed)
        with writing(path):
            path.parent.mkdir(exist_ok=True)
        replace_file(path, arrays_to_bytes({"centre": centre}))

    def start(self, condition: str, seed: int) -> np.ndarray | None:
        """Return where a search starts, (d,), or None when it starts from the defaults.

        Raises
        ------
        StorageError
            When it cannot be read: nothing else may take its place.
        """
        path = start_path(self.folder, condition, seed)
        return read_arrays(path)["centre"] if path.exists() else None

    def remove_recording(self, condition: str, seed: int) -> None:
        """Forget a recorded trial; the runner makes it again."""
        path = recording_path(self.folder, condition, seed)
        with writing(path):
            path.unlink(missing_ok=True)

    def remove_measures(self, condition: str, seed: int) -> None:
        """Forget what was measured of a solution that is searched on."""
        for path in (self.folder / "measures").glob(f"*-{condition}-seed{seed}.npz"):
            with writing(path):
                path.unlink(missing_ok=True)

    def _arrays(self, path: Path) -> dict[str, np.ndarray] | None:
        if not path.exists():
            return None
        try:
            return read_arrays(path)
        except StorageError as error:
            self.notices.append(f"{error} It is made again.")
            return None

    def take_notices(self) -> list[str]:
        """Return what happened since the last call that the user should know."""
        notices, self.notices = self.notices, []
        return notices

    def _write_study(self) -> None:
        path = self.folder / STUDY
        seeds = list(self._study["seeds"])
        if path.exists():
            before = read_json(path)
            self._check_budget(before)
            kept = before.get("seeds", [])
            seeds = kept + [seed for seed in seeds if seed not in kept]
        write_json(path, {"digest": self.digest, **self._study, "seeds": seeds})

    def _check_budget(self, before: Mapping[str, Any]) -> None:
        """Refuse fewer generations than the folder was given: a budget only grows."""
        had, wanted = _generations(before), _generations(self._study)
        if wanted < had:
            raise StorageError(
                str(self.folder),
                f"holds this study with {had:,} generations, a budget that can only grow",
                wanted,
                f"`neuromodels resume {self.folder}` goes on with it; --out names another folder.",
            )

    def _remove_parts(self) -> None:
        with writing(self.folder):
            for part in self.folder.rglob(f"*{TEMPORARY}"):
                part.unlink()


def solution_path(folder: Path, condition: str, seed: int) -> Path:
    """Return where the solution of a condition under a seed lies."""
    return folder / "solutions" / f"{condition}-seed{seed}.npz"


def start_path(folder: Path, condition: str, seed: int) -> Path:
    """Return where the start of a search lies that does not start from the defaults."""
    return folder / "starts" / f"{condition}-seed{seed}.npz"


def recording_path(folder: Path, condition: str, seed: int) -> Path:
    """Return where the recorded trial of a condition under a seed lies."""
    return folder / "recordings" / f"{condition}-seed{seed}.npz"


def check_folder(folder: Path, digest: str) -> None:
    """Refuse a folder that holds another study or files of somebody else.

    Raises
    ------
    StorageError
        Before anything in the folder is touched.
    """
    with writing(folder):
        if not folder.exists():
            return
        names = {path.name for path in folder.iterdir()}
    if STUDY in names:
        stored = read_json(folder / STUDY).get("digest")
        if stored != digest:
            raise StorageError(
                str(folder),
                f"must be empty or hold the study {digest}",
                stored,
                "It holds another study; name another folder with --out.",
            )
        return
    foreign = sorted(n for n in names if n not in _OURS and not _is_ours(n))
    if foreign:
        raise StorageError(
            str(folder),
            "must be empty or a run folder",
            ", ".join(foreign[:3]),
            "It holds other files; name another folder with --out.",
        )


def _generations(study: Mapping[str, Any]) -> int:
    return int(study.get("search", {}).get("generations", 0))


def _is_ours(name: str) -> bool:
    return name.startswith(LEDGER) or name.endswith(TEMPORARY)


def stored_runs(folder: Path) -> list[StoredRun]:
    """Return the runs in the folders of `folder`, newest first."""
    if not folder.is_dir():
        return []
    folders = [path.parent for path in folder.glob(f"*/{STUDY}")]
    folders.sort(key=lambda path: (path / STUDY).stat().st_mtime, reverse=True)
    return [StoredRun(path) for path in folders]
