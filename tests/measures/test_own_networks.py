"""Measures of a network of one's own, whose wiring has gaps, beside plain numpy."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from plastic_network import LAYERED, OWN, reader

from neuromodels.cli import main
from neuromodels.errors import DeclarationError
from neuromodels.experiment.episodes import Episodes
from neuromodels.experiment.recording import trial_of
from neuromodels.experiment.runner import Runner
from neuromodels.measures import CATALOG, Solution
from neuromodels.measures.injury import Injury, injured_steps, rewards_of
from neuromodels.measures.states import states_of
from neuromodels.measures.weights import weights_in
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.store.store import Store

STREAMS = np.arange(5, dtype=np.uint64)
SPARSE = "'i != j', p=0.4"
WOUND = Injury(1.0, 6, 9)
LOOKS = [1, 5, 6, 8, 9, 15]


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a study of a network."""
    return reader(tmp_path)


def vector_of(study, condition="plastic", sigma=0.6):
    coefficients = circuit_of(study, condition).coefficients
    noise = np.random.default_rng(2).normal(0, sigma, coefficients.dimension)
    return coefficients.centre + noise


def solution_of(study, condition="plastic"):
    return Solution(study, condition, vector_of(study, condition), STREAMS, 1)


class Reference:
    """Spiking neurons with sparse synapses by Oja's rule, in plain numpy; one trial."""

    def __init__(self, study, vector, stream):
        circuit = circuit_of(study, "plastic")
        numbers = {k: v[0] for k, v in circuit.coefficients.decode(vector[None]).items()}
        self.sources, self.targets = next(p.pairs for p in circuit.projections if p.own)
        self.shown = trial_of(study, "plastic", vector, int(stream))["input.u"].T
        self.into = numbers["input_cells.w"].reshape(-1, 7)
        self.eta = numbers["back.eta"]
        self.w = np.broadcast_to(numbers.get("back.w", 0.0), self.sources.shape).astype(float)
        self.v, self.tr, self.s = np.zeros(7), np.zeros(7), np.zeros(7)
        self.step = float(study_step(study))

    def run(self, step):
        heard = np.zeros(7)
        np.add.at(heard, self.targets, self.w * self.s[self.sources])
        decay = np.exp(-self.step / 0.02)
        self.v, self.tr = self.v * decay, self.tr * decay
        self.v += self.shown[step] @ self.into + heard
        self.s = (self.v > 1).astype(float)
        self.v, self.tr = self.v - self.s, self.tr + self.s
        x, y = self.tr[self.sources], self.tr[self.targets]
        self.w = np.clip(self.w + self.eta * y * (x - y * self.w), -2, 2)


def study_step(study):
    course = trial_of(study, "plastic", vector_of(study), 0)["t"]
    return course[1] - course[0]


@pytest.mark.parametrize("injury", [pytest.param(None, marks=pytest.mark.strain), WOUND])
def test_weights_around_a_wound_are_those_of_numpy(read, injury):
    study = read(connect=SPARSE)
    vector = vector_of(study)
    found = weights_in(LOOKS, Solution(study, "plastic", vector, STREAMS, 1), injury)
    assert list(found) == ["back"]
    for trial, stream in enumerate(STREAMS[:3]):
        network = Reference(study, vector, stream)
        for step in range(max(LOOKS) + 1):
            if injury is not None and injury.holds(step):
                network.w = np.zeros_like(network.w)
            if step in LOOKS:
                each = found["back"][LOOKS.index(step), trial]
                assert_allclose(each, network.w, rtol=1e-9, atol=1e-12)
            network.run(step)
    assert found["back"][LOOKS.index(5)].any()
    assert found["back"][LOOKS.index(8)].any() == (injury is None)
    assert found["back"][LOOKS.index(15)].any(), "weights have grown again"


@pytest.mark.parametrize("condition", [pytest.param("plastic", marks=pytest.mark.strain), "fixed"])
def test_a_wound_hits_what_is_marked_and_nothing_else(read, condition):
    study = read(connect=SPARSE, conditions='["plastic", "fixed"]')
    hurt = Episodes(study, condition, vector_of(study, condition), STREAMS)
    before = {name: np.array(each) for name, each in hurt.weights().items()}
    for step in injured_steps(hurt, Injury(1.0, 2, 5)):
        now = hurt.weights()
        for name in ("input_cells", "cells_output"):
            assert_array_equal(now[name], before[name])
        if 2 <= step < 5:
            assert not now["back"].any()
        if condition == "fixed" and not 2 <= step < 5:
            assert_array_equal(now["back"], before["back"])
        hurt.run()
    assert before["input_cells"].any()


@pytest.mark.strain
def test_a_share_of_the_synapses_is_lost(read):
    study = read(connect=SPARSE, conditions='["plastic", "fixed"]')
    hurt = Episodes(study, "fixed", vector_of(study, "fixed"), np.arange(200, dtype=np.uint64))
    count = circuit_of(study, "fixed").projections[1].pairs.shape[1]
    next(injured_steps(hurt, Injury(0.3, 0, 9)))
    lost = hurt.synaptic("back", "w") == 0
    assert lost.shape == (200, count)
    assert lost.mean() == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("circuit", [OWN, pytest.param(LAYERED, marks=pytest.mark.strain)])
def test_both_parts_of_a_weight_are_lost_and_only_what_was_learned_has_to_grow(read, circuit):
    study = read(circuit, "plastic_oja")
    trials = Episodes(study, "plastic", 2 * vector_of(study), STREAMS)
    (name,) = [each for each in trials.examined if trials.learned(each)]
    assert trials.variables(name) == ("rho", "w")
    fixed = np.array(trials.synaptic(name, "w"))
    for step in injured_steps(trials, Injury(1.0, 4, 8)):
        rho, w = (trials.synaptic(name, variable) for variable in ("rho", "w"))
        assert_array_equal(w, 0 * fixed if 4 <= step < 8 else fixed)
        if 4 <= step < 8:
            assert not rho.any()
        trials.run()
    assert trials.synaptic(name, "rho").any()


@pytest.mark.strain
def test_a_rule_that_keeps_its_weight_elsewhere_is_compared_by_what_it_learns(read):
    study = read(rule="plastic_oja")
    vector = 2 * vector_of(study)
    found = weights_in([0, 9], Solution(study, "plastic", vector, STREAMS, 1))["back"]
    assert not found[0].any()
    assert found[1].any()
    course = trial_of(study, "plastic", vector, int(STREAMS[2]))["back.rho"]
    assert_allclose(found[1, 2], course[:, 8], rtol=1e-12)


# -- activity -------------------------------------------------------------------------------------


GOALS = {"task": '{ name = "velocity", steps = 20 }', "conditions": '["plastic", "fixed"]'}


def test_states_are_those_of_the_group_that_plastic_synapses_drive(read):
    study = read(**GOALS)
    vector = vector_of(study)
    found = states_of(Solution(study, "plastic", vector, STREAMS, 1))
    course = trial_of(study, "plastic", vector, int(STREAMS[3]))
    assert found.hidden.shape == (5, found.steps.size, 7)
    assert found.hidden.any()
    assert_allclose(found.hidden[3], course["cells.tr"][:, found.steps].T, rtol=1e-5, atol=1e-6)
    assert_allclose(found.channels[3], course["input.u"][:, found.steps].T, rtol=1e-5, atol=1e-6)


@pytest.mark.strain
def test_of_several_groups_the_driven_one_is_examined(read):
    more = "guards = NeuronGroup(3, 'tr : 1', name='a_guard'); return Network(guards, "
    swaps = (("return Network(", more),)
    assert Episodes(read(swaps=swaps), "plastic", vector_of(read()), STREAMS).active == ("cells",)
    only_out = read(swaps=swaps, **{"circuit.plastic": '"output"'})
    trials = Episodes(only_out, "plastic", vector_of(only_out), STREAMS)
    assert trials.examined == ["cells_output"]
    assert trials.active == ("cells",)


def test_a_group_without_the_trace_is_named(read):
    study = read(**GOALS, **{"circuit.trace": '"other"'})
    with pytest.raises(DeclarationError, match=r"OwnNetwork\.trace: must name a variable of 'cell"):
        states_of(solution_of(study, "fixed"))


def test_states_without_hidden_neurons_are_refused(read):
    study = read("    hidden = 0\n", **GOALS)
    with pytest.raises(DeclarationError, match=r"circuit\.hidden: must be at least 1"):
        states_of(solution_of(study))


# -- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "measure",
    ["weights", *(pytest.param(name, marks=pytest.mark.strain) for name in ("injury", "states"))],
)
def test_the_command_measures_a_run(read, tmp_path, capsys, measure):
    study = read(**GOALS, connect=SPARSE, **{"search.generations": 1})
    with Store(tmp_path / "run", study.to_table(), study.digest) as store:
        Runner(study, store).run()
    asked = ["measure", str(tmp_path / "run"), measure, "--trials", "16", "--json"]
    assert main(asked) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["condition"] for row in rows} == set(CATALOG[measure].conditions)
    said = {row["quantity"] for row in rows}
    if measure == "injury":
        assert "score without 50% of weights" in said
        assert not any("neurons" in each for each in said)
    if measure == "weights":
        assert {each.partition(":")[0] for each in said} == {"back"}


@pytest.mark.strain
def test_without_an_injury_the_score_is_that_of_the_experiment(read):
    study = read(connect=SPARSE)
    intact = rewards_of(solution_of(study))
    unhurt = rewards_of(solution_of(study), Injury(0.0, 0, 9))
    hurt = rewards_of(solution_of(study), Injury(1.0, 0, len(intact[0])))
    assert_array_equal(unhurt, intact)
    assert not np.array_equal(hurt, intact)
