"""Solutions tested on other parameters of their task than those they were searched with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment.scoring import (
    ExperimentLike,
    measured_inputs,
    score_vectors,
    scores_per_trial,
)
from neuromodels.measures.quantities import Examined, Measure, Solution, mean_of
from neuromodels.study.conditions import SEARCH_OF, SEARCHED
from neuromodels.study.limits.demand import check_demand
from neuromodels.study.study import Study
from neuromodels.tasks import Task

SECTION = "task."
MOST_SETTINGS = 200


class Transfer:
    """Every setting of some parameters of a study's task.

    Parameters
    ----------
    study
        Of the solutions that are tested.
    varied
        ``task.PARAMETER=VALUE,VALUE,...`` each; of several, all combinations.

    Raises
    ------
    DeclarationError
        For a parameter that the task does not have, or a value that it does not take.
    """

    def __init__(self, study: Study, varied: Sequence[str]):
        task = _task_of(study)
        values = _values_of(task, varied)
        self.parameters = tuple(values)
        count = math.prod(map(len, values.values()))
        if count > MOST_SETTINGS:
            raise DeclarationError("--vary", f"must make at most {MOST_SETTINGS} settings", count)
        self.settings = [dict(zip(values, each, strict=True)) for each in product(*values.values())]
        self._studies = [_with_setting(study, task, setting) for setting in self.settings]
        self._swept = [name for name, each in values.items() if len(each) > 1]
        self._condition = ""
        self._experiments: list[ExperimentLike] = []

    @property
    def name(self) -> str:
        """What is varied, for the names of files."""
        return "-".join(self._swept or self.parameters)

    @property
    def labels(self) -> list[str]:
        """Each setting in words."""
        return [", ".join(f"{k} {v:g}" for k, v in each.items()) for each in self.settings]

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The value of each parameter in each setting, (settings,)."""
        return {
            name: np.array([float(each[name]) for each in self.settings])
            for name in self.parameters
        }

    def scores(self, solution: Solution) -> np.ndarray:
        """Return the scores of a solution, (settings, trials): the same noise in every setting."""
        vectors, streams = solution.vector[None], solution.streams
        experiments = self._experiments_of(solution.condition)
        shown = [measured_inputs(s, solution.seed, len(streams), "transfer") for s in self._studies]
        outcomes = [
            score_vectors(each, vectors, streams, inputs=inputs)
            for each, inputs in zip(experiments, shown, strict=True)
        ]
        return np.array([scores_per_trial(outcome)[0] for outcome in outcomes])

    def _experiments_of(self, condition: str) -> list[ExperimentLike]:
        """Return an experiment per setting; those of the condition asked for last are kept."""
        from neuromodels.experiment.embodied import experiment_of  # imports Brian2

        if condition != self._condition:
            self._experiments = [experiment_of(study, condition) for study in self._studies]
            self._condition = condition
        return self._experiments


def examine(transfer: Transfer, solution: Solution) -> Examined:
    """Return the score of a solution in each setting."""
    scores = transfer.scores(solution)
    by_label = zip(transfer.labels, scores, strict=True)
    quantities = {label: mean_of(of_trials) for label, of_trials in by_label}
    return {**transfer.arrays, "scores": scores}, quantities


def _task_of(study: Study) -> Task:
    return study.task_out_of(tasks.CATALOG)


def _values_of(task: Task, varied: Sequence[str]) -> dict[str, list[float]]:
    if not varied:
        raise DeclarationError(
            "--vary",
            "must say what is varied",
            "nothing",
            f"For instance: --vary {SECTION}{next(iter(task.parameters))}=VALUE,VALUE",
        )
    values: dict[str, list[float]] = {}
    for text in varied:
        key, _, listed = text.partition("=")
        name = key.strip().removeprefix(SECTION)
        if name not in task.parameters or not key.strip().startswith(SECTION) or name in values:
            known = ", ".join(SECTION + each for each in task.parameters if each not in values)
            raise DeclarationError(f"--vary {text}", f"must begin with one of {known}", key)
        values[name] = [_number(text, each, task.is_whole(name)) for each in listed.split(",")]
    return values


def _number(where: str, text: str, is_whole: bool) -> float:
    try:
        value = int(text) if is_whole else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        kind = "whole numbers" if is_whole else "numbers"
        raise DeclarationError(
            f"--vary {where}", f"must list {kind}, with commas between them", text
        )
    return value


def _with_setting(study: Study, task: Task, setting: Mapping[str, float]) -> Study:
    """Return the study with other parameters of its task, which the task checks."""
    parameters = {**study.task.parameters, **setting}
    task.with_defaults(parameters)
    varied = replace(study, task=replace(study.task, parameters=parameters))
    check_demand(varied, task)
    return varied


TRANSFER = Measure(
    name="transfer",
    about="Does a solution work with other parameters of the task?",
    note="Scores with other parameters of the task; the solutions stay as they are.",
    examine=examine,
    conditions=(*SEARCHED, *SEARCH_OF),
    over_seeds=True,
    shows_seeds=False,
    settings=Transfer,
)
