"""What was measured, as an xarray Dataset: named axes, units, and what was run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity

from neuromodels import __version__
from neuromodels.exploration.declaration import text_of
from neuromodels.exploration.design import Design
from neuromodels.models.compiled import Compiled, Measured
from neuromodels.models.parameters import Parameter, unit_name

if TYPE_CHECKING:
    from xarray import Dataset

REPEAT, POINT = "repeat", "point"


def dataset_of(
    design: Design, compiled: Compiled, measured: Measured, repeats: int, seed: int
) -> Dataset:
    """Return the measured values along the axes of a design."""
    import xarray

    axes = design.lengths if design.is_grid else {POINT: len(design)}
    shape = (*axes.values(), repeats)
    variables: dict[str, Any] = {}
    for name, values in measured.items():
        reading = compiled.readings.get(name)
        further = dict(reading.axes or {}) if reading else {}
        dim = reading.dim if reading else DIMENSIONLESS
        array = values.reshape(*shape, *values.shape[1:])
        attributes = {"units": unit_name(dim)} if reading else {}
        variables[name] = ((*axes, REPEAT, *further), array, attributes)
    return xarray.Dataset(
        variables,
        coords={**_coordinates(design, compiled), **_further(compiled), REPEAT: np.arange(repeats)},
        attrs=provenance_of(compiled, seed),
    )


def provenance_of(compiled: Compiled, seed: int) -> dict[str, Any]:
    """Return what was run, for the attributes of a result."""
    model = compiled.model
    return {
        "software": f"neuromodels {__version__}",
        "duration": f"{model.end:g} s",
        "transient": f"{model.begin:g} s",
        "seed": seed,
        "wiring": model.wiring,
        "dtype": model.dtype,
        "model": text_of(model),
    }


def _coordinates(design: Design, compiled: Compiled) -> dict[str, Any]:
    coordinates = {}
    for name, values in design.values.items():
        parameter = compiled.model.parameters[name]
        axis = name if design.is_grid else POINT
        attributes = {"address": parameter.address}
        if np.ndim(values) > 1:  # rows of numbers have no place on an axis but their order
            coordinates[name] = (axis, np.arange(len(values)), attributes)
            continue
        numbers, unit = shown(parameter, values, compiled.places[name].dim)
        coordinates[name] = (axis, numbers, {"units": unit, **attributes})
    return coordinates


def _further(compiled: Compiled) -> dict[str, np.ndarray]:
    return {n: v for r in compiled.readings.values() for n, v in (r.axes or {}).items()}


def shown(parameter: Parameter, values: Any, dim: Dimension) -> tuple[np.ndarray, str]:
    """Return values in the unit of a parameter, and the name of that unit."""
    numbers = np.atleast_1d(np.asarray(Quantity(values) if dim is DIMENSIONLESS else values, float))
    unit = parameter.unit
    if unit is None and dim is not DIMENSIONLESS:
        unit = Quantity(numbers, dim=dim).get_best_unit()
    if unit is None or dim is DIMENSIONLESS:
        return numbers, unit_name(dim)
    return numbers / float(np.asarray(unit)), str(unit)
