"""A model fitted: the parameters that make a loss small, how small, and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.exploration.box import Box
from neuromodels.exploration.dataset import provenance_of, unit_name
from neuromodels.exploration.declaration import digest_of
from neuromodels.exploration.evaluation import Report
from neuromodels.exploration.fitting.finals import final_of
from neuromodels.exploration.fitting.fitted import Fit, fitted
from neuromodels.exploration.fitting.losses import Loss, loss_of
from neuromodels.exploration.fitting.scoring import Scorer
from neuromodels.exploration.fitting.searching import Search
from neuromodels.exploration.fitting.uncertainty import uncertainty_of
from neuromodels.exploration.progress import progress_here
from neuromodels.exploration.sweep import MOST_REPEATS, check_count
from neuromodels.models.compiled import Choice, Compiled, compiled_of
from neuromodels.models.model import Model
from neuromodels.search.checks import check_candidates, checked_count, completed_options
from neuromodels.search.interface import Optimizer
from neuromodels.search.optimizers import checked_info, make_optimizer
from neuromodels.search.optuna_optimizer import PREFIX, WHERE, Axis, OptunaOptimizer

MOST = 1_000_000
#: Numbers that differential evolution searches, at most, where no optimizer is named.
MOST_FOR_DE = 20
#: Of optimizers that climb with Adam: their step in sigmas, where nothing else is said.
STEP = 0.2


def fit(
    model: Model | Compiled,
    loss: Any,
    *,
    optimizer: str | None = None,
    candidates: int = 64,
    generations: int = 50,
    repeats: int = 1,
    seed: int = 0,
    folder: Path | str | None = None,
    device: Any = "cpp",
    threads: int | None = None,
    report: bool | Report = True,
    options: Mapping[str, Any] | None = None,
    storage: str = "",
) -> Fit:
    """Find the parameters of a model that make a loss small.

    Parameters
    ----------
    model
        The network, its parameters with bounds, and its measures.
    loss
        ``{"rate": (5*Hz, 1*Hz)}``: targets with tolerances; the loss is the sum of the squared
        distances in tolerances. Text such as ``"(rate - 5*Hz)**2"``: arithmetic with measures. Or a
        function: it takes a dictionary of all measures in SI units, arrays of shape (candidates,
        repeats), and returns one number for each candidate. Targets and texts use the means of
        measures over repeats.
    optimizer
        A name from `neuromodels.search.OPTIMIZERS`; or ``"optuna:"`` and the name of one of
        Optuna's samplers, such as ``"optuna:TPESampler"``. By default ``"TwoPointsDE"`` for up to
        20 numbers: distances of spike trains have many local minima, and a population that stays
        spread out leaves them. For more numbers ``"OldCMA"``.
    candidates
        Tried in each generation.
    generations
        How often the optimizer is told their losses.
    repeats
        Instances of each candidate, with noise of their own.
    seed
        Of the optimizer and of the noise.
    folder
        Where the state is kept after each generation. The same call goes on from there after a
        stop, to the same numbers; with more generations it goes further.
    device, threads
        As for `Batch`.
    report
        Whether to show progress; or a function of how many generations are done, and of how many.
    options
        Of the optimizer.
    storage
        With a sampler of Optuna's: URL of a storage that gets all trials, for its dashboard.

    Returns
    -------
    Fit
        The best parameters on fresh noise, with units and intervals.

    Raises
    ------
    DeclarationError
        Where a bound, a unit, a name or an option is wrong; or no candidate has a loss.
    StorageError
        Where `folder` keeps a fit of another declaration.
    """
    search, optimizer = prepare_fit(
        model,
        loss,
        optimizer=optimizer,
        candidates=candidates,
        generations=generations,
        repeats=repeats,
        seed=seed,
        folder=folder,
        device=device,
        threads=threads,
        options=options,
        storage=storage,
    )
    with progress_here("fit", report) as shown:
        search.run(generations, shown)
    return _result(search, repeats, candidates, optimizer)


def prepare_fit(
    model: Model | Compiled,
    loss: Any,
    *,
    optimizer: str | None = None,
    candidates: int = 64,
    generations: int = 50,
    repeats: int = 1,
    seed: int = 0,
    folder: Path | str | None = None,
    device: Any = "cpp",
    threads: int | None = None,
    options: Mapping[str, Any] | None = None,
    storage: str = "",
    **_: Any,
) -> tuple[Search, str]:
    """Build the network of a fit, check what was asked, and return its search.

    Parameters are those of `fit`.

    Returns
    -------
    The search as it was left in the folder, and the name of its optimizer.
    """
    check_count("fit.candidates", candidates, MOST)
    check_count("fit.generations", generations, MOST)
    check_count("fit.repeats", repeats, MOST_REPEATS)
    checked_count("fit.seed", seed, 0)
    _check_optimizer(optimizer, candidates, options)
    compiled = compiled_of(model, Choice(device, threads))
    box, wanted = Box(compiled, "fit"), loss_of(loss, compiled.readings)
    optimizer = _default_for(len(box.labels)) if optimizer is None else optimizer
    given = (optimizer, candidates, dict(options or {}), wanted.definition)
    digest = digest_of(compiled, {}, repeats, seed, *given)
    chosen = _optimizer(box, optimizer, candidates, seed, dict(options or {}), storage, digest)
    scorer = Scorer(compiled, box, wanted, seed)
    kept = None if folder is None else Path(folder)
    is_placed = isinstance(chosen, OptunaOptimizer)
    return Search(scorer, chosen, repeats, is_placed, kept, digest), optimizer


def _check_optimizer(name: Any, candidates: int, options: Mapping[str, Any] | None) -> None:
    """Refuse what is wrong before anything is built."""
    if name is not None and not _is_optuna(name):
        info = checked_info(name)
        if info.is_told_goals:
            cure = "Take 'OldCMA', or a sampler of Optuna's."
            raise DeclarationError(WHERE, "must search for one goal", name, cure)
        check_candidates(info, candidates)
        completed_options(info, options)


def _default_for(numbers: int) -> str:
    return "TwoPointsDE" if numbers <= MOST_FOR_DE else "OldCMA"


def _is_optuna(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(PREFIX)


def _optimizer(
    box: Box,
    name: Any,
    candidates: int,
    seed: int,
    options: dict[str, Any],
    storage: str,
    digest: str,
) -> Optimizer:
    if _is_optuna(name):
        sampler = name.removeprefix(PREFIX)
        study = f"fit {digest[:8]}"
        return OptunaOptimizer(sampler, _axes(box), candidates, seed, options, storage, study)
    if storage:
        told = "only a sampler of Optuna's has a storage"
        raise DeclarationError("fit.storage", told, storage, "Write optimizer='optuna:TPESampler'.")
    climbs = "relative_rate" in checked_info(name).options and "learning_rate" not in options
    options = {"relative_rate": STEP, **options} if climbs else options
    return make_optimizer(name, np.zeros(len(box.labels)), 1.0, candidates, seed, options)


def _axes(box: Box) -> list[Axis]:
    axes = []
    for name, part in box.parts.items():
        choices = _choices(box, name)
        for axis in box.axes[part]:
            limits = axis.low / axis.unit, axis.high / axis.unit
            axes.append(Axis(axis.title, *limits, axis.is_log and not choices, choices))
    return axes


def _choices(box: Box, name: str) -> tuple[float, ...]:
    parameter = box.parameters[name]
    unit = float(np.asarray(parameter.shown_unit))
    return tuple(float(value) / unit for value in parameter.values_of_choices)


def _result(search: Search, repeats: int, candidates: int, optimizer: str) -> Fit:
    """Score the best again, and say how sure they are."""
    scorer = search.scorer
    box, compiled = scorer.box, scorer.compiled
    final = final_of(scorer, np.vstack([search.finalists.centres, search.centre()]), repeats)
    free = [
        number
        for name, part in box.parts.items()
        for number in range(part.start, part.stop)
        if box.parameters[name].choices is None
    ]
    recorded = _recorded(scorer.loss, compiled)
    sure = uncertainty_of(scorer, final.place, np.array(free, dtype=int), repeats, recorded)
    provenance = {
        **provenance_of(compiled, scorer.seed),
        "loss": scorer.loss.text,
        "loss_unit": unit_name(scorer.loss.dim),
        "optimizer": optimizer,
        "repeats": repeats,
    }
    return fitted(box, final, sure, search.history, candidates, provenance)


def _recorded(loss: Loss, compiled: Compiled) -> int:
    """Return how many recorded numbers a loss compares with."""
    records = (compiled.readings[name].record for name in loss.names)
    return sum(record.count for record in records if record is not None)
