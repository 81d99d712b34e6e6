"""What a task is: memory, stimulus and score as Brian2 equations, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.tasks.inputs import Inputs

SLACK = 1e-3
"""By how much of its bound, or of 1, rounding may carry a score beyond it."""

OUTCOMES = ("right", "earned", "given", "turn")
"""Variables of the trials of a rewarded task: whether the action was right, 1 or 0; the reward that
it earned; the reward that is given in its place, which may be set (0: none); and, the same for all
trials, the first one after a reversal (as many as there are trials: none)."""


@dataclass(frozen=True)
class Task:
    """A task whose whole state machine runs inside the compiled network.

    All strings may use the parameters, ``t`` and ``dt``; one step is ``timestep(t, dt)``.

    Parameters
    ----------
    name, summary, reference
        For lists and figures.
    parameters
        Numbers with their defaults; a whole default means whole numbers only.
    added
        Parameters that the task did not always have, and which of their values mean what was meant
        before. With these they are no part of a study, so that its digest stays what it was.
    steps
        Length of a trial, an expression of the parameters.
    items, item_model, item_start
        What a trial draws from its noise stream: how many items (an expression), their variables,
        and the expression that draws each variable.
    item_step
        Statements of the items at the start of each step, for what is drawn anew in each.
    channels
        Number of input channels.
    stimulus_model, stimulus
        Variables of a channel, and the statements that set its signal ``u`` in every step.
    shown, asked
        Expressions of an item (its number is ``i``), summed over items into the ``cue`` of channel
        ``j`` and into the score's ``target``.
    score_model, score
        Variables of the score, and the statements that update them from ``target`` and, unless
        the task acts, from the read-out ``y``.
    outputs
        Size of the read-out.  Where it is above 1 and the task does not act, the score sees its
        components as ``y0``, ``y1``, ...
    groups
        Sizes of the groups of channels that may share coefficients; empty: one group.
    trace
        Variable of a channel that plasticity rules see.
    taught
        Expression of an item, summed over items into what read-out neuron ``j`` is told to do;
        empty where nobody teaches.
    rewarded
        Expression of an item, summed over items into what each modulatory neuron is told; empty
        where nobody rewards.  The items of such a task are its trials, with the variables
        `OUTCOMES`.
    typed
        Expression of an item, summed over items into the type of the sample that is shown: 1 for a
        real one, -1 for a false one, 0 for none; empty where nobody tells.
    between
        Expression that is true in the steps at whose end membranes, traces and eligibilities are
        erased, between two trials of an episode; empty: never.
    step
        Length of a step, s.
    dynamics
        Differential equations of a body, beside `item_model`.  They are integrated over each step
        by the classical Runge-Kutta method, while the read-out's components ``a0``, ``a1``, ...
        keep their values.
    body
        Statements of a body's step, after its differential equations.
    delay
        First and last step (exclusive) of the delay, expressions of the parameters; empty where
        there is none.
    settling
        For how many steps a rule runs on silence before it is switched off in the condition
        ``frozen``, an expression of the parameters; needs a parameter ``prelude``. Empty where
        the condition means nothing.
    requires
        An expression of the parameters that must hold; empty: none.
    unseen
        Parameters that are different under the conditions ``unseen`` and ``unseen_fixed``.  Empty
        where these mean nothing.
    constants
        Numbers in the strings above; an array is a table, ``name(row*second, column)``.
    score_name, chance
        What a score is, in words, and that of an agent that has found nothing.
    scores
        Lowest and highest possible score, infinite where there is no bound. A trial with a score
        beyond them has failed. None: whatever is finite passes.
    """

    name: str
    summary: str
    parameters: Mapping[str, float]
    steps: str
    items: str
    item_model: str
    item_start: Mapping[str, str]
    channels: int
    stimulus_model: str
    stimulus: str
    shown: str
    asked: str
    score_model: str
    score: str
    delay: tuple[str, str] | tuple[()] = ()
    settling: str = ""
    outputs: int = 1
    dynamics: str = ""
    body: str = ""
    requires: str = ""
    unseen: Mapping[str, float] = field(default_factory=dict)
    loss: str = "loss"
    accuracy: str = "correct"
    score_name: str = "The task's own score"
    chance: float | None = None
    scores: tuple[float, float] | None = None
    constants: Mapping[str, object] = field(default_factory=dict)
    item_step: str = ""
    groups: tuple[int, ...] = ()
    trace: str = "u"
    taught: str = ""
    rewarded: str = ""
    typed: str = ""
    between: str = ""
    step: float = 0.02
    reference: str = ""
    added: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.groups and sum(self.groups) != self.channels:
            raise DeclarationError(
                f"Task.{self.name}.groups",
                f"sizes must sum to the {self.channels} channels",
                self.groups,
            )
        if self.scores is not None and not self.scores[0] < self.scores[1]:
            raise DeclarationError(
                f"Task.{self.name}.scores", "must be the lowest and the highest score", self.scores
            )

    def is_outside(self, scores: np.ndarray) -> np.ndarray:
        """Return which scores, of any shape, lie outside of the declared range."""
        if self.scores is None:
            return np.zeros(np.shape(scores), dtype=bool)
        low, high = self.scores
        below = scores < low - SLACK * max(1.0, abs(low)) if low > -np.inf else False
        above = scores > high + SLACK * max(1.0, abs(high)) if high < np.inf else False
        return np.asarray(below | above)

    @property
    def options(self) -> Mapping[str, tuple[str, ...]]:
        """Words that a study may say beside the parameters: allowed ones, or none for any text."""
        return {}

    @property
    def content(self) -> str:
        """Digest of the data that the task is made of, empty where equations are all."""
        return ""

    def with_options(self, options: Mapping[str, str]) -> Task:
        """Return the task with some options chosen.

        Raises
        ------
        DeclarationError
            Where an option does not exist, or its value cannot be used.
        """
        for option, value in options.items():
            raise DeclarationError(f"Task.{self.name}.{option}", "the task has no options", value)
        return self

    def inputs(self, parameters: Mapping[str, float]) -> Inputs | None:
        """Return which inputs there are with all parameters; None where they cannot be counted."""
        return None

    def at(self, parameters: Mapping[str, float]) -> Task:
        """Return the task as all parameters make it, where its equations depend on them."""
        return self

    def step_length(self, parameters: Mapping[str, float]) -> float:
        """Return the length of a step, s."""
        return self.step

    @property
    def acts(self) -> bool:
        """Whether the read-out moves a body, whose state the channels show in the next step."""
        return bool(self.dynamics or self.body)

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of the read-out's components in the body's equations."""
        return tuple(f"a{k}" for k in range(self.outputs)) if self.acts else ()

    def with_defaults(self, parameters: Mapping[str, float]) -> dict[str, float]:
        """Return all parameters, the given ones in place of defaults.

        Raises
        ------
        DeclarationError
            Where a parameter does not exist, is negative, or is not whole where it must be, and
            where the parameters together do not hold what the task requires.
        """
        for name, value in parameters.items():
            if name not in self.parameters:
                raise DeclarationError(
                    f"Task.{self.name}", f"parameters are {', '.join(self.parameters)}", name
                )
            kind = int if self.is_whole(name) else (int, float)
            if not isinstance(value, kind) or isinstance(value, bool) or not value >= 0:
                must = "a whole number" if self.is_whole(name) else "a number"
                raise DeclarationError(f"Task.{self.name}.{name}", f"must be {must} >= 0", value)
        chosen = {**self.parameters, **parameters}
        if wrong := self.refusal(chosen):
            raise DeclarationError(f"Task.{self.name}", wrong, dict(chosen))
        return chosen

    def refusal(self, parameters: Mapping[str, float]) -> str:
        """Return why all parameters together are not possible, empty where they are."""
        holds = not self.requires or bool(self.number(self.requires, parameters))
        return "" if holds else f"{self.requires} must hold"

    def is_whole(self, parameter: str) -> bool:
        """Whether a parameter counts something."""
        return isinstance(self.parameters[parameter], int)

    def number(self, expression: str, parameters: Mapping[str, float]) -> int:
        """Evaluate one of the task's own expressions of its parameters."""
        return int(eval(expression, {"__builtins__": {}}, dict(parameters)))
