"""A posterior as one file of plain arrays."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import get_or_create_dimension

from neuromodels.errors import DamagedRun, StorageError
from neuromodels.exploration.axes import Axis
from neuromodels.exploration.box import Box
from neuromodels.exploration.declaration import text_of
from neuromodels.exploration.inference.density import density_of
from neuromodels.exploration.inference.observed import Observed
from neuromodels.exploration.inference.posterior import Posterior
from neuromodels.exploration.inference.simulations import Laboratory, Simulations
from neuromodels.exploration.simulated import Keeping
from neuromodels.files import arrays_to_bytes, read_arrays, replace_file
from neuromodels.models.compiled import Compiled
from neuromodels.models.model import Model

NETWORK = "network/"


def save(posterior: Posterior, path: Path) -> Path:
    """Write a posterior; a reader sees the old file or the new one."""
    network = posterior.density.arrays() if posterior.density else {}
    told = {
        "axes": [_as_json(axis) for axis in posterior.axes],
        "labels": posterior.observed.labels,
        "units": posterior.observed.units,
        "left_out": posterior.simulations.left_out,
        "about": dict(posterior.about),
    }
    arrays = {
        "told": np.array(json.dumps(told)),
        "observed": posterior.observed.values,
        "places": posterior.places,
        "simulated_places": posterior.simulations.places,
        "simulated": posterior.simulations.measured,
        **{f"{NETWORK}{name}": array for name, array in network.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, arrays_to_bytes(arrays))
    return path


def load(path: Path, model: Model | None) -> Posterior:
    """Read a posterior, see `Posterior.load`."""
    arrays = read_arrays(path, "told", "observed", "places", "simulated_places", "simulated")
    try:
        posterior = _of_arrays(arrays)
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DamagedRun(str(path), f"cannot be read as a posterior: {error}") from None
    if model is None:
        return posterior
    if text_of(model) != posterior.about["model"]:
        cure = "Give the model that it was inferred for."
        raise StorageError(str(path), "is the posterior of another model", cure=cure)
    box = Box(Compiled(model), "Posterior.load")
    laboratory = Laboratory(box, posterior.observed, posterior.about["seed"], Keeping())
    return replace(posterior, laboratory=laboratory)


def _of_arrays(arrays: dict[str, np.ndarray]) -> Posterior:
    told = json.loads(str(arrays["told"]))
    axes = tuple(_of_json(axis) for axis in told["axes"])
    observed = Observed(tuple(told["labels"]), arrays["observed"], tuple(told["units"]))
    places, measured = arrays["simulated_places"], arrays["simulated"]
    simulations = Simulations(places, measured, int(told["left_out"]))
    network = {
        name.removeprefix(NETWORK): array
        for name, array in arrays.items()
        if name.startswith(NETWORK)
    }
    density = None
    if network and find_spec("sbi") is not None:
        kind = told["about"]["network"]
        law = told["about"].get("law", "logistic")  # older files do not name theirs
        density = density_of(kind, network, places, measured, law)
    return Posterior(axes, observed, arrays["places"], simulations, density, told["about"])


def _as_json(axis: Axis) -> dict[str, Any]:
    kept = {name: getattr(axis, name) for name in ("label", "low", "high", "is_log", "unit")}
    return {**kept, "unit_name": axis.unit_name, "dim": [float(n) for n in axis.dim._dims]}


def _of_json(kept: dict[str, Any]) -> Axis:
    return Axis(**{**kept, "dim": get_or_create_dimension(kept["dim"])})
