"""Search and measure a population, a part at a time: what is done is kept, whatever happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.analysis.population.form_means import TERM
from neuromodels.errors import StorageError
from neuromodels.experiment.population.declaration import Cell, Population
from neuromodels.experiment.population.search import (
    Search,
    random_vectors,
    search_forms,
    shuffled_vectors,
)
from neuromodels.files import (
    arrays_to_bytes,
    read_json,
    refuse_link,
    replace_file,
    write_json,
    writing,
)
from neuromodels.measures.population.table import Row, write_table
from neuromodels.measures.population.values import (
    CONTROLS,
    VALUES,
    Bench,
    Values,
    bench_of,
    scores_of,
    values_of,
)
from neuromodels.store.declared.commits import commits_of, is_as_committed
from neuromodels.store.lock import FolderLock

SCHEMA = 1
ABOUT, TABLE, LOCK, PARTS = "population.json", "population.csv", "lock", "parts"
KINDS = 3
"""A searched rule and its two controls."""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """Searches of a cell that run side by side."""

    cell: Cell
    number: int
    searches: tuple[Search, ...]

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.cell.task}-{self.cell.start}-{self.number:03d}"


def parts_of(population: Population) -> list[Part]:
    """Return all parts, in the order in which they run: the first of every cell, then the next."""
    searches = [Search(form, seed) for seed in population.seeds for form in population.forms]
    width = int(population.numbers["side_by_side"])
    starts = range(0, len(searches), width)
    return [
        Part(cell, number, tuple(searches[at : at + width]))
        for number, at in enumerate(starts)
        for cell in population.cells
    ]


def run_population(
    population: Population, folder: Path, file: Path, tell: Tell = lambda line: None
) -> Path:
    """Search and measure what a folder does not hold of a population; return its table.

    Parameters
    ----------
    folder
        Holds one file of rows and one of numbers for each part, and in the end the table.
    file
        That declares the population: the folder notes whether it was committed.
    tell
        Gets a line about each part.

    Raises
    ------
    StorageError
        When the folder is of another population, or another process works in it.
    """
    _check_folder(folder)
    with writing(folder):
        (folder / PARTS).mkdir(parents=True, exist_ok=True)
    refuse_link(folder / PARTS)
    lock = FolderLock(folder / LOCK)
    lock.acquire()
    try:
        _begin(population, folder, file)
        bench = cache(lambda cell_number: bench_of(*_cell(population, cell_number)))
        parts = parts_of(population)
        for done, part in enumerate(parts, start=1):
            if not _rows_path(folder, part).exists():
                _run_part(population, part, bench(population.cells.index(part.cell)), folder)
                tell(f"{part.name}: {len(part.searches)} rules; part {done} of {len(parts)}")
        write_table(folder / TABLE, list(_all_rows(folder, population)))
    finally:
        lock.release()
    return folder / TABLE


def _check_folder(folder: Path) -> None:
    """Refuse a folder in which something else lies."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / ABOUT).exists():
        others = {path.name for path in folder.iterdir()} - {LOCK, PARTS}
        if others:
            must = "must be empty, or hold a population"
            raise StorageError(str(folder), must, sorted(others)[0], "Name another with --out.")


def _cell(population: Population, number: int) -> tuple[Cell, Any]:
    return population.cells[number], population.numbers


def _begin(population: Population, folder: Path, file: Path) -> None:
    path = folder / ABOUT
    if path.exists():
        if read_json(path).get("digest") != population.digest:
            cure = "Name another folder with --out, or take the change back."
            raise StorageError(
                str(folder), "holds another population than the file declares", cure=cure
            )
        return
    commits = commits_of(file)
    plan = {
        "committed": bool(commits) and is_as_committed(file),
        "commit": commits[0].name if commits else "",
    }
    write_json(
        path,
        {
            "schema": SCHEMA,
            "name": population.name,
            "question": population.question,
            "digest": population.digest,
            "began": datetime.now(UTC).isoformat(timespec="seconds"),
            "plan": plan,
            "terms": list(population.terms),
            "seeds": list(population.seeds),
            "contrasts": list(population.contrasts),
            "margin": population.margin,
            "numbers": dict(population.numbers),
        },
    )


def _rows_path(folder: Path, part: Part) -> Path:
    return folder / PARTS / f"{part.name}.json"


def _run_part(population: Population, part: Part, bench: Bench, folder: Path) -> None:
    """Search a part, test it and its controls, and store both; the rows come last."""
    began = time.process_time()
    found = search_forms(bench.own, part.cell.study, part.searches)
    seeds = [each.seed for each in part.searches]
    kinds = {
        "searched": values_of(bench, found.vectors, seeds),
        "random": scores_of(bench, random_vectors(bench.own, found, part.searches), seeds),
        "shuffled": scores_of(bench, shuffled_vectors(bench.own, found, part.searches), seeds),
    }
    seconds = (time.process_time() - began) / len(part.searches)
    cost = {"searched": (found.evaluations, seconds)}
    rows = [
        row
        for kind, values in kinds.items()
        for row in _rows(population, part, kind, values, found.free, *cost.get(kind, (0, 0.0)))
    ]
    arrays = {"vectors": found.vectors, "free": found.free}
    replace_file(_rows_path(folder, part).with_suffix(".npz"), arrays_to_bytes(arrays))
    text = json.dumps({"schema": SCHEMA, "rows": rows}, allow_nan=False)
    replace_file(_rows_path(folder, part), text.encode())


def _rows(
    population: Population,
    part: Part,
    kind: str,
    values: Values,
    free: np.ndarray,
    evaluations: int,
    seconds: float,
) -> Iterator[dict[str, Any]]:
    for number, search in enumerate(part.searches):
        terms = {TERM + term: int(term in search.form.terms) for term in population.terms}
        told = values if kind == "searched" else {name: values[name] for name in CONTROLS}
        yield {
            "task": part.cell.task,
            "start": part.cell.start,
            "seed": search.seed,
            "form": search.form.name,
            "kind": kind,
            **terms,
            "coefficients": int(free[number].sum()),
            **{name: _number(told[name][number]) if name in told else None for name in VALUES},
            "evaluations": evaluations,
            "seconds": round(seconds, 3),
        }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _all_rows(folder: Path, population: Population) -> Iterator[Row]:
    columns = _columns(population)
    for part in parts_of(population):
        path = _rows_path(folder, part)
        rows: Any = read_json(path).get("rows")
        whole = isinstance(rows, list) and len(rows) == KINDS * len(part.searches)
        if not whole or not all(isinstance(row, dict) and set(row) == columns for row in rows):
            must = "must hold the rows of a part, as this command writes them"
            raise StorageError(str(path), must, cure="Remove it, and call the command again.")
        for row in rows:
            yield {name: np.nan if value is None else value for name, value in row.items()}


def _columns(population: Population) -> set[str]:
    about = {"task", "start", "seed", "form", "kind", "coefficients", "evaluations", "seconds"}
    return {*about, *VALUES, *(TERM + term for term in population.terms)}
