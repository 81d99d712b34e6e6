"""Answers that a task from arrays tells the read-out while a trial runs."""

import numpy as np
import pytest
from brian2 import StateMonitor

from neuromodels.errors import DeclarationError
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection
from neuromodels.study.file import StudyFileError, read_study
from neuromodels.tasks.arrays import TrialArrays, array_task

TRIALS, STEPS, CHANNELS, CLASSES, SUBSTEPS, PRELUDE = 6, 4, 2, 3, 2, 3
DRAWN = np.random.default_rng(4)
INPUTS = DRAWN.uniform(size=(TRIALS, STEPS, CHANNELS))
LABELS = np.arange(TRIALS) % CLASSES
TOLD = np.round(DRAWN.normal(size=(TRIALS, STEPS, CLASSES)), 2) * (np.arange(STEPS) < 3)[:, None]
STUDY = """
name = "told"
task = { name = "arrays", file = "told.npz" }
circuit = { hidden = 0, readout = "leaky_readout" }
rule = { name = "error_driven" }
"""


def arrays(told=TOLD):
    return TrialArrays(INPUTS, labels=LABELS, told=told)


def test_each_read_out_is_told_the_numbers_of_its_trial_in_each_step():
    task = array_task(arrays(), "values", substeps=SUBSTEPS)
    layers = (
        Population("input", CHANNELS, None, (), task.trace),
        Population("output", CLASSES, MODELS["leaky_readout"]),
    )
    circuit = Circuit(layers, (Projection("input", "output", RULES["error_driven"]),))
    made = assemble(circuit, task, {"prelude": PRELUDE})
    output = next(each for each in made.network.objects if each.name == "output")
    made.network.add(StateMonitor(output, "told", record=True, name="heard", when="end"))
    batch = Batch(made.network, 5, dtype="float64", threads=1, namespace={})
    batch.streams = np.arange(5, dtype=np.uint64)
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    batch.record([0, 3])
    batch.run(made.duration)
    numbers = np.asarray(batch["items.number"]).reshape(-1).astype(int)
    assert numbers[0] != numbers[3]
    for instance in (0, 3):
        heard = np.asarray(batch.samples("heard", instance)["told"]).T
        shown = np.repeat(TOLD[numbers[instance]], SUBSTEPS, axis=0)
        np.testing.assert_allclose(heard[PRELUDE:], shown, atol=1e-12)
        assert not heard[:PRELUDE].any()


def test_what_is_told_is_part_of_the_data():
    others = [arrays(None).content, arrays(2 * TOLD).content]
    assert arrays().content not in others
    assert TrialArrays(INPUTS, labels=LABELS).content == others[0]


def test_what_is_told_has_a_number_for_each_read_out():
    with pytest.raises(DeclarationError, match="told: must have as many trials and steps and"):
        arrays(TOLD[:, :, :2])


def test_a_rule_with_an_error_needs_a_file_that_tells_answers(tmp_path):
    (tmp_path / "told.toml").write_text(STUDY)
    np.savez(tmp_path / "told.npz", inputs=INPUTS, labels=LABELS, told=TOLD)
    assert read_study(tmp_path / "told.toml").rule.name == "error_driven"
    np.savez(tmp_path / "told.npz", inputs=INPUTS, labels=LABELS)
    with pytest.raises(StudyFileError, match="needs an error, and the task 'arrays' tells"):
        read_study(tmp_path / "told.toml")


def test_states_are_erased_behind_each_step_where_all_shall_begin_alike():
    task = array_task(arrays(), "values", substeps=SUBSTEPS)
    assert task.at(task.with_defaults({})).between == ""
    circuit = Circuit(
        (
            Population("input", CHANNELS, None, (), task.trace),
            Population("output", CLASSES, MODELS["leaky_readout"]),
        ),
        (Projection("input", "output", RULES["fixed"]),),
    )
    made = assemble(circuit, task, {"prelude": PRELUDE, "restart": 1})
    output = next(each for each in made.network.objects if each.name == "output")
    made.network.add(StateMonitor(output, "r", record=True, name="kept", when="end", order=9999))
    batch = Batch(made.network, 1, dtype="float64", threads=1, namespace={})
    batch["input_output.w"] = 1
    batch.record([0])
    batch.run(made.duration)
    kept = np.asarray(batch.samples("kept")["r"]).T
    ends = PRELUDE + SUBSTEPS * np.arange(1, STEPS + 1) - 1
    assert not kept[ends].any()
    assert kept[ends - 1].all()


def test_restart_is_a_switch():
    with pytest.raises(DeclarationError, match="restart must be 0 or 1"):
        array_task(arrays(), "values").with_defaults({"restart": 2})


def test_neurons_hear_the_type_of_the_sample_in_each_step():
    types = DRAWN.integers(-1, 2, size=(TRIALS, STEPS))
    task = array_task(TrialArrays(INPUTS, labels=LABELS, types=types), "values", substeps=SUBSTEPS)
    layers = (
        Population("input", CHANNELS, None, (), task.trace),
        Population("hidden", 2, MODELS["saturating_lif"]),
        Population("output", CLASSES, MODELS["leaky_readout"]),
    )
    ends = (("input", "hidden", "csdp"), ("hidden", "output", "oja"))
    circuit = Circuit(layers, tuple(Projection(a, b, RULES[rule]) for a, b, rule in ends))
    made = assemble(circuit, task, {"prelude": PRELUDE})
    hidden = next(each for each in made.network.objects if each.name == "hidden")
    made.network.add(StateMonitor(hidden, "sample_type", record=[0], name="heard", when="end"))
    batch = Batch(made.network, 3, dtype="float64", threads=1, namespace={})
    batch.streams = np.arange(3, dtype=np.uint64)
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    batch.record([1])
    batch.run(made.duration)
    number = int(np.asarray(batch["items.number"]).reshape(-1)[1])
    heard = np.asarray(batch.samples("heard", 1)["sample_type"]).ravel()
    np.testing.assert_array_equal(heard[PRELUDE:], np.repeat(types[number], SUBSTEPS))
    assert not heard[:PRELUDE].any()


@pytest.mark.parametrize(
    ("types", "said"),
    [
        (
            np.full((TRIALS, STEPS), 0.5),
            "types: must be 1 for real, -1 for false, or 0 for neither",
        ),
        (np.ones((TRIALS, STEPS + 1)), "types: must have as many trials and steps as the inputs"),
    ],
)
def test_types_are_real_false_or_none_in_each_step(types, said):
    with pytest.raises(DeclarationError, match=said):
        TrialArrays(INPUTS, labels=LABELS, types=types)


def test_a_rule_without_the_types_it_needs_is_refused_with_its_line(tmp_path):
    (tmp_path / "told.toml").write_text(STUDY.replace("error_driven", "csdp"))
    np.savez(tmp_path / "told.npz", inputs=INPUTS, labels=LABELS, told=TOLD)
    with pytest.raises(StudyFileError, match=r"told.toml:5: rule.name: 'csdp' needs the type of"):
        read_study(tmp_path / "told.toml")
