"""Kinds of circuit: each has its own keys, and all share the section of a study file."""

import json
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest

import neuromodels.study
from neuromodels.errors import DeclarationError
from neuromodels.simulation.network.builder import BUILDERS
from neuromodels.study.circuit_checks import MODELS, PROBLEMS
from neuromodels.study.circuits import (
    KEYS,
    KINDS,
    Balanced,
    CircuitChoice,
    Layered,
    OwnNetwork,
    circuit_table,
    silent_keys,
)
from neuromodels.study.file import StudyFileError, read_study, study_of
from neuromodels.study.study import RuleChoice, Study, TaskChoice

LAYERED = {"name": "x", "task": {"name": "sequence_copy"}, "rule": {"name": "pdlf"}}
BALANCED = {
    "name": "x",
    "task": {"name": "target_rate"},
    "circuit": {"hidden": 6, "neuron": "lif", "inhibitory": 2},
    "rule": {"name": "fixed", "normalisation": "none"},
}
OWN = {
    "name": "x",
    "task": {"name": "cart_pole"},
    "circuit": {
        "build": f"{Path(__file__).parents[2] / 'studies/networks/recurrent.py'}:build",
        "input": "cells.told",
        "plastic": "back",
        "output": "cells",
    },
    "rule": {"name": "oja"},
}
TABLES = {Layered: LAYERED, Balanced: BALANCED, OwnNetwork: OWN}


def with_circuit(kind, **settings):
    table = TABLES[kind]
    return study_of({**table, "circuit": {**table.get("circuit", {}), **settings}}, "table")


def test_every_kind_has_checks_models_and_a_builder():
    for known in (PROBLEMS, MODELS, BUILDERS):
        assert set(known) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_study_file_gives_the_kind_that_its_keys_declare(kind):
    circuit = with_circuit(kind).circuit
    assert type(circuit) is kind
    with pytest.raises(FrozenInstanceError):
        circuit.hidden = 3


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_of_a_circuit_has_the_keys_of_all_kinds_and_gives_it_back(kind):
    study = with_circuit(kind)
    table = study.to_table()
    assert tuple(table["circuit"]) == KEYS
    assert study_of(json.loads(json.dumps(table)), "table") == study
    assert circuit_table(study.circuit).items() >= silent_keys(kind).items()


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_another_kind_are_silent_or_refused(kind):
    digest, silent = with_circuit(kind).digest, silent_keys(kind)
    assert with_circuit(kind, **silent).digest == digest
    loud = {
        "hidden": 8,
        "neuron": "lif",
        "groups": 2,
        "plastic": "input",
        "recurrent": True,
        "modulators": 2,
        "modulator": "modulatory_lif",
        "modulated_by": "all",
        "gru": 1,
        "drawn": 0.1,
        "inhibitor": "lif",
        "probability": {"EE": 0.5},
        "inhibitory": 2,
        "input": "cells.I",
        "output": "cells",
        "signal": "v",
        "trace": "x",
    }
    other = set() if kind is OwnNetwork else {"build", "inhibitory"}  # which make it another kind
    for key in set(silent) - other:
        with pytest.raises(StudyFileError, match=rf"1 problem.*\n.*circuit\.{key}: .*\.") as it:
            with_circuit(kind, **{key: loud[key]})
        told = ("beside inhibitory neurons", "goes with", "beside a network of one's own")
        assert any(each in str(it.value) for each in told)


def test_a_balanced_circuit_without_inhibition_is_refused():
    with pytest.raises(DeclarationError, match=r"Balanced\.inhibitory: must be at least 1; got 0"):
        Balanced(inhibitory=0)


# -- the name that Python studies use --------------------------------------------------------------


def test_the_former_name_gives_the_kind_of_its_fields():
    assert neuromodels.study.CircuitChoice is CircuitChoice
    assert CircuitChoice() == Layered()
    assert CircuitChoice(8, "lif", gru=2) == Layered(hidden=8, neuron="lif", gru=2)
    balanced = CircuitChoice(hidden=8, inhibitory=2, probability={"EE": 0.5})
    assert balanced == Balanced(hidden=8, inhibitory=2, probability={"EE": 0.5})
    assert CircuitChoice(hidden=8, inhibitory=0, probability={}) == Layered(hidden=8)


def test_the_former_name_refuses_what_would_say_nothing():
    with pytest.raises(DeclarationError, match=r"Balanced\.gru: must be 0; got 3"):
        CircuitChoice(inhibitory=2, gru=3)
    with pytest.raises(DeclarationError, match=r"Layered\.probability: must be {}"):
        CircuitChoice(probability={"EE": 0.5})
    with pytest.raises(TypeError, match="hiden"):
        CircuitChoice(hiden=3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_python_study_with_the_former_name_has_the_digest_of_its_file(tmp_path, kind):
    wanted = with_circuit(kind)
    choices = ", ".join(f"{key}={value!r}" for key, value in circuit_table(wanted.circuit).items())
    path = tmp_path / "mine.py"
    path.write_text(
        "from neuromodels.study import CircuitChoice, RuleChoice, Study, TaskChoice\n"
        f"STUDY = Study(name='x', task={wanted.task!r}, rule={wanted.rule!r},"
        f" circuit=CircuitChoice({choices}))\n"
    )
    assert read_study(path).digest == wanted.digest


def test_studies_of_both_kinds_can_be_told_apart():
    study = Study(name="x", task=TaskChoice("target_rate"), rule=RuleChoice("fixed"))
    assert study.circuit == Layered()
    other = replace(study, circuit=Balanced(inhibitory=8))
    assert study.digest != other.digest
    assert {each.name for each in fields(Layered)}.isdisjoint({"inhibitory", "probability"})
