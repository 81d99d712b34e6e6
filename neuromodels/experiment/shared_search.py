"""Searches that several settings of a sweep would make alike: made once, taken over by the others.

With fixed weights the rule of a setting plays no part, so that a sweep of rules would search the
same weights again in every setting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from neuromodels.errors import NeuromodelsError
from neuromodels.simulation.network.builder import circuit_of, text_of
from neuromodels.store.shared_search import FinishedSearch, finished_search
from neuromodels.store.store import StoredRun
from neuromodels.store.sweeps import StoredSweep
from neuromodels.study.conditions import SEARCH_OF
from neuromodels.study.study import Study
from neuromodels.study.sweep import Sweep

SECTIONS = ("task", "search", "test", "objective", "failures", "device")
"""Sections of a study that enter a search other than through its circuit and network."""


@dataclass(frozen=True)
class Neighbour:
    """Another setting of the same sweep, and its run folder, which need not be there."""

    name: str
    folder: Path
    study: Study


class Neighbours:
    """The settings of a sweep, and what each of their searches depends on.

    Parameters
    ----------
    sweep, folder
        The folder must hold the sweep, as `neuromodels.experiment.sweep.run_sweep` leaves it.
    """

    def __init__(self, sweep: Sweep, folder: Path):
        stored = StoredSweep(folder).settings
        pairs = zip(sweep.settings, stored, strict=True)
        self._every = [Neighbour(one.name, folder / kept.folder, one.study) for one, kept in pairs]
        self._digests: dict[tuple[str, str], str] = {}

    def beside(self, own: Path) -> Iterator[Neighbour]:
        """Yield the settings that have begun in another run folder than one's own."""
        return (each for each in self._every if each.folder != own and each.folder.is_dir())

    def searches_for(
        self, study: Study, folder: Path, session: Mapping[str, Any]
    ) -> SharedSearches:
        """Return what a run of one of these settings may take over; see `SharedSearches`."""
        return SharedSearches(study, folder, self, session)

    def digest(self, study: Study, condition: str) -> str:
        """Return what `search_digest` does, worked out once."""
        key = study.digest, condition
        if key not in self._digests:
            self._digests[key] = search_digest(study, condition)
        return self._digests[key]


class SharedSearches:
    """The finished searches beside a run that it may take over.

    Parameters
    ----------
    study, folder
        Those of the run.
    session
        Provenance of this session.
    """

    def __init__(
        self, study: Study, folder: Path, neighbours: Neighbours, session: Mapping[str, Any]
    ):
        self._study, self._folder, self._session = study, folder, session
        self._neighbours = neighbours

    def find(self, condition: str, seed: int) -> tuple[str, FinishedSearch] | None:
        """Return the name of a setting that made the same search, and that search."""
        own = self._neighbours.digest(self._study, condition)
        for neighbour in self._neighbours.beside(self._folder) if own else ():
            if _searches(neighbour.study, condition) and own == self._neighbours.digest(
                neighbour.study, condition
            ):
                run = self._run_of(neighbour)
                if run and (found := finished_search(run, condition, seed, self._session)):
                    return neighbour.name, found
        return None

    def _run_of(self, neighbour: Neighbour) -> StoredRun | None:
        """Return the run of a neighbour that has as many generations."""
        try:
            run = StoredRun(neighbour.folder)
            same_budget = run.study.search.generations == self._study.search.generations
            return run if same_budget and run.is_of(neighbour.study) else None
        except NeuromodelsError:  # not begun, or damaged
            return None


def _searches(study: Study, condition: str) -> bool:
    """Whether a study searches a condition: another may not even be able to build its network."""
    return condition in {SEARCH_OF.get(each, each) for each in study.conditions}


def search_digest(study: Study, condition: str) -> str:
    """Return a text that two searches have in common only if they come to the same numbers.

    It covers the circuit and the network as they are built, not the keys that they are built of.
    So a key counts where it changes something. Seed and number of generations are left out.

    Returns
    -------
    str
        Empty where something cannot be compared, such as a function or a network of the user's own.
    """
    circuit = circuit_of(study, condition)
    if circuit.own is not None:  # known by a file's name, which says nothing of its content
        return ""
    science = study.science()
    try:
        built = [plain_value(circuit), plain_value(text_of(study, condition, circuit))]
        entering = plain_value({name: science.get(name, {}) for name in SECTIONS})
    except TypeError:
        return ""
    whole = json.dumps([condition, *built, entering], sort_keys=True)
    return sha256(whole.encode()).hexdigest()


def plain_value(value: Any) -> Any:
    """Return a value as JSON, different for different values.

    Raises
    ------
    TypeError
        Where that cannot be said of it.
    """
    if value is None or isinstance(value, str | bool | int | float | np.generic):
        return [type(value).__name__, repr(value)]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:  # with a unit, perhaps
        content = sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return [value.dtype.str, value.shape, content, repr(getattr(value, "dim", None))]
    if is_dataclass(value):
        parts = {each.name: plain_value(getattr(value, each.name)) for each in fields(value)}
        return [type(value).__name__, parts]
    if isinstance(value, Mapping):
        return {str(key): plain_value(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [plain_value(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} cannot be compared")
