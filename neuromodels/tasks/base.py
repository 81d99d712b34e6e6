"""What a task is: memory, stimulus and score as Brian2 equations, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuromodels.errors import DeclarationError


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
    steps
        Length of a trial, an expression of the parameters.
    items, item_model, item_start
        What a trial draws from its noise stream: how many items (an expression), their variables,
        and the expression that draws each variable.
    channels
        Number of input channels.
    stimulus_model, stimulus
        Variables of a channel, and the statements that set its signal ``u`` in every step.
    shown, asked
        Expressions of an item (its number is ``i``), summed over items into the channels' ``cue``
        and into the score's ``target``.
    score_model, score
        Variables of the score, and the statements that update them from the read-out ``y``.
    delay
        First and last step (exclusive) of the delay, expressions of the parameters; empty where
        there is none.
    settling
        For how many steps a rule runs on silence before it is switched off in the condition
        ``frozen``, an expression of the parameters; needs a parameter ``prelude``. Empty where
        the condition means nothing.
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
    loss: str = "loss"
    accuracy: str = "correct"
    constants: Mapping[str, object] = field(default_factory=dict)
    reference: str = ""

    def with_defaults(self, parameters: Mapping[str, float]) -> dict[str, float]:
        """Return all parameters, the given ones in place of defaults.

        Raises
        ------
        DeclarationError
            Where a parameter does not exist, is negative, or is not whole where it must be.
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
        return {**self.parameters, **parameters}

    def is_whole(self, parameter: str) -> bool:
        """Whether a parameter counts something."""
        return isinstance(self.parameters[parameter], int)

    def number(self, expression: str, parameters: Mapping[str, float]) -> int:
        """Evaluate one of the task's own expressions of its parameters."""
        return int(eval(expression, {"__builtins__": {}}, dict(parameters)))
