"""The table of where searches stand, no wider than a terminal and, if wanted, no higher."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from neuromodels.report.standings import (
    Standing,
    failures_text,
    interval_text,
    score_text,
    time_text,
)

Group = tuple[str, Sequence[Standing]]
"""A title, which may be empty, and what stands under it."""
GAP = "  "
_LEFT = ("condition", "state", "test", "failed")
_DISPENSABLE = ("best", "s/gen.", "at", "failed", "centre", "time left", "state")
"""Columns that go, one after the other, where the terminal is too narrow for all."""
_STYLES = {"searching": "bold", "scoring": "bold", "waiting": "dim"}


def lines_of(groups: Sequence[Group], width: int, height: int | None = None) -> list[Text]:
    """Return the table as lines.

    Parameters
    ----------
    groups
        Runs, each with a title where there are several.
    width
        Characters in a line: columns that do not fit are left out.
    height
        Lines at most. Runs that are not active are folded to their titles, then what lies far
        from the active searches is left out and counted.
    """
    cells = {id(each): _cells(each) for _, standings in groups for each in standings}
    widths = _widths(list(cells.values()), width)

    def row(each: Standing) -> Text:
        return _line(cells[id(each)], widths, _STYLES.get(each.state, ""))

    header = _line({name: name for name in widths}, widths, "dim")
    shown, hidden = _flat(groups), 0
    if height is not None:
        if len(shown) > height - 1:
            shown = _flat(_fold(groups))
        shown, hidden = _nearest(shown, max(2, height - 1))
    lines = [row(each) if isinstance(each, Standing) else _title(each) for each, _ in shown]
    return [header, *lines, *([Text(f"… {hidden} more", "dim")] if hidden else [])]


def _cells(standing: Standing) -> dict[str, str]:
    test = standing.test
    searched = standing.of > 0
    return {
        "condition": standing.condition,
        "seed": str(standing.seed),
        "state": standing.state,
        "generation": f"{standing.generations:,}/{standing.of:,}" if searched else "",
        "centre": score_text(standing.centre) if standing.generations else "",
        "best": score_text(standing.best) if standing.generations else "",
        "test": interval_text(test) if test else "",
        "at": _at(standing),
        "s/gen.": "" if standing.pace is None else f"{standing.pace:.3g}",
        "failed": failures_text(standing.failures),
        "time left": time_text(standing.seconds_left),
    }


def _at(standing: Standing) -> str:
    if standing.test is None:
        return ""
    return "final" if standing.is_done else f"{standing.test.generation:,}"


def _widths(rows: Sequence[dict[str, str]], width: int) -> dict[str, int]:
    """Return the columns that fit, each with its width; one without a value is left out."""
    names = list(_cells(Standing("", 0)))
    needed = {n: max([len(n), *(len(row[n]) for row in rows)]) for n in names}
    shown = {n: needed[n] for n in names if any(row[n] for row in rows)}
    for name in _DISPENSABLE:
        if sum(shown.values()) + len(GAP) * (len(shown) - 1) <= width:
            break
        shown.pop(name, None)
    return shown


def _line(cells: dict[str, str], widths: dict[str, int], style: str) -> Text:
    padded = (
        cells[name].ljust(size) if name in _LEFT else cells[name].rjust(size)
        for name, size in widths.items()
    )
    return Text(GAP.join(padded).rstrip(), style, no_wrap=True, overflow="ellipsis")


def _title(text: str) -> Text:
    return Text(text, "italic", no_wrap=True, overflow="ellipsis")


# -- height -------------------------------------------------------------------------------------


Line = tuple[Standing | str, bool]
"""A row or a title, and whether it is that of what the run works on."""


def _flat(groups: Iterable[Group]) -> list[Line]:
    lines: list[Line] = []
    for title, standings in groups:
        lines += [(title, _is_active(standings))] if title else []
        lines += [(each, each.is_active) for each in standings]
    return lines


def _fold(groups: Sequence[Group]) -> list[Group]:
    """Return groups in which only the active ones show their searches."""
    return [
        (title, standings) if not title or _is_active(standings) else (title, [])
        for title, standings in groups
    ]


def _is_active(standings: Iterable[Standing]) -> bool:
    return any(each.is_active for each in standings)


def _nearest(lines: Sequence[Line], room: int) -> tuple[list[Line], int]:
    """Return the lines nearest to the active ones, in order, and how many are left out."""
    if len(lines) <= room:
        return list(lines), 0
    active = [k for k, (_, is_active) in enumerate(lines) if is_active] or [0]
    distance = [min(abs(k - place) for place in active) for k in range(len(lines))]
    kept = sorted(sorted(range(len(lines)), key=distance.__getitem__)[: room - 1])
    return [lines[k] for k in kept], len(lines) - len(kept)
