"""The batteries of a run folder, or of all settings of a sweep, as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neuromodels.errors import NeuromodelsError
from neuromodels.measures.battery.cells import Cell, battery_of, chosen_probes
from neuromodels.measures.battery.contrasts import (
    Battery,
    Form,
    battery_from,
    contrasts_of,
    mean_over_seeds,
)
from neuromodels.store.find import Member, required_members
from neuromodels.store.neighbours import Tell, ignore
from neuromodels.study.own_files import Announce
from neuromodels.study.own_files import ignore as ignore_file

SCHEMA = 1


def collect(
    folder: Path,
    trials: int = 500,
    probes: Sequence[str] = (),
    against: str = "",
    announce: Announce = ignore_file,
    tell: Tell = ignore,
) -> dict[str, Any]:
    """Ask all solutions below a folder for their cognitive values, and compare the rules.

    Parameters
    ----------
    folder
        Of a run, of a sweep, or with runs in it.
    trials, probes, announce
        As for `battery_of`.
    against
        The setting that all others are compared with; empty: the first.
    tell
        Gets a line about each cell that was computed, and a sentence about each run that is left
        out.

    Returns
    -------
    dict
        ``schema``, ``trials``, ``reference``, ``cells``, ``means`` and ``contrasts``.

    Raises
    ------
    NeuromodelsError
        When nothing is finished, or there is no such setting.
    """
    chosen_probes(probes)
    cells: list[tuple[str, Cell]] = []
    for name, member in _named(required_members(folder, tell)).items():
        cells += _cells_of(name, member, trials, probes, announce, tell)
    if not cells:
        raise NeuromodelsError(
            "battery", "needs a finished search", str(folder), "Finish one with: neuromodels resume"
        )
    battery = battery_from(cells)
    reference = _reference(battery, against)
    return {
        "schema": SCHEMA,
        "trials": trials,
        "reference": dict(zip(("setting", "condition"), reference, strict=True)),
        "cells": [{"setting": name, **cell} for name, cell in cells],
        "means": _means(battery),
        "contrasts": contrasts_of(battery, reference),
    }


def _named(members: Sequence[Member]) -> dict[str, Member]:
    """Return runs by the name of their setting, or of their study."""
    names = [m.setting.name if m.setting else m.folder.name for m in members]
    return {name: m for name, m in zip(names, members, strict=True) if m.run is not None}


def _cells_of(
    name: str,
    member: Member,
    trials: int,
    probes: Sequence[str],
    announce: Announce,
    tell: Tell,
) -> list[tuple[str, Cell]]:
    assert member.run is not None

    def told(cell: Cell) -> None:
        tell(f"{name}, {cell['condition']}, seed {cell['seed']}: {cell['probe']}")

    try:
        cells = battery_of(member.run, trials, probes, announce, told)
    except NeuromodelsError as error:
        tell(f"{name} is left out. {error}")
        return []
    return [(name, cell) for cell in cells]


def _reference(battery: Battery, against: str) -> Form:
    named = [form for form in battery.forms if against in ("", form[0])]
    if not named:
        known = ", ".join(dict.fromkeys(setting for setting, _ in battery.forms))
        raise NeuromodelsError("battery --against", f"must be one of {known}", against)
    return named[0]


def _means(battery: Battery) -> list[Mapping[str, Any]]:
    """Return a row per form and ability: mean over searches, or why there is none."""
    rows: list[Mapping[str, Any]] = []
    for (form, ability), by_seed in battery.values.items():
        rows.append({**_place(form, ability), **mean_over_seeds(by_seed), "reason": ""})
    for (form, ability), reason in battery.reasons.items():
        empty = {"value": None, "low": None, "high": None, "kind": "none", "n": 0, "missing": 0}
        rows.append({**_place(form, ability), **empty, "reason": reason})
    return rows


def _place(form: Form, ability: tuple[str, str]) -> dict[str, str]:
    (setting, condition), (probe, value) = form, ability
    return {"setting": setting, "condition": condition, "probe": probe, "quantity": value}
