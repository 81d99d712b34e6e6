"""A sweep's folder: one run folder per setting, and the file that names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from neuromodels.errors import DamagedRun, RunNotFound, StorageError
from neuromodels.files import PRIVATE, read_json, write_json, writing
from neuromodels.store.folder import STUDY
from neuromodels.store.neighbours import Tell, each_whole, ignore, readable_run, stored_runs
from neuromodels.store.store import StoredRun, explain_refusal
from neuromodels.study.stored import is_stored_as, stored_study
from neuromodels.study.study import Study

SWEEP = "sweep.json"
SCHEMA = 1


@dataclass(frozen=True)
class StoredSetting:
    """One setting of a sweep.

    Parameters
    ----------
    name
        Given in the study's list, or made of its values.
    folder
        The name of its run folder, in the sweep's.
    digest
        Of its study; settings with the same digest share a folder.
    values
        What differs, by dotted key.
    table
        The study as plain values; the run folder's own, once there is one, wins over it.
    """

    name: str
    folder: str
    digest: str
    values: Mapping[str, Any]
    table: Mapping[str, Any]

    @property
    def study(self) -> Study:
        """Its study, without looking anything up."""
        return stored_study(self.table)

    def is_of(self, study: Study) -> bool:
        """Whether it is a study, also where an earlier version gave it its digest."""
        return is_stored_as(self.table, self.digest, study)

    @classmethod
    def from_entry(cls, stored: Mapping[str, Any]) -> Self:
        """Return the setting of an entry in the sweep's file, where `table` is ``study``.

        Raises
        ------
        KeyError, TypeError, ValueError
            When it is no setting with a whole study, in a folder beside the file.
        """
        name, folder, digest = (_text(stored[key]) for key in ("name", "folder", "digest"))
        if folder != Path(folder).name or folder in ("", ".."):
            raise ValueError(f"{folder!r} is no folder beside it")
        values, table = dict(stored["values"]), dict(stored["study"])
        stored_study(table)
        return cls(name, folder, digest, values, table)

    def to_entry(self) -> dict[str, Any]:
        """Return the entry of this setting in the sweep's file."""
        rest = asdict(self)
        study = rest.pop("table")
        return {**rest, "study": study}


class StoredSweep:
    """The folder of a sweep, to be read.

    Raises
    ------
    RunNotFound
        When the folder holds no sweep, or may not be read.
    StorageError
        When a newer release wrote its list of settings, or it cannot be read.
    DamagedRun
        When the list is not whole.
    """

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        if not is_sweep(self.folder):
            raise RunNotFound(
                str(folder),
                f"is not the folder of a sweep (it has no {SWEEP})",
                cure="`neuromodels run FILE` of a study with [sweep] makes one.",
            )
        stored = read_json(self.folder / SWEEP)
        if stored.get("schema") != SCHEMA:
            path = str(self.folder / SWEEP)
            raise StorageError(path, f"must have schema {SCHEMA}", stored.get("schema"))
        try:
            self.name = str(stored["name"])
            self.keys = tuple(map(_text, stored["keys"]))
            self.settings = [StoredSetting.from_entry(each) for each in stored["settings"]]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            path = str(self.folder / SWEEP)
            raise DamagedRun(path, f"must list whole settings ({error})") from error

    def run(self, setting: StoredSetting) -> StoredRun | None:
        """Return the run of a setting, or None when it was not begun.

        Raises
        ------
        StorageError
            When it cannot be read.
        """
        path = self.folder / setting.folder
        with explain_refusal(path):
            return readable_run(path) if (path / STUDY).is_file() else None

    @property
    def runs(self) -> list[StoredRun]:
        """The runs that were begun and can be read, each once."""
        return self.readable_runs()

    def readable_runs(self, tell: Tell = ignore) -> list[StoredRun]:
        """Return the runs that were begun, each once, and tell of those that cannot be read."""
        settings = {setting.folder: setting for setting in self.settings}
        found = each_whole(settings.values(), self.run, tell)
        return [run for _, run in found if run is not None]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def is_sweep(folder: Path) -> bool:
    """Whether a folder is that of a sweep, and may be looked into."""
    try:
        return (folder / SWEEP).is_file()
    except PermissionError:
        return False


def write_sweep(
    folder: Path, name: str, keys: Sequence[str], settings: Sequence[StoredSetting]
) -> None:
    """Store what a sweep consists of; its folder is made when missing."""
    with writing(folder):
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    stored = {"schema": SCHEMA, "name": name, "keys": list(keys)}
    write_json(folder / SWEEP, {**stored, "settings": [each.to_entry() for each in settings]})


def discard_sweep(folder: Path) -> None:
    """Remove the folder of a sweep in which nothing was begun."""
    if is_sweep(folder) and not any(path.is_dir() for path in folder.iterdir()):
        with writing(folder):
            (folder / SWEEP).unlink()
            folder.rmdir()


def check_sweep_folder(folder: Path) -> None:
    """Refuse a folder that is a run's own or holds somebody's files.

    Raises
    ------
    StorageError
        Before anything in the folder is touched.
    """
    with writing(folder):
        if not folder.exists() or is_sweep(folder):
            return
        names = sorted(path.name for path in folder.iterdir())
        foreign = [name for name in names if not (folder / name / "study.json").is_file()]
    if foreign:
        raise StorageError(
            str(folder),
            "must be empty or the folder of a sweep",
            ", ".join(foreign[:3]),
            "It holds other files; name another folder with --out.",
        )


def folder_of(folder: Path, study: Study, name: str) -> str:
    """Return the name of the run folder of a study in a folder: the one it has, or a new one."""
    runs = stored_runs(folder)
    alike = [run for run in runs if run.digest == study.digest] or [
        run for run in runs if run.is_of(study)
    ]
    return alike[0].folder.name if alike else f"{name}-{study.digest}"
