"""What came out of a question as plain values, for tables, pages and programs; and its files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.analysis.intervals import row_intervals
from neuromodels.exploration.dataset import POINT, REPEAT
from neuromodels.exploration.fitting.fitted import Fit
from neuromodels.exploration.inference.posterior import Posterior
from neuromodels.files import TEMPORARY, writing
from neuromodels.simulation import FAILED
from neuromodels.store.networks import DATASET, POSTERIOR

MOST_ROWS = 10_000
"""Points of a sweep that are listed; all of them are in its dataset."""


def summary_of(action: str, found: Any) -> dict[str, Any]:
    """Return what came out as plain values; NaN is None.

    The keys are documented in docs/reference/json.md and stay.
    """
    return _plain(_SUMMARIES[action](found))


def write_files(action: str, found: Any, folder: Path) -> None:
    """Write the whole result beside its summary: a dataset, or a posterior."""
    if action in ("sweep", "sensitivity"):
        part = folder / (DATASET + TEMPORARY)
        with writing(folder / DATASET):
            found.to_netcdf(part, engine="scipy")
            part.replace(folder / DATASET)
    elif action == "infer":
        found.save(folder / POSTERIOR)


# -- sweeps ---------------------------------------------------------------------------------------


def _of_sweep(found: Any) -> dict[str, Any]:
    measures = [
        name
        for name, values in found.data_vars.items()
        if "units" in values.attrs and REPEAT in values.dims
    ]
    single = [name for name in measures if found[name].dims[-1] == REPEAT]
    axes = [axis for axis in found[FAILED].dims if axis != REPEAT]
    shape = [found.sizes[axis] for axis in axes]
    repeats, points = found.sizes[REPEAT], math.prod(shape)
    names = [name for name in found.coords if "address" in found[name].attrs]
    most = min(points, MOST_ROWS)
    means = {n: _means(found[n].values.reshape(points, repeats)[:most]) for n in single}
    columns = {name: _column(found, name, axes, shape) for name in names}
    rows = [
        {
            "parameters": {name: column[number] for name, column in columns.items()},
            "measures": {name: means[name][number] for name in single},
        }
        for number in range(most)
    ]
    return {
        "axes": [] if axes == [POINT] else axes,
        "parameters": [_named(found, name, "address") for name in names],
        "measures": [_named(found, name) for name in single],
        "in_dataset_only": [name for name in measures if name not in single],
        "repeats": repeats,
        "points": points,
        "instances": points * repeats,
        "failed": int(found[FAILED].values.sum()),
        "rows": rows,
    }


def _column(found: Any, name: str, axes: list[str], shape: list[int]) -> np.ndarray:
    """Return the value of a parameter at each point."""
    values = found[name].values
    if axes == [POINT]:
        return values
    along = [1] * len(axes)
    along[axes.index(name)] = len(values)
    return np.broadcast_to(values.reshape(along), shape).ravel()


def _named(found: Any, name: str, *more: str) -> dict[str, Any]:
    attributes = found[name].attrs
    return {"name": name, "unit": attributes.get("units", "1"), **{m: attributes[m] for m in more}}


def _means(values: np.ndarray) -> list[dict[str, Any]]:
    """Return the mean over repeats at each point, (points, repeats), of those that have a value."""
    found = row_intervals(values)
    missing = (~np.isfinite(values)).sum(axis=1)
    columns = zip(found.means, found.low, found.high, found.kinds, missing, strict=True)
    keys = ("mean", "low", "high", "kind", "missing")
    return [dict(zip(keys, row, strict=True)) for row in columns]


# -- fits, sensitivities, posteriors --------------------------------------------------------------


def _of_fit(found: Fit) -> dict[str, Any]:
    low, high = found.loss_interval
    course = found.to_dataframe()
    return {
        "loss": {
            "value": found.loss,
            "low": low,
            "high": high,
            "unit": found.provenance["loss_unit"],
            "text": found.provenance["loss"],
        },
        "optimizer": found.provenance["optimizer"],
        "parameters": [vars(row) for row in found._rows],
        "measures": {name: np.asarray(value).tolist() for name, value in found.measured.items()},
        "generations": len(found.history),
        "candidates": found.candidates,
        "failed": found.failed,
        "intervals": found.how,
        "course": {
            "best": course["best"].tolist(),
            "mean": course["mean"].tolist(),
            "centres": {name: values.tolist() for name, values in found._centres.items()},
            "limits": {name: list(ends) for name, ends in found._limits.items()},
            "log": dict(found._is_log),
        },
    }


def _of_sensitivity(found: Any) -> dict[str, Any]:
    return {
        "method": found.attrs["method"],
        "samples": found.attrs["samples"],
        "repeats": found.attrs["repeats"],
        "instances": found.attrs["runs"],
        "parameters": [str(label) for label in found["parameter"].values],
        "measures": list(_indices_of(found)),
    }


def _indices_of(found: Any) -> Iterator[dict[str, Any]]:
    for label in found["measure"].values:
        one = found.sel(measure=label)
        arrays = {str(name): values.values.tolist() for name, values in one.data_vars.items()}
        counts = {name: int(arrays.pop(name)) for name in ("left_out", "missing")}
        ends = [arrays[name] for name in ("mu_star_low", "S1_low") if name in arrays]
        kind = "bootstrap" if np.isfinite(ends).all() else "none"
        unit = str(one["units"].item())
        yield {"name": str(label), "unit": unit, **counts, "kind": kind, "indices": arrays}


def _of_posterior(found: Posterior) -> dict[str, Any]:
    rows = found.intervals().reset_index().rename(columns={"parameter": "name"})
    means = found.samples.mean()
    parameters = [{**row, "mean": means[row["name"]]} for row in rows.to_dict(orient="records")]
    return {
        "parameters": parameters,
        "samples": len(found.places),
        "simulations": len(found.simulations),
        "left_out": found.left_out,
        "never_simulated": found.outside,
        "rounds": found.about["rounds"],
        "network": found.about["network"],
        "observed": dict(zip(found.observed.labels, found.observed.values.tolist(), strict=True)),
    }


def checks_of(found: Posterior, predictive: int, calibration: int) -> dict[str, Any]:
    """Return what predictive runs and simulation-based calibration say of a posterior.

    Parameters
    ----------
    predictive, calibration
        Runs; 0: none. After several rounds there is no calibration.
    """
    checks: dict[str, Any] = {"predictive": None, "calibration": None}
    if predictive:
        rows = found.predictive(predictive).reset_index().to_dict(orient="records")
        checks["predictive"] = {"runs": predictive, "measures": rows}
    if calibration and found.about["rounds"] == 1:
        ranks = found.calibration(calibration)
        rows = ranks.to_dataframe().reset_index().to_dict(orient="records")
        checks["calibration"] = {
            "runs": ranks.runs,
            "left_out": ranks.left_out,
            "p": ranks.p,
            "passes": ranks.is_uniform,
            "least_deviation": ranks.least_deviation,
            "parameters": rows,
        }
    return _plain(checks)


_SUMMARIES: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "sweep": _of_sweep,
    "fit": _of_fit,
    "sensitivity": _of_sensitivity,
    "infer": _of_posterior,
}


def _plain(value: Any) -> Any:
    """Return values as JSON has them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
