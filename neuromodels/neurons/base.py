"""What a neuron model is: equations and four statements, as data."""

from __future__ import annotations

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

    def with_coefficients(self, changes: Mapping[str, Mapping[str, object]]) -> NeuronModel:
        """Return the model with other settings of those coefficients that it has."""
        changed = tuple(c.with_settings(changes.get(c.name, {})) for c in self.coefficients)
        return replace(self, coefficients=changed)
