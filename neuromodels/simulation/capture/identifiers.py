"""Names in generated source: no two things share one, and none is a word of C++ or of a header.

Whatever a user may name (groups, variables, constants, locals, pathways, clocks, monitors) enters
the source behind a prefix that nothing else begins with, and beside its length where another name
follows.  What the renderers call their own things never begins with one of these prefixes.
"""

from __future__ import annotations

import re

#: What a name of C++ may not hold or hold safely, and the letter that escapes it.
UNSAFE = re.compile(r"Z|^[_0-9]|_(?=_|$)|[^A-Za-z0-9_]")
ESCAPED = re.compile(r"Z([0-9a-f]+)Z")

PLACE = re.compile(r"_(\d+)")


def escaped(name: str) -> str:
    """Return a name without double underscores and without one at an end; none equals another."""
    return UNSAFE.sub(lambda match: f"Z{ord(match[0]):x}Z", name)


def local_name(name: str) -> str:
    """Return the name of a variable, a constant or a local of a code object in the source.

    Names that Brian2 makes begin with an underscore; in the source they begin with ``b_``.
    """
    return f"b_{escaped(name[1:])}" if name.startswith("_") else f"v_{escaped(name)}"


def global_name(kind: str, *parts: str) -> str:
    """Return the name of what belongs to the whole network: an array, a queue, a counter.

    Parameters
    ----------
    kind
        Small letters and underscores, no digits.
    parts
        Names that a user may have given, such as those of a group and of its variable.
    """
    spelled = (escaped(part) for part in parts)
    return "".join([kind, *(f"_{len(part)}{part}" for part in spelled)])


def fired_name(space: str) -> str:
    """Return the name of the mask beside the list of a step's events."""
    return f"fired_{space}"


def parts_of(name: str) -> tuple[str, ...]:
    """Return the parts of a global name as the user has written them."""
    parts = []
    place = PLACE.search(name)
    while place:
        end = place.end() + int(place[1])
        parts.append(ESCAPED.sub(lambda m: chr(int(m[1], 16)), name[place.end() : end]))
        place = PLACE.match(name, end)
    return tuple(parts)


def spoken(name: str) -> str:
    """Return how a user speaks of what has a global name: ``group.variable``."""
    return ".".join(parts_of(name))
