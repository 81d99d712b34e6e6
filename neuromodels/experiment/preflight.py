"""What can be known to be wrong with a study's networks before anything is searched.

Every network is written, and where there are several settings Brian2 reads the equations of each.
What a network of one's own takes of this machine is known then, too. Nothing is compiled and
nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from neuromodels.errors import DeclarationError, NeuromodelsError
from neuromodels.experiment.batches import check_size
from neuromodels.experiment.coefficient_use import check_coefficients
from neuromodels.experiment.scoring import check_dimension, check_same_coefficients
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import Assembly, network_from
from neuromodels.simulation.network.builder import circuit_of, text_of
from neuromodels.simulation.network.text import Group, NetworkText, Value
from neuromodels.study.conditions import CONDITIONS, SEARCHED
from neuromodels.study.own_files import Announce
from neuromodels.study.stages.studies import study_of_stage
from neuromodels.study.study import Study
from neuromodels.study.sweep import Sweep, read_declared, settings_of


def check_declared(declared: Study | Sweep) -> list[tuple[str, str]]:
    """Check every network of a study or of all settings of a sweep.

    Returns
    -------
    list of tuple
        Setting (empty for a study) and condition of each network that was checked.

    Raises
    ------
    DeclarationError
        Where an equation cannot be read or nothing is left to search, with the setting's name.
    """
    known: set[str] = set()
    checked = []
    for name, study in settings_of(declared):
        try:
            checked += [(name, condition) for condition in _check_study(study, known)]
        except NeuromodelsError as error:
            if not name:
                raise
            raise DeclarationError(f"setting {name}", str(error).rstrip(".")) from None
    return checked


def verdict_of(source: str, announce: Announce) -> dict[str, Any]:
    """Return what comes of every network of a study file, as `contracts.users_file.check`.

    Raises
    ------
    DeclarationError
        With every problem of the file, or the first of its networks.
    """
    declared = read_declared(source, announce=announce)
    check_coefficients(declared)
    kind = "Study" if isinstance(declared, Study) else "Sweep"
    promises = [
        {
            "promise": f"{setting}: {condition}" if setting else condition,
            "about": "Its network can be written, and Brian2 reads all of its equations.",
            "status": "ok",
            "message": "",
        }
        for setting, condition in check_declared(declared)
    ]
    return {"name": source, "kind": kind, "ok": True, "promises": promises}


def _check_study(study: Study, known: set[str]) -> Iterator[str]:
    """Yield the conditions whose networks are sound; `known` are those that Brian2 has read."""
    for condition in dict.fromkeys(CONDITIONS[c].built_as for c in study.tested):
        circuit = circuit_of(study, condition)
        if condition in SEARCHED:
            check_dimension(condition, circuit.coefficients.dimension)
        text = text_of(study, condition, circuit)
        if (said := _said(text)) not in known or circuit.own is not None:
            known.add(said)
            assembly = Assembly(network_from(text), text)
            batch = Batch(assembly.network, namespace={}, dtype=study.device.dtype)
            check_size(study, circuit, assembly, batch)
        if condition in SEARCHED:
            _check_stages(study, condition, circuit.coefficients.slices, known)
        yield condition


def _check_stages(study: Study, condition: str, own: dict[str, slice], known: set[str]) -> None:
    """Check the networks of the stages of a search; their vectors are those of the study."""
    for stage in study.search.stages:
        if stage.task:
            each = replace(study_of_stage(study, stage), conditions=(condition,))
            slices = circuit_of(each, condition).coefficients.slices
            check_same_coefficients(stage, slices, own)
            list(_check_study(each, known))


def _said(text: NetworkText) -> str:
    """Return the equations and statements of a network, without its sizes and values."""
    parts = [
        replace(part, size=0) if isinstance(part, Group) else part
        for part in text.parts
        if not isinstance(part, Value)
    ]
    return repr((parts, sorted(text.constants), dict(text.initial)))
