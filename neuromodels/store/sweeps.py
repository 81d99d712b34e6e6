"""A sweep's folder: one run folder per setting, and the file that names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from neuromodels.errors import RunNotFound, StorageError
from neuromodels.files import PRIVATE, read_json, write_json, writing
from neuromodels.store.store import StoredRun, stored_runs
from neuromodels.study.stored import stored_study
from neuromodels.study.study import Study

SWEEP = "sweep.json"
SCHEMA = 1


@dataclass(frozen=True)
class StoredSetting:
    """One setting of a sweep.

    Parameters
    ----------
    name
        Made of its values.
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

    @classmethod
    def from_entry(cls, stored: Mapping[str, Any]) -> Self:
        """Return the setting of an entry in the sweep's file, where `table` is ``study``."""
        rest = {key: value for key, value in stored.items() if key != "study"}
        return cls(table=stored["study"], **rest)

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
        When the folder holds no sweep.
    StorageError
        When its list of settings cannot be read.
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
        self.name = str(stored["name"])
        self.keys = tuple(stored["keys"])
        self.settings = [StoredSetting.from_entry(each) for each in stored["settings"]]

    def run(self, setting: StoredSetting) -> StoredRun | None:
        """Return the run of a setting, or None when it was not begun."""
        try:
            return StoredRun(self.folder / setting.folder)
        except RunNotFound:
            return None

    @property
    def runs(self) -> list[StoredRun]:
        """The runs that were begun, each once."""
        folders = dict.fromkeys(setting.folder for setting in self.settings)
        runs = {setting.folder: self.run(setting) for setting in self.settings}
        return [run for folder in folders if (run := runs[folder]) is not None]


def is_sweep(folder: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (folder / SWEEP).is_file()


def write_sweep(
    folder: Path, name: str, keys: Sequence[str], settings: Sequence[StoredSetting]
) -> None:
    """Store what a sweep consists of; its folder is made when missing."""
    with writing(folder):
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    stored = {"schema": SCHEMA, "name": name, "keys": list(keys)}
    write_json(folder / SWEEP, {**stored, "settings": [each.to_entry() for each in settings]})


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


def folder_of(folder: Path, digest: str, name: str) -> str:
    """Return the name of the run folder of a study in a sweep: the one it has, or a new one."""
    for run in stored_runs(folder):
        if run.digest == digest:
            return run.folder.name
    return f"{name}-{digest}"
