"""Nested lines of source text."""

from __future__ import annotations

from collections.abc import Iterable

#: Nested lists are nested lines.
Lines = list

VECTOR_PRAGMA = "#pragma GCC ivdep"


def indented(lines: Iterable, depth: int = 0) -> Iterable[str]:
    """Yield the text of nested lines; preprocessor lines start at the margin."""
    for line in lines:
        if isinstance(line, list):
            yield from indented(line, depth + 1)
        else:
            yield line if line.startswith("#") else "    " * depth + line


def count_loop(index: str, count: int | str, body: Lines, vector: bool = False) -> Lines:
    """Return a loop of `index` from 0 to `count`."""
    pragma = [VECTOR_PRAGMA] if vector else []
    return [*pragma, f"for (int32_t {index} = 0; {index} < {count}; {index}++) {{", body, "}"]
