"""Mark the functions of a C++ text as functions of the device, as CUDA wants it."""

from __future__ import annotations

import re
from collections.abc import Iterator

MARK = "NM_DEVICE "

#: What holds braces that mean nothing, or a line of its own.
PASSED_OVER = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|#[^\n]*', re.S)
TYPE = re.compile(r"\s*(template\s*<[^<>]*>\s*)?(struct|class|union|enum|typedef|namespace)\b")
TEMPLATE = re.compile(r"\s*(template\s*<[^<>]*>\s*)?")


def for_devices(source: str) -> str:
    """Return a C++ text whose functions, those of its structs included, run on the device.

    Parameters
    ----------
    source
        Definitions of functions and types; data of a function's namespace.
    """
    marks: list[int] = []
    begin, within = 0, [True]  # whether each open brace holds definitions
    for place, letter in _letters(source):
        head = source[begin:place]
        if letter == "{":
            is_type = within[-1] and TYPE.match(head) is not None
            is_function = within[-1] and "(" in head and not head.rstrip().endswith("=")
            if is_function and not is_type:
                marks.append(begin + _template_length(head))
            within.append(is_type)
        elif letter == "}":
            within.pop()
        if within[-1]:
            begin = place + 1
    for place in reversed(marks):
        source = source[:place] + MARK + source[place:]
    return source.replace(
        "static thread_local const double* _namespace", "static NM_GLOBAL const double* _namespace"
    )


def _letters(source: str) -> Iterator[tuple[int, str]]:
    """Yield place and letter of what structures a text; "#" for what was passed over."""
    place = 0
    while place < len(source):
        match = PASSED_OVER.match(source, place)
        if match and not match[0].startswith(("'", '"')):
            yield match.end() - 1, "#"
        elif source[place] in "{};":
            yield place, source[place]
        place = match.end() if match else place + 1


def _template_length(head: str) -> int:
    """Return how far a function's type is from where its definition begins."""
    match = TEMPLATE.match(head)
    return len(match[0]) if match else 0
