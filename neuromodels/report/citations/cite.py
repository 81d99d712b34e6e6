"""What a run, a rule, a neuron, a task or an optimizer was taken from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuromodels.errors import NeuromodelsError
from neuromodels.report.citations.bibtex import OURS, bibtex, fields_of, key_of
from neuromodels.report.citations.publication import Publication
from neuromodels.report.citations.references import publications_in
from neuromodels.store.networks import is_network
from neuromodels.store.store import StoredRun
from neuromodels.study.checks import installed_catalogs
from neuromodels.study.circuits import circuit_table
from neuromodels.study.kinds import nearest
from neuromodels.study.names import NEURONS, Catalogs
from neuromodels.study.study import Study

SCHEMA = 1
SIMULATOR = ("simulator", "Brian2", "Stimberg et al. 2019")
PACKAGES = {
    "nevergrad": ("optimizers", "nevergrad", "Bennet et al. 2021"),
    "pycma": ("optimizers", "pycma", "Hansen et al. 2019"),
    "pymoo": ("optimizers", "pymoo", "Blank and Deb 2020"),
}
"""Of optimizers: the package of each source that is not this one."""
WORLD = ("bodies", "MuJoCo", "Todorov et al. 2012")
WORLDS = ("bodies", "Gymnasium", "Towers et al. 2024")


@dataclass(frozen=True)
class Used:
    """Something that was used, and what it refers to."""

    kind: str
    name: str
    reference: str

    @property
    def publications(self) -> list[Publication]:
        """What it refers to."""
        return publications_in(self.reference)[0]


def citations(asked: str) -> dict[str, Any]:
    """Return what is to be cited for a run folder, or for a name of a catalog, as plain values.

    Raises
    ------
    NeuromodelsError
        Where it is neither.
    """
    used = used_by(asked)
    cited = list(dict.fromkeys(each for use in used for each in use.publications))
    entries = [{"key": "neuromodels", **OURS}]
    entries += [{"key": key_of(each), **fields_of(each)} for each in cited]
    told = [
        {
            "kind": use.kind,
            "name": use.name,
            "reference": use.reference,
            "keys": [key_of(each) for each in use.publications],
        }
        for use in used
    ]
    return {"schema": SCHEMA, "asked": asked, "used": told, "entries": entries}


def citation_text(told: Mapping[str, Any]) -> str:
    """Return the BibTeX, below lines of comment that say what each entry is for."""
    lines = [
        f"% {use['kind']} {use['name']}: {use['reference']}"
        + (f" -> {', '.join(use['keys'])}" if use["keys"] else "")
        for use in told["used"]
    ]
    return "\n".join([*lines, "", bibtex(told["entries"])])


def used_by(asked: str) -> list[Used]:
    """Return what a run used, or the one thing of that name, and the simulator below both."""
    folder = Path(asked)
    if folder.is_dir() and is_network(folder):
        return [Used(*SIMULATOR)]
    found = _of_study(StoredRun(folder).study) if folder.is_dir() else _of_name(asked)
    return list(dict.fromkeys([*found, Used(*SIMULATOR)]))


def _of_name(asked: str) -> list[Used]:
    kinds = _kinds(installed_catalogs())
    found = [use for kind, known in kinds.items() if asked in known for use in _of(kind, asked)]
    if found:
        return found
    names = [name for known in kinds.values() for name in known]
    cure = f"{nearest(asked, names).strip()} `neuromodels list rules` shows names.".strip()
    must = "must be a run folder, or a rule, neuron, task or optimizer"
    raise NeuromodelsError("cite", must, asked, cure)


def _of_study(study: Study) -> list[Used]:
    """Return what a study was made of; files of the user's own refer to what only they know."""
    rules = dict.fromkeys(rule.name for rule in (study.rule, *study.rules.values()))
    found = [use for name in rules for use in _of("rule", name)]
    found += [use for name in _neurons(study) for use in _of("neuron", name)]
    return [*found, *_of("task", study.task.name), *_of("optimizer", study.search.optimizer)]


def _neurons(study: Study) -> Iterator[str]:
    """Yield the models in a circuit, without those that it has no neuron of."""
    table = circuit_table(study.circuit)
    rule = installed_catalogs().rules.get(study.rule.name)
    has_third = getattr(rule, "modulator", False)
    is_there = {
        "neuron": table.get("hidden") != 0,
        "inhibitor": bool(table.get("inhibitory")),
        "modulator": bool(has_third),
    }
    yield from (str(table[key]) for key in NEURONS if key in table and is_there.get(key, True))
    if table.get("gru"):
        yield "gru"


def _kinds(catalogs: Catalogs) -> dict[str, Mapping[str, Any]]:
    return {
        "rule": catalogs.rules,
        "neuron": catalogs.models,
        "task": catalogs.tasks,
        "optimizer": catalogs.optimizers,
    }


def _of(kind: str, name: str) -> Iterator[Used]:
    """Yield a member of a catalog, and the package that it comes with."""
    if ".py:" in name:
        yield Used(kind, name, "a file of yours")
        return
    member = _kinds(installed_catalogs())[kind].get(name)
    if member is None:  # of an older version
        return
    yield Used(kind, name, member.reference)
    if (source := getattr(member, "source", "")) in PACKAGES:
        yield Used(*PACKAGES[source])
    if "Gymnasium's" in member.reference:
        yield Used(*WORLDS)
        yield Used(*WORLD)
