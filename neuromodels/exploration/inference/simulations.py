"""Simulations of the model at places of its box, and which of them gave every measure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neuromodels.exploration.box import Box
from neuromodels.exploration.inference.observed import Observed
from neuromodels.exploration.simulated import Keeping, flat, simulate
from neuromodels.seeding import generator, seed_of


@dataclass(frozen=True)
class Simulations:
    """Places of parameters, and what came out there.

    Parameters
    ----------
    places
        (simulations, axes).
    measured
        (simulations, columns), all finite.
    left_out
        How many lacked a measure.
    """

    places: np.ndarray
    measured: np.ndarray
    left_out: int

    def and_(self, more: Simulations) -> Simulations:
        """Return both together."""
        return Simulations(
            np.concatenate([self.places, more.places]),
            np.concatenate([self.measured, more.measured]),
            self.left_out + more.left_out,
        )

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True)
class Laboratory:
    """Where simulations are made: the model, what is looked at, and the seed.

    Parameters
    ----------
    box
        The parameters of the model.
    observed
        Which columns count.
    seed
        Of everything that is drawn.
    keeping
        Where results are kept.
    """

    box: Box
    observed: Observed
    seed: int
    keeping: Keeping

    def in_memory(self) -> Laboratory:
        """Return the same without anything on disk."""
        return replace(self, keeping=Keeping(None, self.keeping.report))

    def uniform(self, count: int, *names: object) -> np.ndarray:
        """Return places drawn from the prior: uniform along the scale of each parameter."""
        return generator(self.seed, "prior", *names).random((count, len(self.box.axes)))

    def run(self, name: str, places: np.ndarray) -> np.ndarray:
        """Return the observed columns at places, (places, columns); NaN where there is no value."""
        seed = seed_of(self.seed, "infer", name)
        points, keeping = self.box.points(places), self.keeping.inside(name)
        measured = simulate(name.replace("_", " "), self.box.compiled, points, 1, seed, keeping)
        return self.observed.columns_of(flat(self.box.compiled, measured))

    def simulations(self, name: str, places: np.ndarray) -> Simulations:
        """Return what came out at places, without those that lack a value."""
        columns = self.run(name, places)
        whole = np.isfinite(columns).all(axis=1)
        return Simulations(places[whole], columns[whole], int((~whole).sum()))
