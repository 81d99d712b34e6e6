"""Control conditions: what they mean, whose solution they test, and what they do to a network.

To add one, declare it in `CONDITIONS` and give it a mark in `neuromodels.report.plotting.style`.

Each mechanism of a composed rule has conditions of its own, ``removed_oja`` and the like; see
`OF_MECHANISMS`. They are known by name wherever a condition is, and stand in no list of all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from neuromodels.errors import DeclarationError
from neuromodels.study.kinds import nearest

if TYPE_CHECKING:
    from neuromodels.tasks import Task


@dataclass(frozen=True)
class Limits:
    """What a trial must not exceed; 0: no limit.

    Parameters
    ----------
    highest_rate
        Spikes per second and spiking neuron, mean over the whole trial.
    largest_weight
        Absolute weight.
    count_spikes
        Count spikes even where no limit asks for it.
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
    """What a control condition does to the network.

    Parameters
    ----------
    freeze_at
        Step from which no weight changes; None: never.
    forget
        First and last step (exclusive) at whose end membrane and traces are erased; None: never.
    modulation
        What the third factor of every rule is held at; None: modulatory neurons set it.
    record
        Whether to add monitors of signals, traces and weights.
    limits
        What ends a trial early.
    only
        The mechanism that `freeze_at` is about; empty: all that changes.
    removed
        The mechanism that adds nothing to the current; empty: none.
    """

    freeze_at: int | None = None
    forget: tuple[int, int] | None = None
    modulation: float | None = None
    record: bool = False
    limits: Limits = field(default_factory=Limits)
    only: str = ""
    removed: str = ""


Parameters = Mapping[str, float]
"""All parameters of a task, by name."""
Control = Callable[["Task", Parameters], tuple[dict[str, float], Controls]]
"""Returns the parameters of a task under a condition, and what is done to the network."""


def leave_alone(task: Task, parameters: Parameters) -> tuple[dict[str, float], Controls]:
    """Change nothing."""
    return dict(parameters), Controls()


def draw_unseen(task: Task, parameters: Parameters) -> tuple[dict[str, float], Controls]:
    """Let the task draw what it never draws during a search."""
    return {**parameters, **task.unseen}, Controls()


def freeze_before_start(task: Task, parameters: Parameters) -> tuple[dict[str, float], Controls]:
    """Let the rule run on silence until it has settled, and switch it off before the trial."""
    prelude = max(parameters["prelude"], task.number(task.settling, parameters))
    return {**parameters, "prelude": prelude}, Controls(freeze_at=int(prelude))


def freeze_at_delay(task: Task, parameters: Parameters) -> tuple[dict[str, float], Controls]:
    """Switch the rule off when the delay begins."""
    first, _ = (task.number(step, parameters) for step in task.delay)
    return dict(parameters), Controls(freeze_at=first)


def erase_in_delay(task: Task, parameters: Parameters) -> tuple[dict[str, float], Controls]:
    """Set membranes and traces, but no weight, to zero in every step of the delay."""
    first, last = (task.number(step, parameters) for step in task.delay)
    return dict(parameters), Controls(forget=(first, last))


def of_mechanism(control: Control, mechanism: str) -> Control:
    """Return a control that freezes one mechanism of a composed rule where it would freeze all."""

    def freeze(task: Task, parameters: Parameters) -> tuple[dict[str, float], Controls]:
        changed, controls = control(task, parameters)
        return changed, replace(controls, only=mechanism)

    return freeze


def remove(mechanism: str) -> Control:
    """Return the control that leaves a mechanism out of the current; it goes on learning."""

    def leave_out(task: Task, parameters: Parameters) -> tuple[dict[str, float], Controls]:
        return dict(parameters), Controls(removed=mechanism)

    return leave_out


def hold_modulation(value: float) -> Control:
    """Return the control that holds the third factor of every rule at a value."""

    def hold(task: Task, parameters: Parameters) -> tuple[dict[str, float], Controls]:
        return dict(parameters), Controls(modulation=value)

    return hold


@dataclass(frozen=True)
class Need:
    """A field that must not be empty where a condition is to mean anything.

    Parameters
    ----------
    owner
        Whose field it is: the task's, or the rule's.
    field
        Its name.
    words
        What it stands for, in messages; empty: its name.
    """

    owner: Literal["task", "rule"]
    field: str
    words: str = ""

    def is_met(self, owner: Any) -> bool:
        """Whether a task or a rule declares the field."""
        return bool(getattr(owner, self.field))

    def __str__(self) -> str:
        label = f"{self.words} ({self.field!r})" if self.words else repr(self.field)
        return f"a {self.owner} with {label}"


@dataclass(frozen=True)
class Condition:
    """A way to run the networks of a study, and whose coefficients are tested in it.

    Parameters
    ----------
    name
        As it stands in ``conditions`` of a study, and in every table.
    meaning
        What it is, in a few words for tables.
    search
        The condition whose solution is tested: its own name where it has a search of its own,
        empty where nothing is searched.
    weights
        ``"plastic"``: weights follow the rule of the study; ``"fixed"``: no weight changes.
    needs
        What the task or the rule must declare; None: nothing.
    control
        What changes in the task's parameters and in the network.
    network
        Another condition, in whose network it runs; empty: it has a network of its own.
    mechanism
        The mechanism of a composed rule that it is about; empty: none.
    shuffles
        Whether that mechanism's numbers are shuffled among synapses, or among neurons.
    """

    name: str
    meaning: str
    search: str = "plastic"
    weights: Literal["plastic", "fixed"] = "plastic"
    needs: Need | None = None
    control: Control = leave_alone
    network: str = ""
    mechanism: str = ""
    shuffles: bool = False

    @property
    def is_searched(self) -> bool:
        """Whether it has a search of its own."""
        return self.search == self.name

    @property
    def built_as(self) -> str:
        """The condition in whose network it runs."""
        return self.network or self.name

    def problem(self, **declared: Any) -> str:
        """Return what is missing for this condition, empty where nothing is.

        Parameters
        ----------
        declared
            ``task`` and ``rule``; None, or left out, where it is not known.
        """
        if wrong := self._lacking_mechanism(declared.get("rule")):
            return wrong
        owner = declared.get(self.needs.owner) if self.needs else None
        if self.needs is None or owner is None or self.needs.is_met(owner):
            return ""
        return f"{self.name!r} needs {self.needs}; {owner.name!r} declares none."

    def _lacking_mechanism(self, rule: Any) -> str:
        """Return why a rule has nothing that this condition is about; empty: it has."""
        if not self.mechanism or rule is None:
            return ""
        if self.mechanism not in rule.mechanisms:
            known = f"has {', '.join(rule.mechanisms)}" if rule.mechanisms else "has none"
            needed = f"{self.name!r} needs a mechanism {self.mechanism!r}"
            return f"{needed}; {rule.name!r} {known}.{nearest(self.mechanism, rule.mechanisms)}"
        if self.shuffles and not any(map(self.is_shuffled, rule.coefficients)):
            return (
                f"{self.name!r} needs a number per synapse or neuron that is searched;"
                f" {self.mechanism!r} has none."
            )
        return ""

    def is_shuffled(self, coefficient: Any) -> bool:
        """Whether it shuffles a coefficient: one of its mechanism that is several numbers."""
        is_own = coefficient.name.startswith(f"{self.mechanism}.")
        is_many = coefficient.per not in ("projection", "population")
        return self.shuffles and is_own and is_many and not coefficient.frozen

    def check(self, **declared: Any) -> None:
        """Refuse a task or a rule without what this condition needs; arguments as for `problem`.

        Raises
        ------
        DeclarationError
            With the name of the field that must be declared.
        """
        if wrong := self._lacking_mechanism(declared.get("rule")):
            raise DeclarationError("conditions", wrong.rstrip("."))
        if self.needs is not None and self.problem(**declared):
            owner = self.needs.owner
            raise DeclarationError(
                f"{owner.capitalize()}.{declared[owner].name}.{self.needs.field}",
                f"the condition {self.name!r} needs it",
                cure="Declare it, or leave the condition out.",
            )


UNSEEN = Need("task", "unseen")
DELAY = Need("task", "delay")
THIRD_FACTOR = Need("rule", "modulator", "a third factor")

OF_MECHANISMS: Mapping[str, Callable[[str], Condition]] = {
    "removed": lambda name: Condition(
        f"removed_{name}",
        f"plastic solution, {name} adds nothing to the current",
        control=remove(name),
        mechanism=name,
    ),
    "frozen": lambda name: Condition(
        f"frozen_{name}",
        f"plastic solution, {name} off before the first bit",
        needs=Need("task", "settling"),
        control=of_mechanism(freeze_before_start, name),
        mechanism=name,
    ),
    "halted": lambda name: Condition(
        f"halted_{name}",
        f"plastic solution, {name} off when the delay begins",
        needs=DELAY,
        control=of_mechanism(freeze_at_delay, name),
        mechanism=name,
    ),
    "shuffled": lambda name: Condition(
        f"shuffled_{name}",
        f"plastic solution, numbers of {name} shuffled",
        network="plastic",
        mechanism=name,
        shuffles=True,
    ),
}
"""Conditions of one mechanism: what comes before its name, and the condition for a name."""


class Conditions(Mapping[str, Condition]):
    """Conditions by name; those of mechanisms are made when they are asked for, and not listed."""

    def __init__(self, conditions: tuple[Condition, ...]):
        self._listed = {each.name: each for each in conditions}

    def __getitem__(self, name: str) -> Condition:
        if name in self._listed:
            return self._listed[name]
        kind, _, mechanism = name.partition("_") if isinstance(name, str) else ("", "", "")
        if not mechanism or kind not in OF_MECHANISMS:
            raise KeyError(name)
        return OF_MECHANISMS[kind](mechanism)

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


class Solutions(Mapping[str, str]):
    """Whose solution each condition tests that has no search of its own."""

    def __getitem__(self, name: str) -> str:
        condition = CONDITIONS[name]
        if condition.is_searched or not condition.search:
            raise KeyError(name)
        return condition.search

    def __iter__(self) -> Iterator[str]:
        return (name for name in DERIVED if CONDITIONS[name].search)

    def __len__(self) -> int:
        return len(list(iter(self)))


CONDITIONS: Mapping[str, Condition] = Conditions(
    (
        Condition("plastic", "rule searched, weights plastic"),
        Condition("fixed", "weights searched, no plasticity", search="fixed", weights="fixed"),
        Condition(
            "unseen",
            "plastic solution, goals that no search has seen",
            needs=UNSEEN,
            control=draw_unseen,
        ),
        Condition(
            "unseen_fixed",
            "fixed solution, goals that no search has seen",
            search="fixed",
            weights="fixed",
            needs=UNSEEN,
            control=draw_unseen,
        ),
        Condition(
            "frozen",
            "plastic solution, rule off before the first bit",
            needs=Need("task", "settling"),
            control=freeze_before_start,
        ),
        Condition(
            "halted",
            "plastic solution, rule off when the delay begins",
            needs=DELAY,
            control=freeze_at_delay,
        ),
        Condition(
            "reset",
            "plastic solution, v and traces zeroed in the delay",
            needs=DELAY,
            control=erase_in_delay,
        ),
        Condition(
            "M0",
            "plastic solution, modulation clamped to 0",
            needs=THIRD_FACTOR,
            control=hold_modulation(0.0),
        ),
        Condition(
            "M1",
            "plastic solution, modulation clamped to 1",
            needs=THIRD_FACTOR,
            control=hold_modulation(1.0),
        ),
        Condition(
            "unmodulated",
            "rule searched with its modulation clamped to 1",
            search="unmodulated",
            needs=THIRD_FACTOR,
            control=hold_modulation(1.0),
        ),
        Condition(
            "random",
            "rules drawn where the search starts, no search",
            search="",
            network="plastic",
        ),
    )
)
"""Every condition by name, in the order of the tables."""
SEARCHED = tuple(name for name, condition in CONDITIONS.items() if condition.is_searched)
"""Conditions with a search of their own."""
DERIVED = tuple(name for name in CONDITIONS if name not in SEARCHED)
"""Conditions that are tested without a search of their own."""
SEARCH_OF: Mapping[str, str] = Solutions()
"""Derived conditions that test a solution, and the search whose solution it is."""
BUILT = tuple(name for name, condition in CONDITIONS.items() if not condition.network)
"""Conditions with a network of their own."""


def tested_of(conditions: Collection[str]) -> tuple[str, ...]:
    """Return every condition that gets a final score, implied searches included."""
    implied = {SEARCH_OF[c] for c in conditions if c in SEARCH_OF}
    return in_order({*conditions, *implied})


def in_order(conditions: Collection[str]) -> tuple[str, ...]:
    """Return conditions in the order of the tables, those of mechanisms last, by name."""
    listed = list(CONDITIONS)
    known = [c for c in conditions if c in CONDITIONS]
    return tuple(sorted(known, key=lambda c: (listed.index(c) if c in listed else len(listed), c)))


def check_condition(name: object, where: str = "condition") -> None:
    """Refuse a name that is no condition's.

    Raises
    ------
    DeclarationError
        With the nearest one.
    """
    if name not in CONDITIONS:
        cure = nearest(name, CONDITIONS).strip()
        raise DeclarationError(where, f"must be one of {', '.join(CONDITIONS)}", name, cure)


def condition_with_network(name: str) -> Condition:
    """Return the condition of a name.

    Raises
    ------
    DeclarationError
        Where there is none of that name, with the nearest one, and where it has no network of its
        own.
    """
    check_condition(name)
    condition = CONDITIONS[name]
    if condition.network:
        cure = f"It runs in that of {condition.network!r}."
        raise DeclarationError("condition", "must have a network of its own", name, cure)
    return condition


def controlled(task: Task, parameters: Parameters, condition: str) -> tuple[dict, Controls]:
    """Return all parameters of a task under a condition, and what it does to the network.

    Raises
    ------
    DeclarationError
        Where there is no such condition, it has no network, the task lacks what it needs, or a
        parameter is wrong.
    """
    declared = condition_with_network(condition)
    declared.check(task=task)
    return declared.control(task, task.with_defaults(parameters))
