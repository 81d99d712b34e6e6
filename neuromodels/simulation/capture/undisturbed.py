"""Brian2's translation made independent of two things that are not in the equations.

Brian2 sorts subexpressions by what they need, and takes those that need nothing from each other in
the order of a set, which changes with Python's hash seed: the same network would be built again.
And it evaluates parts of expressions as Python, where a name such as ``bool`` or ``max`` means
something to Python even if it is a user's variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from brian2.codegen import optimisation, translation
from brian2.utils.topsort import topsort


@contextmanager
def undisturbed_translation() -> Iterator[None]:
    """Let Brian2 translate code without regard to hash seed and Python's own names."""
    known = optimisation.defaults_ns
    translation.topsort = _sorted_by_name
    # A warning of numpy's imports what it needs; no variable can have that name.
    optimisation.defaults_ns = {**known, "__builtins__": {"__import__": __import__}}
    try:
        yield
    finally:
        translation.topsort = topsort
        optimisation.defaults_ns = known


def _sorted_by_name(needs: Mapping[str, Sequence[str]]) -> list[str]:
    return topsort({name: sorted(needs[name]) for name in sorted(needs)})
