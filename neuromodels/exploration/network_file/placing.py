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
            return tuple(rest) if rest[:1] and rest[0] in SECTIONS else ("network", *rest)
        if owner == "Design":
            sweep = self._declaration.table.get("sweep", {})
            used = next((key for key in ("grid", "table") if key in sweep), "points")
            return ("sweep", used, *(name for name in rest if name != "values"))
        return (owner, *rest)


def text_of(error: NeuromodelsError) -> str:
    """Return what an error says, without the name of what it is about."""
    return str(error).removeprefix(f"{error.where}: ")
