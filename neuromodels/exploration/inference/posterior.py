"""What is known of parameters once data have been seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.exploration.axes import Axis, columns_at, places_of
from neuromodels.exploration.extras import need
from neuromodels.exploration.inference.calibration import Calibration, calibration_of
from neuromodels.exploration.inference.observed import Observed
from neuromodels.exploration.inference.simulations import Laboratory, Simulations
from neuromodels.exploration.sweep import check_count
from neuromodels.seeding import generator, seed_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from neuromodels.exploration.inference.density import Density
    from neuromodels.models.model import Model

MOST = 10_000_000


@dataclass(frozen=True, repr=False)
class Posterior:
    """A posterior over the parameters of a model.

    `infer` makes it. `save` stores it; `neuromodels.exploration.Posterior.load` reads it again.

    Parameters
    ----------
    axes
        Of the parameters.
    observed
        What was observed.
    places
        Samples, as places between the bounds of the parameters, (samples, axes).
    simulations
        That the network was trained with.
    density
        The trained network; None where sbi is not installed.
    about
        What was run: seed, rounds, kind of network, and the model as text.
    laboratory
        Where the model can be run again; None for one that was loaded without its model.
    """

    axes: tuple[Axis, ...]
    observed: Observed
    places: np.ndarray
    simulations: Simulations
    density: Density | None
    about: Mapping[str, Any]
    laboratory: Laboratory | None = None

    @property
    def labels(self) -> list[str]:
        """Names of the parameters."""
        return [axis.label for axis in self.axes]

    @property
    def units(self) -> dict[str, str]:
        """Names of the units of `samples`; ``1`` for plain numbers."""
        return {axis.label: axis.unit_name for axis in self.axes}

    @property
    def samples(self) -> DataFrame:
        """Samples, a column for each parameter; their units are in ``samples.attrs["units"]``."""
        import pandas

        frame = pandas.DataFrame(columns_at(self.axes, self.places))
        frame.attrs["units"] = self.units
        return frame

    @property
    def left_out(self) -> int:
        """Simulations that lacked a measure. They say nothing of a posterior given measures."""
        return self.simulations.left_out

    @property
    def outside(self) -> list[str]:
        """Measures whose observed value lies outside of all that was simulated."""
        low, high = self.simulations.measured.min(axis=0), self.simulations.measured.max(axis=0)
        beyond = (self.observed.values < low) | (self.observed.values > high)
        return [label for label, is_out in zip(self.observed.labels, beyond, strict=True) if is_out]

    def intervals(self, level: float = 0.95) -> DataFrame:
        """Return the credible interval of each parameter, with equal tails.

        Parameters
        ----------
        level
            Probability that it holds.

        Returns
        -------
        DataFrame
            ``low``, ``median``, ``high`` and ``unit`` by parameter.
        """
        import pandas

        if not isinstance(level, int | float) or not 0 < level < 1:
            raise DeclarationError("Posterior.intervals: level", "must lie between 0 and 1", level)
        ends = [(1 - level) / 2, 0.5, (1 + level) / 2]
        rows = np.quantile(self.samples.to_numpy(), ends, axis=0).T
        names = pandas.Index(self.labels, name="parameter")
        frame = pandas.DataFrame(rows, names, pandas.Index(["low", "median", "high"]))
        return frame.assign(unit=list(self.units.values()))

    def log_prob(self, values: Any) -> np.ndarray:
        """Return the logarithm of how much denser the posterior is than the prior.

        The prior is uniform along the scale of each parameter, so this is the log density over
        places between 0 and 1, and 0 says that nothing was learned.

        Parameters
        ----------
        values
            By parameter, with units; or a data frame in the units of `samples`.

        Returns
        -------
        ndarray
            One for each point.
        """
        places = places_of(self.axes, "Posterior.log_prob", values)
        return self._network("log_prob").log_ratio(places, self.observed.values)

    def draw(self, count: int, seed: int = 0) -> DataFrame:
        """Return further samples, in the units of `samples`."""
        import pandas

        check_count("Posterior.draw: count", count, MOST)
        network = self._network("draw")
        drawn = network.draw(self.observed.values[None, :], count, seed_of(seed, "draw"))[0]
        return pandas.DataFrame(columns_at(self.axes, drawn))

    # ----------------------------------------------------------------------------------- checks

    def predictive(self, count: int = 200) -> DataFrame:
        """Run the model at samples of the posterior, and place what was observed among the runs.

        Parameters
        ----------
        count
            Runs.

        Returns
        -------
        DataFrame
            By measure: what was ``observed``; ``median``, ``low`` and ``high`` of the runs (a 95 %
            interval); ``below``, the part of the runs that lies below the observed value (ties
            count half); ``missing``, the runs without a value; ``unit``. A ``below`` near 0 or 1
            says that the posterior does not explain the measure.
        """
        import pandas

        check_count("Posterior.predictive: count", count, MOST)
        laboratory = self._laboratory("predictive")
        rng = generator(laboratory.seed, "predictive", count)
        places = self.places[rng.integers(len(self.places), size=count)]
        runs = laboratory.run(f"predictive_{count}", places)
        rows = [_placed(v, c) for v, c in zip(self.observed.values, runs.T, strict=True)]
        frame = pandas.DataFrame(rows, index=pandas.Index(self.observed.labels, name="measure"))
        return frame.assign(unit=list(self.observed.units))

    def calibration(self, runs: int = 200, draws: int = 999) -> Calibration:
        """Check the posterior by simulation-based calibration, with new simulations.

        Parameters
        ----------
        runs
            Parameters drawn from the prior, a simulation and a posterior for each.
        draws
            From each posterior.

        Raises
        ------
        DeclarationError
            After several rounds: the network then knows posteriors near the observed values only.
        """
        check_count("Posterior.calibration: runs", runs, MOST)
        check_count("Posterior.calibration: draws", draws, MOST)
        if self.about["rounds"] > 1:
            told = "needs a posterior for any data, which only one round gives"
            cure = "Call infer(..., rounds=1), or look at predictive()."
            raise DeclarationError(
                "Posterior.calibration", told, f"{self.about['rounds']} rounds", cure
            )
        laboratory, network = self._laboratory("calibration"), self._network("calibration")
        name = f"calibration_{runs}"
        tried = laboratory.simulations(name, laboratory.uniform(runs, name))
        if not len(tried):
            told = "needs a simulation with all measures"
            raise DeclarationError("Posterior.calibration", told, f"none of {runs}")
        drawn = network.draw(tried.measured, draws, seed_of(laboratory.seed, name))
        rng = generator(laboratory.seed, name, "jitter")
        return calibration_of(self.labels, tried.places, drawn, tried.left_out, rng)

    def _network(self, what: str) -> Density:
        if self.density is None:
            need(f"Posterior.{what}", "sbi", "sbi")
            raise DeclarationError(f"Posterior.{what}", "needs the trained network")
        return self.density

    def _laboratory(self, what: str) -> Laboratory:
        if self.laboratory is None:
            cure = "Call Posterior.load(path, model)."
            raise DeclarationError(f"Posterior.{what}", "needs the model", cure=cure)
        return self.laboratory

    # ---------------------------------------------------------------------------------- showing

    def plot(self, truth: Mapping[str, Any] | None = None) -> Any:
        """Draw the samples: each parameter alone, and each pair.

        Parameters
        ----------
        truth
            Values to be marked, with units.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from neuromodels.report.plotting.posteriors import Edge, draw_pairs

        marked = None
        if truth is not None:
            places = places_of(self.axes, "Posterior.plot: truth", truth)
            columns = columns_at(self.axes, places)
            marked = [float(column[0]) for column in columns.values()]
        ends = columns_at(self.axes, np.array([[0.0], [1.0]]) * np.ones(len(self.axes)))
        edges = [
            Edge(axis.label, axis.unit_name, float(low), float(high), axis.is_log)
            for axis, (low, high) in zip(self.axes, ends.values(), strict=True)
        ]
        return draw_pairs(edges, self.samples.to_numpy(), marked)

    def __repr__(self) -> str:
        told = (
            f"Posterior of {len(self.axes)} parameters: {len(self.places):,} samples, from"
            f" {len(self.simulations):,} simulations ({self.left_out:,} left out).\n"
            f"{self.intervals().to_string(float_format='%.4g')}"
        )
        out = f"\nNever simulated: the observed {', '.join(self.outside)}." if self.outside else ""
        return told + out

    def _repr_html_(self) -> str:
        from neuromodels.report.plotting.draw import svg_of

        return self.intervals().to_html(float_format="%.4g") + svg_of(self.plot())

    # ---------------------------------------------------------------------------------- storing

    def save(self, path: Path | str) -> Path:
        """Store it as one file of plain arrays, without pickles."""
        from neuromodels.exploration.inference.stored import save

        return save(self, Path(path))

    @staticmethod
    def load(path: Path | str, model: Model | None = None) -> Posterior:
        """Read a posterior.

        Parameters
        ----------
        model
            Whose posterior it is; needed for `predictive` and `calibration` only.

        Raises
        ------
        StorageError
            Where the file is missing or damaged, or belongs to another model.
        """
        from neuromodels.exploration.inference.stored import load

        return load(Path(path), model)


def _placed(observed: float, runs: np.ndarray) -> dict[str, float]:
    """Return where an observed value lies among runs."""
    there = runs[np.isfinite(runs)]
    low, median, high = np.quantile(there, [0.025, 0.5, 0.975]) if len(there) else [np.nan] * 3
    ties = (there < observed).sum() + 0.5 * (there == observed).sum()
    below = float(ties / len(there)) if len(there) else np.nan
    missing = len(runs) - len(there)
    return {
        "observed": observed,
        "median": median,
        "low": low,
        "high": high,
        "below": below,
        "missing": missing,
    }
