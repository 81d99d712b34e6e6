"""Where in a study file an error belongs that a model or a question has raised."""

from __future__ import annotations

import re
from collections.abc import Mapping

from neuromodels.errors import NeuromodelsError
from neuromodels.exploration.network_file.sections import SECTIONS
from neuromodels.study.file import Declaration, StudyFileError, line_of
from neuromodels.study.kinds import Key, Problem

_OF_PARAMETER = re.compile(r"Parameter\((['\"])(.*)\1\)")


class Placing:
    """A context in which errors are told with their key and their line.

    Parameters
    ----------
    declaration
        The file.
    addresses
        Names of parameters by their addresses.
    """

    def __init__(self, declaration: Declaration, addresses: Mapping[str, str]):
        self._declaration, self._addresses = declaration, addresses

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NeuromodelsError) and not isinstance(error, StudyFileError):
            line = line_of(self.problem_of(error), self._declaration)
            raise StudyFileError(self._declaration.source, [line]) from error

    def problem_of(self, error: NeuromodelsError) -> Problem:
        """Return an error as a problem of the file."""
        if found := _OF_PARAMETER.match(error.owner):
            name = self._addresses.get(found[2], "")
            return Problem(("parameters", name) if name else ("parameters",), text_of(error))
        key = self._key_in(error.owner)
        if key[0] in SECTIONS:
            return Problem(key, text_of(error))
        return Problem(("network",), str(error))

    def _key_in(self, where: str) -> Key:
        """Return the key of what a model or a question calls ``Model.parameters['g']``."""
        plain = where.replace("['", ".").replace("']", "").replace(": ", ".")
        owner, *rest = plain.split(".")
        if owner == "Model":
            known = rest[:1] and rest[0] in SECTIONS
            return self._where_spikes_are(rest) if known else ("network", *rest)
        if owner == "Design":
            return (*self._points_of_sweep(), *(name for name in rest if name != "values"))
        return (owner, *rest)

    def _where_spikes_are(self, rest: list[str]) -> Key:
        """Return a key, of a sweep where it and not the parameter has the lists of spikes."""
        name, *more = rest[1:] or [""]
        written = self._declaration.table.get(rest[0], {}).get(name)
        has_choices = isinstance(written, Mapping) and "choices" in written
        if not more or not more[0].startswith("choices[") or has_choices:
            return tuple(rest)
        return (*self._points_of_sweep(), name + more[0].removeprefix("choices"))

    def _points_of_sweep(self) -> Key:
        """Return the key under which a sweep has its points."""
        sweep = self._declaration.table.get("sweep", {})
        return ("sweep", next((key for key in ("grid", "table") if key in sweep), "points"))


def text_of(error: NeuromodelsError) -> str:
    """Return what an error says, without the name of what it is about."""
    return str(error).removeprefix(f"{error.where}: ")
