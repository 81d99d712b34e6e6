"""How much each measure of a model depends on each parameter, by Morris or by Sobol.

The designs and the indices are SALib's. Parameters are varied along their scales, from bound to
bound, so an index says what a parameter does over its whole range.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neuromodels.analysis.intervals import LEAST
from neuromodels.analysis.sensitivity import METHODS, SAMPLES, Design
from neuromodels.errors import DeclarationError
from neuromodels.exploration.box import Box
from neuromodels.exploration.dataset import provenance_of
from neuromodels.exploration.evaluation import Report
from neuromodels.exploration.extras import need
from neuromodels.exploration.simulated import Keeping, flat, simulate
from neuromodels.exploration.sweep import MOST_REPEATS, check_count
from neuromodels.models.compiled import Choice, Compiled, compiled_of
from neuromodels.models.model import Model
from neuromodels.models.parameters import unit_name
from neuromodels.seeding import seed_of

if TYPE_CHECKING:
    from xarray import Dataset

WHERE = "sensitivity"
MEASURE, PARAMETER, OTHER = "measure", "parameter", "other"
MOST_SAMPLES = 1_000_000


def sensitivity(
    model: Model | Compiled,
    method: Literal["morris", "sobol"] = "morris",
    samples: int | None = None,
    repeats: int = 1,
    *,
    second_order: bool = True,
    seed: int = 0,
    folder: Path | str | None = None,
    device: Any = "cpp",
    threads: int | None = None,
    report: bool | Report = True,
) -> Dataset:
    """Ask how much each measure of a model depends on each parameter.

    Parameters
    ----------
    model
        The network, its parameters with bounds, and its measures.
    method
        ``"morris"`` needs few runs and tells which parameters matter at all (Morris 1991;
        Campolongo et al. 2007). ``"sobol"`` needs many and says which part of a measure's variance
        comes from each parameter, alone and with others (Saltelli et al. 2010).
    samples
        Trajectories of Morris, each ``P + 1`` points for P parameters; by default 20. Or base
        points of Sobol, a power of two, each ``2 P + 2`` points (``P + 2`` without
        `second_order`); by default 256.
    repeats
        Instances of each point, with noise of their own. Indices are those of the mean over them:
        what noise is left in it counts as interaction of the parameters.
    second_order
        Whether Sobol indices of pairs are worked out, too.
    seed
        Of the design, the noise and the intervals.
    folder, device, threads, report
        As for `sweep`.

    Returns
    -------
    xarray.Dataset
        Along ``measure`` and ``parameter``. Morris: ``mu_star``, the mean size of a change of the
        measure over the whole range of a parameter, in the unit of the measure (coordinate
        ``units``); ``mu``, the same with its sign; ``sigma``, its standard deviation. Sobol:
        ``S1`` alone, ``ST`` with all others, ``S2`` of pairs (along ``other``). ``_low`` and
        ``_high`` are 95 % bootstrap intervals: the index and 1.96 of its standard errors on both
        sides. Fewer than five trajectories or base points have none. ``left_out`` counts the
        trajectories or base points that lack a value, ``missing`` the instances without one. A
        measure that is left with fewer than two has NaN.

    Raises
    ------
    DeclarationError
        Where a value is wrong, a parameter has no bounds, or SALib is not installed.
    """
    box, plan = prepare_sensitivity(
        model,
        method,
        samples,
        repeats,
        second_order=second_order,
        seed=seed,
        device=device,
        threads=threads,
    )
    compiled, count = box.compiled, plan.samples
    places = plan.places()
    keeping = Keeping(None if folder is None else Path(folder), report)
    measured = simulate(WHERE, compiled, box.points(places), repeats, seed, keeping)
    columns = flat(compiled, measured)
    found = {name: _of_one(plan, places, values, repeats) for name, values in columns.items()}
    given = {"method": method, "samples": count, "repeats": repeats, "runs": len(places) * repeats}
    return _dataset(found, box, {**provenance_of(compiled, seed), **given})


def prepare_sensitivity(
    model: Model | Compiled,
    method: Literal["morris", "sobol"] = "morris",
    samples: int | None = None,
    repeats: int = 1,
    *,
    second_order: bool = True,
    seed: int = 0,
    device: Any = "cpp",
    threads: int | None = None,
    **_: Any,
) -> tuple[Box, Design]:
    """Build the network and check what was asked; parameters as of `sensitivity`."""
    need(WHERE, "SALib", WHERE)
    _check(method, samples, repeats)
    box = Box(compiled_of(model, Choice(device, threads)), WHERE)
    count = samples or SAMPLES[method]
    of_design = seed_of(seed, WHERE) % 2**32
    return box, METHODS[method](len(box.labels), of_design, count, bool(second_order))


def _check(method: Any, samples: Any, repeats: Any) -> None:
    if method not in METHODS:
        raise DeclarationError(f"{WHERE}.method", f"must be one of {tuple(METHODS)}", method)
    check_count(f"{WHERE}.repeats", repeats, MOST_REPEATS)
    if samples is None:
        return
    check_count(f"{WHERE}.samples", samples, MOST_SAMPLES)
    if samples < 2:
        raise DeclarationError(f"{WHERE}.samples", "must be at least 2", samples)
    if method == "sobol" and samples & (samples - 1):
        cure = f"Take {2 ** samples.bit_length()}, or half of it."
        told = "Sobol's points keep their balance only for a power of two"
        raise DeclarationError(f"{WHERE}.samples", told, samples, cure)


def _of_one(
    plan: Design, places: np.ndarray, values: np.ndarray, repeats: int
) -> dict[str, np.ndarray]:
    """Return the indices of one measure from all instances, and what they lack."""
    by_point = values.reshape(-1, repeats)
    there = np.isfinite(by_point)
    total = np.where(there, by_point, 0.0).sum(axis=1)
    means = np.where(there.any(axis=1), total / np.maximum(there.sum(axis=1), 1), np.nan)
    whole = np.isfinite(means.reshape(-1, plan.piece)).all(axis=1)
    rows = np.repeat(whole, plan.piece)
    if whole.sum() >= 2:
        indices = dict(plan.indices(places[rows], means[rows]))
        if whole.sum() < LEAST:  # so few resample to nearly the same: no interval
            ends = [name for name in indices if name.endswith(("_low", "_high"))]
            indices |= {name: np.full_like(indices[name], np.nan) for name in ends}
    else:  # nothing can be said: the shapes are those of any other values
        shape = plan.indices(places[: 2 * plan.piece], np.arange(2.0 * plan.piece))
        indices = {name: np.full_like(index, np.nan) for name, index in shape.items()}
    left_out, missing = int((~whole).sum()), int((~there).sum())
    return {**indices, "left_out": np.array(left_out), "missing": np.array(missing)}


def _dataset(
    found: Mapping[str, Mapping[str, np.ndarray]], box: Box, attributes: dict[str, Any]
) -> Dataset:
    import xarray

    axes = MEASURE, PARAMETER, OTHER
    names = next(iter(found.values()))
    stacked = {name: np.stack([each[name] for each in found.values()]) for name in names}
    coordinates: dict[str, Any] = {
        MEASURE: list(found),
        PARAMETER: box.labels,
        "units": (MEASURE, _units(box.compiled, list(found))),
    }
    if any(array.ndim == 3 for array in stacked.values()):
        coordinates[OTHER] = box.labels
    variables = {name: (axes[: array.ndim], array) for name, array in stacked.items()}
    return xarray.Dataset(variables, coordinates, attributes)


def _units(compiled: Compiled, labels: list[str]) -> list[str]:
    named = {label.partition("[")[0]: label for label in labels}
    units = {name: unit_name(compiled.readings[name].dim) for name in named}
    return [units[label.partition("[")[0]] for label in labels]


def plot_sensitivity(result: Dataset) -> Any:
    """Return a figure of what `sensitivity` has found.

    Parameters
    ----------
    result
        What it returned.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each measure: for Morris ``sigma`` over ``mu_star``, for Sobol ``S1`` and
        ``ST`` of each parameter; with intervals.
    """
    from neuromodels.report.plotting.sensitivities import draw_morris, draw_sobol

    draw = draw_morris if result.attrs.get("method") == "morris" else draw_sobol
    panels = [result.sel({MEASURE: name}) for name in result[MEASURE].values]
    titles = [str(name) for name in result[MEASURE].values]
    parameters = [str(label) for label in result[PARAMETER].values]
    arrays = [{str(n): np.asarray(v) for n, v in panel.data_vars.items()} for panel in panels]
    return draw(titles, parameters, arrays)
