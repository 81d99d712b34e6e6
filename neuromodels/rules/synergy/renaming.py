"""Names of one mechanism in the text of several: ``w`` of the mechanism ``oja`` is ``w_oja``.

Text is read name by name. So ``w`` is found in ``w*x`` and neither in ``w_max`` nor in ``1e3``, in
a comment, or in a unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PIECES = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_ASSIGNED = re.compile(r"(?m)(?:^|;)[ \t]*([A-Za-z_]\w*)\s*(?:\*\*|//|[-+*/%])?=(?!=)")
_DECLARED = re.compile(r"(?m)^\s*(?:d(\w+)/dt\b|([A-Za-z_]\w*)\s*[:=])")
SIDES = ("_pre", "_post")
"""Ends of names that belong to the neurons on both sides, and to no mechanism."""


def in_statements(text: str, names: Mapping[str, str]) -> str:
    """Return statements or an expression with other names."""
    return "".join(_piece(found, names) for found in _PIECES.finditer(text))


def in_equations(text: str, names: Mapping[str, str]) -> str:
    """Return equations with other names; units, flags and comments stay as they are."""
    written, is_unit = [], False
    for found in _PIECES.finditer(text):
        is_unit = (is_unit or found[0] == ":") and found[0] != "\n"
        if is_unit:
            written.append(found[0])
        elif _is_derivative(found, text, names):
            written.append(f"d{names[found[0][1:]]}")
        else:
            written.append(_piece(found, names))
    return "".join(written)


def _piece(found: re.Match[str], names: Mapping[str, str]) -> str:
    return names.get(found[0], found[0]) if found["name"] else found[0]


def _is_derivative(found: re.Match[str], text: str, names: Mapping[str, str]) -> bool:
    """Whether a name is the ``dw`` of ``dw/dt``."""
    is_left = bool(found["name"]) and re.match(r"\s*/\s*dt\b", text[found.end() :]) is not None
    return is_left and found[0].startswith("d") and found[0][1:] in names


def declared_in(model: str) -> list[str]:
    """Return the variables that equations declare, in their order."""
    plain = re.sub("#.*", "", model)
    return [first or second for first, second in _DECLARED.findall(plain)]


def assigned_in(statements: str) -> set[str]:
    """Return the names to which statements assign, intermediate results among them."""
    plain = re.sub("#.*", "", statements)
    return {name for name in _ASSIGNED.findall(plain) if not name.endswith(SIDES)}
