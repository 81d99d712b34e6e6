"""What a lesson has taught, asked again under noise and after losses; nothing learns meanwhile.

A lesson is run to the end of what it teaches. Then its weights are kept, those of mechanisms times
their shares, summed. A network with these weights, which do not change, is asked for the same
samples in many settings at once:

    gaussian, salt, pepper, salt and pepper      noise on inputs, `neuromodels.tasks.arrays.noise`
    neurons                                      of the hidden neurons, or of the channels where
                                                 there are none, a share is lost with its synapses
    synapses                                     of all synapses, a share is lost

Noise lies on the scale of the inputs: a channel goes from its least input, which is 0, to the
greatest distance of any channel, which is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.measures.injury import Injury, Unit, lost_synapses
from neuromodels.measures.quantities import Examined, Measure, Solution, mean_of
from neuromodels.seeding import generator
from neuromodels.study.study import Study
from neuromodels.tasks.arrays.array_task import ArrayTask
from neuromodels.tasks.arrays.noise import KINDS, noisy
from neuromodels.tasks.arrays.npz import write_trial_arrays
from neuromodels.tasks.arrays.trial_arrays import TrialArrays

LEVELS = (2, 4, 6)
SHARES = (0.1, 0.3, 0.5)
"""Of neurons or synapses that are lost."""


@dataclass(frozen=True)
class Setting:
    """What is done to a network before it is asked; `kind` is empty where nothing is."""

    kind: str = ""
    amount: float = 0

    @property
    def label(self) -> str:
        """As a table says it."""
        if not self.kind:
            return "clean"
        if self.kind in KINDS:
            return f"{self.kind}, level {self.amount:g}"
        return f"without {self.amount:.0%} of {self.kind}"


def settings_for(task: ArrayTask) -> list[Setting]:
    """Return all settings; spikes, which are whole numbers, take no noise."""
    noise = [Setting(kind, level) for kind in KINDS for level in LEVELS]
    lost = [Setting(kind, share) for kind in ("neurons", "synapses") for share in SHARES]
    return [Setting(), *(noise if task.kind != "spikes" else []), *lost]


def examine(solution: Solution) -> Examined:
    """Return the share of right answers in each setting.

    Raises
    ------
    DeclarationError
        Where the study's task teaches no samples before it asks for others.
    """
    task = task_of(solution)
    settings = settings_for(task)
    numbers, weights = learned(solution, task)
    rng = generator(0, "noise")
    again = asked_again(task.arrays, numbers, settings, rng)
    scores = scores_again(solution, again, settings, weights)
    quantities = {
        each.label: mean_of(of_lessons) for each, of_lessons in zip(settings, scores, strict=True)
    }
    return {"settings": np.array(list(quantities)), "scores": scores}, quantities


def task_of(solution: Solution) -> ArrayTask:
    """Return the task of a study of lessons.

    Raises
    ------
    DeclarationError
        Where it is none, or what it teaches does not come before all that it asks for.
    """
    task = solution.task
    arrays = task.arrays if isinstance(task, ArrayTask) else None
    if not isinstance(task, ArrayTask) or arrays is None or arrays.taught is None:
        cure = "Write lessons, see docs/how_to/images_and_sounds.md."
        must = "must be tasks from arrays that teach samples"
        raise DeclarationError("task.name", must, task.name, cure)
    taught = arrays.taught
    if not taught.any() or (np.diff(taught, axis=1) > 0).any() or len(set(arrays.asked)) > 1:
        must = "must teach equally many samples in all trials, before those that are asked"
        raise DeclarationError("ArrayTask.taught", must, "another order")
    return task


def learned(solution: Solution, task: ArrayTask) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """Return the number of each lesson, and the weights that it has taught by projection."""
    arrays = task.arrays
    assert arrays is not None
    assert arrays.taught is not None
    episodes = solution.episodes()
    parameters = task.with_defaults(solution.study.task.parameters)
    steps = arrays.taught[0].sum() * arrays.shape[1] * parameters["substeps"]
    episodes.run(int(parameters["prelude"] + steps))
    numbers = np.asarray(episodes.batch["items.number"]).reshape(-1).astype(int)
    kept = {name: np.array(each) for name, each in episodes.fused_weights().items()}
    return numbers, kept


def asked_again(
    arrays: TrialArrays | None,
    lessons: np.ndarray,
    settings: list[Setting],
    rng: np.random.Generator,
) -> TrialArrays:
    """Return trials that only ask, (settings times lessons), setting by setting."""
    assert arrays is not None
    assert arrays.shown is not None
    assert arrays.taught is not None
    assert arrays.labels is not None
    asked = arrays.shown[lessons][:, arrays.taught[0] == 0].astype(int)
    pools = [_disturbed(arrays, asked.reshape(-1), each, rng) for each in settings]
    count = asked.size
    shown = np.arange(len(settings) * count).reshape(-1, asked.shape[1])
    repeated = np.tile(asked.reshape(-1), len(settings))
    return TrialArrays(
        np.concatenate(pools),
        labels=arrays.labels[repeated],
        mask=None if arrays.mask is None else arrays.mask[repeated],
        classes=arrays.classes,
        shown=shown,
        taught=np.zeros(shown.shape),
    )


def _disturbed(
    arrays: TrialArrays, asked: np.ndarray, setting: Setting, rng: np.random.Generator
) -> np.ndarray:
    """Return the inputs of samples with noise, the same in all steps that show the same."""
    if setting.kind not in KINDS:
        return arrays.inputs[asked]
    least = arrays.inputs.min(axis=(0, 1))
    span = float((arrays.inputs - least).max())
    found = []
    for sample in arrays.inputs[asked] - least:
        patterns, steps = np.unique(sample, axis=0, return_inverse=True)
        changed = noisy(patterns, setting.kind, int(setting.amount), rng, highest=span)
        found.append(changed[steps.reshape(-1)])
    return np.array(found) + least


def scores_again(
    solution: Solution,
    again: TrialArrays,
    settings: list[Setting],
    weights: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Return shares of right answers, (settings, lessons), of networks that do not learn."""
    from neuromodels.experiment.episodes import Episodes  # imports Brian2

    lessons = again.trials // len(settings)
    places = np.argsort(again.order)
    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "asked.npz")
        write_trial_arrays(file, again)
        study = asking(solution.study, file)
        vector = as_fixed(solution, study)
        streams = np.tile(solution.streams, len(settings))
        episodes = Episodes(study, "fixed", vector, streams, places)
        shapes = {name: episodes.shapes[name] for name in weights}
        for name, values in _wounded(weights, shapes, settings, lessons).items():
            episodes.set_synaptic(name, "w", values)
        episodes.run(episodes.steps)
        return episodes.score().reshape(len(settings), lessons)


def asking(study: Study, file: str) -> Study:
    """Return the study with other arrays, none of which is for tests."""
    options = {**study.task.options, "file": file, "data": "file"}
    parameters = {**study.task.parameters, "test_share": 0.0, "held_out": 0, "prelude": 0}
    task = replace(study.task, options=options, parameters=parameters)
    contents = {key: each for key, each in study.contents.items() if not key.startswith("task.")}
    return replace(study, task=task, contents=contents)


def as_fixed(solution: Solution, study: Study) -> np.ndarray:
    """Return the vector of a network of fixed weights with the neurons of a solution."""
    from neuromodels.simulation.network.builder import circuit_of  # imports Brian2

    found = circuit_of(solution.study, solution.condition).coefficients
    fixed = circuit_of(study, "fixed").coefficients
    vector = fixed.centre.copy()
    for label, place in fixed.slices.items():
        if label in found.slices and not label.endswith(".w"):
            vector[place] = solution.vector[found.slices[label]]
    return vector


UNIT_OF: Mapping[str, Unit] = {"neurons": "neurons", "synapses": "weights"}
"""What an injury takes, by the kind of a setting; other kinds are noise of the inputs."""


def _wounded(
    weights: Mapping[str, np.ndarray],
    shapes: Mapping[str, tuple[int, int]],
    settings: list[Setting],
    lessons: int,
) -> dict[str, np.ndarray]:
    """Return the weights of all settings, (settings times lessons, synapses), lost ones 0."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in weights}
    for setting in settings:
        unit = UNIT_OF.get(setting.kind)
        lost = {}
        if unit is not None:
            lost = lost_synapses(Injury(setting.amount, 0, 1, unit), shapes, lessons)
        for name, values in weights.items():
            parts[name].append(np.where(lost[name], 0.0, values) if lost else values)
    return {name: np.concatenate(each) for name, each in parts.items()}


NOISE = Measure(
    name="noise",
    about="What is left of what a lesson taught, under noise and after losses?",
    note="Shares of right answers; nothing learns while it is asked. Noise has the levels of hybrid"
    " plasticity (Wu et al. 2022); neurons are hidden ones, or channels where there are none.",
    examine=examine,
    conditions=("plastic",),
    over_seeds=True,
    shows_seeds=False,
)
