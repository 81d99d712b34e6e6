"""The window of a solution, with its own numbers, against the sums of traces."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.measures.degeneracy.window import examine, numbers_of, windows_of
from neuromodels.measures.quantities import Solution
from neuromodels.report.measures import measure_table
from neuromodels.report.terminal import Screen
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

NUMBERS = {"eta": 0.01, "A": 0.4, "B": -0.2, "C": 0.0, "D": 0.05}
STEP = 0.005


def bandit(rule="nm_pdlf", **coefficients):
    options = {} if rule == "fixed" else {"normalisation": "none"}
    return Study(
        name="bandit",
        task=TaskChoice("cue_bandit", {"trials": 8, "reversal": 4}),
        rule=RuleChoice(rule, options, coefficients),
        circuit=CircuitChoice(
            hidden=0, readout="leaky_readout", modulator="reward_modulator", modulated_by="all"
        ),
        device=DeviceChoice(dtype="float64", threads=1),
    )


def solution_of(study, vector):
    return Solution(study, "plastic", vector, np.zeros(1, dtype=np.uint64), 1)


@pytest.fixture(scope="module")
def examined():
    study = bandit(**{name: {"per": "projection"} for name in NUMBERS})
    experiment = Experiment(study)
    vector = np.zeros(experiment.dimension)
    for name, value in NUMBERS.items():
        vector[experiment.slices[f"input_output.{name}"]] = value
    return examine(solution_of(study, vector))


def test_the_window_is_the_sum_of_products_of_traces(examined):
    """Traces of 20 ms that decay in steps of 5 ms; the rule acts in each step behind the spikes."""
    arrays, _ = examined
    fade = np.exp(-STEP / 0.02)
    alone = 60 / (1 - fade)
    together = 60 * fade ** (np.abs(arrays["input_output, M = 1.delays"]) / STEP) / (1 - fade**2)
    expected = NUMBERS["eta"] * (NUMBERS["A"] * together + NUMBERS["B"] * alone)
    found = arrays["input_output, M = 1.window"][0]
    np.testing.assert_allclose(found, expected, rtol=1e-3)  # next pairs are 50 time constants away
    assert not arrays["input_output, M = 0.window"].any()


def test_its_rows_tell_pairs_from_what_each_side_does_alone(examined):
    _, rows = examined
    fade = np.exp(-STEP / 0.02)
    after = NUMBERS["eta"] * NUMBERS["B"] * 60 / (1 - fade)
    label = "input_output, M = 1: "
    assert rows[f"{label}60 spikes of post alone"]["value"] == pytest.approx(after)
    assert rows[f"{label}60 spikes of pre alone"]["value"] == pytest.approx(0, abs=1e-9)
    beyond = rows[f"{label}pre 10 ms before post, beyond both sides alone"]["value"]
    assert beyond == pytest.approx(0.004 * 60 * fade**2 / (1 - fade**2), rel=1e-3)
    minute = rows[f"{label}a minute without spikes"]["value"]
    assert minute == pytest.approx(NUMBERS["eta"] * NUMBERS["D"] * 60 / STEP, rel=1e-6)
    assert rows["input_output, M = 0: a minute without spikes"]["value"] == 0


def test_its_table_speaks_of_no_trials(examined):
    where = {"condition": "plastic", "seed": 1}
    rows = [{**where, "quantity": name, **row} for name, row in examined[1].items()]
    screen = Screen(width=200, record=True)
    screen.print(measure_table({"measure": "window", "trials": 2000, "rows": rows}))
    text = screen.export_text()
    assert "fresh trials" not in text
    assert "No trials are run." in text


def test_numbers_of_neurons_are_those_of_their_synapses():
    """Three channels, two hidden neurons: one number per source, one per target, one for all."""
    per = {"eta": "projection", "A": "pre", "B": "post"}
    study = Study(
        name="copy",
        task=TaskChoice("sequence_copy", {"length": 2, "latency": 0}),
        rule=RuleChoice("pdlf", {}, {name: {"per": kind} for name, kind in per.items()}),
        circuit=CircuitChoice(hidden=2),
    )
    circuit = circuit_of(study, "plastic")
    vector = np.arange(float(circuit.coefficients.dimension))
    values = numbers_of(vector, circuit, circuit.projections[0])
    slices = circuit.coefficients.slices
    eta, a, b = (vector[slices[f"input_hidden.{name}"]] for name in per)
    expected = {(eta[0], source, target) for source in a for target in b}
    found = set(zip(*(values[name].tolist() for name in per), strict=True))
    assert found == expected
    assert len(a) * len(b) == len(values["eta"]), "all six differ"


def test_fixed_weights_have_no_window():
    study = bandit("fixed")
    with pytest.raises(DeclarationError, match="measure window: needs a plastic projection"):
        windows_of(solution_of(study, np.zeros(100)))
