"""A run folder: who may write it, and what lies where."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from neuromodels.errors import DamagedRun, RunNotFound, StorageError
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
from neuromodels.store.checkpoints import LOST, Checkpoint, Checkpoints
from neuromodels.store.declared.record import plan_record
from neuromodels.store.finished import finished_keys
from neuromodels.store.folder import (
    ARRAYS,
    FOLDERS,
    KEY,
    LEDGER,
    LOCK,
    NETWORK,
    PROVENANCE,
    STUDY,
    check_folder,
    recording_path,
    solution_path,
    start_path,
)
from neuromodels.store.ledger import Ledger
from neuromodels.store.lock import FolderLock
from neuromodels.store.provenance import add_session, sessions_in
from neuromodels.store.records import OWN
from neuromodels.study.conditions import SEARCHED
from neuromodels.study.stored import is_stored_as, stored_study
from neuromodels.study.study import Study

SYNC_EVERY = 2.0
"""Seconds between checkpoints that wait for the disk."""


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
        When the folder holds no run, or may not be read.
    DamagedRun
        When its study cannot be read.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        with explain_refusal(self.folder):
            if not (self.folder / STUDY).is_file():
                raise not_a_study(self.folder)
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
        DamagedRun
            When what is stored is no whole study.
        """
        try:
            return stored_study(self.table)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            path = str(self.folder / STUDY)
            raise DamagedRun(path, f"must hold a whole study ({error})") from error

    def is_of(self, study: Study) -> bool:
        """Whether it is a run of a study, also where an earlier version gave it its digest."""
        return is_stored_as(self.table, self.digest, study)

    def ledger(self) -> Ledger:
        """Open the ledger for reading, also while the run goes on.

        Raises
        ------
        RunNotFound
            When nothing was written yet.
        DamagedRun
            When it is damaged, or lost.
        """
        return _ledger_in(self.folder)

    def solution(self, condition: str, seed: int) -> dict[str, np.ndarray]:
        """Return the arrays of a solution: ``vector`` (d,) and its named slices."""
        return read_arrays(solution_path(self.folder, condition, seed), "vector")

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


def not_a_study(folder: Path) -> RunNotFound:
    """Return the error of a folder without a study that rules are searched for."""
    if (folder / NETWORK).is_file():
        cure = "`report`, `status`, `export`, `compare` with its like, and `resume` take it."
        return RunNotFound(str(folder), "is the run of a network of your own", cure=cure)
    cure = "`neuromodels run FILE` makes one and prints its name."
    return RunNotFound(str(folder), "is not a run folder (it has no study.json)", cure=cure)


class Store:
    """A run folder, to be written by this process only.

    Parameters
    ----------
    folder
        Made when missing; refused when it holds another study or somebody's files.
    study
        The study as plain values.
    digest
        Identifies the study. A folder that an earlier version made keeps the one that it has.
    """

    def __init__(self, folder: Path, study: Mapping[str, Any], digest: str):
        self.folder = Path(folder)
        self.digest = digest
        self.notices: list[str] = []
        self._study = dict(study)
        self._lock = FolderLock(self.folder / LOCK)
        self._synced = -SYNC_EVERY
        self._is_new = self._is_made = False

    def __enter__(self) -> Self:
        check_folder(self.folder, self.digest, self._study)
        with writing(self.folder):
            self._is_made = not self.folder.exists()
            self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            for name in ARRAYS:
                (self.folder / name).mkdir(exist_ok=True)
        self._lock.acquire()
        try:
            # again: now nobody else can change it
            self.digest = check_folder(self.folder, self.digest, self._study)
            self._remove_parts()
            self._is_new = not (self.folder / STUDY).exists()
            key = folder_key(self.folder / KEY)
            self.checkpoints = Checkpoints(self.folder / "checkpoints", self.digest, key)
            with suppress(RunNotFound):
                _ledger_in(self.folder).close()  # one that was lost is not made anew
            self.ledger = Ledger(self.folder / LEDGER)
            self._take_study()
        except BaseException:
            self._lock.release()
            raise
        if self._lock.stale:
            self.notices.append(self._lock.stale)
        return self

    def __exit__(self, *error: object) -> None:
        try:
            is_failed = isinstance(error[1], Exception)
            is_blank = is_failed and self._is_new and self.ledger.is_blank
            self.ledger.close(finished=error[0] is None)
            if is_blank:
                self._discard()
        finally:
            self._lock.release()

    def add_provenance(self, session: dict[str, Any]) -> None:
        """Append the provenance of this session; note what changed since the last."""
        self.notices += add_session(self.folder / PROVENANCE, session)

    def note_plan(self, study_file: Path, study: Study) -> None:
        """Add to the provenance of the first session whether the study's plan was committed.

        Parameters
        ----------
        study_file
            Beside which a plan may lie.
        """
        path = self.folder / PROVENANCE
        sessions = sessions_in(path)
        if len(sessions) != 1:  # what is declared later is declared too late
            return
        record = plan_record(study_file, study, datetime.fromisoformat(sessions[0]["time"]))
        if record is not None:
            write_json(path, {"sessions": [{**sessions[0], "plan": record}]})

    def note_shared(self, condition: str, seed: int, source: str) -> None:
        """Add to the provenance of this session that a search is another setting's."""
        path = self.folder / PROVENANCE
        if sessions := sessions_in(path):
            taken = {"condition": condition, "seed": seed, "source": source}
            sessions[-1]["shared"] = [*sessions[-1].get("shared", []), taken]
            write_json(path, {"sessions": sessions})

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
        return self._arrays(solution_path(self.folder, condition, seed), "vector")

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

    def write_centres(self, condition: str, seed: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Store where a whole search was."""
        path = centres_path(self.folder, condition, seed)
        with writing(path):
            path.parent.mkdir(exist_ok=True)
        replace_file(path, arrays_to_bytes(arrays))

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
        return read_arrays(path, "centre")["centre"] if path.exists() else None

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

    def _arrays(self, path: Path, *needed: str) -> dict[str, np.ndarray] | None:
        if not path.exists():
            return None
        try:
            return read_arrays(path, *needed)
        except StorageError as error:
            self.notices.append(f"{error} It is made again.")
            return None

    def take_notices(self) -> list[str]:
        """Return what happened since the last call that the user should know."""
        notices, self.notices = self.notices, []
        return notices

    def _take_study(self) -> None:
        """Check that the folder can go on with the study, then store it."""
        try:
            self._forget_half_taken()
            self._check_searches()
            self._write_study()
        except BaseException:
            self.ledger.close(finished=True)
            raise

    def _forget_half_taken(self) -> None:
        """Remove what a killed process took over in part of another run's search."""
        for row in self.ledger.runs():
            if row.source != OWN and row.status != "finished":
                kept, key = self.checkpoints, (row.condition, row.seed)
                paths = [kept.path(*key), kept.previous(*key), centres_path(self.folder, *key)]
                for path in [*paths, solution_path(self.folder, *key)]:
                    with writing(path):
                        path.unlink(missing_ok=True)
                self.ledger.forget(*key)

    def _check_searches(self) -> None:
        """Refuse a search that would begin anew although it has been somewhere."""
        finished = finished_keys(self.ledger, self._study)
        for condition in SEARCHED:
            for seed in self._study["seeds"]:
                if (condition, seed) not in finished:
                    self.resume_point(condition, seed)

    def resume_point(self, condition: str, seed: int) -> tuple[Checkpoint | None, str]:
        """Return the checkpoint from which a search goes on, and a warning.

        See `Checkpoints.read`; None where the search begins.

        Raises
        ------
        DamagedRun
            When the checkpoint, or the ledger's rows before it, are lost.
        """
        recorded = len(self.ledger.generations(condition, seed))
        checkpoint, warning = self.checkpoints.read(condition, seed, recorded)
        # a search that is killed before its first checkpoint leaves some rows
        first = int(self._study.get("search", {}).get("checkpoint_every", 1))
        if checkpoint is None and recorded > first:
            path = str(self.checkpoints.path(condition, seed))
            must = f"is lost, and the ledger holds {recorded:,} generations of this search"
            raise DamagedRun(path, must, cure=LOST)
        return checkpoint, warning

    def _write_study(self) -> None:
        path = self.folder / STUDY
        seeds = list(self._study["seeds"])
        if path.exists():
            before = read_json(self.folder / STUDY)
            self._check_budget(before)
            kept = before.get("seeds", [])
            seeds = kept + [seed for seed in seeds if seed not in kept]
        write_json(path, {"digest": self.digest, **self._study, "seeds": seeds})

    def _check_budget(self, before: Mapping[str, Any]) -> None:
        """Refuse fewer generations than the folder was given; see `set_budget`."""
        had, wanted = _generations(before), _generations(self._study)
        if wanted < had:
            raise StorageError(
                str(self.folder),
                f"holds this study with {had:,} generations, and `run` only adds to them",
                wanted,
                f"`neuromodels resume {self.folder}` goes on with it, and takes generations back"
                " with --budget; --out names another folder.",
            )

    def _remove_parts(self) -> None:
        """Remove what a killed process left half written, and nothing of the user's own."""
        with writing(self.folder):
            parts = [self.folder / (name + TEMPORARY) for name in (STUDY, PROVENANCE, KEY)]
            for name in FOLDERS:
                parts += (self.folder / name).glob(f"*{TEMPORARY}")
            for part in parts:
                part.unlink(missing_ok=True)

    def _discard(self) -> None:
        """Remove the folder of a run that ended before anything was computed."""
        with suppress(OSError):
            for path in [*self.folder.glob("starts/*.npz"), *self.folder.glob(f"{LEDGER}*")]:
                path.unlink(missing_ok=True)
            for name in (STUDY, PROVENANCE, KEY, LOCK):
                (self.folder / name).unlink(missing_ok=True)
            for name in FOLDERS:
                if (self.folder / name).is_dir():
                    (self.folder / name).rmdir()
            if self._is_made:
                self.folder.rmdir()


def _ledger_in(folder: Path) -> Ledger:
    """Return the ledger of a run folder, to be read; see `StoredRun.ledger`."""
    path = folder / LEDGER
    try:
        if path.exists():
            return Ledger(path, read_only=True)
    except RunNotFound:
        pass
    if any((folder / "checkpoints").glob("*.npz")):
        raise DamagedRun(str(path), "is lost or empty, though searches have begun", cure=LOST)
    raise RunNotFound(
        str(folder), "has no ledger yet", cure=f"`neuromodels resume {folder}` starts it."
    )


def _generations(study: Mapping[str, Any]) -> int:
    return int(study.get("search", {}).get("generations", 0))


@contextmanager
def explain_refusal(folder: Path) -> Iterator[None]:
    """Turn the refusal to look into somebody's run folder into a message with a cure."""
    try:
        yield
    except PermissionError as error:
        raise RunNotFound(
            str(folder),
            "may be read only by the user who made it",
            cure="Ask that user for `neuromodels report RUN --html`, or for a copy.",
        ) from error
