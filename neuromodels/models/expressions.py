"""Which of the values that `build` set from expressions must be set again in each instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from brian2.utils.stringtools import get_identifiers

#: Functions that draw random numbers.
RANDOM = {"rand", "randn", "poisson"}


def to_set_again(expressions: Mapping[str, str], changed: Iterable[str]) -> dict[str, str]:
    """Return the expressions that are random, or use what differs between instances, in order.

    Parameters
    ----------
    expressions
        By address.
    changed
        Addresses of what differs. A variable that has a parameter of its own is left to it.
    """
    own, names = set(changed), {address.rpartition(".")[2] for address in changed}
    again: dict[str, str] = {}
    for address, text in expressions.items():
        if address in own:
            continue
        used = {_bare(name) for name in get_identifiers(text)}
        if used & (RANDOM | names):
            again[address] = text
            names.add(address.rpartition(".")[2])
    return again


def _bare(name: str) -> str:
    return name.removesuffix("_pre").removesuffix("_post")
