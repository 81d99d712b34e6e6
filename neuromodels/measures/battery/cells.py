"""The battery of a run: every probe of every solution, kept as it goes, so that nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, NeuromodelsError
from neuromodels.experiment.scoring import measured_inputs
from neuromodels.files import refuse_link, replace_file, writing
from neuromodels.measures.battery.probe import Curves, Probe
from neuromodels.measures.battery.probes import PROBES
from neuromodels.measures.examine import finished_solutions
from neuromodels.measures.quantities import Solution
from neuromodels.seeding import trial_streams
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED
from neuromodels.study.file import study_of
from neuromodels.study.limits.demand import check_trials
from neuromodels.study.own_files import Announce, ignore
from neuromodels.study.study import Study

SCHEMA = 1
STORED = "battery.json"
STREAMS = "battery"
"""Name of the noise streams: all probes of a solution see the same trials."""
Cell = dict[str, Any]
"""A probe of a solution: ``condition``, ``seed``, ``probe``, ``trials``, ``solution`` (its digest),
``values`` by name, and ``reason``, why there are none, or an empty text."""
Told = Callable[[Cell], None]


def nobody(cell: Cell) -> None:
    """Tell nobody."""


def battery_of(
    run: StoredRun,
    trials: int = 500,
    probes: Sequence[str] = (),
    announce: Announce = ignore,
    tell: Told = nobody,
) -> list[Cell]:
    """Ask every finished solution of a run for its cognitive values.

    Each answer is stored in ``measures/battery.json`` of the run folder at once. What is stored of
    the same solution and of at least as many trials is not computed again.

    Parameters
    ----------
    trials
        Fresh trials per solution and probe.
    probes
        Names out of `PROBES`; empty: all that suit the task.
    announce
        Called with each file of the user's own before it is run.
    tell
        Gets each cell that was computed.

    Raises
    ------
    NeuromodelsError
        When a probe does not exist, or no search is finished.
    """
    check_trials("battery --trials", trials)
    chosen = chosen_probes(probes)
    study = study_of(run.table, str(run.folder / "study.json"), announce=announce)
    stored, curves = Stored(run), Curves()
    cells = []
    for solution in _solutions(run, study, trials):
        for probe in chosen:
            cell = stored.of(solution, probe.name, trials)
            if cell is None:
                cell = _examined(solution, probe, trials, curves)
                stored.keep(cell)
                tell(cell)
            cells.append(cell)
    return cells


def chosen_probes(names: Sequence[str]) -> list[Probe]:
    """Return the probes of these names, all if there are none.

    Raises
    ------
    NeuromodelsError
        When one does not exist.
    """
    for name in names:
        if name not in PROBES:
            raise NeuromodelsError("battery --only", f"must be one of {', '.join(PROBES)}", name)
    return [PROBES[name] for name in names or PROBES]


def _solutions(run: StoredRun, study: Study, trials: int) -> Iterator[Solution]:
    for condition, seed in finished_solutions(run, SEARCHED):
        vector = run.solution(condition, seed)["vector"]
        streams = trial_streams(seed, trials, STREAMS)
        inputs = measured_inputs(study, seed, trials, STREAMS)
        yield Solution(study, condition, vector, streams, seed, inputs)


def _examined(solution: Solution, probe: Probe, trials: int, curves: Curves) -> Cell:
    reason = probe.lacks(solution.study, solution.task)
    values: Mapping[str, Any] = {}
    if not reason:
        try:
            values = probe.examine(solution, curves)
        except DeclarationError as error:
            reason = str(error)
    about = {"condition": solution.condition, "seed": solution.seed, "probe": probe.name}
    digest = _digest(solution.vector)
    found = {name: dict(quantity) for name, quantity in values.items()}
    return {**about, "trials": trials, "solution": digest, "values": found, "reason": reason}


def _digest(vector: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(vector, dtype=float).tobytes()).hexdigest()[:16]


class Stored:
    """The cells of a run that are stored; a new one replaces an older one of the same place."""

    def __init__(self, run: StoredRun):
        self._path = run.folder / "measures" / STORED
        self._cells = _read(self._path)

    def of(self, solution: Solution, probe: str, trials: int) -> Cell | None:
        """Return what is stored of a solution from enough trials; None: nothing."""
        cell = self._cells.get((solution.condition, solution.seed, probe))
        is_same = cell is not None and cell["solution"] == _digest(solution.vector)
        return cell if cell and is_same and cell["trials"] >= trials else None

    def keep(self, cell: Cell) -> None:
        """Store a cell, atomically."""
        self._cells[cell["condition"], cell["seed"], cell["probe"]] = cell
        refuse_link(self._path.parent)
        with writing(self._path):
            self._path.parent.mkdir(exist_ok=True)
        text = json.dumps({"schema": SCHEMA, "cells": list(self._cells.values())}, indent=1)
        replace_file(self._path, text.encode())


def _read(path: Path) -> dict[tuple[str, int, str], Cell]:
    """Return the cells of a file by their place; none where it cannot be read."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        cells = table["cells"] if table["schema"] == SCHEMA else []
        return {(cell["condition"], cell["seed"], cell["probe"]): cell for cell in cells}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
