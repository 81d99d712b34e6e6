"""A study: one question, declared as one frozen value with a digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import sha256
from typing import Any, ClassVar, Literal

from neuromodels.errors import DeclarationError
from neuromodels.search.plan import SearchPlan
from neuromodels.study.added_keys import added_key, keys_left_out
from neuromodels.study.circuits import AnyCircuit, CircuitChoice, circuit_table, silent_keys
from neuromodels.study.conditions import SEARCHED, in_order, tested_of
from neuromodels.study.objective import FailurePlan, Objective

ARRAYS = ("task.file", "task.arrays")
"""Places in `Study.contents` of the arrays of a task: in a file that the study names, or not."""


@dataclass(frozen=True)
class TaskChoice:
    """A task of the catalog, its parameters and its options."""

    name: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def out_of(self, catalog: Mapping[str, Any]) -> Any:
        """Return the task with its options; the parameters are given to whoever runs it.

        Raises
        ------
        DeclarationError
            Where an option cannot be used, such as a file that is not there.
        """
        return catalog[self.name].with_options(self.options)


@dataclass(frozen=True)
class RuleChoice:
    """A rule of the catalog, its options, and changed settings of its coefficients.

    Parameters
    ----------
    mechanisms
        The rules that it is composed of, by the names of its mechanisms; empty: a plain rule. The
        settings of their coefficients stand in `coefficients`, as ``"oja.eta"``.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    coefficients: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    mechanisms: Mapping[str, RuleChoice] = field(default_factory=dict)

    def out_of(self, catalog: Mapping[str, Any]) -> Any:
        """Return the rule with its options and settings.

        Raises
        ------
        DeclarationError
            Where an option, a mechanism or a coefficient does not exist.
        """
        rule = catalog[self.name]
        if self.mechanisms:
            parts = {name: each.out_of(catalog) for name, each in self.mechanisms.items()}
            rule = rule.composed_of(parts, dict(self.options))
        else:
            rule = rule.with_options(dict(self.options))
        return rule.with_coefficients(self.coefficients)


@dataclass(frozen=True)
class TestPlan:
    """How solutions are tested.

    Parameters
    ----------
    trials
        Fresh sequences behind each final score.
    finalists
        Centres kept from the test points and scored again beside the last one.
    every
        Generations between two test points of the learning curve.
    curve_trials
        Fresh sequences per test point.
    random_rules
        Rules drawn for the condition ``random``.
    archive
        Good centres that differ most from each other, kept from the test points.
    archive_margin
        How far the score of one may lie below the best.
    front
        Members of a pareto front that are scored again at the end.
    inputs
        What final scores are on: ``"searched"``, inputs drawn as in a search, or ``"held out"``,
        those that no search, choice or fit sees. `Inputs` says which these are.
    """

    __test__: ClassVar[bool] = False

    trials: int = 10000
    finalists: int = 4
    every: int = 50
    curve_trials: int = 1024
    random_rules: int = 64
    archive: int = added_key(8)
    archive_margin: float = added_key(0.1)
    front: int = added_key(32)
    inputs: Literal["searched", "held out"] = added_key("searched")


@dataclass(frozen=True)
class DeviceChoice:
    """Where instances run; ``threads = 0`` takes every core."""

    name: Literal["batch", "auto", "cuda"] = "batch"
    dtype: Literal["float32", "float64"] = "float32"
    threads: int = 0


@dataclass(frozen=True)
class Study:
    """One question and everything that decides its answer.

    Parameters
    ----------
    conditions
        Names of what is searched and tested, see `neuromodels.study.conditions.CONDITIONS`.
    contents
        Digests of what the study names outside itself: ``"rule.name"``, ``"task.name"`` or
        ``"circuit.neuron"`` in a file of the user's own, the run in ``"search.start"``, and the
        arrays of a task, ``"task.file"`` or ``"task.arrays"``.
    rules
        Rules of connection types that have one of their own; `rule` is that of all others.
    """

    name: str
    task: TaskChoice
    rule: RuleChoice
    question: str = ""
    seeds: tuple[int, ...] = (1,)
    conditions: tuple[str, ...] = ("plastic",)
    circuit: AnyCircuit = field(default_factory=CircuitChoice)
    search: SearchPlan = field(default_factory=SearchPlan)
    test: TestPlan = TestPlan()
    objective: Objective = field(default_factory=Objective)
    failures: FailurePlan = field(default_factory=FailurePlan)
    device: DeviceChoice = DeviceChoice()
    contents: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, RuleChoice] = field(default_factory=dict)

    def task_out_of(self, catalog: Mapping[str, Any]) -> Any:
        """Return the task with its options, from the catalog of tasks.

        Raises
        ------
        DeclarationError
            Where it cannot be made, or has other arrays now than when the study was read.
        """
        task = self.task.out_of(catalog)
        known = [self.contents[place] for place in ARRAYS if place in self.contents]
        if known and known != [task.content]:
            raise DeclarationError(
                f"Task.{task.name}",
                "must have the arrays with which this study was read; they have changed since",
                cure="Put them back, or begin another run.",
            )
        return task

    @property
    def searched(self) -> tuple[str, ...]:
        """Conditions with a search of their own, implied ones included."""
        return tuple(c for c in self.tested if c in SEARCHED)

    @property
    def sees_spikes(self) -> bool:
        """Whether spikes must be counted: a term or a limit asks for it."""
        return self.objective.sees_spikes or self.failures.sees_spikes

    @property
    def derived(self) -> tuple[str, ...]:
        """Conditions tested without a search, in the order of the tables."""
        return tuple(c for c in in_order(self.conditions) if c not in SEARCHED)

    @property
    def tested(self) -> tuple[str, ...]:
        """Every condition that gets a final score, in the order of the tables."""
        return tested_of(self.conditions)

    def to_table(self) -> dict[str, Any]:
        """Return the study as plain values, shaped as a study file."""
        table = _plain(self)
        task = table["task"]
        table["task"] = {"name": task["name"], **task["options"], **task["parameters"]}
        table["circuit"] = _plain(circuit_table(self.circuit))
        table["rule"] = _rule_table(table["rule"])
        table["rules"] = {kind: _rule_table(rule) for kind, rule in table["rules"].items()}
        table["objective"]["terms"] = {
            name: {key: value for key, value in term.items() if value is not None}
            for name, term in table["objective"]["terms"].items()
        }
        for name in ("rules", "contents"):
            if not table[name]:
                del table[name]
        return table

    @property
    def digest(self) -> str:
        """Twelve hex digits that change with the science and with nothing else.

        Name, question, seeds and thread count do not enter, nor does the number of generations:
        a longer search begins with the shorter one. What lies in other files enters with its
        content and not with its place.
        """
        canonical = json.dumps(self.science(), sort_keys=True, separators=(",", ":"))
        return sha256(canonical.encode()).hexdigest()[:12]

    def science(self) -> dict[str, Any]:
        """Return what the digest covers, as plain values."""
        table = self.to_table()
        for label in ("name", "question", "seeds"):
            del table[label]
        del table["device"]["threads"], table["search"]["generations"]
        self._leave_out_added(table)
        self._enter_contents(table)
        table["conditions"] = self.tested
        return table

    def _leave_out_added(self, table: dict[str, Any]) -> None:
        """Leave out of a table what studies did not always say, where it says nothing new."""
        for name in list(table):
            section = getattr(self, name)
            if is_dataclass(section):
                elsewhere = silent_keys(type(self.circuit)) if name == "circuit" else ()
                for key in (*keys_left_out(section), *elsewhere):
                    del table[name][key]
                if not table[name]:
                    del table[name]

    def _enter_contents(self, table: dict[str, Any]) -> None:
        """Put the contents of other files where the table names the files."""
        for place, content in table.pop("contents", {}).items():
            *sections, key = place.split(".")
            holder = table
            for name in sections:
                holder = holder[name]
            # a task in a user's file may be made of arrays, which no key names
            _, is_name, member = holder.get(key, "").rpartition(".py:")
            holder[key] = [content, member if is_name and key != "start" else ""]


def _rule_table(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule as it stands in a study file, options beside its name."""
    mechanisms = {
        name: {"rule": each["name"], **each["options"]} for name, each in rule["mechanisms"].items()
    }
    composed = {"mechanisms": mechanisms} if mechanisms else {}
    return {
        "name": rule["name"],
        **rule["options"],
        **composed,
        "coefficients": rule["coefficients"],
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value
