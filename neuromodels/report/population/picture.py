"""The picture of a population: every term beside every value, with what is told from none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.errors import NeuromodelsError
from neuromodels.files import check_target, writing

Said = Mapping[str, Any]
LEVEL = 0.05


def check_picture(path: Path) -> None:
    """Refuse where no picture can be saved, before anything is searched.

    Raises
    ------
    NeuromodelsError
        With the endings that there are.
    """
    if path.suffix not in (".pdf", ".png", ".svg"):
        raise NeuromodelsError(str(path), "must end in .pdf, .png or .svg")
    check_target(path)


def drawn(said: Said, path: Path | None) -> dict[str, Any]:
    """Draw what a population says if a path is given, and return what it says."""
    if path is not None:
        from neuromodels.report.plotting.draw import save  # matplotlib takes a second

        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            save(_figure(said), path)
    return dict(said)


def _figure(said: Said) -> Any:
    from neuromodels.report.plotting.terms import Panel, draw_terms

    panels = [
        Panel(task, values, *_arrays(said, task, values))
        for task in said["tasks"]
        if (values := _values(said, task))
    ]
    note = (
        f"{said['rules']:,} searched rules of {said['forms']} forms. Colour: effect of a term's"
        " presence, other terms equal, in standard deviations of forms; grey: not told apart."
        "\n* told from none, p < .05 by the largest t over the terms of a column."
    )
    margin = said["margin"]
    more = "" if margin is None else f" = shown to be smaller than {margin:g}."
    return draw_terms(said["terms"], panels, note + more)


def _values(said: Said, task: str) -> list[str]:
    """Return the values that a task has, in their order."""
    known = [e["value"] for e in said["effects"] if e["task"] == task and e["effect"] is not None]
    # where nothing is held out, or all is, one of the two is the score
    same = {"held_out"} if "held_out" in known else {"searched"}
    return [value for value in dict.fromkeys(known) if value not in same]


def _arrays(said: Said, task: str, values: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return effects in standard deviations and marks, (terms, values) each."""
    found = {(e["term"], e["value"]): e for e in said["effects"] if e["task"] == task}
    cells = [[found[term, value] for value in values] for term in said["terms"]]
    sizes = [[_size(each) for each in row] for row in cells]
    marks = [[_mark(each) for each in row] for row in cells]
    return np.array(sizes, dtype=float), np.array(marks)


def _size(effect: Said) -> float:
    return effect["effect"] / effect["spread"] if effect["effect"] is not None else np.nan


def _mark(effect: Said) -> str:
    if effect["p"] is not None and effect["p"] < LEVEL:
        return "*"
    alike = effect["equivalent_p"]
    return "=" if alike is not None and alike < LEVEL else ""
