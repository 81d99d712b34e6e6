"""The batteries of runs: every probe of every solution, each answer kept at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

from neuromodels.errors import NeuromodelsError
from neuromodels.files import refuse_link, replace_file, writing
from neuromodels.measures.battery.crew import answers_of
from neuromodels.measures.battery.examiner import Cell, Examiner, Question
from neuromodels.measures.battery.probes import PROBES
from neuromodels.measures.battery.request import Request
from neuromodels.store.store import StoredRun
from neuromodels.study.own_files import Announce, ignore

SCHEMA = 2
STORED = "battery.json"
TEXTS, NUMBERS = ("condition", "probe", "solution", "reason"), ("seed", "trials")
"""What a cell consists of."""
Told = Callable[[Question], None]


def nobody(question: Question) -> None:
    """Tell nobody."""


def battery_of(
    run: StoredRun,
    request: Request | None = None,
    announce: Announce = ignore,
    tell: Told = nobody,
) -> list[Cell]:
    """Ask every finished solution of a run for its cognitive values.

    Each answer is stored in ``measures/battery.json`` of the run folder at once. What is stored of
    the same solution and of at least as many trials is not computed again.

    Parameters
    ----------
    request
        What is asked; None: everything.
    announce
        Called with each file of the user's own before it is run.
    tell
        Gets each question that was answered.

    Raises
    ------
    NeuromodelsError
        When no search is finished, or a probe fails.
    """
    request = request or Request()
    asked = Asked(Examiner(run.folder, announce), request, bool(request.controls))
    answer([asked], request.workers, tell)
    return asked.cells


class Asked:
    """A run, its questions, and what is known of the answers.

    Parameters
    ----------
    examiner
        Of the run.
    request
        What is asked.
    controls
        Whether its controls are asked as well.

    Raises
    ------
    NeuromodelsError
        When no search is finished.
    """

    def __init__(self, examiner: Examiner, request: Request, controls: bool):
        self.examiner = examiner
        names = [probe.name for probe in request.probes]
        self._questions = list(examiner.questions(names, request.trials, controls))
        self._stored = Stored(examiner.run, examiner.digest)

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.examiner.run.folder

    @property
    def open(self) -> list[Question]:
        """Questions that nothing is stored of."""
        return [each for each in self._questions if self._stored.of(each) is None]

    @property
    def cells(self) -> list[Cell]:
        """What is known, in the order of the questions."""
        found = map(self._stored.of, self._questions)
        return [cell for cell in found if cell is not None]

    def keep(self, cell: Cell) -> None:
        """Store an answer."""
        self._stored.keep(cell)


def answer(
    asked: Sequence[Asked], workers: int = 1, tell: Told = nobody
) -> Mapping[Path, NeuromodelsError]:
    """Answer what is open about some runs, and store each answer at once.

    Returns
    -------
    dict
        Runs of which a question could not be answered, and why.

    Raises
    ------
    NeuromodelsError
        Of a single run, when a question cannot be answered; of all, when a process is lost.
    """
    by_folder = {each.folder: each for each in asked}
    refused: dict[Path, NeuromodelsError] = {}
    for question, found in _answers(by_folder, workers):
        if isinstance(found, NeuromodelsError):
            refused.setdefault(question.folder, found)
        else:
            by_folder[question.folder].keep(found)
            tell(question)
    if refused and len(asked) == 1:
        raise next(iter(refused.values()))
    return refused


def _answers(
    by_folder: Mapping[Path, Asked], workers: int
) -> Iterator[tuple[Question, Cell | NeuromodelsError]]:
    questions = [question for each in by_folder.values() for question in each.open]
    if workers > 1 and len(questions) > 1:
        yield from answers_of(questions, min(workers, len(questions)))
        return
    failed: set[Path] = set()
    for question in questions:
        if question.folder not in failed:
            try:
                yield question, by_folder[question.folder].examiner.answer(question)
            except NeuromodelsError as error:
                failed.add(question.folder)
                yield question, error


class Stored:
    """The cells of a run that are stored; a new one replaces an older one of the same place.

    Parameters
    ----------
    run
        Whose folder holds them.
    digest
        Returns what tells the solution of a question from any other.
    """

    def __init__(self, run: StoredRun, digest: Callable[[Question], str]):
        self._path = run.folder / "measures" / STORED
        self._cells, self._digest = _read(self._path), digest

    def of(self, question: Question) -> Cell | None:
        """Return what is stored of a solution from enough trials; None: nothing."""
        cell = self._cells.get(question.place)
        if cell is None or cell["trials"] < question.trials:
            return None
        return cell if cell["solution"] == self._digest(question) else None

    def keep(self, cell: Cell) -> None:
        """Store a cell, atomically."""
        self._cells[cell["condition"], cell["seed"], cell["probe"]] = cell
        refuse_link(self._path.parent)
        with writing(self._path):
            self._path.parent.mkdir(exist_ok=True)
        text = json.dumps({"schema": SCHEMA, "cells": list(self._cells.values())})
        replace_file(self._path, text.encode())


def _read(path: Path) -> dict[tuple[str, int, str], Cell]:
    """Return the cells of a file by their place; none where it cannot be read."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        cells = table["cells"] if table["schema"] == SCHEMA else []
        whole = [cell for cell in cells if _is_whole(cell)]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {(cell["condition"], cell["seed"], cell["probe"]): cell for cell in whole}


def _is_whole(cell: Any) -> bool:
    """Whether a cell is what `Stored.keep` wrote; a run folder may come from anywhere."""
    try:
        kinds = {type(cell[key]) for key in TEXTS}, {type(cell[key]) for key in NUMBERS}
        is_known = kinds == ({str}, {int}) and cell["probe"] in PROBES
        return is_known and all(map(_is_quantity, cell["values"].values()))
    except (KeyError, TypeError, AttributeError):
        return False


def _is_quantity(quantity: Any) -> bool:
    numbers = [quantity[key] for key in ("value", "low", "high")]
    lists = [quantity.get("resamples", [])]
    if curve := quantity.get("curve"):
        lists += [curve["places"], curve["value"]]
        numbers += [*curve["low"], *curve["high"]]
    return all(type(each) in (int, float, NoneType) for each in numbers) and all(
        type(number) in (int, float) for each in lists for number in each
    )
