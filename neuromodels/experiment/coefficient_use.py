"""Coefficients that a search would change without effect: nothing that counts depends on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.experiment.influence import (
    SIDES,
    flows_in,
    names_read,
    names_that_count,
    texts_of,
)
from neuromodels.neurons import NeuronModel
from neuromodels.rules import PlasticityRule
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.simulation.network.circuit import Circuit
from neuromodels.store.folder import STUDY
from neuromodels.store.sweeps import StoredSetting, StoredSweep, is_sweep
from neuromodels.study.conditions import CONDITIONS, SEARCHED
from neuromodels.study.study import Study
from neuromodels.study.sweep import Sweep, settings_of


def check_coefficients(declared: Study | Sweep) -> None:
    """Refuse to search a coefficient on which nothing that counts depends.

    Raises
    ------
    DeclarationError
        With the first of them.
    """
    for _, study in settings_of(declared):
        for error in _idle(study):
            raise error


def check_if_new(declared: Study | Sweep, folder: Path) -> list[str]:
    """Refuse to begin what `check_coefficients` refuses.

    Parameters
    ----------
    folder
        Of the run or the sweep. What has begun there goes on.

    Returns
    -------
    list of str
        What there is to say of studies that have begun.

    Raises
    ------
    DeclarationError
        With the first such coefficient in a study that has not begun.
    """
    begun = _begun_in(folder)
    said = []
    for _, study in settings_of(declared):
        for error in _idle(study):
            if not any(each.is_of(study) for each in begun) and not (folder / STUDY).exists():
                raise error
            said.append(f"{error} This run has begun with it and goes on.")
    return list(dict.fromkeys(said))


def _begun_in(folder: Path) -> list[StoredSetting]:
    """Return the settings of a sweep that a folder holds."""
    return StoredSweep(folder).settings if is_sweep(folder) else []


def _idle(study: Study) -> Iterator[DeclarationError]:
    """Yield what is wrong with each coefficient that is searched without effect."""
    networks = {CONDITIONS[name].built_as for name in study.tested}
    for condition in networks & set(SEARCHED):
        circuit = circuit_of(study, condition)
        for projection in circuit.projections:
            yield from idle_coefficients(projection.rule, projection.rule.coefficients)
        seen = _seen_of_neurons(circuit)
        for population in circuit.populations:
            if population.model is not None and not population.is_own:  # found by their use
                yield from idle_coefficients(population.model, population.coefficients, seen)


def _seen_of_neurons(circuit: Circuit) -> set[str]:
    """Return the variables of neurons that the rules of a circuit read."""
    names = names_read(text for each in circuit.projections for text in texts_of(each.rule))
    return {name.removesuffix(side) for name in names for side in SIDES if name.endswith(side)}


def idle_coefficients(
    declared: PlasticityRule | NeuronModel,
    coefficients: Iterable[Coefficient],
    seen: Collection[str] = (),
) -> Iterator[DeclarationError]:
    """Yield what is wrong with each of these coefficients that is searched without effect.

    Parameters
    ----------
    seen
        As of `neuromodels.experiment.influence.names_that_count`.
    """
    read, counting = names_read(texts_of(declared)), names_that_count(declared, seen)
    where = f"{type(declared).__name__}.{declared.name}"
    for coefficient in coefficients:
        name = coefficient.symbol
        if coefficient.frozen or name in counting:
            continue
        if name not in read:
            must = "must be read by an equation or statement, or its search is without effect"
            cure = "Use it, freeze it or remove it. An option of the rule may have left it out."
        else:
            goal = "a weight" if isinstance(declared, PlasticityRule) else "a signal or a spike"
            only = ", ".join(sorted(_fed(declared, name))[:3])
            must = f"must reach {goal}, or its search is without effect; it only changes {only}"
            cure = f"Let {goal} depend on that, or freeze or remove the coefficient."
        yield DeclarationError(f"{where}.{coefficient.name}", must, coefficient.name, cure)


def _fed(declared: PlasticityRule | NeuronModel, name: str) -> set[str]:
    """Return the variables that equations and statements set from a name."""
    flows = [flow for text in texts_of(declared) for flow in flows_in(text)]
    return {flow.into for flow in flows if name in flow.read and flow.into}
