"""What a control experiment does to a network, and the parameters of a task under a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from neuromodels.errors import DeclarationError
from neuromodels.study.schema import nearest
from neuromodels.study.study import CONDITIONS
from neuromodels.tasks import Task
from neuromodels.tasks.base import CLAMPED, NEEDED


@dataclass(frozen=True)
class Limits:
    """What a trial must not pass; 0: no limit.

    Parameters
    ----------
    highest_rate
        Spikes per second and spiking neuron, mean over the whole trial.
    largest_weight
        Absolute weight.
    count_spikes
        Count them also without a limit.
    """

    highest_rate: float = 0.0
    largest_weight: float = 0.0
    count_spikes: bool = False

    @property
    def sees_spikes(self) -> bool:
        """Whether spikes are counted."""
        return self.count_spikes or self.highest_rate > 0


@dataclass(frozen=True)
class Controls:
    """What a control experiment does to the network.

    Parameters
    ----------
    freeze_at
        Step from which no weight changes; None: never.
    forget
        First and last step (exclusive) at whose end membrane and traces are erased; None: never.
    modulation
        What the third factor of every rule is held at; None: what modulatory neurons say.
    record
        Whether to add monitors of signals, traces and weights.
    """

    freeze_at: int | None = None
    forget: tuple[int, int] | None = None
    modulation: float | None = None
    record: bool = False
    limits: Limits = field(default_factory=Limits)


def controlled(
    task: Task, parameters: Mapping[str, float], condition: str
) -> tuple[dict[str, float], Controls]:
    """Return parameters and controls of a condition, such as ``reset``."""
    chosen = task.with_defaults(parameters)
    if condition in CLAMPED:
        return chosen, Controls(modulation=CLAMPED[condition])
    if condition in NEEDED:
        _check_declared(task, condition)
    if NEEDED.get(condition) == "unseen":
        return {**chosen, **task.unseen}, Controls()
    if condition == "frozen":
        settling = task.number(task.settling, chosen)
        chosen["prelude"] = max(chosen["prelude"], settling)
        return chosen, Controls(freeze_at=int(chosen["prelude"]))
    if condition in ("halted", "reset"):
        first, last = (task.number(text, chosen) for text in task.delay)
        halted = condition == "halted"
        return chosen, Controls(freeze_at=first) if halted else Controls(forget=(first, last))
    return chosen, Controls()


def condition_with_network(name: str) -> str:
    """Return the name of a condition that has a network of its own.

    Raises
    ------
    DeclarationError
        Where there is none of that name, with the nearest one, and where it has no network of its
        own.
    """
    if name not in CONDITIONS:
        cure = nearest(name, CONDITIONS).strip()
        raise DeclarationError("condition", f"must be one of {', '.join(CONDITIONS)}", name, cure)
    if name == "random":
        cure = "It runs in that of 'plastic'."
        raise DeclarationError("condition", "must have a network of its own", name, cure)
    return name


def _check_declared(task: Task, condition: str) -> None:
    field = NEEDED[condition]
    if not getattr(task, field):
        raise DeclarationError(
            f"Task.{task.name}.{field}",
            f"the condition {condition!r} needs it",
            cure="Declare it, or leave the condition out.",
        )


def recorded(controls: Controls) -> Controls:
    """Return the same controls with monitors."""
    return replace(controls, record=True)
