"""The arrays behind a measure in a run folder: a larger result gives way only where it is told to.

A file is named by its measure, what is varied, condition and seed. It also says of how many trials
and of which solution it is; files of earlier releases do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np

from neuromodels.errors import NeuromodelsError, StorageError
from neuromodels.files import arrays_to_bytes, read_arrays, refuse_link, replace_file, writing
from neuromodels.store.store import StoredRun

TRIALS, SOLUTION = "about/trials", "about/solution"
Arrays = Mapping[str, np.ndarray]
ANYWAY = "The larger one stays; --replace gives it up."


def measure_path(run: StoredRun, measure: str, seed: int) -> Path:
    """Return where a measure of a seed's solution lies."""
    return run.folder / "measures" / f"{measure}-seed{seed}.npz"


def check_replaceable(path: Path, trials: int, varied: Arrays, vector: np.ndarray) -> None:
    """Refuse a smaller result in place of a larger one, before anything is computed.

    Parameters
    ----------
    path
        Where it will lie.
    trials
        Of the new result.
    varied
        Values of each parameter that the new one varies, (settings,).
    vector
        The solution, (d,); what is stored of another one may go.

    Raises
    ------
    NeuromodelsError
        With what is stored.
    """
    stored = _stored(path, vector)
    if TRIALS in stored and int(stored[TRIALS]) > trials:
        must = f"must be at least the {int(stored[TRIALS]):,} of {path.name}"
        raise NeuromodelsError("measure --trials", must, trials, ANYWAY)
    if missing := _settings(stored, varied) - _settings(varied, varied):
        values = "; ".join(
            ", ".join(f"{name} {value:g}" for name, value in zip(varied, each, strict=True))
            for each in sorted(missing)[:4]
        )
        must = f"must keep what {path.name} holds: {values}"
        raise NeuromodelsError("measure --vary", must, cure=f"Add these values. {ANYWAY}")


def keep_measure(
    path: Path, arrays: Arrays, trials: int, vector: np.ndarray, *, anyway: bool = False
) -> None:
    """Store the arrays behind a measure atomically.

    Raises
    ------
    NeuromodelsError
        When an earlier release stored more numbers, unless `anyway`.
    """
    stored = _stored(path, vector)
    if stored and TRIALS not in stored and _count(stored) > _count(arrays) and not anyway:
        must = f"must not make less than {path.name} holds"
        raise NeuromodelsError("measure --trials", must, trials, ANYWAY)
    refuse_link(path.parent)
    with writing(path):
        path.parent.mkdir(exist_ok=True)
    about = {TRIALS: np.array(trials), SOLUTION: np.array(_digest(vector))}
    replace_file(path, arrays_to_bytes({**arrays, **about}))


def _stored(path: Path, vector: np.ndarray) -> dict[str, np.ndarray]:
    """Return what lies there of this solution; empty where nothing does that can be read."""
    try:
        stored = read_arrays(path) if path.exists() else {}
    except StorageError:
        return {}
    return stored if str(stored.get(SOLUTION, _digest(vector))) == _digest(vector) else {}


def _settings(arrays: Arrays, names: Arrays) -> set[tuple[float, ...]]:
    """Return the settings of parameters in some arrays, if they are in them."""
    if not names or not set(names) <= set(arrays):
        return set()
    columns = [np.atleast_1d(arrays[name]).tolist() for name in names]
    return set(zip(*columns, strict=False))


def _count(arrays: Arrays) -> int:
    return sum(np.asarray(array).size for array in arrays.values())


def _digest(vector: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(vector, dtype=float).tobytes()).hexdigest()[:16]
