"""States of nevergrad's optimizers, read without running what a stranger wrote into one.

Such a state is a pickle, and a pickle calls whatever it names. It is read from a run folder, which
may come from a stranger together with the key that seals it. So only what nevergrad's own states
name may be named: its optimizers, their parts, and numpy's arrays and generators.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from neuromodels.errors import said_by

_NUMBERS = "biuf"
"""Kinds of numbers in the arrays of a state; objects are not among them."""

KNOWN: dict[str, str] = {
    "cma.boundary_handler": "BoundNone BoundTransform",
    "cma.evolution_strategy": "CMAEvolutionStrategy _CMASolutionDict_functional _CMAStopDict"
    " _StopTolXStagnation _pass",
    "cma.logger": "CMADataLogger",
    "cma.optimization_tools": "BestSolution",
    "cma.options_parameters": "CMAOptions CMAParameters is_feasible",
    "cma.recombination_weights": "RecombinationWeights",
    "cma.sampler": "GaussFullSampler GaussStandardConstant",
    "cma.sigma_adaptation": "CMAAdaptSigmaCSA",
    "cma.transformations": "DiagonalDecoding GenoPheno RoundIntegerVariables",
    "cma.utilities.utils": "BlancClass DictFromTagsInString ElapsedWCTime MoreToWrite SolutionDict",
    "collections": "OrderedDict deque",
    "nevergrad.common.tools": "OrderedSet",
    "nevergrad.optimization.differentialevolution": "DifferentialEvolution _DE",
    "nevergrad.optimization.oneshot": "RandomSearchMaker _RandomSearch",
    "nevergrad.optimization.optimizerlib": "ConfPSO ParametrizedCMA ParametrizedOnePlusOne"
    " ParametrizedTBPSA _CMA _OnePlusOne _PSO _PopulationSizeController _TBPSA",
    "nevergrad.optimization.utils": "Archive ConstraintManager MultiValue Pruning UidQueue",
    "nevergrad.parametrization._layering": "ArrayCasting",
    "nevergrad.parametrization.container": "Dict",
    "nevergrad.parametrization.core": "Constant Parameter default_congruence",
    "nevergrad.parametrization.data": "Array",
    "nevergrad.parametrization.transforms": "ArctanBound",
    "nevergrad.parametrization.utils": "FunctionInfo Subobjects",
    "numpy": "ndarray",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy.linalg": "eigh",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pickle": "__bit_generator_ctor __randomstate_ctor",
}
"""What a state may name, by module."""


class ForeignState(ValueError):
    """A state that names what no state of a search does, or that cannot be read."""


def read_state(content: bytes) -> Any:
    """Return what was pickled.

    Raises
    ------
    ForeignState
        Where it names anything beyond `KNOWN`; nothing that it names was called then.
    """
    try:
        return _Reader(io.BytesIO(content)).load()
    except ForeignState:
        raise
    except Exception as error:  # whatever the classes make of a state that is not theirs
        raise ForeignState(f"cannot be read: {said_by(error)}") from None


class _Reader(pickle.Unpickler):
    """Finds only what is known, and what is as good where the known one can do more."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a state names."""
        if guarded := _GUARDED.get((module, name)):
            return guarded
        if name in KNOWN.get(module, "").split():
            return super().find_class(module, name)
        raise ForeignState(f"names {module}.{name}, which no state of a search does")

    def persistent_load(self, pid: Any) -> Any:
        """Refuse a reference to something outside of the state."""
        raise ForeignState(f"refers to {pid!r} outside of it")


def _draw_of(owner: Any, name: str) -> Any:
    """Return the one method that states refer to: what draws a generator's normal numbers."""
    if not isinstance(owner, np.random.RandomState) or name != "randn":
        raise ForeignState(f"refers to {name!r} of a {type(owner).__name__}")
    return owner.randn


def _number_type(*given: Any) -> np.dtype:
    """Return a type of plain numbers."""
    found = np.dtype(*given)
    if found.kind not in _NUMBERS:
        raise ForeignState(f"holds an array of the type {found}")
    return found


_GUARDED: dict[tuple[str, str], Callable[..., Any]] = {
    ("builtins", "getattr"): _draw_of,
    ("numpy", "dtype"): _number_type,
}
