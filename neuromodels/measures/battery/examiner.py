"""Who answers for a run: its solutions, its controls, and the networks that are built for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.experiment.scoring import measured_inputs
from neuromodels.measures.battery.probe import Curves
from neuromodels.measures.battery.probes import PROBES
from neuromodels.measures.examine import finished_solutions
from neuromodels.measures.quantities import Solution, Stage
from neuromodels.seeding import generator, trial_streams
from neuromodels.store.store import StoredRun
from neuromodels.study.conditions import SEARCHED
from neuromodels.study.file import study_of
from neuromodels.study.own_files import Announce, ignore

STREAMS = "battery"
"""Name of the noise streams: all probes of a solution see the same trials."""
SHUFFLED, RANDOM = "shuffled", "random"
"""A solution whose numbers are exchanged within each coefficient; a rule from where it started."""
Cell = dict[str, Any]
"""A probe of a solution: ``condition``, ``seed``, ``probe``, ``trials``, ``solution`` (its digest),
``values`` by name, and ``reason``, why there are none, or an empty text."""


@dataclass(frozen=True)
class Question:
    """A probe of a solution, told by names, so that any process can answer it.

    Parameters
    ----------
    folder
        Of the run.
    condition, seed
        Of the search.
    probe
        Its name.
    trials
        How many are run.
    control
        `SHUFFLED` or `RANDOM`; empty: the solution itself.
    """

    folder: Path
    condition: str
    seed: int
    probe: str
    trials: int
    control: str = ""

    @property
    def label(self) -> str:
        """What its column is called: the condition, and the control if it is one."""
        return f"{self.condition}, {self.control}" if self.control else self.condition

    @property
    def place(self) -> tuple[str, int, str]:
        """Where its answer is stored within its run."""
        return self.label, self.seed, self.probe


class Examiner:
    """Answers questions about one run; the networks of one condition are built once.

    Parameters
    ----------
    folder
        Of the run.
    announce
        Called with each file of the user's own before it is run.
    threads
        Of the device; 0: as the study says.
    """

    def __init__(self, folder: Path, announce: Announce = ignore, threads: int = 0):
        self.run = StoredRun(folder)
        study = study_of(self.run.table, str(folder / "study.json"), announce=announce)
        device = replace(study.device, threads=threads or study.device.threads)
        self.study = replace(study, device=device)
        self._curves, self._stage = Curves(), Stage()

    def questions(self, probes: list[str], trials: int, controls: bool) -> Iterator[Question]:
        """Return all questions about the finished solutions, in the order of tables.

        Raises
        ------
        NeuromodelsError
            When no search is finished.
        """
        for condition, seed in finished_solutions(self.run, SEARCHED):
            for control in ("", SHUFFLED, RANDOM) if controls else ("",):
                for probe in probes:
                    yield Question(self.run.folder, condition, seed, probe, trials, control)

    def digest(self, question: Question) -> str:
        """Return what tells the solution that is asked from any other."""
        vector = np.ascontiguousarray(self._vector(question), dtype=float)
        return sha256(vector.tobytes()).hexdigest()[:16]

    def answer(self, question: Question) -> Cell:
        """Run a probe; what it cannot tell is a cell with a reason."""
        solution, probe = self._solution(question), PROBES[question.probe]
        reason = probe.lacks(solution.study, solution.task)
        values: Mapping[str, Any] = {}
        if not reason:
            try:
                values = probe.examine(solution, self._curves)
            except DeclarationError as error:
                reason = str(error)
        about = {"condition": question.label, "seed": question.seed, "probe": question.probe}
        about |= {"trials": question.trials, "solution": self.digest(question)}
        found = {name: dict(quantity) for name, quantity in values.items()}
        return {**about, "values": found, "reason": reason}

    def _solution(self, question: Question) -> Solution:
        seed, trials = question.seed, question.trials
        streams = trial_streams(seed, trials, STREAMS)
        inputs = measured_inputs(self.study, seed, trials, STREAMS)
        vector = self._vector(question)
        return Solution(self.study, question.condition, vector, streams, seed, inputs, self._stage)

    def _vector(self, question: Question) -> np.ndarray:
        vector = self.run.solution(question.condition, question.seed)["vector"]
        if not question.control:
            return vector
        from neuromodels.experiment.batches import coefficients_of  # imports Brian2

        coefficients = coefficients_of(self.study, question.condition)
        if question.control == SHUFFLED:
            return shuffled(vector, coefficients.slices, question.seed)
        draw = generator(question.seed, "random rules").standard_normal(vector.size)
        return coefficients.centre + coefficients.sigma * draw


def shuffled(vector: np.ndarray, slices: Mapping[str, slice], seed: int) -> np.ndarray:
    """Return a vector whose numbers are exchanged among themselves within each coefficient.

    How large its numbers are, and how many of each sign, stays the same. Which synapse or neuron
    has which is lost. A coefficient that is one number stays as it is.

    Parameters
    ----------
    vector
        (d,).
    slices
        Where each coefficient of each projection lies in it.
    """
    rng = generator(seed, "battery", SHUFFLED)
    mixed = vector.copy()
    for part in slices.values():
        mixed[part] = rng.permutation(vector[part])
    return mixed
