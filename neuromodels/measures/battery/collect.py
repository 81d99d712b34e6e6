"""The batteries of a run folder, or of all settings of a sweep, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neuromodels.errors import NeuromodelsError
from neuromodels.measures.battery.cells import Asked, answer
from neuromodels.measures.battery.contrasts import (
    Battery,
    Form,
    battery_from,
    contrasts_of,
    mean_over_seeds,
    nested_over_seeds,
    share_over_seeds,
)
from neuromodels.measures.battery.examiner import Cell, Examiner, Question
from neuromodels.measures.battery.request import Request
from neuromodels.measures.battery.standing import STUCK, searches_of, stuck_cells
from neuromodels.store.find import Member, required_members
from neuromodels.store.neighbours import Tell, ignore
from neuromodels.study.own_files import Announce
from neuromodels.study.own_files import ignore as ignore_file

SCHEMA = 2
ALL_OR_NONE = {"value": None, "low": None, "high": None, "kind": "none", "n": 0, "missing": 0}


def collect(
    folder: Path,
    request: Request | None = None,
    announce: Announce = ignore_file,
    tell: Tell = ignore,
) -> dict[str, Any]:
    """Ask all solutions below a folder for their cognitive values, and compare the rules.

    Parameters
    ----------
    folder
        Of a run, of a sweep, or with runs in it.
    request
        What is asked; None: everything.
    announce
        Called with each file of the user's own before it is run.
    tell
        Gets a line about each cell that was computed, and a sentence about each run that is left
        out.

    Returns
    -------
    dict
        ``schema``, ``trials``, ``reference``, ``searches``, ``absent``, ``cells``, ``means`` and
        ``contrasts``.

    Raises
    ------
    NeuromodelsError
        When nothing is finished, or there is no such setting.
    """
    request = request or Request()
    found = _Found(request, announce, tell)
    members = required_members(folder, tell)
    found.check_setting("controls", request.controls, map(_name, members))
    for member in members:
        found.add(_name(member), member)
    found.answer()
    cells = found.cells
    if not cells:
        raise NeuromodelsError(
            "battery", "needs a finished search", str(folder), "Finish one with: neuromodels resume"
        )
    battery = battery_from(cells)
    reference = _reference(battery, request.against)
    return {
        "schema": SCHEMA,
        "trials": request.trials,
        "reference": dict(zip(("setting", "condition"), reference, strict=True)),
        "searches": found.searches,
        "absent": [{"setting": name, "reason": why} for name, why in found.absent.items()],
        "cells": [{"setting": name, **_told(cell)} for name, cell in cells],
        "means": _means(battery),
        "contrasts": contrasts_of(battery, reference, request.margins),
    }


def _told(cell: Cell) -> Cell:
    """Return a cell without its resamples, which are for intervals and stay in the run folder."""
    values = {
        name: {key: each for key, each in quantity.items() if key != "resamples"}
        for name, quantity in cell["values"].items()
    }
    return {**cell, "values": values}


def _name(member: Member) -> str:
    """Return the name of a setting, or of a run's folder."""
    return member.setting.name if member.setting else member.folder.name


@dataclass
class _Found:
    """What is known of the settings, and why some are missing.

    Parameters
    ----------
    request, announce, tell
        As of `collect`.
    """

    request: Request
    announce: Announce
    tell: Tell
    asked: dict[str, Asked] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    searches: list[Mapping[str, Any]] = field(default_factory=list)

    def check_setting(self, option: str, name: str, known: Iterator[str]) -> None:
        names = list(known)
        if name and name not in names:
            told = f"must be one of {', '.join(names)}"
            raise NeuromodelsError(f"battery --{option}", told, name)

    def add(self, name: str, member: Member) -> None:
        """Take in a setting, or say why it has no values."""
        if member.run is None:
            self._leave_out(name, "It was not begun.")
            return
        try:
            examiner = Examiner(member.run.folder, self.announce)
            searches = searches_of(member.run, examiner.study)
            self.searches += [{"setting": name, **each} for each in searches]
            self.asked[name] = Asked(examiner, self.request, name == self.request.controls)
        except NeuromodelsError as error:
            self._leave_out(name, str(error))

    def _leave_out(self, name: str, why: str) -> None:
        self.absent[name] = why
        self.tell(f"{name} is left out. {why}")

    def answer(self) -> None:
        """Answer all questions; a setting whose questions fail is left out."""
        names = {each.folder: name for name, each in self.asked.items()}

        def told(question: Question) -> None:
            where = f"{names[question.folder]}, {question.label}, seed {question.seed}"
            self.tell(f"{where}: {question.probe}")

        refused = answer(list(self.asked.values()), self.request.workers, told)
        for folder, error in refused.items():
            self._leave_out(names[folder], str(error))
            del self.asked[names[folder]]

    @property
    def cells(self) -> list[tuple[str, Cell]]:
        """All cells, with the names of their settings."""
        return [(name, cell) for name, each in self.asked.items() for cell in self._of(each)]

    def _of(self, asked: Asked) -> list[Cell]:
        examiner = asked.examiner
        stuck = stuck_cells(examiner.run, examiner.study, self.request.stuck)
        return [*asked.cells, *(() if self.request.only else stuck)]


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
        nested = nested_over_seeds(battery, form, ability)
        mean = (share_over_seeds if ability[1] == STUCK else mean_over_seeds)(by_seed)
        rows.append({**_place(form, ability), **mean, "nested": nested, "reason": ""})
    for (form, ability), reason in battery.reasons.items():
        rows.append({**_place(form, ability), **ALL_OR_NONE, "nested": None, "reason": reason})
    return rows


def _place(form: Form, ability: tuple[str, str]) -> dict[str, str]:
    (setting, condition), (probe, value) = form, ability
    return {"setting": setting, "condition": condition, "probe": probe, "quantity": value}
