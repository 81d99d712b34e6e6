"""What lies where in a run folder, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuromodels.errors import DamagedRun, StorageError
from neuromodels.files import TEMPORARY, read_json, refuse_link, writing
from neuromodels.study.stored import is_stored_as, stored_study

STUDY = "study.json"
PROVENANCE = "provenance.json"
NETWORK = "network.json"
"""What the run folder of a network of one's own has in place of a study."""
LEDGER = "ledger.sqlite"
LOCK = "lock"
KEY = "key"
ARRAYS = ("solutions", "recordings")
FOLDERS = {"starts", "centres", "checkpoints", "figures", "measures", *ARRAYS}
_WRITTEN_THROUGH = {LOCK, *FOLDERS}
_OURS = {STUDY, PROVENANCE, LEDGER, LOCK, KEY, *FOLDERS}


def solution_path(folder: Path, condition: str, seed: int) -> Path:
    """Return where the solution of a condition under a seed lies."""
    return folder / "solutions" / f"{condition}-seed{seed}.npz"


def start_path(folder: Path, condition: str, seed: int) -> Path:
    """Return where the start of a search lies that does not start from the defaults."""
    return folder / "starts" / f"{condition}-seed{seed}.npz"


def recording_path(folder: Path, condition: str, seed: int) -> Path:
    """Return where the recorded trial of a condition under a seed lies."""
    return folder / "recordings" / f"{condition}-seed{seed}.npz"


def check_folder(folder: Path, digest: str, table: Mapping[str, Any]) -> str:
    """Refuse a folder that holds another study or files of somebody else.

    Returns
    -------
    str
        The digest that the folder has or gets.

    Raises
    ------
    StorageError
        Before anything in the folder is touched.
    """
    with writing(folder):
        if not folder.exists():
            return digest
        names = {path.name for path in folder.iterdir()}
    for name in names:
        if name in _WRITTEN_THROUGH or name.startswith(LEDGER):
            refuse_link(folder / name)
    if STUDY in names:
        return _digest_in(folder, digest, table)
    foreign = sorted(n for n in names if n not in _OURS and not _is_ours(n))
    if foreign:
        raise StorageError(
            str(folder),
            "must be empty or a run folder",
            ", ".join(foreign[:3]),
            "It holds other files; name another folder with --out.",
        )
    return digest


def _digest_in(folder: Path, digest: str, table: Mapping[str, Any]) -> str:
    """Return the digest of the study in a folder; refuse another study."""
    before = read_json(folder / STUDY)
    stored = before.pop("digest", None)
    if not isinstance(stored, str):
        raise DamagedRun(str(folder / STUDY), "must hold a whole study (it has no digest)")
    if stored != digest and not _is_same(before, stored, table):
        raise StorageError(
            str(folder),
            f"must be empty or hold the study {digest}",
            stored,
            "It holds another study; name another folder with --out.",
        )
    return stored


def _is_same(before: Mapping[str, Any], digest: str, table: Mapping[str, Any]) -> bool:
    try:
        return is_stored_as(before, digest, stored_study(table))
    except (KeyError, TypeError, AttributeError, ValueError):
        return False


def _is_ours(name: str) -> bool:
    return name.startswith(LEDGER) or name.endswith(TEMPORARY)
