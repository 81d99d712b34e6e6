"""Stored runs as tables: pandas for what a search wrote, xarray for what it found."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neuromodels.coefficients import FIXED_WEIGHT, Coefficient
from neuromodels.errors import RunNotFound
from neuromodels.store.find import Member, required_members
from neuromodels.store.folder import solution_path
from neuromodels.store.front_and_archive import archives_of, fronts_of
from neuromodels.store.ledger import Ledger
from neuromodels.store.neighbours import Tell, each_whole
from neuromodels.store.records import GenerationRecord, RunRecord, TestRecord
from neuromodels.store.store import StoredRun
from neuromodels.store.sweeps import StoredSweep, is_sweep
from neuromodels.study.circuits import projection_of
from neuromodels.study.conditions import CONDITIONS, SEARCHED
from neuromodels.study.study import Study

if TYPE_CHECKING:
    from pandas import DataFrame
    from xarray import Dataset


def load(folder: Path | str, *, tell: Tell = warnings.warn) -> Loaded:
    """Return the tables of a run folder, of a sweep, or of every run in a folder.

    Parameters
    ----------
    folder
        As printed when the run or the sweep started.
    tell
        Gets a sentence about each run beside others that cannot be read and is left out.

    Raises
    ------
    RunNotFound
        When the folder holds none.
    DamagedRun
        When the only run cannot be read.
    """
    folder = Path(folder)
    members = [member for member, _ in each_whole(required_members(folder, tell), _check, tell)]
    keys = StoredSweep(folder).keys if is_sweep(folder) else ()
    unset = dict.fromkeys(keys)
    runs = [
        (member.run, {**unset, **(member.setting.values if member.setting else {})})
        for member in members
        if member.run is not None
    ]
    return Loaded(folder, tuple(runs), keys)


def _check(member: Member) -> None:
    """Open the ledger of a run once, so that a damaged one is found before any table is made."""
    if member.run is not None:
        _records(member.run, RunRecord)


@dataclass(frozen=True, repr=False)
class Loaded:
    """The tables of one or several runs, read when they are first asked for.

    Parameters
    ----------
    folder
        Where they lie.
    members
        Each run with what its setting of a sweep sets.
    keys
        What the sweep varies; columns of every table.
    """

    tables: ClassVar = ("generations", "tests", "runs", "solutions", "fronts", "archives")
    folder: Path
    members: tuple[tuple[StoredRun, Mapping[str, Any]], ...]
    keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self._title}\n{self._finals.to_string()}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._title)}</p>{self._finals.to_html()}"

    @property
    def _title(self) -> str:
        count = len(self.members)
        return f"{count} run{'s' * (count != 1)} in {self.folder}: final scores by condition"

    @property
    def _finals(self) -> DataFrame:
        """Final scores, one row per run and seed, one column per condition."""
        final = self.tests[self.tests["kind"] == "final"]
        rows = final.set_index(["run", "seed", "condition"])["score"].unstack("condition")
        return rows.round(3)

    @cached_property
    def generations(self) -> DataFrame:
        """One row per generation: losses, scores, failures, seconds."""
        return self._table(GenerationRecord)

    @cached_property
    def tests(self) -> DataFrame:
        """One row per test on fresh sequences: ``kind`` is ``curve`` or ``final``."""
        return self._table(TestRecord)

    @cached_property
    def runs(self) -> DataFrame:
        """One row per condition and seed: where it stands and what it cost."""
        return self._table(RunRecord)

    @cached_property
    def fronts(self) -> DataFrame:
        """One row per member of the front of a search with several goals, and its goals."""
        return self._alternatives(fronts_of, ["condition", "seed", "member", "score"])

    @cached_property
    def archives(self) -> DataFrame:
        """One row per vector of the diverse archive of a search, and its score."""
        return self._alternatives(
            archives_of, ["condition", "seed", "member", "generation", "score"]
        )

    def _alternatives(
        self, rows_of: Callable[[StoredRun], list[dict[str, Any]]], columns: list[str]
    ) -> DataFrame:
        from pandas import DataFrame

        rows = [
            {"run": run.folder.name, **values, **row}
            for run, values in self.members
            for row in rows_of(run)
        ]
        return DataFrame(rows) if rows else DataFrame(columns=["run", *self.keys, *columns])

    @cached_property
    def solutions(self) -> Dataset:
        """The values of every searched coefficient by ``run``, ``condition`` and ``seed``.

        One variable per coefficient and projection, ``"input_hidden.eta"``; its last dimension,
        ``"input_hidden.synapse"``, ``".pre"`` or ``".post"``, numbers synapses (row by source
        neuron) or neurons, and is absent where one number holds for all. NaN where a condition
        has no such coefficient or no solution yet, or a smaller circuit. A coefficient that has
        several granularities is one variable each, ``"input_hidden.eta per post"``. ``score``,
        ``low`` and ``high`` are the final score with its 95 % interval, ``generation`` that of
        the chosen centre.
        """
        return _solutions([run for run, _ in self.members])

    def _table(self, record: type) -> DataFrame:
        from pandas import DataFrame

        columns = [each.name for each in fields(record)]
        rows = [
            {"run": run.folder.name, **values, **asdict(each)}
            for run, values in self.members
            for each in _records(run, record)
        ]
        table = DataFrame(rows, columns=["run", *self.keys, *columns])
        numbers = [f.name for f in fields(record) if "float" in str(f.type)]
        return table.astype(dict.fromkeys(numbers, float))


def _records(run: StoredRun, record: type) -> list[Any]:
    try:
        ledger = run.ledger()
    except RunNotFound:
        return []
    try:
        return _rows(ledger, record)
    finally:
        ledger.close()


def _rows(ledger: Ledger, record: type) -> list[Any]:
    if record is RunRecord:
        return ledger.runs()
    if record is TestRecord:
        return [*ledger.tests("curve"), *ledger.tests("final")]
    return [each for row in ledger.runs() for each in ledger.generations(row.condition, row.seed)]


# -- solutions ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Number:
    """One coefficient of one solution, or one number about it, and its place in the dataset."""

    place: tuple[str, str, int]
    name: str
    values: np.ndarray
    per: str = "projection"

    @property
    def dimension(self) -> str:
        """The name of its own dimension; empty where it is one number."""
        projection = self.name.partition(".")[0]
        return "" if self.per == "projection" else f"{projection}.{self.per}"


def _solutions(runs: Sequence[StoredRun]) -> Dataset:
    from xarray import Dataset

    numbers = [number for run in runs for number in _numbers_of(run)]
    axes: dict[str, list[Any]] = {
        "run": list(dict.fromkeys(number.place[0] for number in numbers)),
        "condition": [c for c in SEARCHED if any(number.place[1] == c for number in numbers)],
        "seed": sorted({number.place[2] for number in numbers}),
    }
    lengths: dict[str, int] = {}
    granularities: dict[str, set[str]] = {}
    for number in numbers:
        lengths[number.dimension] = max(lengths.get(number.dimension, 0), number.values.size)
        granularities.setdefault(number.name, set()).add(number.per)
    arrays: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    for number in numbers:
        is_one = len(granularities[number.name]) == 1
        name = number.name if is_one else f"{number.name} per {number.per}"
        own = [number.dimension] if number.dimension else []
        shape = [*map(len, axes.values()), *(lengths[dimension] for dimension in own)]
        _, array = arrays.setdefault(name, ((*axes, *own), np.full(shape, np.nan)))
        run, condition, seed = map(list.index, axes.values(), number.place)
        if own:
            array[run, condition, seed, : number.values.size] = number.values
        else:
            array[run, condition, seed] = number.values[0]
    return Dataset(arrays, coords={name: np.array(axis) for name, axis in axes.items()})


def _numbers_of(run: StoredRun) -> Iterator[_Number]:
    finals = {
        (test.condition, test.seed): test
        for test in _records(run, TestRecord)
        if test.kind == "final"
    }
    for condition in SEARCHED:
        for seed in run.study.seeds:
            if solution_path(run.folder, condition, seed).is_file():
                yield from _coefficients(run, condition, seed)
                final = finals.get((condition, seed))
                for name in ("score", "low", "high") if final else ():
                    values = np.array([getattr(final, name)])
                    yield _Number((run.folder.name, condition, seed), name, values)


def _coefficients(run: StoredRun, condition: str, seed: int) -> Iterator[_Number]:
    arrays = run.solution(condition, seed)
    place = (run.folder.name, condition, seed)
    yield _Number(place, "generation", np.array([float(arrays["generation"])]))
    known = coefficients_of(run.study, condition)
    for label, start, stop in zip(arrays["names"], arrays["starts"], arrays["stops"], strict=True):
        coefficient = coefficient_at(str(label), known)
        values = coefficient.told(arrays["vector"][start:stop])
        yield _Number(place, str(label), values, coefficient.per)


def coefficient_at(label: str, known: Mapping[str, Coefficient]) -> Coefficient:
    """Return the coefficient of a part of a solution, of those that `coefficients_of` returns."""
    return known.get(label) or known[label.partition(".")[2]]


def coefficients_of(study: Study, condition: str) -> dict[str, Coefficient]:
    """Return the coefficients of a stored study, without running anything of it.

    Those of ``[rule]`` by name, those of other rules and of neurons by label,
    ``projection.name`` or ``population.name``.
    """
    of_rule = study.rule.coefficients
    known = {
        label: Coefficient(label.rpartition(".")[2]).with_settings(each)
        for label, each in study.circuit.coefficients.items()
    }
    for kind, rule in study.rules.items():
        projection = projection_of(kind)
        known |= {
            f"{projection}.{name}": Coefficient(name).with_settings(each)
            for name, each in rule.coefficients.items()
        }
    if CONDITIONS[condition].weights == "fixed":
        of_rule = {name: each for name, each in of_rule.items() if name == FIXED_WEIGHT.name}
    known |= {name: Coefficient(name).with_settings(each) for name, each in of_rule.items()}
    return {FIXED_WEIGHT.name: FIXED_WEIGHT, **known}
