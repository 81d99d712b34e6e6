"""What a neuron model is: equations and four statements, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from neuromodels.coefficients import OF_NEURONS, Coefficient
from neuromodels.errors import DeclarationError


@dataclass(frozen=True)
class NeuronModel:
    """A neuron model in Brian2's words.

    Parameters
    ----------
    name, summary, reference
        For lists and figures.
    equations
        Brian2 equations; the summed input is the variable `input`.
    signal
        Variable that synapses transmit.
    trace
        Variable that plasticity rules see.
    threshold, reset
        Brian2 strings; None for a unit without spikes.
    each_step
        Statements after the spikes of a step.
    before_spikes
        Statements before the spikes of a step.
    forget
        Statements that erase the neuron's state.
    constants
        Names in the strings above.
    coefficients
        Numbers of its neurons that a search may change, constants in the strings above.
    plasticity
        Statements by which the neuron learns. They run in each step with those of rules, and stop
        where a control freezes these; under the condition `fixed` there are none. In all of its
        statements ``er`` and ``psi`` are its error and the derivative of its signal, see `error`.
    learns
        Variables that `plasticity` changes; like weights they last, and `forget` leaves them.
    taught
        Variable in which a task tells each neuron something: a read-out what it should do or has
        done, a modulatory neuron what was earned; empty: none.
    error
        Expression of the error of a read-out that is told something, 0 while it is not; for rules
        that need an error. Empty: it has none.
    derivative
        Expression of the derivative of the signal to what arrives, a pseudo-derivative where it is
        a spike; for the same rules.
    """

    name: str
    summary: str
    equations: str
    signal: str
    trace: str
    input: str = "I"
    threshold: str | None = None
    reset: str | None = None
    each_step: str = ""
    before_spikes: str = ""
    forget: str = ""
    constants: Mapping[str, object] = field(default_factory=dict)
    coefficients: tuple[Coefficient, ...] = ()
    taught: str = ""
    plasticity: str = ""
    learns: tuple[str, ...] = ()
    error: str = ""
    derivative: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        if (self.threshold is None) != (self.reset is None):
            raise DeclarationError(
                f"NeuronModel.{self.name}",
                "threshold and reset go together",
                (self.threshold, self.reset),
                "Give both or neither.",
            )
        for coefficient in self.coefficients:
            if coefficient.per not in OF_NEURONS:
                raise DeclarationError(
                    f"NeuronModel.{self.name}.{coefficient.name}",
                    f"per must be one of {', '.join(OF_NEURONS)}",
                    coefficient.per,
                )
        assigned = re.findall(r"(?m)(?:^|;)\s*(\w+)\s*[-+*/%]?=(?!=)", self.plasticity)
        if strange := [name for name in self.learns if name not in assigned]:
            raise DeclarationError(
                f"NeuronModel.{self.name}.learns",
                f"must name variables that its plasticity sets: {', '.join(assigned) or 'none'}",
                strange[0],
            )

    @property
    def needs_error(self) -> bool:
        """Whether what it learns, or what moves it, depends on an error or a derivative."""
        read = f"{self.before_spikes}\n{self.each_step}\n{self.plasticity}"
        return bool({"er", "psi"} & names_in(read))

    @property
    def unlearning(self) -> NeuronModel:
        """The model without plasticity, and without coefficients that only it reads."""
        others = (self.equations, self.each_step, self.before_spikes, self.threshold, self.reset)
        read = names_in(" ".join(filter(None, (*others, self.derivative, self.error))))
        idle = names_in(self.plasticity) - read
        kept = tuple(each for each in self.coefficients if each.name not in idle)
        return replace(self, plasticity="", learns=(), coefficients=kept)

    def with_coefficients(self, changes: Mapping[str, Mapping[str, object]]) -> NeuronModel:
        """Return the model with other settings of those coefficients that it has."""
        changed = tuple(c.with_settings(changes.get(c.name, {})) for c in self.coefficients)
        return replace(self, coefficients=changed)


def names_in(text: str) -> set[str]:
    """Return the names in statements, without those in comments."""
    return set(re.findall(r"[A-Za-z_]\w*", re.sub("#.*", "", text)))
