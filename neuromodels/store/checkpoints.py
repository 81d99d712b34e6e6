"""Checkpoints: the newest two per search, replaced atomically, sealed with the folder's key.

Each checkpoint ends with a digest that only the key of its run folder makes; one without it, or
with another, is not opened. That finds damage. It finds no stranger, who sends key and checkpoint:
some optimizers store their state as a pickle, see `neuromodels.search.nevergrad_state`.
"""

from __future__ import annotations

import hmac
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neuromodels.errors import DamagedRun, StorageError
from neuromodels.files import (
    TEMPORARY,
    arrays_of_bytes,
    arrays_to_bytes,
    content_of,
    replace_file,
    sync_folder,
    writing,
)

FORMAT = 2
LOST = (
    "Nothing was changed. Put checkpoints/, key and ledger.sqlite back from a copy of the run"
    " folder, or run the study in another one with --out."
)
_SEAL = 32
_STATE = "optimizer/"


@dataclass(frozen=True)
class Checkpoint:
    """Everything from which a search goes on to the same numbers.

    Parameters
    ----------
    generation
        How many generations are finished.
    optimizer
        The optimizer's own dump.
    finalists
        Arrays of the best centres of the test points.
    kept
        Arrays of what else a search keeps, ``"archive/scores"``.
    """

    generation: int
    optimizer: Mapping[str, np.ndarray]
    finalists: Mapping[str, np.ndarray] = field(default_factory=dict)
    kept: Mapping[str, np.ndarray] = field(default_factory=dict)

    def part(self, name: str) -> dict[str, np.ndarray]:
        """Return the arrays that were kept under a name."""
        return _under(self.kept, f"{name}/")


class Checkpoints:
    """The checkpoints of one run folder.

    Parameters
    ----------
    folder
        Where they lie; made when the first is written.
    digest
        The study they belong to.
    key
        The run folder's own secret: what it did not write is not read.
    """

    def __init__(self, folder: Path, digest: str, key: bytes):
        self.folder = folder
        self.digest = digest
        self._key = key
        self._durable: set[Path] = set()

    def path(self, condition: str, seed: int) -> Path:
        """Return where the newest checkpoint of a search lies."""
        return self.folder / f"{condition}-seed{seed}.npz"

    def previous(self, condition: str, seed: int) -> Path:
        """Return where the one before the newest lies."""
        return self.path(condition, seed).with_suffix(".previous.npz")

    def write(
        self, condition: str, seed: int, checkpoint: Checkpoint, *, durable: bool = True
    ) -> None:
        """Store a checkpoint; the newest durable one so far becomes the previous one.

        Parameters
        ----------
        durable
            Wait until it survives a power cut; without, it survives the end of the process.
        """
        arrays = {
            "format": np.array(FORMAT),
            "digest": np.array(self.digest),
            "generation": np.array(checkpoint.generation),
            **{_STATE + name: array for name, array in checkpoint.optimizer.items()},
            **{f"finalists/{name}": array for name, array in checkpoint.finalists.items()},
            **{f"kept/{name}": array for name, array in checkpoint.kept.items()},
        }
        path = self.path(condition, seed)
        with writing(path):
            self.folder.mkdir(exist_ok=True)  # not its parents: a run that was removed is gone
            previous = self.previous(condition, seed)
            # a previous one that survives a power cut is not given up for one that may not
            if path.exists() and (path in self._durable or not previous.exists()):
                self._keep_previous(path, previous)
        content = arrays_to_bytes(arrays)
        replace_file(path, content + self._seal(content), durable=durable)
        (self._durable.add if durable else self._durable.discard)(path)

    def _keep_previous(self, path: Path, previous: Path) -> None:
        """Give the newest a second name, so that it is never missing."""
        link = previous.with_name(previous.name + TEMPORARY)
        link.unlink(missing_ok=True)
        try:
            os.link(path, link)
        except OSError:
            os.replace(path, previous)
        else:
            os.replace(link, previous)

    def read(
        self, condition: str, seed: int, recorded: float = math.inf
    ) -> tuple[Checkpoint | None, str]:
        """Return the newest usable checkpoint, and why it is not the newest one.

        Parameters
        ----------
        recorded
            Generations in the ledger; a checkpoint ahead of it is not used, as a power cut may
            take rows and leave a checkpoint.

        Returns
        -------
        checkpoint
            None when there is none.
        warning
            Empty, or sentences about the one that could not be read.

        Raises
        ------
        DamagedRun
            When there are some, and none that can be used.
        """
        damaged = []
        for path in (self.path(condition, seed), self.previous(condition, seed)):
            if not path.exists():
                continue
            try:
                checkpoint = self._read(path, recorded)
            except StorageError as error:
                damaged.append(str(error))
                continue
            self._sync(path)
            return checkpoint, self._warning(damaged, checkpoint)
        if damaged:
            raise DamagedRun(
                str(self.folder),
                f"cannot be gone on from. {' '.join(damaged)}".rstrip("."),
                cure=LOST,
            )
        return None, ""

    def both(self, condition: str, seed: int, recorded: int) -> list[Checkpoint]:
        """Return the checkpoints that there are of a search, the newest last.

        Raises
        ------
        StorageError
            When one of them cannot be used; the arguments are as of `read`.
        """
        paths = (self.previous(condition, seed), self.path(condition, seed))
        return [self._read(path, recorded) for path in paths if path.exists()]

    def _sync(self, path: Path) -> None:
        """Make a checkpoint of an earlier process one that may become the previous one."""
        if path not in self._durable:
            with writing(path):
                sync_folder(path)
                sync_folder(self.folder)
            self._durable.add(path)

    def _warning(self, damaged: list[str], checkpoint: Checkpoint) -> str:
        if not damaged:
            return ""
        return f"{' '.join(damaged)} Going on from generation {checkpoint.generation} instead."

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")

    def _open(self, path: Path) -> dict[str, np.ndarray]:
        """Return the arrays of a checkpoint that this folder wrote."""
        content = content_of(path)
        content, seal = content[:-_SEAL], content[-_SEAL:]
        if not hmac.compare_digest(seal, self._seal(content)):
            raise StorageError(
                str(path), "cannot be read: it is damaged, or this run folder did not write it"
            )
        return arrays_of_bytes(content, path)

    def _read(self, path: Path, recorded: float) -> Checkpoint:
        arrays = self._open(path)
        if arrays.get("format", np.array(0)) != FORMAT:
            raise StorageError(str(path), f"must be a checkpoint of format {FORMAT}")
        if str(arrays["digest"]) != self.digest:
            raise StorageError(str(path), "belongs to another study", str(arrays["digest"]))
        if arrays["generation"] > recorded:
            raise StorageError(str(path), "is ahead of the ledger", int(arrays["generation"]))
        return Checkpoint(
            int(arrays["generation"]),
            _under(arrays, _STATE),
            _under(arrays, "finalists/"),
            _under(arrays, "kept/"),
        )


def _under(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
