"""What a fit makes small: distances from targets, an expression, or a function of the user's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity

from neuromodels.errors import DeclarationError, said_by
from neuromodels.exploration.fitting.written import Written, read
from neuromodels.models.fingerprint import identity_of, source_of
from neuromodels.models.measures.base import Reading
from neuromodels.models.names import nearest
from neuromodels.models.parameters import in_si

#: What was measured, in SI units: by measure, (candidates, repeats, ...).
Table = Mapping[str, np.ndarray]
WHERE = "fit.loss"


class Loss(ABC):
    """One number for each candidate; the smaller the better.

    Attributes
    ----------
    text
        What it is.
    names
        Of the measures that it uses.
    dim
        Its unit.
    """

    text: str
    names: Sequence[str]
    dim: Dimension = DIMENSIONLESS

    @property
    def definition(self) -> str:
        """What tells it from any other."""
        return self.text

    @abstractmethod
    def of(self, table: Table) -> np.ndarray:
        """Return the losses of candidates, (candidates,); not finite where there is none."""


class Targets(Loss):
    """The sum of squared distances between the means of measures and targets, in tolerances.

    Parameters
    ----------
    targets
        By measure, ``(value, tolerance)``.
    readings
        Of the model's measures.
    """

    def __init__(self, targets: Mapping[str, Any], readings: Mapping[str, Reading]):
        if not targets:
            raise DeclarationError(WHERE, "needs a target for some measure")
        self.names = list(targets)
        self.values, self.tolerances = {}, {}
        for name, given in targets.items():
            reading = _known(name, readings)
            self.values[name], self.tolerances[name] = _target(name, given, reading)
        self.text = ", ".join(
            f"{n}: {self.values[n].tolist()} ± {self.tolerances[n].tolist()}" for n in self.names
        )

    def of(self, table: Table) -> np.ndarray:
        """Return the sums of squares."""
        return (self.residuals(table) ** 2).sum(axis=1)

    def residuals(self, table: Table) -> np.ndarray:
        """Return what is left to each target, in tolerances, (candidates, targets)."""
        return self.in_tolerances({n: table[n].mean(axis=1) for n in self.names})

    def in_tolerances(self, means: Table) -> np.ndarray:
        """Return means, (n, ...) by measure, as distances from the targets, (n, targets)."""
        parts = [(means[n] - self.values[n]) / self.tolerances[n] for n in self.names]
        return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def _known(name: str, readings: Mapping[str, Reading]) -> Reading:
    if name not in readings:
        told = "the model must have a measure of that name"
        raise DeclarationError(WHERE, told, name, nearest(name, readings))
    return readings[name]


def _target(name: str, given: Any, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    where = f"{WHERE}[{name!r}]"
    if not isinstance(given, tuple) or len(given) != 2:
        cure = "The tolerance is the distance that counts as one."
        raise DeclarationError(where, "must be (value, tolerance)", given, cure)
    value, tolerance = (in_si(where, _joined(number), reading.dim) for number in given)
    shape = tuple(len(axis) for axis in (reading.axes or {}).values())
    for number in (value, tolerance):
        if number.shape not in ((), shape):
            raise DeclarationError(where, f"must have shape {shape}", number.shape)
    if not np.isfinite(value).all() or not (np.isfinite(tolerance) & (tolerance > 0)).all():
        told = "the value must be finite and the tolerance positive"
        raise DeclarationError(where, told, given)
    return value, tolerance


def _joined(number: Any) -> Any:
    return Quantity(number) if isinstance(number, list) else number


class Expression(Loss):
    """Arithmetic with the means of measures over repeats, with units.

    Parameters
    ----------
    text
        Such as ``"(rate - 5*Hz)**2/Hz**2 + (cv - 1)**2"``.
    readings
        Of the model's measures.
    """

    def __init__(self, text: str, readings: Mapping[str, Reading]):
        self.text = text
        dims = {name: reading.dim for name, reading in readings.items() if not reading.axes}
        self._written: Written = read(WHERE, text, dims)
        self.names, self.dim = self._written.names, self._written.dim

    def of(self, table: Table) -> np.ndarray:
        """Return the value of the expression for each candidate."""
        means = {name: table[name].mean(axis=1) for name in self.names}
        count = len(next(iter(means.values())))
        return np.broadcast_to(self._written.values(means), (count,)).astype(float)


class Own(Loss):
    """A function of the user's.

    Parameters
    ----------
    function
        Takes all that was measured, in SI units: by measure, (candidates, repeats, ...). Returns
        one number for each candidate.
    readings
        Of the model's measures.
    """

    def __init__(self, function: Callable, readings: Mapping[str, Reading]):
        self.function = function
        self.text, self.names = source_of(function), list(readings)

    @property
    def definition(self) -> str:
        """What the function is made of."""
        return identity_of(self.function)

    def of(self, table: Table) -> np.ndarray:
        """Call the function."""
        count = len(next(iter(table.values())))
        try:
            losses = np.array(self.function(dict(table)), dtype=float)
        except Exception as error:
            told = f"must return one number for each candidate; it raised {said_by(error)}"
            raise DeclarationError(WHERE, told) from error
        if losses.shape != (count,):
            told = f"must return {count} numbers, one for each candidate"
            cure = "Arrays of measures have shape (candidates, repeats)."
            raise DeclarationError(WHERE, told, f"shape {losses.shape}", cure)
        return losses


def loss_of(given: Any, readings: Mapping[str, Reading]) -> Loss:
    """Return what a user gave as a loss: targets, an expression or a function.

    Raises
    ------
    DeclarationError
        Where it is none of them, names an unknown measure, or units do not agree.
    """
    if isinstance(given, Mapping):
        return Targets(given, readings)
    if isinstance(given, str):
        return Expression(given, readings)
    if callable(given):
        return Own(given, readings)
    told = "must be targets {'measure': (value, tolerance)}, an expression or a function"
    raise DeclarationError(WHERE, told, given)
