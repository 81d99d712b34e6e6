"""A model at many points: checked, run in chunks, kept in a folder, shown while it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neuromodels.exploration.axes import labels_of
from neuromodels.exploration.checkpoint import Checkpoint
from neuromodels.exploration.declaration import digest_of
from neuromodels.exploration.evaluation import Evaluation, Report
from neuromodels.exploration.progress import progress_here
from neuromodels.models.compiled import Compiled, Measured, Points


@dataclass(frozen=True)
class Keeping:
    """Where results are kept while they come, and who is told how many there are.

    Parameters
    ----------
    folder
        None: nowhere.
    report, memory
        As for `sweep`.
    """

    folder: Path | None = None
    report: bool | Report = True
    memory: int | None = None

    def inside(self, name: str) -> Keeping:
        """Return the same for a part of the work, in a folder inside this one."""
        return replace(self, folder=None if self.folder is None else self.folder / name)


def simulate(
    name: str, compiled: Compiled, points: Points, repeats: int, seed: int, keeping: Keeping
) -> Measured:
    """Run a model at points, several times each, or go on where a stop left off.

    Parameters
    ----------
    name
        Of what is going on.
    points
        Values in SI units, (points, numbers) by parameter.
    seed
        Of the noise.

    Returns
    -------
    By measure, (points * repeats, ...), SI units, the repeats of a point side by side.
    """
    compiled.check_points(points)
    digest = digest_of(compiled, points, repeats, seed)
    kept = Checkpoint(keeping.folder, digest)
    with progress_here(name, keeping.report) as shown:
        return Evaluation(compiled, points, repeats, seed, kept, shown, keeping.memory).run()


def flat(compiled: Compiled, measured: Measured) -> dict[str, np.ndarray]:
    """Return all measures as columns, (instances,) each: ``"name[0]"`` for one with axes."""
    columns: dict[str, np.ndarray] = {}
    for name in compiled.readings:
        rows = measured[name].reshape(len(measured[name]), -1)
        labels = labels_of(name, rows.shape[1])
        columns |= dict(zip(labels, rows.T, strict=True))
    return columns
