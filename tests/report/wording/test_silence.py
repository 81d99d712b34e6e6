"""Final tests know of networks whose hidden neurons never fire, under every condition."""

from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from rich.console import Console

from neuromodels import neurons
from neuromodels.experiment.batches import batch_of, values_of
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.recording import recording_of
from neuromodels.experiment.runner import Runner
from neuromodels.report.pages.run import page_of
from neuromodels.report.run import report_tables, summary
from neuromodels.seeding import generator
from neuromodels.simulation.network.assembly import Assembly, network_from
from neuromodels.simulation.network.builder import circuit_of, text_of
from neuromodels.simulation.network.text import Group
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.circuits import Balanced
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

STREAMS = np.array([5, 6, 7], dtype=np.uint64)
SPIKING = [name for name, model in neurons.CATALOG.items() if model.threshold]
FEW = ("ternary_lif",)
"""Who is tested each day; the others take their turn under strain."""
EACH = [
    pytest.param(name, marks=() if name in FEW else pytest.mark.strain, id=name) for name in SPIKING
]
LOW = {"frozen": -1000.0, "low": -1000.0}
"""Of a bias: no input lifts such a neuron over its threshold."""


def study_of(neuron: str = "ternary_lif", dtype: str = "float32", **changes: object) -> Study:
    return Study(
        name="small",
        task=TaskChoice("sequence_copy"),
        rule=changes.pop("rule", RuleChoice("pdlf")),
        circuit=changes.pop("circuit", CircuitChoice(hidden=6, neuron=neuron)),
        device=DeviceChoice(dtype=dtype, threads=1),
        **changes,
    )


def vectors_of(experiment: Experiment) -> np.ndarray:
    """Return a network of which nothing is strong enough to fire, and one that fires."""
    draw = generator(1, "vectors").standard_normal(experiment.dimension)
    return np.array([0 * draw, 3 * draw])


@pytest.mark.parametrize("neuron", EACH)
def test_a_flag_tells_whether_any_neuron_fired_as_a_record_of_all_steps_does(neuron):
    study = study_of(neuron)
    experiment, signal = Experiment(study), f"hidden.{neurons.CATALOG[neuron].signal}"
    vectors = vectors_of(experiment)
    outcome = experiment.evaluate(vectors, STREAMS)
    recorded = [
        [not np.any(recording_of(study, "plastic", x, int(each))[signal]) for each in STREAMS]
        for x in vectors
    ]
    assert np.array_equal(outcome.measures["silent hidden"], np.array(recorded, dtype=float))
    assert outcome.silent == {"hidden": int(np.sum(recorded))}
    assert len(np.unique(recorded)) == 2, "one of them fires and one does not"


@pytest.mark.parametrize("neuron", EACH)
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.strain)])
def test_no_number_differs_by_a_bit_from_the_network_without_flags(neuron, dtype):
    study = study_of(neuron, dtype)
    circuit = circuit_of(study, "plastic")
    text = text_of(study, "plastic", circuit)
    bare = replace(
        text, parts=tuple(replace(p, flag="") if isinstance(p, Group) else p for p in text.parts)
    )
    assert (text.flags, bare.flags) == ({"hidden": "hidden.has_fired"}, {})
    draw = generator(1, "vectors").standard_normal((4, circuit.coefficients.dimension))
    found = []
    for each in (text, bare):
        made = Assembly(network_from(each), each)
        addresses = [made.loss, made.accuracy, "hidden.v", "input_hidden.w", "hidden_output.w"]
        values = values_of(circuit, made, draw)
        batch = batch_of(made, study)
        streams, rows = np.tile(STREAMS[:2], 4), np.repeat(np.arange(4), 2)
        found.append(
            batch.trials(made.duration, addresses, streams=streams, values=values, rows=rows)
        )
    for address, numbers in found[0].items():
        assert numbers.tobytes() == found[1][address].tobytes(), address
    assert np.ptp(found[0]["hidden.v"]) > 0


def test_each_spiking_population_between_channels_and_read_out_has_a_flag():
    circuit = Balanced(hidden=4, inhibitory=2, neuron="lif")
    balanced = study_of(circuit=circuit, rule=RuleChoice("pdlf", {"normalisation": "none"}))
    assert set(text_of(balanced, "fixed").flags) == {"hidden", "inhibitory"}


def test_a_model_that_has_such_a_variable_already_keeps_it(monkeypatch):
    lif = neurons.CATALOG["lif"]
    own = replace(lif, name="own", equations=f"{lif.equations}\nhas_fired : 1")
    catalog = {**neurons.CATALOG, "own": own}
    monkeypatch.setattr(neurons, "CATALOG", catalog)
    text = text_of(study_of("own"), "plastic")
    assert text.flags == {"hidden": "hidden.has_fired_2"}
    network_from(text)


def test_a_run_tells_of_silent_networks_under_every_condition(tmp_path):
    quiet = CircuitChoice(hidden=4, neuron="lif", coefficients={"hidden.bias": LOW})
    study = study_of(
        circuit=quiet,
        rule=RuleChoice("oja", {}, {"eta": {"default": 1e-3}}),
        conditions=("plastic", "fixed", "frozen", "random"),
        test=TestPlan(trials=4, finalists=1, every=1, curve_trials=2, random_rules=2),
    )
    study = replace(study, search=replace(study.search, candidates=2, trials=1, generations=1))
    with Store(tmp_path / "run", study.to_table(), study.digest) as store:
        Runner(study, store).run()
    run = StoredRun(tmp_path / "run")
    report = summary(run)
    told = [(each["condition"], each["population"]) for each in report["silent"]]
    assert told == [(name, "hidden") for name in ("plastic", "fixed", "frozen", "random")]
    console = Console(width=200, record=True)
    with console.capture() as capture:
        console.print(report_tables(report))
    for text in (capture.get(), unescape(page_of(run))):
        assert "Silent: no neuron fired in plastic, seed 1 (hidden neurons, 4 trials)" in text
