"""Coefficients of a rule: bounds, scale, granularity, and their place in one flat vector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from neuromodels.errors import DeclarationError

SUMMED = "pre + post"
"""Granularity of which each synapse adds two numbers: its source's and its target's."""
GRANULARITIES = ("synapse", "pre", "post", SUMMED, "block", "projection")
OF_NEURONS = ("neuron", "group", "population")
"""Granularities of a neuron model's coefficients."""
SCALES = ("linear", "log", "range")


@dataclass(frozen=True)
class Side:
    """The neurons on one side of a projection.

    Parameters
    ----------
    size
        How many.
    groups
        Sizes of the groups that share coefficients, in order; empty: one group of all.
    """

    size: int
    groups: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.groups:
            object.__setattr__(self, "groups", (self.size,))

    @property
    def group_of(self) -> np.ndarray:
        """The group of each neuron, shape (size,)."""
        return np.repeat(np.arange(len(self.groups)), self.groups)


@dataclass(frozen=True)
class Coefficient:
    """A named number of a rule that a search may change.

    Parameters
    ----------
    name
        The identifier in the rule's equations. In a rule composed of mechanisms it is
        ``"mechanism.coefficient"``; see `symbol`.
    default
        Where a search starts.
    low, high
        Bounds; a value outside is moved to the bound.
    scale
        ``"log"`` searches the logarithm and needs ``0 < low``; ``"range"`` searches the value in
        units of ``high - low``, which must be finite.
    per
        How many numbers it stands for. In a rule: one per ``"synapse"``, per neuron on the
        ``"pre"`` or ``"post"`` side, per ``"block"``, that is per pair of a source and a target
        group, or one per ``"projection"``. With ``"pre + post"`` there is one per neuron on both
        sides, and a synapse has the sum of its two on the searched scale. In a neuron model: one
        per ``"neuron"``, per ``"group"``, or one per ``"population"``.
    sigma
        Initial standard deviation of the search, in units of the searched scale.
    frozen
        Whether it keeps `default` and is left out of the search; a number freezes it at that
        value, which then is its `default`.
    unit
        Of the numbers above, in Brian2's words, for constants of a user's own neurons.
    drawn
        Where a variable of the synapses begins: standard deviation of what each synapse adds to
        `frozen`, drawn anew in each trial from a normal distribution around 0.

    Raises
    ------
    DeclarationError
        Where a number is none, the bounds are crossed, the default lies outside, or a word is
        unknown.
    """

    name: str
    default: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    scale: Literal["linear", "log", "range"] = "linear"
    per: Literal[
        "synapse",
        "pre",
        "post",
        "pre + post",
        "block",
        "projection",
        "neuron",
        "group",
        "population",
    ] = "projection"
    sigma: float = 0.04
    frozen: bool | float = False
    unit: str = ""
    drawn: float = 0.0

    def __post_init__(self) -> None:
        self._read_frozen()
        self._check_numbers()
        self._check_drawn()
        if self.low > self.high:
            raise DeclarationError(
                f"Coefficient.{self.name}",
                "low <= high must hold",
                (self.low, self.high),
                "Swap or widen the bounds.",
            )
        if not self.low <= self.default <= self.high:
            raise DeclarationError(
                f"Coefficient.{self.name}",
                f"default must lie in [{self.low:g}, {self.high:g}]",
                self.default,
                "Move the default or widen the bounds.",
            )
        self._check_words()

    def _read_frozen(self) -> None:
        """Take a number as the value at which the coefficient stays."""
        value = self.frozen
        if _is_number(value):
            object.__setattr__(self, "default", float(value))
        elif not isinstance(value, bool | np.bool):
            raise DeclarationError(
                f"Coefficient.{self.name}.frozen",
                "must be a number to freeze at, or True or False",
                value,
            )
        object.__setattr__(self, "frozen", _is_number(value) or bool(value))

    def _check_numbers(self) -> None:
        for key in ("default", "low", "high", "sigma", "drawn"):
            value = getattr(self, key)
            if not _is_number(value):
                raise DeclarationError(
                    f"Coefficient.{self.name}.{key}", "must be a plain number", value
                )

    def _check_drawn(self) -> None:
        where = f"Coefficient.{self.name}.drawn"
        if not 0 <= self.drawn < math.inf:
            raise DeclarationError(where, "must be finite and >= 0", self.drawn)
        if self.drawn and not self.frozen:
            cure = "Write frozen = 0.0 beside it, or leave it to the search without drawn."
            must = "goes with a number that no search changes"
            raise DeclarationError(where, must, self.drawn, cure)

    def _check_words(self) -> None:
        where = f"Coefficient.{self.name}"
        if self.per not in (*GRANULARITIES, *OF_NEURONS):
            allowed = ", ".join((*GRANULARITIES, *OF_NEURONS))
            raise DeclarationError(where, f"per must be one of {allowed}", self.per)
        if self.scale not in SCALES:
            raise DeclarationError(where, f"scale must be one of {', '.join(SCALES)}", self.scale)
        if self.scale == "log" and self.low <= 0:
            raise DeclarationError(
                where, "a log scale needs low > 0", self.low, "Give a positive lower bound."
            )
        if self.scale == "range" and not (self.low < self.high and self._width < math.inf):
            must = "a scale 'range' needs finite low < high"
            raise DeclarationError(where, must, (self.low, self.high), "Give both bounds.")
        if not self.sigma > 0:
            raise DeclarationError(where, "sigma must be positive", self.sigma)

    @property
    def symbol(self) -> str:
        """Its identifier in equations: ``eta``, or ``eta_oja`` of ``oja.eta``."""
        mechanism, dot, name = self.name.rpartition(".")
        return f"{name}_{mechanism}" if dot else name

    def size(self, pre: Side, post: Side) -> int:
        """Return how many numbers it stands for, between two populations or in the second one."""
        sizes = {
            "synapse": pre.size * post.size,
            "pre": pre.size,
            "post": post.size,
            SUMMED: pre.size + post.size,
            "block": len(pre.groups) * len(post.groups),
            "neuron": post.size,
            "group": len(post.groups),
        }
        return sizes.get(self.per, 1)

    def spread(self, pre: Side, post: Side) -> np.ndarray | None:
        """Return the index of the number that each synapse or neuron uses; None: its own.

        Where each synapse adds two, the indices have the shape (2, synapses).
        """
        if self.per == SUMMED:
            sources, targets = np.indices((pre.size, post.size)).reshape(2, -1)
            return np.stack([sources, pre.size + targets])
        if self.per in ("group", "population"):
            return post.group_of if self.per == "group" else np.zeros(post.size, dtype=int)
        if self.per == "block":
            return (pre.group_of[:, None] * len(post.groups) + post.group_of).reshape(-1)
        return None

    @property
    def summands(self) -> int:
        """How many searched numbers make one value."""
        return 2 if self.per == SUMMED else 1

    def to_search_scale(self, value: np.ndarray | float) -> np.ndarray:
        """Map values to the searched scale, see `scale`."""
        if self.scale == "range":
            return np.asarray(value, dtype=float) / self._width
        return np.log(value) if self.scale == "log" else np.asarray(value, dtype=float)

    def value(self, searched: np.ndarray) -> np.ndarray:
        """Map searched numbers back to values inside the bounds."""
        value = np.exp(searched) if self.scale == "log" else searched
        if self.scale == "range":
            value = searched * self._width
        return np.clip(value, self.low, self.high)

    def told(self, searched: np.ndarray) -> np.ndarray:
        """Return what is known of searched numbers alone: their values, or bare summands."""
        return searched if self.summands > 1 else self.value(searched)

    @property
    def _width(self) -> float:
        return self.high - self.low

    def with_settings(self, changes: Mapping[str, object]) -> Coefficient:
        """Return a copy with other settings; a number as ``frozen`` freezes it at that value."""
        known = set(self.__dataclass_fields__) - {"name"}
        for key in changes:
            if key not in known:
                raise DeclarationError(
                    f"Coefficient.{self.name}", f"settings are {', '.join(sorted(known))}", key
                )
        return replace(self, **changes)  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    """Whether a value is a plain number, not True or False, not NaN, and without a unit."""
    is_real = isinstance(value, int | float | np.integer | np.floating)
    return is_real and not isinstance(value, bool | np.bool) and bool(value == value)


FIXED_WEIGHT = Coefficient("w", per="synapse")
"""Searched where nothing is plastic; it stands here so that runs can be read without Brian2."""


@dataclass(frozen=True)
class Block:
    """One coefficient of one projection or population in the flat vector.

    Parameters
    ----------
    projection
        Its name, or that of the population.
    coefficient
        What is searched.
    size
        How many numbers.
    spread
        Index of the number that each synapse or neuron uses; None: its own. Two rows: the sum of
        two numbers.
    """

    projection: str
    coefficient: Coefficient
    size: int
    spread: np.ndarray | None = field(default=None, compare=False)

    def values(self, searched: np.ndarray) -> np.ndarray:
        """Return values of searched numbers (n, size), one per synapse or neuron that uses them."""
        if self.coefficient.summands > 1:
            return self.coefficient.value(searched[:, self.spread].sum(axis=1))
        values = self.coefficient.value(searched)
        return values if self.spread is None else values[:, self.spread]

    @property
    def used(self) -> int:
        """How many synapses or neurons have a value of their own."""
        return self.size if self.spread is None else self.spread.shape[-1]

    @property
    def label(self) -> str:
        return f"{self.projection}.{self.coefficient.name}"


class CoefficientVector:
    """The map between a flat search vector and named values.

    Parameters
    ----------
    blocks
        The coefficients in the order in which they stand in the vector; frozen ones are left out.
    """

    def __init__(self, blocks: tuple[Block, ...]):
        self.blocks = tuple(block for block in blocks if not block.coefficient.frozen)
        ends = np.cumsum([block.size for block in self.blocks])
        self.dimension = int(ends[-1]) if len(ends) else 0
        self.slices = {
            block.label: slice(int(end) - block.size, int(end))
            for block, end in zip(self.blocks, ends, strict=True)
        }

    @property
    def centre(self) -> np.ndarray:
        """Where the search starts, shape (d,)."""
        return self._spread(lambda c: float(c.to_search_scale(c.default)) / c.summands)

    @property
    def sigma(self) -> np.ndarray:
        """Initial spread of the search, shape (d,); that of a sum is `Coefficient.sigma`."""
        return self._spread(lambda c: c.sigma / math.sqrt(c.summands))

    def _spread(self, number) -> np.ndarray:
        parts = [np.full(block.size, number(block.coefficient)) for block in self.blocks]
        return np.concatenate(parts) if parts else np.zeros(0)

    def decode(self, vectors: np.ndarray) -> dict[str, np.ndarray]:
        """Return the values by label, each (n, size), of vectors (n, d)."""
        return {
            block.label: block.values(vectors[:, self.slices[block.label]]) for block in self.blocks
        }
