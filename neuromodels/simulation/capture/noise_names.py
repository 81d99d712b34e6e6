"""Names for the noise of objects, independent of how many objects the process has made.

Brian2 numbers the objects that a user does not name (``neurongroup``, ``neurongroup_1``, ...)
through the whole process.  The same script run twice in one session must draw the same noise.
"""

from __future__ import annotations

import re
from typing import Any

from brian2.core.network import Network


class Identities:
    """Names for noise in one network.

    Parameters
    ----------
    network
        Its automatic names are numbered anew from 0, in the order in which objects were made.
    """

    def __init__(self, network: Network):
        automatic: dict[str, list[tuple[int, str]]] = {}
        for obj in network.sorted_objects:
            number = _number(obj)
            if number is not None:
                automatic.setdefault(type(obj).__name__, []).append((number, obj.name))
        self._ranks = {
            name: f"{base.lower()}#{rank}"
            for base, names in automatic.items()
            for rank, (_, name) in enumerate(sorted(names))
        }

    def of(self, name: str) -> str:
        """Return the noise's name for an object, or for a part of one (``group_stateupdater``)."""
        if name in self._ranks:
            return self._ranks[name]
        owners = [owner for owner in self._ranks if name.startswith(f"{owner}_")]
        owner = max(owners, key=len, default="")
        return f"{self._ranks[owner]}{name.removeprefix(owner)}" if owner else name


def _number(obj: Any) -> int | None:
    """Return the number in an automatic name; None for a name that a user has given."""
    match = re.fullmatch(rf"{type(obj).__name__.lower()}(?:_(\d+))?", obj.name)
    return int(match[1] or 0) if match else None
