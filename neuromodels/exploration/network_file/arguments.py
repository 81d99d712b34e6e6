"""The arguments of a function or a class as keys of a file: what each must be, and its value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from neuromodels.models.quantities import Unreadable, unreadable, values_of
from neuromodels.study.kinds import is_whole, nearest

REQUIRED = inspect.Parameter.empty
#: Files and functions of the user's own: called with what stands at a key.
Find = Callable[[Any], Any]


@dataclass(frozen=True)
class Argument:
    """An argument that a file may give.

    Parameters
    ----------
    name
        Its key.
    hint
        Its annotation, which says what it must be: `Any` stands for numbers with units.
    default
        `REQUIRED` where there is none.
    read
        Reads it in place of what its annotation says.
    """

    name: str
    hint: Any
    default: Any = REQUIRED
    read: Callable[[Any, Finders], Any] | None = None

    def value(self, written: Any, finders: Finders) -> Any:
        """Return the argument as it was meant.

        Raises
        ------
        Unreadable
            Where it is not what it must be.
        """
        if self.read is not None:
            return self.read(written, finders)
        return read(self.hint, written, finders)


@dataclass(frozen=True)
class Finders:
    """How what lies in other files is found.

    Parameters
    ----------
    function
        Takes ``"my_network.py:build"``.
    data
        Takes ``{file = "spikes.txt", unit = "ms"}``.
    spikes
        Takes ``{file = "spikes.npz", unit = "ms"}``; gives the arrays of the file and the unit.
    """

    function: Find
    data: Find
    spikes: Find


def arguments_of(made: Callable[..., Any], left_out: Collection[str] = ()) -> dict[str, Argument]:
    """Return the arguments of a function or a class by name, in their order."""
    hints = get_type_hints(made, localns={"Dataset": Any, "Report": Any})
    return {
        name: Argument(name, hints[name], parameter.default)
        for name, parameter in inspect.signature(made).parameters.items()
        if name not in left_out
    }


def read(hint: Any, written: Any, finders: Finders) -> Any:
    """Return a value as an annotation means it.

    Raises
    ------
    Unreadable
        Where it is of another kind.
    """
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return _one_of_kinds(parts, written, finders)
    if kind is Literal:
        return _word(parts, written)
    if kind in _PLAIN:
        holds, must = _PLAIN[kind]
        if not holds(written):
            raise unreadable(f"must be {must}", written)
        return float(written) if kind is float else written
    if kind is Sequence:
        if not isinstance(written, list):
            raise unreadable("must be a list", written)
        return [read(parts[0], each, finders) for each in written]
    if kind in (Mapping, dict):
        if not isinstance(written, Mapping):
            raise unreadable("must be a table", written)
        return dict(written)
    if kind is Callable:
        return finders.function(written)
    return finders.data(written) if isinstance(written, Mapping) else values_of(written)


def _is_count(value: Any) -> bool:
    return is_whole(value) and value >= 0


_PLAIN: Mapping[Any, tuple[Callable[[Any], bool], str]] = {
    bool: (lambda value: isinstance(value, bool), "true or false"),
    int: (_is_count, "a whole number >= 0"),
    float: (lambda value: isinstance(value, int | float), "a number"),
    str: (lambda value: isinstance(value, str), "text"),
}


def _word(words: tuple[Any, ...], written: Any) -> Any:
    if not isinstance(written, str) or written not in words:
        named = ", ".join(map(repr, words))
        raise unreadable(f"must be one of {named}", written, nearest(written, words))
    return written


def _one_of_kinds(parts: tuple[Any, ...], written: Any, finders: Finders) -> Any:
    """Return a value as the first kind that it suits; the complaint is that of the last."""
    kinds = [part for part in parts if part is not NoneType]
    for part in kinds[:-1]:
        try:
            return read(part, written, finders)
        except Unreadable:
            continue
    return read(kinds[-1], written, finders)
