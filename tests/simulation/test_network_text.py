"""A network as one frozen text: made without Brian2 objects, compared between conditions."""

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from brian2.core.magic import collect
from brian2.devices.device import get_device

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.simulation.network import builder
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.simulation.network.text import EACH_STEP, Statements, Table, Value
from neuromodels.simulation.network.writing import write_network
from neuromodels.study.conditions import controlled
from neuromodels.study.sweep import Sweep, read_declared

STUDIES = Path(__file__).parents[2] / "studies"
COPY, MAZE = "pdlf_copy_quick", "t_maze"


def text_of(name, condition="plastic", **changes):
    declared = read_declared(STUDIES / f"{name}.toml")
    study = declared.settings[0].study if isinstance(declared, Sweep) else declared
    task = tasks.CATALOG[study.task.name]
    parameters, controls = controlled(task, study.task.parameters, condition)
    circuit = circuit_of(study, condition)
    return write_network(circuit, task, parameters, controls=replace(controls, **changes))


def lines_of(text):
    """Return all equations and statements of a text, line by line, with their owner."""
    lines = set()
    for part in (*text.groups, *text.connections):
        lines |= {(part.name, line.strip()) for line in part.equations.splitlines()}
    for part in text.parts:
        if isinstance(part, Statements):
            lines |= {(part.name, line.strip()) for line in part.code.splitlines()}
    return {line for line in lines if line[1]}


def test_no_brian2_object_is_made(monkeypatch):
    def forbidden(*given, **more):
        raise AssertionError("a Brian2 object was made")

    for name in ("NeuronGroup", "Synapses", "Network", "StateMonitor", "Clock", "TimedArray"):
        monkeypatch.setattr(f"neuromodels.simulation.network.assembly.{name}", forbidden)
    device, known = get_device(), len(collect())
    text = text_of(COPY, record=True)
    assert len(text.parts) > 20
    assert (get_device(), len(collect())) == (device, known)


@pytest.mark.parametrize("with_monitors", [False, True])
def test_a_network_is_made_of_the_text_of_its_condition(with_monitors):
    study = read_declared(STUDIES / f"{COPY}.toml")
    circuit = circuit_of(study, "halted")
    made = builder.network_of(study, "halted", circuit, with_monitors)
    assert made.text == builder.text_of(study, "halted", with_monitors=with_monitors)
    assert {part.name for part in made.text.groups} <= {each.name for each in made.network.objects}


def test_equal_declarations_give_equal_texts():
    assert text_of(COPY) == text_of(COPY)
    assert text_of(COPY) != text_of(COPY, record=True)
    with pytest.raises(FrozenInstanceError):
        text_of(COPY).steps = 3


def test_a_clamped_third_factor_changes_one_line_of_each_modulated_projection():
    plastic, clamped = lines_of(text_of(MAZE)), lines_of(text_of(MAZE, "M0"))
    assert {line for _, line in clamped - plastic} == {"M = 0.0 : 1"}
    modulated = {owner for owner, _ in clamped - plastic}
    assert modulated == {owner for owner, line in plastic - clamped if line.startswith("M =")}


@pytest.mark.parametrize("condition", ["frozen", "halted"])
def test_a_rule_that_is_switched_off_keeps_what_it_had(condition):
    new = {line for _, line in lines_of(text_of(COPY, condition)) - lines_of(text_of(COPY))}
    assert "before_w = w" in new
    assert any(line.startswith("w = before_w + int(timestep(t, dt) < ") for line in new)
    assert {line.split(" ")[0] for line in new} == {"before_w", "w"}


def test_a_reset_erases_state_and_nothing_else():
    new = lines_of(text_of(COPY, "reset")) - lines_of(text_of(COPY))
    assert {name.rpartition("_")[2] for name, _ in new} == {"erasure"}
    assert any(line == "v = is_kept*v" for _, line in new)


def test_what_runs_in_a_step_is_ordered_by_number():
    """Two statements of one owner in one slot never share a number."""
    for name in (COPY, MAZE, "ei_target_rate", "control_reacher"):
        text = text_of(name)
        for part in (*text.groups, *text.connections):
            orders = [s.order for s in text.statements_of(part.name) if s.slot == EACH_STEP]
            assert len(set(orders)) == len(orders), part.name


def test_every_part_belongs_to_something_written_before_it():
    for name in (COPY, MAZE, "ei_target_rate", "control_reacher"):
        known = set()
        for part in text_of(name, record=True).parts:
            owners = {getattr(part, field, None) for field in ("owner", "source", "target")}
            assert owners - {None} <= known, part
            known |= (
                {part.name} if not isinstance(part, Statements) and "name" in vars(part) else set()
            )


def test_every_searched_number_has_an_address_and_a_start():
    text = text_of(COPY)
    starts = {f"{p.owner}.{p.variable}" for p in text.parts if isinstance(p, Value)}
    assert set(text.addresses.values()) == starts
    assert {label.split(".")[1] for label in text.addresses} == {"eta", "A", "B", "C", "D"}


def test_tables_are_equal_by_their_numbers():
    assert Table(np.eye(2)) == Table(np.eye(2))
    assert Table(np.eye(2)) != Table(np.ones((2, 2)))
    assert repr(Table(np.eye(2))) == "Table(2, 2)"


def test_a_read_out_that_nobody_can_teach_is_refused():
    task = replace(tasks.CATALOG["sequence_copy"], taught="1.0")
    declared = read_declared(STUDIES / f"{COPY}.toml")
    with pytest.raises(DeclarationError, match=r"circuit\.readout: must be a model that the task"):
        write_network(circuit_of(declared, "plastic"), task, declared.task.parameters)
