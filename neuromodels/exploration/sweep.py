"""A model at many points, several times each, as one table with named axes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuromodels.errors import DeclarationError
from neuromodels.exploration.dataset import dataset_of
from neuromodels.exploration.design import Design, design_of
from neuromodels.exploration.evaluation import Report
from neuromodels.exploration.memory import Demand, check_room, demand_of
from neuromodels.exploration.simulated import Keeping, simulate
from neuromodels.exploration.stimuli import with_numbered_spikes
from neuromodels.models.compiled import Choice, Compiled, Points, compiled_of
from neuromodels.models.model import Model

if TYPE_CHECKING:
    from xarray import Dataset

MOST_REPEATS = 10_000_000


def sweep(
    model: Model | Compiled,
    points: Any,
    repeats: int = 1,
    *,
    seed: int = 0,
    folder: Path | str | None = None,
    device: Any = "cpp",
    threads: int | None = None,
    memory: int | None = None,
    report: bool | Report = True,
) -> Dataset:
    """Run a model at many points of its parameters.

    Parameters
    ----------
    model
        The network, its parameters and measures.
    points
        ``{"name": values}`` is a grid: each value with each value of the others. `grid`, `table`,
        `latin_hypercube` and `sobol` make other designs; a data frame is a table in SI units.
        Parameters without values stay as the network has them. Values of a generator are pairs
        ``(indices, times)``.
    repeats
        Instances of each point. All instances have noise of their own.
    seed
        Of the noise: the same seed gives the same numbers, whatever the number of cores.
    folder
        Where results are kept while they come. The same call goes on from there after a stop.
    device, threads
        As for `Batch`.
    memory
        Bytes that the sweep may take beside the network, on the processor: fewer instances run at a
        time then, and no number changes. None: 256 MiB for them, and what results need.
        `memory_of_sweep` tells before.
    report
        Whether to show progress; or a function of how many instances are done, and of how many.

    Returns
    -------
    xarray.Dataset
        Measures along the axes of the grid, or along ``point``, and along ``repeat``; with units
        and what was run in the attributes. ``failed`` says which instances ended with numbers that
        are not finite; their measures are NaN.

    Raises
    ------
    DeclarationError
        Where a parameter, a value or a unit is wrong, or `memory` too little; nothing has run then.
    StorageError
        Where `folder` keeps results of another declaration.
    """
    running = {"device": device, "threads": threads, "memory": memory, "folder": folder}
    compiled, design, values = prepare_sweep(model, points, repeats, **running)
    keeping = Keeping(None if folder is None else Path(folder), report, memory)
    measured = simulate("sweep", compiled, values, repeats, seed, keeping)
    return dataset_of(design, compiled, measured, repeats, seed)


def memory_of_sweep(
    model: Model | Compiled,
    points: Any,
    repeats: int = 1,
    *,
    folder: Path | str | None = None,
    device: Any = "cpp",
    threads: int | None = None,
    memory: int | None = None,
) -> Demand:
    """Return the memory that `sweep` takes at the most with the same arguments; nothing runs.

    Returns
    -------
    Demand
        Bytes beside those of the network, and of Python, which are there before. ``total`` grows
        with the number of instances by their results alone. What `Recorded` measures keep of spikes
        is a guess before any was seen.

    Raises
    ------
    DeclarationError
        As for `sweep`.
    """
    running = {"device": device, "threads": threads, "memory": memory, "folder": folder}
    compiled, _, values = prepare_sweep(model, points, repeats, **running)
    return demand_of(compiled, values, repeats, memory, folder)


def prepare_sweep(
    model: Model | Compiled,
    points: Any,
    repeats: int = 1,
    *,
    device: Any = "cpp",
    threads: int | None = None,
    memory: int | None = None,
    folder: Path | str | None = None,
    **_: Any,
) -> tuple[Compiled, Design, Points]:
    """Build the network of a sweep and check its points; parameters as of `sweep`."""
    plain = model.model if isinstance(model, Compiled) else model
    design = design_of(points, plain)
    check_count("sweep.repeats", repeats, MOST_REPEATS)
    numbered, design = with_numbered_spikes(plain, design)
    others = [n for n, each in numbered.parameters.items() if each is not plain.parameters[n]]
    compiled = compiled_of(numbered if others else model, Choice(device, threads))
    values = design.points({name: place.dim for name, place in compiled.places.items()})
    compiled.check_points(values)
    check_room("sweep.memory", memory, demand_of(compiled, values, repeats, None, folder))
    return compiled, design, values


def check_count(where: str, value: Any, most: int) -> None:
    """Refuse what is no whole number from 1 to `most`.

    Raises
    ------
    DeclarationError
        With the value.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise DeclarationError(where, f"must be a whole number from 1 to {most:,}", value)
