"""A network of one's own as one value: what may change in it, and what is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from brian2.core.network import Network
from brian2.units import second

from neuromodels.errors import DeclarationError
from neuromodels.models.measures.base import Measure
from neuromodels.models.measures.expressions import Reduced
from neuromodels.models.parameters import Parameter
from neuromodels.simulation.source.timing import checked_seconds

WIRINGS = ("shared", "own")


@dataclass(frozen=True)
class Model:
    """A Brian2 network, its parameters and its measures.

    Parameters
    ----------
    build
        A function without arguments that returns the `Network`. It makes the groups, connects them
        and sets their values; it does not run. Variables that it sets from an expression as a whole
        (``group.v = "rand()*mV"``) are set again in each instance, with its own random numbers and
        parameters.
    duration
        Simulated time of one run.
    parameters
        By name: what may change; a text is an address alone.
    measures
        By name: what is measured; a text is an expression, such as ``"mean(syn.w)"``.
    transient
        Time at the beginning that no measure counts.
    wiring
        ``"shared"``: all instances have the wiring and the delays that `build` has drawn.
        ``"own"``: each instance draws both from its own random numbers.
    seed
        Of the random numbers that `build` draws.
    dtype
        ``"float32"`` or ``"float64"``.

    Raises
    ------
    DeclarationError
        Where a value is of the wrong kind, or the transient leaves no time to measure.

    Examples
    --------
    >>> model = Model(build, 2*second, {"g": "inh.w"}, {"rate": Rate("exc")})  # doctest: +SKIP
    """

    build: Callable[[], Network]
    duration: Any
    parameters: Mapping[str, Any]
    measures: Mapping[str, Any]
    transient: Any = field(default_factory=lambda: 0 * second)
    wiring: Literal["shared", "own"] = "shared"
    seed: int = 0
    dtype: str = "float32"
    _times: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not callable(self.build):
            cure = "Give the function itself, without calling it."
            raise DeclarationError(
                "Model.build", "must be a function", type(self.build).__name__, cure
            )
        end = checked_seconds("Model.duration", self.duration)
        begin = checked_seconds("Model.transient", self.transient)
        if not begin < end:
            told = f"must be shorter than the duration, {self.duration}"
            raise DeclarationError("Model.transient", told, self.transient)
        if self.wiring not in WIRINGS:
            raise DeclarationError("Model.wiring", f"must be one of {WIRINGS}", self.wiring)
        set_field = object.__setattr__
        set_field(self, "_times", (begin, end))
        set_field(self, "parameters", _parameters(self.parameters))
        set_field(self, "measures", _measures(self.measures))

    @property
    def begin(self) -> float:
        """Where the measured time begins, in seconds."""
        return self._times[0]

    @property
    def end(self) -> float:
        """Where a run ends, in seconds."""
        return self._times[1]


def _parameters(given: Any) -> dict[str, Parameter]:
    return {
        name: value if isinstance(value, Parameter) else Parameter(value)
        for name, value in _named("Model.parameters", given).items()
    }


def _measures(given: Any) -> dict[str, Measure]:
    measures = _named("Model.measures", given)
    for name, value in measures.items():
        if not isinstance(value, Measure | str):
            told = "must be a measure or an expression"
            raise DeclarationError(f"Model.measures[{name!r}]", told, value)
    return {n: Reduced(v) if isinstance(v, str) else v for n, v in measures.items()}


def _named(where: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise DeclarationError(where, "must be a dictionary with names", type(given).__name__)
    for name in given:
        if not name.isidentifier() or name == "repeat":
            told = "a name must be letters, digits and '_', and not 'repeat'"
            raise DeclarationError(where, told, name)
    return given
