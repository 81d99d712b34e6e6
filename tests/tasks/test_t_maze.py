"""The T-maze against numpy: sides, cues, labels, timing, score; and what solves it."""

import numpy as np
import pytest
from brian2.units import ms

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG as RULES
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.builder import fixed_weights
from neuromodels.simulation.network.circuit import Population, layered
from neuromodels.study.conditions import Controls
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks.t_maze import T_MAZE

FIXED = RULES["fixed"].with_options({"normalisation": "none"})
STREAMS = np.arange(150, dtype=np.uint64)
STEPS = {"period": 6, "shown": 4, "delay": 8, "decision": 6}
SHORT = {
    "cues": 5,
    "training": 2,
    "period": 30,
    "shown_for": 20,
    "delay": 40,
    "decision": 30,
    "active": 200.0,
    "background": 0.0,
    "slope": 2.0,
}
"""A short trial in which a channel that is driven fires in every step."""

WEIGHTS = 0.1 * np.random.default_rng(1).normal(size=2 * T_MAZE.channels)


def batch_of(parameters, instances=1, controls=None):
    layers = (
        Population("input", T_MAZE.channels, None, T_MAZE.groups, T_MAZE.trace),
        Population("output", 2, MODELS["leaky_readout"]),
    )
    made = assemble(layered(layers, FIXED, FIXED), T_MAZE, parameters, controls=controls)
    batch = Batch(made.network, instances, dtype="float64", threads=1, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    return made, batch


def bits(numbers, count):
    return np.asarray(numbers)[..., None].astype(int) >> np.arange(count) & 1


@pytest.fixture(scope="module")
def drawn():
    """Return the draws of 600 episodes."""
    _, batch = batch_of({"training": 1}, 600)
    batch.run(5 * ms)
    return {
        name: np.asarray(batch[f"items.{name}"]) for name in ("sides", "walls", "label", "chance")
    }


@pytest.fixture(scope="module", params=[1, 0], ids=["whole", "decision"])
def episode(request):
    """Return a recorded short episode: its draws, channels, read-out and score."""
    made, batch = batch_of({**SHORT, "whole": request.param}, controls=Controls(record=True))
    batch["input_output.w"] = WEIGHTS
    batch.run(made.duration)
    names = ("sides", "walls", "label")
    return {
        "whole": request.param,
        "u": np.asarray(batch.samples("watch_input")["u"]),
        "o": np.asarray(batch.samples("watch_output")["o"]),
        "z": np.asarray(batch.samples("watch_output")["z"]),
        "loss": float(batch[made.loss][0, 0]),
        "correct": float(batch[made.accuracy][0, 0]),
        **{name: np.asarray(batch[f"items.{name}"])[0] for name in names},
    }


def test_each_wall_has_ten_sensory_neurons(drawn):
    sides = bits(drawn["sides"][:, 0], 20)
    np.testing.assert_array_equal(sides.sum(axis=1), 10)
    assert np.abs(sides.mean(axis=0) - 0.5).max() < 4 * 0.5 / np.sqrt(600)
    pairs = (sides[:, :-1] == sides[:, 1:]).mean()  # 9/19 for a uniform choice of ten
    assert pairs == pytest.approx(9 / 19, abs=4 * 0.5 / np.sqrt(600 * 19))


def test_without_permutation_the_first_ten_see_the_left_wall():
    _, batch = batch_of({"permuted": 0}, 5)
    batch.run(5 * ms)
    np.testing.assert_array_equal(
        bits(np.asarray(batch["items.sides"])[:, 0], 20), np.repeat([[1, 0]], 10, 1).repeat(5, 0)
    )


def test_labels_are_the_side_of_more_cues(drawn):
    lefts = bits(drawn["walls"], 15).sum(axis=2)
    np.testing.assert_array_equal(drawn["label"], lefts > 3.5)
    favoured = np.where(drawn["chance"] > 0.5, lefts, 7 - lefts).mean() / 7
    assert favoured == pytest.approx(0.7, abs=0.02)
    assert drawn["label"].mean() == pytest.approx(0.5, abs=0.06)


def test_what_the_channels_show(episode):
    expected = np.zeros((42, 0))
    left = bits(episode["sides"][0], 20)
    for trial in range(3):
        shown = np.zeros((42, 5 * STEPS["period"] + STEPS["delay"] + STEPS["decision"]))
        for cue, wall in enumerate(bits(episode["walls"][trial], 5)):
            end = (cue + 1) * STEPS["period"]
            shown[:20, end - STEPS["shown"] : end] = (left == wall)[:, None]
        shown[20:30, -STEPS["decision"] :] = 1
        if trial < 2:
            shown[40 if episode["label"][trial] else 41, -STEPS["decision"] :] = 1
        expected = np.hstack([expected, shown])
    np.testing.assert_array_equal(episode["u"], expected)


def test_the_teacher_speaks_in_training_decisions_only(episode):
    told = np.arctanh(episode["z"]) - episode["o"]
    expected = np.zeros((3, 44, 2))
    expected[:2, -STEPS["decision"] :, 0] = (2 * episode["label"][:2] - 1)[:, None]
    expected[..., 1] = -expected[..., 0]
    erased = episode["z"].T.reshape(3, 44, 2)[:, -1]
    np.testing.assert_array_equal(erased, 0)  # between trials
    np.testing.assert_allclose(told.T.reshape(3, 44, 2)[:, :-1], expected[:, :-1], atol=1e-9)


def test_the_score_is_that_of_the_windowed_readout(episode):
    y, r = [], np.zeros(2)
    for spikes in episode["u"].T[-44:]:  # the test; read-outs were erased before
        r = r * np.exp(-5 / 20) + spikes @ WEIGHTS.reshape(-1, 2)
        y.append(r[0] - r[1])
    y[-1] = 0  # erased before it is heard
    heard = y if episode["whole"] else y[-STEPS["decision"] :]
    rightness = (2 * episode["label"][2] - 1) * np.mean(heard)
    assert episode["loss"] == pytest.approx(np.log1p(np.exp(-SHORT["slope"] * rightness)))
    assert episode["correct"] == (rightness > 0)


def study(parameters=None, contrast="group"):
    shared = {"per": "block", "frozen": 0.0}
    return Study(
        name="maze",
        task=TaskChoice("t_maze", parameters or {}),
        rule=RuleChoice(
            "three_factor",
            {"pairs": "rates", "contrast": contrast},
            {"w": shared, "a_lead": {"per": "projection"}, "a_lag": {"per": "projection"}},
        ),
        circuit=CircuitChoice(hidden=0, readout="leaky_readout", modulated_by="all"),
        device=DeviceChoice(threads=1),
    )


HAND = {
    # elig counts spikes of each channel; the teacher turns it into weight, with opposite signs
    "input_output.a_lag": -1,
    "input_output.eta": 3e-3,
    "input_output.tau_e": 3,
    "input_modulators.w": [0, 0, 0, 1, -1],
    "modulators_output.w": [1, -1],
}


def score(condition="plastic", hand=HAND, **changes):
    experiment = Experiment(study(**changes), condition)
    vector = np.zeros(experiment.dimension)
    for block in experiment.coefficients.blocks:
        value = np.asarray(hand.get(block.label, 0), dtype=float)
        if block.coefficient.scale == "log":
            value = np.log(value)
        vector[experiment.slices[block.label]] = value
    return experiment.evaluate(vector[None], STREAMS).scores.mean()


def test_one_trial_is_enough_for_numbers_set_by_hand():
    assert score() > 0.9


def test_a_teacher_that_lies_is_believed():
    assert score(hand={**HAND, "modulators_output.w": [-1, 1]}) < 0.1


def test_nothing_is_learned_without_modulation():
    assert score("M0") == 0.5


def test_an_additive_rule_repeats_the_last_label():
    assert score(contrast="none") == pytest.approx(0.5, abs=0.15)


def test_the_mean_of_a_group_is_taken_from_each_eligibility():
    rule = RULES["three_factor"].with_options({"pairs": "rates", "contrast": "group"})
    layers = (
        Population("input", T_MAZE.channels, None, T_MAZE.groups, T_MAZE.trace),
        Population("output", 2, MODELS["leaky_readout"]),
    )
    modulators = Population("modulators", 1, MODELS["modulator"])
    circuit = layered(layers, rule, FIXED, modulators=modulators)
    made = assemble(circuit, T_MAZE, SHORT, controls=Controls(record=True))
    batch = Batch(made.network, 1, dtype="float64", threads=1, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    batch["input_output.eta"] = 0.01
    for name in ("input_modulators", "modulators_output"):
        batch[f"{name}.w"] = 0.3 * np.arange(len(np.asarray(batch[f"{name}.w"])[0]))
    batch.run(44 * 5 * ms)  # one trial; its last step erases
    w, elig = (
        np.asarray(batch.samples("watch_input_output")[name]).reshape(42, 2, -1)[..., :-1]
        for name in ("w", "elig")
    )
    means = [
        np.broadcast_to(part.mean(axis=0), part.shape) for part in np.split(elig, [20, 30, 40, 41])
    ]
    third = np.tanh(np.asarray(batch.samples("watch_output")["modulation"]))[:, 1:-1]
    change = 0.01 * third * (elig - np.concatenate(means))[..., :-1]
    assert np.abs(change).max() > 1e-5
    np.testing.assert_allclose(np.diff(w), change, atol=1e-12)


def test_fixed_weights_are_searched_where_the_rules_start_is_frozen():
    coefficient = fixed_weights(study().rule).coefficients[0]
    assert (coefficient.name, coefficient.per, coefficient.frozen) == ("w", "block", False)


@pytest.mark.parametrize("wrong", [{"cues": 6}, {"cues": 17}, {"delay": 12}, {"whole": 2}])
def test_impossible_trials_are_refused(wrong):
    with pytest.raises(DeclarationError, match=r"Task.t_maze"):
        T_MAZE.with_defaults(wrong)
