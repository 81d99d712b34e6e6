"""Candidates of a fit are run and scored, each with the same noise as its rivals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.exploration.box import Box
from neuromodels.exploration.fitting.losses import Loss, Table
from neuromodels.exploration.memory import most_instances
from neuromodels.models.compiled import IN_STRETCHES, Compiled, Measured
from neuromodels.seeding import trial_streams
from neuromodels.simulation import FAILED


def folded(places: np.ndarray) -> np.ndarray:
    """Return places between 0 and 1: what lies outside is reflected at the bounds."""
    return 1 - np.abs(1 - np.mod(places, 2))


@dataclass
class Scorer:
    """Runs a model at places of its box and compares what was measured with what is wanted.

    Parameters
    ----------
    compiled
        The model.
    box
        The space of its parameters.
    loss
        What is made small.
    seed
        Of the noise.
    """

    compiled: Compiled
    box: Box
    loss: Loss
    seed: int

    @property
    def dimension(self) -> int:
        """How many numbers are searched."""
        return len(self.box.labels)

    def measure(
        self, places: np.ndarray, repeats: int, *names: object, stretches: int = 0
    ) -> Table:
        """Run candidates and return all that was measured.

        Parameters
        ----------
        places
            Shape (candidates, numbers), each between 0 and 1.
        repeats
            Instances of each. Candidates share their noise: what differs between them is due to
            the parameters.
        names
            Of the noise; other names are other noise.
        stretches
            Of time, for `weighted_losses`.
        """
        points = self.box.points(places)
        self.compiled.check_points(points)
        count = len(places)
        rows = np.repeat(np.arange(count), repeats)
        streams = np.tile(trial_streams(self.seed, repeats, "fit", *names), count)
        pieces = self._pieces(points, rows, streams, stretches)
        return {
            name: values.reshape(count, repeats, *values.shape[1:])
            for name, values in pieces.items()
        }

    def _pieces(
        self, points: dict[str, np.ndarray], rows: np.ndarray, streams: np.ndarray, stretches: int
    ) -> Measured:
        """Run instances, as many at once as memory allows, in pieces of one size if possible."""
        count = -(-len(rows) // most_instances(self.compiled, stretches))
        parts = np.array_split(np.arange(len(rows)), max(count, 1))
        found = [
            self.compiled.run(points, rows[part], streams[part], stretches=stretches)
            for part in parts
        ]
        return {name: np.concatenate([each[name] for each in found]) for name in found[0]}

    def losses(self, table: Table) -> np.ndarray:
        """Return the loss of each candidate, NaN where it has none or an instance has failed."""
        losses = np.array(self.loss.of(table), dtype=float)
        losses[np.asarray(table[FAILED]).any(axis=1) | ~np.isfinite(losses)] = np.nan
        return losses

    def weighted_losses(self, table: Table, weights: np.ndarray) -> np.ndarray:
        """Return the losses where each stretch of the recorded data counts as often as it weighs.

        Parameters
        ----------
        table
            Measured in stretches.
        weights
            Of the stretches, (stretches,); one is as recorded.
        """
        return self.losses({**table, **self._weighted(table, weights)})

    def _weighted(self, table: Table, weights: np.ndarray) -> dict[str, np.ndarray]:
        records = {n: self.compiled.readings[n].record for n in self.loss.names}
        return {
            name: record.value(np.tensordot(table[name + IN_STRETCHES], weights, axes=(2, 0)))
            for name, record in records.items()
            if record is not None
        }

    def no_loss(self, table: Table, when: str) -> DeclarationError:
        """Return the error that no candidate has a loss, with the measures that are missing."""
        count = len(table[FAILED])
        failed = int(np.asarray(table[FAILED]).any(axis=1).sum())
        missing = {
            name: int(np.isnan(table[name].reshape(count, -1)).any(axis=1).sum())
            for name in self.loss.names
        }
        told = [f"{name!r} is missing in {n}" for name, n in missing.items() if n]
        got = ", ".join([f"of {count} candidates {failed} ended in numbers not finite", *told])
        cure = "Change the bounds, or use measures that also exist where nothing fires."
        return DeclarationError("fit", f"some candidate {when} must have a loss: {got}", cure=cure)
