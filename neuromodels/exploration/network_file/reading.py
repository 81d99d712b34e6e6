"""A study file of a network of one's own: every mistake at once, and nothing run before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.errors import NeuromodelsError
from neuromodels.exploration.design import Design, latin_hypercube, sobol
from neuromodels.exploration.network_file.arguments import REQUIRED, Argument
from neuromodels.exploration.network_file.demand import demand_problems
from neuromodels.exploration.network_file.own_code import OwnFiles, OwnFunction
from neuromodels.exploration.network_file.placing import Placing, text_of
from neuromodels.exploration.network_file.readers import read_measure, read_parameter
from neuromodels.exploration.network_file.sections import ACTIONS, NETWORK, SECTIONS, Action
from neuromodels.exploration.network_file.spikes import late_spikes
from neuromodels.models import Model, Parameter
from neuromodels.models.measures.base import Measure
from neuromodels.models.quantities import Unreadable
from neuromodels.study.file import Declaration, StudyFileError, line_of
from neuromodels.study.kinds import NAME, TEXT, Key, Problem, nearest
from neuromodels.study.limits.values import unusable_values

DESIGNS = {"sobol": sobol, "latin_hypercube": latin_hypercube}
TOP = {"name": NAME, "question": TEXT}
NOT_SCIENCE = {"name", "question"}
BUDGET = {"threads", "memory", "generations", "storage", "predictive", "calibration"}
"""Keys of an action that change no number before its end: a folder goes on with others."""
Made = tuple[Callable[..., Any], dict[str, Any]]
"""What makes a value, and its arguments."""


@dataclass(frozen=True)
class NetworkStudy:
    """A study of a network of one's own; its code has not been run.

    Parameters
    ----------
    name, question
        Of the study.
    action
        What is done with the network.
    table
        The file as plain values, other files with their whole paths.
    contents
        Digests of what it names in other files.
    digest
        Of all that decides its numbers.
    code
        Files that `model` runs.
    """

    name: str
    question: str
    action: Action
    table: Mapping[str, Any]
    contents: Mapping[str, str]
    digest: str
    code: tuple[Path, ...]
    _declaration: Declaration = field(repr=False)
    _network: Mapping[str, Any] = field(repr=False)
    _parameters: Mapping[str, Made] = field(repr=False)
    _measures: Mapping[str, Made] = field(repr=False)
    _arguments: Mapping[str, Any] = field(repr=False)

    @property
    def asked(self) -> str:
        """The digest of all that was asked, with what may go on further."""
        return _digest_of([self.digest, dict(self.table[self.action.name])])

    @property
    def stored_table(self) -> dict[str, Any]:
        """What a folder keeps of the table: not where else something is written."""
        section = {k: v for k, v in self.table[self.action.name].items() if k != "storage"}
        return {**self.table, self.action.name: section}

    @property
    def generations(self) -> int:
        """Of a fit; else 0."""
        default = getattr(self.action.keys.get("generations"), "default", 0)
        return self._arguments.get("generations", default)

    def model(self) -> Model:
        """Run the code of the user's and return the model.

        Raises
        ------
        StudyFileError
            Where the code fails, or the parts do not suit each other.
        """
        with self.placing():
            return Model(
                **_found(self._network),
                parameters={n: make(**_found(a)) for n, (make, a) in self._parameters.items()},
                measures={n: make(**_found(a)) for n, (make, a) in self._measures.items()},
            )

    def arguments(self, model: Model) -> dict[str, Any]:
        """Return the arguments of the action's function, but for the model."""
        given = _found(self._arguments)
        for each in self.action.added:
            given.pop(each.name, None)
        if given.get("threads") == 0:  # all cores, as in other studies
            given["threads"] = None
        if self.action.name != "sweep":
            return given
        with self.placing():
            return _with_points(given, model)

    def checks(self) -> dict[str, int]:
        """Return how many runs a result is checked with, by the kind of check."""
        return {n.name: self._arguments.get(n.name, n.default) for n in self.action.added}

    def placing(self) -> Placing:
        """Return a context in which errors are told with their place in the file."""
        addresses = {a.get("address", ""): name for name, (_, a) in self._parameters.items()}
        return Placing(self._declaration, addresses)


def _found(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with the functions that they name."""
    return {
        name: value.found() if isinstance(value, OwnFunction) else value
        for name, value in arguments.items()
    }


def _with_points(given: dict[str, Any], model: Model) -> dict[str, Any]:
    """Return the arguments of a sweep with its design in place of the keys that declare it."""
    grid, table, points, design = (
        given.pop(key, None) for key in ("grid", "table", "points", "design")
    )
    if grid is not None or table is not None:
        chosen = Design(grid if grid is not None else table, is_grid=grid is not None)
    else:
        chosen = DESIGNS[design or "sobol"](model, points, given.get("seed", 0))
    return {"points": chosen, **given}


# -- reading --------------------------------------------------------------------------------------


def read_network_study(declaration: Declaration) -> NetworkStudy:
    """Check a declaration with a section ``[network]``; runs nothing of the user's.

    Raises
    ------
    StudyFileError
        With every problem that was found.
    """
    return _Reading(declaration).study()


class _Reading:
    """One file, and what is wrong with it."""

    def __init__(self, declaration: Declaration):
        self.declaration, self.table = declaration, declaration.table
        self.files = OwnFiles(declaration)
        self.problems: list[Problem] = []

    def study(self) -> NetworkStudy:
        """Return the study.

        Raises
        ------
        StudyFileError
            With every problem.
        """
        self.problems += unusable_values(self.table)
        self._refuse()
        self._check_top()
        network = self._section("network", NETWORK)
        parameters = self._made("parameters", self._parameter)
        measures = self._made("measures", self._measure)
        self._check_network(network)
        action = self._action()
        arguments = self._section(action.name, action.keys) if action else {}
        if action is not None:
            self._check_arguments(action, arguments)
            self._check_spikes(action, network, parameters, arguments)
        self._refuse()
        assert action is not None
        self._check_demand(action, arguments, network, len(parameters), len(measures))
        self._refuse()
        whole = {written: path for written, (path, _) in self.files.whole.items()}
        table = _replaced(self.table, whole)
        table.setdefault("name", _stem(self.declaration))
        return NetworkStudy(
            table["name"],
            table.get("question", ""),
            action,
            table,
            dict(self.files.contents),
            self._digest(action),
            tuple(sorted(self.files.code)),
            self.declaration,
            network,
            parameters,
            measures,
            arguments,
        )

    def _refuse(self) -> None:
        """Raise what was found so far, if anything."""
        lines = [*self.declaration.problems]
        lines += [line_of(problem, self.declaration) for problem in self.problems]
        if lines:
            raise StudyFileError(self.declaration.source, list(dict.fromkeys(lines)))

    def _tell(self, key: Key, text: str) -> None:
        self.problems.append(Problem(key, text))

    def _check_top(self) -> None:
        for key, value in self.table.items():
            if key in TOP:
                if wrong := TOP[key].problem(value):
                    self._tell((key,), wrong)
            elif key not in SECTIONS:
                known = f" A network's study has: {', '.join([*TOP, *SECTIONS])}."
                told = nearest(key, [*TOP, *SECTIONS]) or known
                self._tell((key,), f"unknown section.{told}")

    def _action(self) -> Action | None:
        given = [name for name in ACTIONS if name in self.table]
        if len(given) == 1:
            return ACTIONS[given[0]]
        told = f"needs one of {', '.join(f'[{name}]' for name in ACTIONS)}"
        if given:
            named = " and ".join(f"[{name}]" for name in given)
            self._tell((given[1],), f"a file has one question; got {named}. Write a file for each.")
        else:
            self._tell(("network",), f"{told}; got none of them.")
        return None

    def _section(self, name: str, keys: Mapping[str, Argument]) -> dict[str, Any]:
        """Return the arguments of a section."""
        section = self.table.get(name, {})
        if not isinstance(section, Mapping):
            self._tell((name,), "must be a table.")
            return {}
        for key, each in keys.items():
            if each.default is REQUIRED and key not in section:
                self._tell((name,), f"needs the key {key!r}.")
        found = {}
        for key, written in section.items():
            if key not in keys:
                told = nearest(key, keys) or f" There are: {', '.join(keys)}."
                self._tell((name, key), f"unknown key.{told}")
                continue
            try:
                found[key] = keys[key].value(written, self.files.finders((name, key)))
            except Unreadable as error:
                self._tell((name, key), str(error))
            except NeuromodelsError as error:
                self._tell((name, key), text_of(error))
        return found

    def _made(self, name: str, make: Callable[[Key, Any], Made]) -> dict[str, Made]:
        """Return what makes each value of a section; those that need no code are tried."""
        section = self.table.get(name, {})
        if not isinstance(section, Mapping):
            self._tell((name,), "must be a table.")
            return {}
        made = {}
        for key, written in section.items():
            try:
                kind, arguments = made[key] = make((name, key), written)
                if not any(isinstance(each, OwnFunction) for each in arguments.values()):
                    kind(**arguments)
            except Unreadable as error:
                self._tell((name, key), str(error))
            except NeuromodelsError as error:
                self._tell((name, key), text_of(error))
        if not section and name == "measures":
            self._tell(
                (name,), "needs a measure, such as rate = {measure = 'Rate', group = 'exc'}."
            )
        return made

    def _parameter(self, key: Key, written: Any) -> Made:
        return Parameter, read_parameter(written, self.files.finders(key))

    def _measure(self, key: Key, written: Any) -> Made:
        kind: type[Measure]
        kind, arguments = read_measure(written, self.files.finders(key))
        return kind, arguments

    def _check_network(self, network: Mapping[str, Any]) -> None:
        """Tell what is wrong with a model before its code is run."""
        if self.problems:
            return
        sections = ("parameters", "measures")
        stand_ins = {n: dict.fromkeys(self.table.get(n, {}), "mean(x)") for n in sections}
        given: dict[str, Any] = {**network, "build": dict, **stand_ins}
        try:
            Model(**given)
        except NeuromodelsError as error:
            self.problems.append(Placing(self.declaration, {}).problem_of(error))

    def _check_arguments(self, action: Action, arguments: Mapping[str, Any]) -> None:
        """Tell what no single key can know."""
        written = self.table[action.name]
        if action.name == "sweep" and isinstance(written, Mapping):
            given = [key for key in ("grid", "table", "points") if key in arguments]
            if len(given) != 1 and not any(k in written and k not in arguments for k in written):
                got = f"got {' and '.join(given)}" if given else "got none of them"
                self._tell(("sweep",), f"needs one of grid, table and points; {got}.")
            if "design" in arguments and "points" not in arguments:
                self._tell(("sweep", "design"), "needs the key 'points' beside it.")
        is_by_hand = self.declaration.is_by_hand(("fit", "storage"))
        if arguments.get("storage") and not is_by_hand and self.declaration.is_text:
            told = "a study file does not say where files are written. Give it with --set."
            self._tell(("fit", "storage"), told)

    def _check_spikes(
        self,
        action: Action,
        network: Mapping[str, Any],
        parameters: Mapping[str, Made],
        arguments: Mapping[str, Any],
    ) -> None:
        """Tell which spikes lie after the end of a run: nobody means these."""
        if self.problems:
            return
        found: dict[Key, Any] = {
            ("parameters", n): a.get("choices") for n, (_, a) in parameters.items()
        }
        for axes in ("grid", "table"):
            values = arguments.get(axes) or {}
            found |= {(action.name, axes, name): given for name, given in values.items()}
        for key, given in found.items():
            lists = given if isinstance(given, list) else []
            if late := late_spikes(lists, network["duration"]):
                self._tell(key, late)

    def _check_demand(
        self,
        action: Action,
        arguments: Mapping[str, Any],
        network: Mapping[str, Any],
        parameters: int,
        measures: int,
    ) -> None:
        duration = float(np.asarray(network["duration"]))
        asked = action.name, arguments, parameters, measures, duration
        self.problems += demand_problems(*asked)

    def _digest(self, action: Action) -> str:
        """Return the digest of what decides the numbers, whatever the defaults are called."""
        bare = {written: name for written, (_, name) in self.files.whole.items()}
        table = _replaced(self.table, bare)
        known = {"network": NETWORK, action.name: action.keys}
        said: list[Any] = []
        for name in sorted(key for key in table if key not in NOT_SCIENCE):
            section = dict(table[name])
            for key, argument in known.get(name, {}).items():
                if key in BUDGET or (key in section and section[key] == argument.default):
                    section.pop(key, None)
            is_free = name != "parameters"
            entries = sorted(section.items()) if is_free else section.items()
            said.append([name, [[key, _ordered(value)] for key, value in entries]])
        return _digest_of([said, sorted(self.files.contents.items())])


def _stem(declaration: Declaration) -> str:
    stem = "".join(
        c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in _name(declaration)
    )
    return stem.lstrip("_.-") or "network"


def _name(declaration: Declaration) -> str:
    return Path(declaration.source).stem[:200]


def _replaced(value: Any, texts: Mapping[str, str]) -> Any:
    """Return a table with other texts in place of some."""
    if isinstance(value, Mapping):
        return {key: _replaced(inner, texts) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, texts) for inner in value]
    return texts.get(value, value) if isinstance(value, str) else value


def _ordered(value: Any) -> Any:
    """Return a table as a list: the order of parameters and of axes decides about noise."""
    if isinstance(value, Mapping):
        return [[key, _ordered(inner)] for key, inner in value.items()]
    if isinstance(value, list):
        return [_ordered(inner) for inner in value]
    is_real = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_real else value


def _digest_of(said: Any) -> str:
    text = json.dumps(said, sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:12]
