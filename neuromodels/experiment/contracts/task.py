"""What every task keeps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from neuromodels.experiment.contracts.contract import Contract, Same, leave_out, require
from neuromodels.experiment.contracts.equations import variables
from neuromodels.experiment.contracts.networks import Trials, task_trials
from neuromodels.tasks import Task
from neuromodels.tasks.base import OUTCOMES
from neuromodels.tasks.characters import Bank, is_there
from neuromodels.tasks.embodied import EmbodiedTask

GUESSES = 400
"""Trials of an agent that guesses."""
ERRORS = 4
"""Standard errors by which its score may differ from chance."""
OUTSIDE = "the body is moved by an outside simulator"


class TaskContract(Contract):
    """Promises of a task; a subclass gives the fixture ``task``."""

    kind = Task

    def test_says_what_it_is_and_where_it_comes_from(self, task: Task) -> None:
        """It has a summary and a reference."""
        for field in ("summary", "reference"):
            value = getattr(task, field)
            require(bool(value.strip()), f"{_name(task)}.{field}", "must not be empty", value)

    def test_has_a_length_and_items(self, task: Task) -> None:
        """With its default parameters a trial has steps and draws items."""
        parameters = task.with_defaults({})
        for field in ("steps", "items"):
            expression = getattr(task, field)
            number = task.number(expression, parameters)
            require(number > 0, f"{_name(task)}.{field}", f"{expression} must be above 0", number)

    def test_draws_only_variables_of_its_items(self, task: Task) -> None:
        """Each expression of `item_start` draws a variable of `item_model`."""
        own = variables("\n".join([task.item_model, task.dynamics]))
        strange = [name for name in task.item_start if name not in own]
        must = f"variables of item_model are {', '.join(own)}"
        require(not strange, f"{_name(task)}.item_start", must, strange)

    def test_unseen_parameters_are_others_that_hold(self, task: Task) -> None:
        """What a search never sees differs from the defaults, and is allowed."""
        leave_out(unless=bool(task.unseen), reason="the task has no unseen parameters")
        parameters = task.with_defaults(task.unseen)
        require(
            parameters != task.with_defaults({}),
            f"{_name(task)}.unseen",
            "must differ from the defaults",
            dict(task.unseen),
        )

    def test_what_is_held_out_can_be_shown(self, task: Task) -> None:
        """With a share for tests, searches and tests have inputs, and a test can choose its own."""
        leave_out(unless="test_share" in task.parameters, reason="the task has no test_share")
        where, first = f"{_name(task)}.inputs", task.inputs(task.with_defaults({}))
        marked = first is not None and first.held_out > 0
        parameters = task.with_defaults({} if marked else {"test_share": 0.5})
        inputs = task.inputs(parameters)
        require(inputs is not None, where, "must say which inputs there are", inputs)
        assert inputs is not None
        both = inputs.searched > 0 and inputs.held_out > 0
        require(both, where, "must leave inputs to searches and to tests", inputs)
        items = task.at(parameters).item_start
        must = f"must name a variable of item_start, out of {', '.join(items)}"
        require(inputs.variable in items, where, must, inputs.variable)

    def test_outcomes_of_rewarded_trials_can_be_read_and_given(self, task: Task) -> None:
        """Trials are items that keep what was right and earned; a given reward may be set."""
        leave_out(unless=bool(task.rewarded), reason="the task rewards nobody")
        own = variables("\n".join([task.item_model, task.dynamics]))
        missing = [name for name in OUTCOMES if name not in own]
        must = f"must have the variables {', '.join(OUTCOMES)}"
        require(not missing, f"{_name(task)}.item_model", must, f"no {', '.join(missing)}")
        found = _trials(Same(task)).run([f"items.{name}" for name in OUTCOMES], (1,))
        zero = not found["items.given"].any()
        require(zero, f"{_name(task)}.item_start", "must give no reward by itself", "another")

    def test_the_delay_lies_inside_the_trial(self, task: Task) -> None:
        """The delay begins and ends between the first step of a trial and its end."""
        leave_out(unless=bool(task.delay), reason="the task has no delay")
        parameters = task.with_defaults({})
        first, last = (task.number(text, parameters) for text in task.delay)
        steps = task.number(task.steps, parameters)
        require(
            0 <= first <= last <= steps,
            f"{_name(task)}.delay",
            f"0 <= first <= last <= steps must hold, with {steps} steps",
            (first, last),
        )

    def test_there_is_silence_to_settle_in(self, task: Task) -> None:
        """The control `frozen` lengthens `prelude` to the steps in which a rule settles."""
        leave_out(unless=bool(task.settling), reason="the task has no condition frozen")
        where = f"{_name(task)}.settling"
        known = ", ".join(task.parameters)
        require("prelude" in task.parameters, where, "needs a parameter prelude", known)
        settling = task.number(task.settling, task.with_defaults({}))
        require(settling >= 0, where, f"{task.settling} must not be negative", settling)

    def test_can_be_built(self, task: Task) -> None:
        """Brian2 reads its equations, units included, and the device has all that they need."""
        _trials(Same(task))

    def test_losses_and_scores_are_numbers(self, task: Task) -> None:
        """A random network gets a finite loss and score; the share of right answers is one."""
        found = _outcomes(task)
        for field in ("loss", "accuracy"):
            values, where = found[field], f"{_name(task)}.{field}"
            require(bool(np.isfinite(values).all()), where, "must be a finite number", values[0])
        scores = found["accuracy"]
        beyond = scores[task.is_outside(scores)]
        where = f"{_name(task)}.scores"
        must = f"every score must lie in the declared range {task.scores}"
        require(not beyond.size, where, must, beyond[:1])
        if not task.acts:
            wrong = scores[(scores < 0) | (scores > 1)]
            require(not wrong.size, f"{_name(task)}.accuracy", "must lie in [0, 1]", wrong[:1])

    def test_a_stream_is_a_trial(self, task: Task) -> None:
        """Equal streams draw and score the same trial bit for bit, whoever runs beside it."""
        trials = _trials(Same(task))
        many = trials.run(_draw(trials), (1, 2, 1))
        alone = trials.run(_draw(trials), (1,))
        for address, values in many.items():
            require(
                all(
                    np.array_equal(values[0, 0], other, equal_nan=True)
                    for other in (values[0, 2], alone[address][0, 0])
                ),
                f"{_name(task)}.{address.partition('.')[2]}",
                "must depend on nothing but the stream",
                "other numbers in the same trial",
            )

    def test_other_streams_are_other_trials(self, task: Task) -> None:
        """Not all streams draw the same trial."""
        trials = _trials(Same(task))
        found = trials.run(_draw(trials), range(16))
        varies = [np.ptp(values[0], axis=0).any() for values in found.values()]
        require(
            any(varies),
            f"{_name(task)}.item_start",
            "must draw different trials from different streams",
            dict(task.item_start),
            "Draw something with rand() or randn().",
        )

    def test_chance_is_what_a_silent_network_gets(self, task: Task) -> None:
        """Who always says the same scores by chance, within the error of few trials."""
        leave_out(unless=task.chance is not None, reason="the task declares no chance")
        _leave_out_what_cannot_run(task)
        trials = task_trials(task, loud=False)
        scores = trials.run([trials.made.accuracy], range(GUESSES))[trials.made.accuracy]
        error = scores.std() / np.sqrt(scores.size)
        require(
            abs(scores.mean() - float(task.chance or 0)) <= ERRORS * error + 1e-9,
            f"{_name(task)}.chance",
            f"must be the mean score of {GUESSES} trials in which the read-out is silent",
            f"{task.chance:g}, where the mean is {scores.mean():.3f} +- {error:.3f}",
        )


def _name(task: Task) -> str:
    return f"Task.{task.name}"


def _leave_out_what_cannot_run(task: Task) -> None:
    leave_out(unless=not isinstance(task, EmbodiedTask), reason=OUTSIDE)
    needs_images = isinstance(task.constants, Bank)
    leave_out(unless=not needs_images or is_there(), reason="its images are not on this machine")


@lru_cache(maxsize=1)
def _trials(same: Same) -> Trials:
    """Return the task with a random network, kept for the promises that follow."""
    _leave_out_what_cannot_run(same.declared)
    return task_trials(same.declared, loud=True)


def _draw(trials: Trials) -> list[str]:
    """Return the addresses of what a trial draws, of its loss and of its score."""
    return [*trials.made.initial, trials.made.loss, trials.made.accuracy]


def _outcomes(task: Task) -> dict[str, np.ndarray]:
    trials = _trials(Same(task))
    found = trials.run([trials.made.loss, trials.made.accuracy], range(16))
    return {"loss": found[trials.made.loss], "accuracy": found[trials.made.accuracy]}
