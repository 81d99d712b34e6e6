"""What a network of one's own takes is stated before it runs, beside what it took when it ran."""

import numpy as np
import pytest
from plastic_network import NETWORK, reader

from neuromodels.cli import main
from neuromodels.errors import DeclarationError
from neuromodels.experiment.batches import batch_of, size_of
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.episodes import Episodes
from neuromodels.experiment.preflight import check_declared
from neuromodels.experiment.recording import trial_of
from neuromodels.experiment.runner import build_experiment
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.study.limits import demand
from neuromodels.study.limits.demand import bytes_of_instances

LARGE = NETWORK.replace("NeuronGroup(7,", "NeuronGroup(90,").replace(
    "return Network(cells, back",
    "slow = Synapses(cells, cells, 'g : 1', on_pre='v_post += 1e-3*g', name='slow')\n"
    "    slow.connect(p=0.5)\n"
    "    slow.delay = 'rand()*2*second'\n"
    "    return Network(cells, back, slow",
)
"""More neurons, and synapses with delays of their own whose spikes wait in a queue."""
FACTOR = 1.15
"""Within which what is stated is what was taken; streams and the like are not counted."""


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a study of a network."""
    return reader(tmp_path)


def size_in(study, condition="plastic"):
    circuit = circuit_of(study, condition)
    assembly = network_of(study, condition, circuit)
    return size_of(study, circuit, assembly, batch_of(assembly, study))


def within(stated, taken):
    return taken / FACTOR <= stated <= taken * FACTOR


def test_instances_take_what_is_stated(read):
    study = read(network=LARGE, connect="'i != j', p=0.3")
    size = size_in(study)
    assert size.neurons == 90
    assert size.synapses > 0.25 * 90**2
    assert size.each > 8 * size.synapses / 2
    streams = np.arange(20, dtype=np.uint64)
    trials = Episodes(study, "plastic", circuit_of(study, "plastic").coefficients.centre, streams)
    trials.run()
    assert within(bytes_of_instances(size, 20), trials.batch.report.bytes)


def test_candidates_take_what_is_stated(read):
    study = read(network=LARGE, connect="'i != j', p=0.3", **SYNAPTIC)
    size = size_in(study)
    experiment = Experiment(study)
    xs = np.tile(experiment.centre, (40, 1))
    experiment.evaluate(xs, np.arange(2, dtype=np.uint64))
    stated = size.shared + 40 * size.candidate
    assert within(stated, experiment.report["bytes"])
    assert 40 * size.candidate > size.shared


SYNAPTIC = {"rule.coefficients": '{ eta = { per = "synapse" } }'}


def test_a_recorded_trial_takes_what_is_stated(read):
    study = read(connect="'i != j', p=0.3")
    size = size_in(study)
    course = trial_of(study, "plastic", circuit_of(study, "plastic").coefficients.centre, 1)
    seen = ("input", "cells", "output", "back", "input_cells", "cells_output")
    kept = sum(v.nbytes for k, v in course.items() if k.partition(".")[0] in seen)
    assert within(size.recorded, kept)


def test_delays_make_queues_and_queues_are_counted(read):
    short = size_in(read(network=LARGE.replace("2*second", "0*second")))
    assert size_in(read(network=LARGE)).each > 1.2 * short.each


@pytest.fixture
def small_memory(monkeypatch):
    """Return a function that gives this machine little memory."""
    return lambda size: monkeypatch.setattr(demand, "machine_memory", lambda: size)


def test_a_network_that_is_too_large_is_refused_before_it_runs(read, small_memory):
    less = {"search.candidates": 2, "task": '{ name = "sequence_copy", length = 1, latency = 1 }'}
    study = read(network=LARGE, connect="'i != j', p=0.3", conditions='["plastic"]', **less)
    size = size_in(study)
    small_memory(1.01 * bytes_of_instances(size))
    check_declared(study)
    small_memory(0.99 * bytes_of_instances(size))
    said = r"circuit\.build: needs .* of memory at the least, for 1 instances of 90 neurons and "
    with pytest.raises(DeclarationError, match=said):
        check_declared(study)
    with pytest.raises(DeclarationError, match=said):
        build_experiment(study, "plastic")


def test_many_candidates_are_refused_by_their_key(read, small_memory):
    study = read(**{"search.candidates": 2000}, conditions='["plastic"]', **SYNAPTIC)
    size = size_in(study)
    small_memory(2000 * size.candidate)
    with pytest.raises(DeclarationError, match=r"search\.candidates: needs .*2,000 candidates of"):
        check_declared(study)


def test_the_command_line_refuses_it_on_one_line(read, small_memory, tmp_path, capsys):
    study = read(network=LARGE, conditions='["plastic"]')
    small_memory(0.2 * bytes_of_instances(size_in(study)))
    for command in (["check"], ["run", "--out", str(tmp_path / "run")]):
        assert main([command[0], str(tmp_path / "study.toml"), *command[1:]]) == 2
        (line,) = [x for x in capsys.readouterr().err.splitlines() if "at the least" in x]
        assert "circuit.build" in line
