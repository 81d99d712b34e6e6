"""The groups of a user's network, by all the names that the user has for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from brian2.core.network import Network
from brian2.core.variables import ArrayVariable
from brian2.groups.group import Group
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import Synapses

from neuromodels.errors import DeclarationError
from neuromodels.simulation.device.addresses import groups_of, pathway_of


class Groups(Mapping[str, Group]):
    """Groups by their Brian2 names, and by the names of the Python variables that hold them.

    Parameters
    ----------
    network
        Whose groups they are.
    names
        What the function that built it knew.
    """

    def __init__(self, network: Network, names: Mapping[str, Any]):
        own = groups_of(network)
        held = {
            name: value
            for name, value in names.items()
            if isinstance(value, Group) and _whole(value).name in own
        }
        pathways = {
            f"{name}_{pathway.objname}": pathway
            for name, group in held.items()
            if isinstance(group, Synapses)
            for pathway in group._pathways
        }
        self._groups: dict[str, Group] = {**pathways, **held, **own}

    def __getitem__(self, name: str) -> Group:
        return self._groups[name]

    def __iter__(self):
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def find(self, name: str, where: str) -> Group:
        """Return a group; `where` begins the message.

        Raises
        ------
        DeclarationError
            Where there is none of that name, with the nearest.
        """
        if name not in self._groups:
            told = "the network must have a group of that name"
            raise DeclarationError(where, told, name, nearest(name, self._groups))
        return self._groups[name]


def _whole(group: Group) -> Group:
    return group.source if isinstance(group, Subgroup) else group


def address_of(variable: ArrayVariable, groups: Mapping[str, Group]) -> str:
    """Return what `Batch` calls a variable; a delay belongs to its pathway."""
    pathway = pathway_of(variable, groups)
    return f"{variable.owner.name}.{variable.name}" if pathway is None else f"{pathway.name}.delay"


def part_of(group: Group) -> tuple[Group, slice]:
    """Return the group that holds the variables, and which part of it is meant."""
    if isinstance(group, Subgroup):
        return group.source, slice(group.start, group.stop)
    return group, slice(None)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a cure: the nearest of the names there are, or all of them."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"There are: {', '.join(names[:20]) or 'none'}."
