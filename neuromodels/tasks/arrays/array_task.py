"""A task that is data instead of equations: arrays of inputs, with labels or targets.

A trial of the task is a row of the arrays, drawn anew in each trial of a search. It may also be a
long row of samples, of which some are taught and the others asked. What the channels get in each
step of a row is one of four kinds:

    rates     Hz; Poisson spikes, at most one in a step of the simulation
    currents  what drives a silent `lif` to the membrane w*current, whatever the step
    values    what arrives in every step of the simulation, times the weight
    spikes    numbers of spikes, all of them in the first step of the simulation

The arrays lie in memory once, whatever the number of candidates and trials. Some trials may be
kept from searches: ``test_share`` of them, or those that the array `test` marks. They are drawn
under the conditions `unseen` and `unseen_fixed`, and under no other. Before the trial lie
``prelude`` steps of the simulation in which all channels are silent; under `frozen` these are at
least as many as the trial has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.tasks.arrays.data_sets import DATA_SETS
from neuromodels.tasks.arrays.losses import score_of
from neuromodels.tasks.arrays.npz import read_trial_arrays
from neuromodels.tasks.arrays.presentations import NOW, ROW, SHOWING, row_of, taught_of
from neuromodels.tasks.arrays.trial_arrays import OWNER, TrialArrays
from neuromodels.tasks.base import Task
from neuromodels.tasks.encoding import CURRENT, CURRENT_MODEL, POISSON, POISSON_MODEL
from neuromodels.tasks.inputs import NEARLY_HALF, Inputs, held_out_count

VALUE_MODEL = """
    u  : 1    # what arrives in this step
    xt : 1    # its trace
"""
VALUE = """
    u = {value}
    xt = u
"""
COUNT = f"""
    u = {{value}}*int({NOW} % substeps == 0)
    xt = xt*exp(-dt/(20*ms)) + u
"""
KINDS: Mapping[str, tuple[str, str]] = {
    "rates": (POISSON_MODEL, f"rate = {{value}}\n{POISSON}"),
    "currents": (CURRENT_MODEL, f"level = {{value}}\n{CURRENT}"),
    "values": (VALUE_MODEL, VALUE),
    "spikes": (VALUE_MODEL, COUNT),
}
"""Kind of inputs -> variables of a channel, and what happens in it in each step."""
FILE = "file"
"""What `data` is where a file holds the arrays."""
RESTART = f"{NOW} >= 0 and ({NOW} + 1) % substeps == 0"
"""The steps at whose end states are erased, where all steps of the arrays begin alike."""
NOT_NEGATIVE = ("rates", "spikes")


@dataclass(frozen=True, eq=False)
class ArrayTask(Task):
    """A task made by `array_task`.

    Parameters
    ----------
    arrays
        What is shown and what is right.
    is_open
        Whether a study names the arrays, by the options ``file`` or ``data``, ``kind``, ``loss``.
    kind
        What the inputs are.
    """

    arrays: TrialArrays | None = None
    is_open: bool = False
    kind: str = ""

    @property
    def options(self) -> Mapping[str, tuple[str, ...]]:
        """What a study says beside the parameters."""
        if not self.is_open:
            return {}
        return {"file": (), "data": (FILE, *DATA_SETS), "kind": tuple(KINDS), "loss": ()}

    @property
    def content(self) -> str:
        """Digest of the arrays; empty before a study has named them."""
        return "" if self.is_open or self.arrays is None else self.arrays.content

    def with_options(self, options: Mapping[str, str]) -> Task:
        """Return the task of the arrays in a file.

        Raises
        ------
        DeclarationError
            Where there is no such file or option, or the arrays are refused.
        """
        if not self.is_open:
            return super().with_options(options)
        if strange := [name for name in options if name not in self.options]:
            known = ", ".join(self.options)
            raise DeclarationError(f"Task.{self.name}", f"options are {known}", strange[0])
        arrays = _named_arrays(options.get("file", ""), options.get("data", FILE))
        kind, loss = options.get("kind", "rates"), options.get("loss", "")
        task = array_task(arrays, kind, loss, name=self.name, summary=self.summary)
        # a share of the study may keep trials from searches
        return replace(task, unseen=self.unseen)

    def at(self, parameters: Mapping[str, float]) -> Task:
        """Return the task; with `restart`, all states are erased behind each step of the arrays."""
        return replace(self, between=RESTART) if parameters["restart"] else self

    def step_length(self, parameters: Mapping[str, float]) -> float:
        """Return the length of a step of the simulation, s."""
        return parameters["step"] / parameters["substeps"] / 1000

    def inputs(self, parameters: Mapping[str, float]) -> Inputs:
        """Return how many trials of the arrays searches see, and how many they do not."""
        assert self.arrays is not None
        trials, share = self.arrays.trials, parameters["test_share"]
        held_out = self.arrays.marked or held_out_count(share, trials)
        return Inputs(trials - held_out, held_out, "place")

    def refusal(self, parameters: Mapping[str, float]) -> str:
        """Return why all parameters together are not possible, empty where they are."""
        assert self.arrays is not None
        if not (parameters["step"] > 0 and parameters["substeps"] > 0):
            return "step and substeps must be above 0"
        trials, share = self.arrays.trials, parameters["test_share"]
        if share > 0 and self.arrays.marked:
            return "test_share must be 0 where an array marks the test trials"
        tested = self.arrays.marked + held_out_count(min(share, 1), trials)
        if not tested < trials:
            return f"test_share must leave a trial of {trials} to searches"
        if parameters["held_out"] not in (0, 1):
            return "held_out must be 0 or 1"
        if parameters["restart"] not in (0, 1):
            return "restart must be 0 or 1"
        if parameters["held_out"] and not tested:
            return "test_share, or an array `test`, must keep a trial from searches"
        return self._refused_rate(parameters)

    def _refused_rate(self, parameters: Mapping[str, float]) -> str:
        """Return why the highest rate cannot be reached, empty where it can."""
        assert self.arrays is not None
        highest = float(self.arrays.inputs.max()) if "rate " in self.stimulus_model else 0.0
        step = self.step_length(parameters)
        if highest * step <= 1:
            return ""
        return (
            f"rates must be at most {1 / step:g} Hz with this step, one spike in each of its"
            f" substeps of {1000 * step:g} ms, where the arrays reach {highest:g} Hz"
        )


def array_task(
    arrays: TrialArrays,
    kind: str = "rates",
    loss: str = "",
    *,
    name: str = "arrays",
    summary: str = "the trials of an array: say the label, or follow the targets",
    step: float = 10.0,
    substeps: int = 10,
    test_share: float = 0.0,
    is_open: bool = False,
    reference: str = "your own data",
) -> ArrayTask:
    """Return the task of some arrays.

    Parameters
    ----------
    arrays
        What is shown and what is right.
    kind
        What the inputs are: ``"rates"``, ``"currents"``, ``"values"`` or ``"spikes"``.
    loss
        A name of `neuromodels.tasks.arrays.losses`, or statements; empty: the usual one, the cross
        entropy of labels or the squared error of targets.
    step
        Length of a step of the arrays, ms.
    substeps
        Steps of the simulation in each of them.
    test_share
        Share of the trials that no search may see. Without it, and without marks in the arrays,
        there are no conditions `unseen` and `unseen_fixed`.

    Raises
    ------
    DeclarationError
        Where these do not fit the arrays.
    """
    # ms; steps of the simulation in one of the arrays
    times = {"step": float(step), "substeps": substeps, "prelude": 0, "restart": 0}
    length = f"{arrays.presentations * arrays.shape[1]}*substeps"
    task = ArrayTask(
        name=name,
        summary=summary,
        parameters={**times, "test_share": float(test_share), "held_out": 0, "slope": 1.0},
        added={"prelude": 0, "restart": 0},
        steps=f"prelude + {length}",
        settling=length,
        items="1",
        item_model="place : 1    # in the order of the trials\nnumber : 1    # of the trial",
        item_start={"place": _place(arrays)},
        item_step="number = trial_order(place*second)",
        unseen={"held_out": 1} if arrays.marked or test_share > 0 else {},
        constants=_tables(arrays),
        reference=reference,
        arrays=arrays,
        is_open=is_open,
        kind=kind,
        **_channels(arrays, kind),
        **_score(arrays, loss),
    )
    task.with_defaults({})
    return task


def _channels(arrays: TrialArrays, kind: str) -> dict[str, Any]:
    """Return the fields of a task that say what its channels get."""
    if kind not in KINDS:
        raise DeclarationError(f"{OWNER}.kind", f"must be one of {', '.join(KINDS)}", kind)
    _check_signs(arrays, kind)
    *_, channels = arrays.shape
    model, statements = KINDS[kind]
    told = statements.format(value=f"{SHOWING}*input_values(row*second, i)")
    return {
        "channels": channels,
        "stimulus_model": f"cue : 1    # number of the trial\n{model}",
        "stimulus": f"row = {row_of('cue', arrays)}\n{told}",
        "shown": "number_pre",
        "trace": "xt",
    }


def _score(arrays: TrialArrays, loss: str) -> dict[str, Any]:
    """Return the fields of a task that say what is right, and what that is worth."""
    model, statements = score_of(arrays, loss)
    labelled = arrays.targets is None
    return {
        "outputs": arrays.outputs,
        "asked": "number_pre",
        "taught": _told(arrays),
        "typed": _typed(arrays),
        "score_model": model,
        "score": statements,
        "score_name": "Fraction of trials named right" if labelled else "Score of the read-out",
        "scores": (0.0, 1.0),
        "chance": 1 / arrays.classes if labelled else None,
    }


def _told(arrays: TrialArrays) -> str:
    """Return what a trial tells each read-out in each step; empty: nothing."""
    if arrays.shown is not None:
        return taught_of("number_pre", arrays)
    if arrays.told is None:
        return ""
    row = f"(number_pre*{arrays.shape[1]} + {ROW})"
    return f"{SHOWING}*told_values({row}*second, j)"


def _typed(arrays: TrialArrays) -> str:
    """Return the type of the sample that a trial shows in each step; empty: nobody tells."""
    if arrays.types is None:
        return ""
    return f"{SHOWING}*type_values(({row_of('number_pre', arrays)})*second)"


def _named_arrays(file: str, data: str) -> TrialArrays:
    """Return the arrays that a study names, in a file or as a data set."""
    if data != FILE and data not in DATA_SETS:
        must = f"must be one of {', '.join([FILE, *DATA_SETS])}"
        raise DeclarationError(f"{OWNER}.data", must, data)
    if data != FILE and file:
        raise DeclarationError(f"{OWNER}.file", f"means nothing with data = {data!r}", file)
    if data == FILE and not file:
        cure = 'Write file = "my_data.npz" under [task].'
        raise DeclarationError(f"{OWNER}.file", "must name an .npz file", "nothing", cure)
    return DATA_SETS[data]() if data != FILE else read_trial_arrays(file)


def _place(arrays: TrialArrays) -> str:
    """Return what draws a place in the order of the trials: test trials are the last ones."""
    trials = arrays.trials
    shared = f"floor(test_share*{trials} + {NEARLY_HALF})"
    tested = str(arrays.marked) if arrays.marked else shared
    first = f"held_out*({trials} - {tested})"
    count = f"(held_out*{tested} + (1 - held_out)*({trials} - {tested}))"
    # rounding may not carry a draw beyond the last one
    return f"{first} + clip(floor({count}*rand()), 0, {count} - 1)"


def _tables(arrays: TrialArrays) -> dict[str, object]:
    """Return the arrays as tables: rows of all trials one after the other."""
    trials, steps, channels = arrays.shape
    tables: dict[str, object] = {
        "input_values": arrays.inputs.reshape(trials * steps, channels),
        "trial_order": arrays.order.astype(float),
    }
    if arrays.targets is not None:
        tables["answer_values"] = arrays.targets.reshape(trials * steps, arrays.outputs)
    else:
        tables["answer_values"] = arrays.labels
    if arrays.told is not None:
        tables["told_values"] = arrays.told.reshape(trials * steps, arrays.outputs)
    if arrays.types is not None:
        tables["type_values"] = arrays.types.reshape(trials * steps)
    if arrays.shown is not None and arrays.taught is not None:
        tables["shown_values"] = arrays.shown.reshape(-1)
        tables["taught_values"] = arrays.taught.reshape(-1)
        tables["asked_samples"] = arrays.asked
    if arrays.mask is not None:
        tables["mask_values"] = arrays.mask.reshape(trials * steps)
        tables["counted_steps"] = arrays.counted
    return tables


def _check_signs(arrays: TrialArrays, kind: str) -> None:
    inputs = arrays.inputs
    if kind in NOT_NEGATIVE and (inputs < 0).any():
        raise DeclarationError(f"{OWNER}.inputs", f"{kind} must be >= 0", float(inputs.min()))
    if kind == "spikes" and (inputs != np.floor(inputs)).any():
        wrong = inputs[inputs != np.floor(inputs)][0]
        raise DeclarationError(f"{OWNER}.inputs", "spikes must be whole numbers", float(wrong))


def _exclusive_or() -> TrialArrays:
    """Return exclusive or as rates, what the catalog shows as an example; half is for tests."""
    shown = 50.0 * np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (2, 1))
    return TrialArrays(
        np.repeat(shown[:, None], 20, axis=1),
        labels=np.tile([0, 1, 1, 0], 2),
        test=np.repeat([False, True], 4),
    )


ARRAYS = array_task(_exclusive_or(), is_open=True)
"""The task of a study that names a file; without one it shows exclusive or."""
