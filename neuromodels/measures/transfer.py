"""Solutions tested on other parameters of their task than those they were searched with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment.embodied import experiment_of
from neuromodels.experiment.scoring import ExperimentLike, score_vectors, scores_per_trial
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
        task = tasks.CATALOG[study.task.name]
        values = _values_of(task, varied)
        self.parameters = tuple(values)
        self.settings = [dict(zip(values, each, strict=True)) for each in product(*values.values())]
        if len(self.settings) > MOST_SETTINGS:
            raise DeclarationError(
                "--vary", f"must make at most {MOST_SETTINGS} settings", len(self.settings)
            )
        self._studies = [_changed(study, setting) for setting in self.settings]
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

    def scores(self, condition: str, vector: np.ndarray, streams: np.ndarray) -> np.ndarray:
        """Return the scores of a solution, (settings, trials): the same noise in every setting.

        Parameters
        ----------
        vector
            Coefficients of the search behind the condition, (d,).
        streams
            Noise streams of fresh trials, (trials,).
        """
        if condition != self._condition:
            self._experiments = [experiment_of(study, condition) for study in self._studies]
            self._condition = condition
        outcomes = [score_vectors(each, vector[None], streams) for each in self._experiments]
        return np.array([scores_per_trial(outcome)[0] for outcome in outcomes])


def _values_of(task: Task, varied: Sequence[str]) -> dict[str, list[float]]:
    if not varied:
        raise DeclarationError(
            "--vary",
            "must say what is varied",
            "nothing",
            f"For instance: --vary {SECTION}{next(iter(task.parameters))}=VALUE,VALUE",
        )
    found: dict[str, list[float]] = {}
    for text in varied:
        key, _, listed = text.partition("=")
        name = key.strip().removeprefix(SECTION)
        if name not in task.parameters or not key.strip().startswith(SECTION) or name in found:
            known = ", ".join(SECTION + each for each in task.parameters if each not in found)
            raise DeclarationError(f"--vary {text}", f"must begin with one of {known}", key)
        found[name] = [_number(text, each, task.is_whole(name)) for each in listed.split(",")]
    return found


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


def _changed(study: Study, setting: Mapping[str, float]) -> Study:
    """Return the study with other parameters of its task, which it checks."""
    parameters = {**study.task.parameters, **setting}
    tasks.CATALOG[study.task.name].with_defaults(parameters)
    return replace(study, task=replace(study.task, parameters=parameters))
