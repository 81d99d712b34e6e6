"""The run folder of a network of one's own: what was asked, how far it is, what came out.

The arrays in it are those that `neuromodels.sweep` and its like keep in their folders.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from neuromodels.errors import DamagedRun, DeclarationError, RunNotFound, StorageError, said_by
from neuromodels.files import (
    PRIVATE,
    TEMPORARY,
    content_of,
    read_json,
    refuse_link,
    replace_file,
    write_json,
    writing,
)
from neuromodels.store.folder import LOCK, NETWORK, PROVENANCE
from neuromodels.store.lock import FolderLock, owner_of
from neuromodels.store.provenance import add_session
from neuromodels.study.file import Declaration

if TYPE_CHECKING:
    from xarray import Dataset

RESULT, PROGRESS = "result.json", "progress.json"
DATASET, POSTERIOR, PAGE = "result.nc", "posterior.npz", "report.html"
SCHEMA = 1
SECONDS = 1.0
"""Between two notes of how far a run is."""
_OURS = {
    *(NETWORK, RESULT, PROGRESS, PROVENANCE, LOCK, DATASET, POSTERIOR, PAGE),
    *("measured.npz", "fit.npz"),
}
_PARTS = re.compile(r"(round|predictive|calibration)_\d+")


def is_network(folder: Path) -> bool:
    """Whether a folder is that of a network of one's own, and may be looked into."""
    try:
        return (folder / NETWORK).is_file()
    except OSError:
        return False


def is_finished(folder: Path, digest: str, asked: str) -> bool:
    """Whether a folder holds the result of what is asked."""
    if not is_network(folder):
        return False
    stored = StoredNetwork(folder)
    return (stored.digest, stored.asked) == (digest, asked) and stored.result is not None


class StoredNetwork:
    """The run folder of a network, to be read; never changes it.

    Parameters
    ----------
    folder
        As printed when the run started.

    Raises
    ------
    RunNotFound
        When the folder holds none.
    DamagedRun
        When what was asked cannot be read.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        if not is_network(self.folder):
            cure = "`neuromodels run FILE` of a study with [network] makes one."
            raise RunNotFound(
                str(folder), f"is no run of a network (it has no {NETWORK})", cure=cure
            )
        path = self.folder / NETWORK
        stored = read_json(path)
        if stored.get("schema") != SCHEMA:
            raise StorageError(str(path), f"must have schema {SCHEMA}", stored.get("schema"))
        self.name, self.question = (_text(path, stored, key) for key in ("name", "question"))
        self.digest, self.asked = (_text(path, stored, key) for key in ("digest", "asked"))
        self.action = _text(path, stored, "action")
        self.table, self.contents = (_table(path, stored, key) for key in ("table", "contents"))
        generations = stored.get("generations")
        self.generations = generations if isinstance(generations, int) else 0

    @property
    def result(self) -> dict[str, Any] | None:
        """What came out, as plain values; None where the run is not finished."""
        path = self.folder / RESULT
        found = read_json(path) if path.is_file() else {}
        return found if found.get("asked") == self.asked else None

    def dataset(self) -> Dataset | None:
        """Return what a sweep or an analysis has found, as its function does; None before its end.

        Raises
        ------
        DamagedRun
            Where it cannot be read.
        """
        from xarray import load_dataset

        path = self.folder / DATASET
        if not path.exists():
            return None
        try:
            return load_dataset(BytesIO(content_of(path)), engine="scipy")
        except StorageError:
            raise
        except Exception as error:  # scipy raises a dozen kinds over damaged bytes
            raise DamagedRun(str(path), f"cannot be read: {said_by(error)}") from None

    @property
    def owner(self) -> str:
        """Who writes it now, empty when nobody does."""
        return owner_of(self.folder / LOCK)

    @property
    def state(self) -> str:
        """``running``, ``finished`` or ``stopped``."""
        if self.owner:
            return "running"
        return "stopped" if self.result is None else "finished"

    def progress(self) -> dict[str, Any]:
        """Return how much is ``done``, and ``of`` how much; empty before the first of it.

        While a network is trained, ``training`` says how far that is.
        """
        path = self.folder / PROGRESS
        try:
            found = read_json(path) if path.is_file() else {}
        except StorageError:  # it is only looked at
            return {}
        kept = {key: found.get(key) for key in ("done", "of")}
        if not all(isinstance(value, int) for value in kept.values()):
            return {}
        training = found.get("training")
        return {**kept, "training": training} if isinstance(training, str) else kept


def _text(path: Path, stored: Mapping[str, Any], key: str) -> str:
    if not isinstance(stored.get(key), str):
        raise DamagedRun(str(path), f"must hold a text {key!r}")
    return stored[key]


def _table(path: Path, stored: Mapping[str, Any], key: str) -> dict[str, Any]:
    if not isinstance(stored.get(key), dict):
        raise DamagedRun(str(path), f"must hold a table {key!r}")
    return stored[key]


def stored_declaration(folder: Path, extend: int = 0, budget: int | None = None) -> Declaration:
    """Return what a folder was asked, to be checked once more before it goes on.

    Parameters
    ----------
    extend, budget
        Generations more, or in all; of a fit only.

    Raises
    ------
    DeclarationError
        Where something else than a fit is to be extended.
    """
    stored = StoredNetwork(folder)
    table = deepcopy(stored.table)
    if extend or budget is not None:
        if stored.action != "fit":
            told = "only a fit has generations"
            raise DeclarationError("--extend, --budget", told, stored.action)
        fit = table["fit"] = _table(stored.folder / NETWORK, table, "fit")
        fit["generations"] = stored.generations + extend if budget is None else budget
    source = str(Path(folder) / NETWORK)
    return Declaration(source, table, recorded=stored.contents, stored_in=Path(folder))


class NetworkFolder:
    """The run folder of a network, to be written by this process only.

    Parameters
    ----------
    folder
        Made when missing; refused when it holds another study or somebody's files.
    asked
        What is written to ``network.json``: name, question, action, digest, asked, table, contents.
    """

    def __init__(self, folder: Path, asked: Mapping[str, Any]):
        self.folder, self._asked = Path(folder), dict(asked)
        self.notices: list[str] = []
        self._lock = FolderLock(self.folder / LOCK)
        self._is_new, self._noted = False, -SECONDS
        self._progress: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._check()
        with writing(self.folder):
            self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        self._lock.acquire()
        try:
            self._check()  # again: now nobody else can change it
            self._is_new = not is_network(self.folder)
            write_json(self.folder / NETWORK, {"schema": SCHEMA, **self._asked})
        except BaseException:
            self._lock.release()
            raise
        if self._lock.stale:
            self.notices.append(self._lock.stale)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        is_blank = self._is_new and isinstance(error, Exception)
        try:
            if is_blank and not self._names() - {NETWORK, PROVENANCE, PROGRESS, LOCK}:
                self._discard()
        finally:
            self._lock.release()

    def add_provenance(self, session: dict[str, Any]) -> None:
        """Append the provenance of this session; note what changed since the last."""
        self.notices += add_session(self.folder / PROVENANCE, session)

    def note(self, stage: str, done: int, of: int) -> None:
        """Keep how far the run is, for whoever looks from outside."""
        self._progress = {"stage": stage, "done": int(done), "of": int(of)}
        if done >= of or self._is_time():
            self._write_progress()

    def note_training(self, text: str) -> None:
        """Keep how far the training is that follows upon what was noted last."""
        if self._is_time():
            self._progress = {**(self._progress or self._noted_before()), "training": text}
            self._write_progress()

    def _noted_before(self) -> dict[str, Any]:
        """Return what an earlier session has noted: all that came before may be its work."""
        try:
            return read_json(self.folder / PROGRESS)
        except StorageError:
            return {}

    def _is_time(self) -> bool:
        return time.monotonic() >= self._noted + SECONDS

    def _write_progress(self) -> None:
        self._noted = time.monotonic()
        text = json.dumps(self._progress) + "\n"
        replace_file(self.folder / PROGRESS, text.encode(), durable=False)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Store what came out: from now on the run is finished."""
        write_json(self.folder / RESULT, {**result, "asked": self._asked["asked"]})

    def _names(self) -> set[str]:
        with writing(self.folder):
            return {path.name for path in self.folder.iterdir()}

    def _check(self) -> None:
        """Refuse a folder that holds another study or files of somebody else."""
        with writing(self.folder):
            if not self.folder.exists():
                return
        names = self._names()
        for name in filter(_is_ours, names):
            refuse_link(self.folder / name)
        cure = "name another folder with --out."
        if NETWORK in names:
            stored = StoredNetwork(self.folder).digest
            if stored != self._asked["digest"]:
                must = f"must be empty or hold the study {self._asked['digest']}"
                cure = f"It holds another study, or its code has changed; {cure}"
                raise StorageError(str(self.folder), must, stored, cure)
            return
        foreign = sorted(name for name in names if not _is_ours(name))
        if foreign:
            got = ", ".join(foreign[:3])
            cure = f"It holds other files; {cure}"
            raise StorageError(str(self.folder), "must be empty or a run folder", got, cure)

    def _discard(self) -> None:
        """Remove a new folder in which nothing was computed."""
        with suppress(OSError):
            for name in (NETWORK, PROVENANCE, PROGRESS, LOCK):
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()


def _is_ours(name: str) -> bool:
    return name in _OURS or name.endswith(TEMPORARY) or _PARTS.fullmatch(name) is not None
