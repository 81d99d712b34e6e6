"""A measure written as text: ``"mean(syn.w)"``, ``"max(exc.v) - mean(exc.v)"``.

What stands inside a reduction is Brian2's syntax, computed by the network; what stands around it is
arithmetic with the numbers that are left.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.equations.unitcheck import parse_expression_dimensions
from brian2.groups.group import Group
from brian2.units.fundamentalunits import Dimension, DimensionMismatchError

from neuromodels.errors import DeclarationError
from neuromodels.models.measures.arithmetic import Arithmetic, Part, tree_of
from neuromodels.models.measures.base import Kept, Measure, Reading
from neuromodels.models.measures.samples import Samples
from neuromodels.models.measures.scene import Scene
from neuromodels.models.names import part_of
from neuromodels.simulation.source.timing import checked_seconds

#: Reductions over neurons or synapses, and what each reduces in time if nothing else is said.
OVER_ALL = {"mean": "mean", "std": "mean", "sum": "mean", "min": "low", "max": "high"}
#: Reductions over time alone, for each neuron or synapse.
OVER_TIME = {
    "time_mean": "mean",
    "time_std": "mean",
    "time_min": "low",
    "time_max": "high",
    "last": "last",
}
#: Seconds from one sample to the next, where nothing is said.
USUAL = 1e-3


@dataclass(frozen=True)
class Reduced(Measure):
    """An expression, reduced over neurons or synapses and over time.

    Parameters
    ----------
    text
        ``mean``, ``std``, ``sum``, ``min`` or ``max`` of an expression of one group's variables,
        and arithmetic with such numbers. Inside them, ``last(x)``, ``time_mean(x)``,
        ``time_std(x)``, ``time_min(x)`` and ``time_max(x)`` reduce over time first. Without them,
        ``sum`` adds up the means over time, and the others look at all times.
    every
        Time from one sample to the next; by default 1 ms, or as near as steps allow.

    Examples
    --------
    >>> Reduced("std(time_mean(exc.v))")
    Reduced(text='std(time_mean(exc.v))', every=None)
    """

    text: str
    every: Any = None

    def read_in(self, scene: Scene) -> Reading:
        """Sample what stands in the reductions."""
        reader, tree = _Reader(self, scene), tree_of("Model.measures", self.text)
        compute, dim = reader.part(tree)
        if not reader.has_reduced:
            raise reader.other(tree)

        def values(kept: Kept) -> np.ndarray:
            with np.errstate(all="ignore"):
                return np.asarray(compute(kept), dtype=float)

        return Reading(values, dim)


class _Reader(Arithmetic):
    """Reads one expression in a scene."""

    def __init__(self, measure: Reduced, scene: Scene):
        super().__init__(f"Model.measures: {measure.text!r}")
        self.scene, self.has_reduced = scene, False
        every = measure.every
        self.every = None if every is None else checked_seconds(f"{self.where}: every", every)

    def name(self, node: ast.Name) -> Part:
        """Refuse a name outside of a reduction."""
        raise self.other(node)

    def other(self, node: ast.expr) -> DeclarationError:
        """Return the error of what is not reduced."""
        cure = f"Write one of {', '.join(OVER_ALL)} around it."
        return self.wrong("must be a number for each instance", node, cure)

    def power(self, node: ast.BinOp) -> Part:
        """Return how to compute a power with a number as its exponent."""
        if not isinstance(node.right, ast.Constant):
            raise self.wrong("an exponent must be a number", node.right)
        return super().power(node)

    # ------------------------------------------------------------------------------- reductions

    def call(self, node: ast.Call, name: str) -> Part:
        """Return how to compute a reduction."""
        if name not in OVER_ALL:
            cure = f"There are: {', '.join(OVER_ALL)}; inside them {', '.join(OVER_TIME)}."
            raise self.wrong("must be a reduction", name, cure)
        inner, over_time = self._argument(node), ""
        if isinstance(inner, ast.Call) and getattr(inner.func, "id", "") in OVER_TIME:
            over_time = inner.func.id  # type: ignore[attr-defined]
            inner = self._argument(inner)
        samples, part = self._samples(inner)
        self.has_reduced = True
        if over_time:
            samples.want(OVER_TIME[over_time])
            return _over_elements(name, over_time, samples, part), samples.dim
        samples.want(OVER_ALL[name])
        return _over_everything(name, samples, part), samples.dim

    def _argument(self, call: ast.Call) -> ast.expr:
        if len(call.args) != 1 or call.keywords:
            raise self.wrong("a reduction takes one expression", call)
        return call.args[0]

    def _samples(self, node: ast.expr) -> tuple[Samples, slice]:
        owners = sorted(set(_owners(node)))
        if len(owners) != 1:
            told = "an expression must use the variables of one group, as in 'group.variable'"
            raise self.wrong(told, node)
        group, part = part_of(self.scene.groups.find(owners[0], self.where))
        expression = ast.unparse(_Bare().visit(ast.parse(ast.unparse(node), mode="eval").body))
        every = self._steps(group) * float(group.clock.dt_)
        return self.scene.samples(group, expression, self._unit(group, expression), every), part

    def _steps(self, group: Group) -> int:
        if self.every is None:
            return max(round(USUAL / float(group.clock.dt_)), 1)
        return self.scene.steps(f"{self.where}: every", self.every, group)

    def _unit(self, group: Group, expression: str) -> Dimension:
        names = {n.id for n in ast.walk(ast.parse(expression)) if isinstance(n, ast.Name)}
        cure = "Only variables, functions and units that the group knows can be used."
        try:
            known = group.resolve_all(names, self.scene.names, user_identifiers=names)
            return parse_expression_dimensions(expression, known)
        except DimensionMismatchError as error:
            raise self.wrong(f"units must agree: {error}", expression) from None
        except (KeyError, SyntaxError, TypeError, ValueError, NotImplementedError) as error:
            told = str(error).strip("'\"").splitlines()[0]
            raise self.wrong(f"must be readable ({told})", expression, cure) from None


class _Bare(ast.NodeTransformer):
    """Writes ``variable`` for ``group.variable``."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Name(node.attr, ast.Load())


def _owners(node: ast.expr) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            yield inner.value.id


def _standard(samples: Samples, kept: Kept) -> np.ndarray:
    return np.sqrt(np.maximum(samples.of(kept, "squares") / max(samples.number, 1), 0))


def _over_elements(
    name: str, over_time: str, samples: Samples, part: slice
) -> Callable[[Kept], np.ndarray]:
    """Return the reduction over neurons or synapses of what was reduced over time."""

    def values(kept: Kept) -> np.ndarray:
        is_spread = over_time == "time_std"
        each = _standard(samples, kept) if is_spread else samples.of(kept, OVER_TIME[over_time])
        return _reduce(name, each[:, part])

    return values


def _over_everything(name: str, samples: Samples, part: slice) -> Callable[[Kept], np.ndarray]:
    """Return the reduction over neurons or synapses and time."""

    def values(kept: Kept) -> np.ndarray:
        each = samples.of(kept, OVER_ALL[name])[:, part]
        if name == "std":  # the variance within, and that of the means
            within = _reduce("mean", _standard(samples, kept)[:, part] ** 2)
            return np.sqrt(within + _reduce("var", each))
        return _reduce(name, each)

    return values


def _reduce(name: str, rows: np.ndarray) -> np.ndarray:
    """Return a reduction of each row; what is NaN is not there, and NaN is left for none."""
    is_there = ~np.isnan(rows).all(axis=1)
    reduced = np.full(len(rows), np.nan)
    reduced[is_there] = getattr(np, f"nan{name}")(rows[is_there], axis=1)
    return reduced


@dataclass(frozen=True)
class Histogram(Measure):
    """How many synapses or neurons have a value in each bin, at the end of a run.

    Parameters
    ----------
    address
        ``"group.variable"``.
    low, high
        Where the bins begin and end; values outside are left out.
    bins
        How many.
    """

    address: str
    low: Any
    high: Any
    bins: int = 20

    def read_in(self, scene: Scene) -> Reading:
        """Keep the values of the end."""
        where = f"Histogram({self.address!r})"
        reader = _Reader(Reduced(f"mean({self.address})"), scene)
        samples, part = reader._samples(tree_of("Model.measures", self.address))
        samples.want("last")
        edges = _edges(where, self.low, self.high, self.bins, samples.dim)

        def values(kept: Kept) -> np.ndarray:
            rows = samples.of(kept, "last")[:, part]
            return np.array([np.histogram(row, edges)[0] for row in rows], dtype=float)

        middles = (edges[1:] + edges[:-1]) / 2
        return Reading(values, axes={self.address.replace(".", "_"): middles})


def _edges(where: str, low: Any, high: Any, bins: int, dim: Dimension) -> np.ndarray:
    from neuromodels.models.parameters import in_si

    if not isinstance(bins, int) or not 1 <= bins <= 10_000:
        raise DeclarationError(f"{where}.bins", "must be a whole number from 1 to 10,000", bins)
    ends = float(in_si(f"{where}.low", low, dim)), float(in_si(f"{where}.high", high, dim))
    if not ends[0] < ends[1]:
        raise DeclarationError(where, "low < high must hold", ends)
    return np.linspace(*ends, bins + 1)
