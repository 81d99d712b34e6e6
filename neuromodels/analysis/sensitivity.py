"""Morris and Sobol: how much a number depends on each factor, by designs and indices of SALib."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RESAMPLES = 1000
"""Of a bootstrap interval."""
SAMPLES = {"morris": 20, "sobol": 256}
"""Independent pieces of a design: trajectories, or base points."""


@dataclass(frozen=True)
class Design:
    """Points at which a model is run, and what their values say; places lie from 0 to 1.

    Parameters
    ----------
    axes
        How many numbers are varied.
    seed
        Of the design and of the intervals.
    samples
        Independent pieces of the design: trajectories, or base points.
    second
        Whether pairs of parameters are asked for.
    groups
        Of each number, the name of the factor that it belongs to; empty: each is a factor of its
        own. Numbers of one factor vary together, and an index is of the factor.
    """

    axes: int
    seed: int
    samples: int
    second: bool = True
    groups: Sequence[str] = ()

    @property
    def problem(self) -> dict[str, Any]:
        """What SALib is told."""
        names = [f"x{n}" for n in range(self.axes)]
        groups = {"groups": list(self.groups)} if self.groups else {}
        return {"num_vars": self.axes, "names": names, "bounds": [[0.0, 1.0]] * self.axes, **groups}

    @property
    def factors(self) -> int:
        """How many factors there are."""
        return len(set(self.groups)) or self.axes

    @property
    def piece(self) -> int:
        """How many points one piece of the design has: without one of them it is worth nothing."""
        raise NotImplementedError

    def places(self) -> np.ndarray:
        """Return the points of the design, (samples * piece, axes)."""
        raise NotImplementedError

    def indices(self, places: np.ndarray, values: np.ndarray) -> Mapping[str, np.ndarray]:
        """Return SALib's indices of one measure at the points."""
        raise NotImplementedError


class Morris(Design):
    """Trajectories that change one factor at a time (Morris 1991; Campolongo et al. 2007)."""

    @property
    def piece(self) -> int:
        return self.factors + 1

    def places(self) -> np.ndarray:
        from SALib.sample.morris import sample

        return sample(self.problem, self.samples, seed=self.seed)

    def indices(self, places: np.ndarray, values: np.ndarray) -> Mapping[str, np.ndarray]:
        from SALib.analyze.morris import analyze

        found = analyze(self.problem, places, values, num_resamples=RESAMPLES, seed=self.seed)
        half = np.asarray(found["mu_star_conf"], dtype=float)
        middle = np.asarray(found["mu_star"], dtype=float)
        plain = {name: np.asarray(found[name], dtype=float) for name in ("mu", "sigma")}
        return {**_between("mu_star", middle, half), **plain}


class Sobol(Design):
    """Parts of a variance, of each factor alone and with others (Saltelli et al. 2010)."""

    @property
    def piece(self) -> int:
        return 2 * self.factors + 2 if self.second else self.factors + 2

    def places(self) -> np.ndarray:
        from SALib.sample.sobol import sample

        return sample(self.problem, self.samples, calc_second_order=self.second, seed=self.seed)

    def indices(self, places: np.ndarray, values: np.ndarray) -> Mapping[str, np.ndarray]:
        from SALib.analyze.sobol import analyze

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            found = analyze(
                self.problem,
                values,
                calc_second_order=self.second,
                num_resamples=RESAMPLES,
                seed=self.seed,
            )
        names = ["S1", "ST", *(["S2"] if self.second else [])]
        joined: dict[str, np.ndarray] = {}
        for name in names:
            joined |= _between(name, _both(found[name]), _both(found[f"{name}_conf"]))
        # a measure that is the same everywhere has no variance to be divided among parameters
        known = 1.0 if np.ptp(values) > 0 else np.nan
        return {name: index * known for name, index in joined.items()}


def _between(name: str, middle: np.ndarray, half: np.ndarray) -> dict[str, np.ndarray]:
    return {name: middle, f"{name}_low": middle - half, f"{name}_high": middle + half}


def _both(index: Any) -> np.ndarray:
    """Return an index of pairs for both orders of each pair; one of single parameters as it is."""
    index = np.asarray(index, dtype=float)
    return np.where(np.isnan(index), index.T, index) if index.ndim == 2 else index


METHODS: Mapping[str, type[Design]] = {"morris": Morris, "sobol": Sobol}
"""By name."""
