"""Check what a user's file declares against the contract of its kind."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import Any

from neuromodels.catalog import check_fields, names_in
from neuromodels.errors import DeclarationError
from neuromodels.experiment.contracts.contract import Contract
from neuromodels.experiment.contracts.neuron import NeuronContract
from neuromodels.experiment.contracts.rule import RuleContract
from neuromodels.experiment.contracts.task import TaskContract

CONTRACTS: tuple[Contract, ...] = (RuleContract(), NeuronContract(), TaskContract())


def check(named: str, reading: AbstractContextManager | None = None) -> dict[str, Any]:
    """Return what comes of each promise of ``"my_rules.py:NAME"``.

    Parameters
    ----------
    reading
        Entered while the file runs, which may have no end.

    Returns
    -------
    dict
        ``name``, ``kind`` (the class), ``ok``, and ``promises``: for each ``promise``, ``about``,
        ``status`` and ``message``, see `Verdict`.

    Raises
    ------
    DeclarationError
        Where the file cannot be read, or declares no rule, neuron model or task of that name.
    """
    with reading or nullcontext():
        declared, contract = declared_in(named)
    verdicts = list(contract.verdicts(declared))
    return {
        "name": named,
        "kind": contract.kind.__name__,
        "ok": all(verdict.status != "failed" for verdict in verdicts),
        "promises": [asdict(verdict) for verdict in verdicts],
    }


def declared_in(named: str) -> tuple[Any, Contract]:
    """Return what a file declares under a name, and the contract of its kind."""
    path, separator, name = named.rpartition(":")
    if not separator:
        raise DeclarationError("check", "must be FILE.py:NAME", named)
    names = _names_in(path, f"check {named}")
    contract = _contract_of(names.get(name))
    if contract is None:
        known = [key for key, value in names.items() if _contract_of(value)]
        kinds = ", ".join(contract.kind.__name__ for contract in CONTRACTS)
        raise DeclarationError(
            f"check {named}",
            f"the file must declare one of {kinds} under that name",
            name,
            f"It declares: {', '.join(known) or 'none'}.",
        )
    check_fields(names[name], f"check {named}")
    return names[name], contract


def _names_in(path: str, where: str) -> dict[str, Any]:
    """Return what a file declares; what the package refuses of it is said with its name."""
    try:
        return names_in(path, where)
    except DeclarationError as error:
        if error.where == where:
            raise
        raise DeclarationError(where, str(error).rstrip(".")) from None


def _contract_of(value: object) -> Contract | None:
    return next((contract for contract in CONTRACTS if isinstance(value, contract.kind)), None)


def lines_of(found: dict[str, Any]) -> str:
    """Return one line for each promise of what `check` has found."""
    lines = []
    for promise in found["promises"]:
        status, message = promise["status"], promise["message"]
        lines.append(f"{promise['promise']}: {status}" + (f": {message}" if message else ""))
    return "\n".join(lines)
