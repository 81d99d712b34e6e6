"""The cue bandit against plain numpy, and solutions by hand that need their own rewards."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from neuromodels import rules
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.recording import recording_of
from neuromodels.measures.outcomes import outcomes_of
from neuromodels.measures.quantities import Solution
from neuromodels.measures.yoked import HELD, OWN, YOKED_TO, outcomes_by_reward
from neuromodels.seeding import trial_streams
from neuromodels.simulation.network.builder import circuit_of, text_of
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks import CATALOG

TASK = CATALOG["cue_bandit"]
DT, TAU = 0.005, 0.02
PARTS = {
    "rule": RuleChoice("three_factor", {"pairs": "rates"}),
    "circuit": CircuitChoice(
        hidden=0, readout="leaky_readout", modulator="reward_modulator", modulated_by="all"
    ),
}


def study_of(parts=PARTS, dtype="float32", **parameters) -> Study:
    return Study(
        name="bandit",
        task=TaskChoice("cue_bandit", parameters),
        device=DeviceChoice(dtype=dtype, threads=1),
        **parts,
    )


def vector_of(study: Study, numbers) -> np.ndarray:
    """Return searched numbers, those not named 0."""
    slices = circuit_of(study, "plastic").coefficients.slices
    found = np.zeros(circuit_of(study, "plastic").coefficients.dimension)
    for label, values in numbers.items():
        found[slices[label]] = np.ravel(values)
    return found


# -- one episode in numpy -----------------------------------------------------------------------

SMALL = {"cues": 4, "trials": 9, "reversal": 4, "spread": 1, "delay": 50, "slope": 3.0}
"""An episode of nine trials of 350 ms."""


@pytest.fixture(scope="module")
def drawn():
    """Return a random vector by coefficient, and the record of an episode that it runs in."""
    study = study_of(dtype="float64", **SMALL)
    rng = np.random.default_rng(3)
    numbers = {
        "input_output.w": rng.uniform(-0.3, 0.3, 40),
        "input_output.a_lead": rng.uniform(0.5, 1.5, 40),
        "input_output.a_lag": rng.uniform(-0.5, 0.5, 40),
        "input_output.eta": np.log(0.01),
        "input_output.tau_e": np.log(0.1),
        "input_output.g_0": [0.1],
        "input_modulators.w": rng.uniform(-0.1, 0.1, 20),
        "modulators_output.w": [0.9, 0.7],
        "modulators.f_0": [-0.2],
        "output.bias": [0.1, -0.1],
    }
    vector = vector_of(study, numbers)
    found = Experiment(study).evaluate(vector[None], np.array([7], dtype=np.uint64))
    return numbers, recording_of(study, "plastic", vector, 7), found


def last(recording, name):
    """Return a variable of all trials at the end, (trials,), or the shared number."""
    values = np.asarray(recording[f"items.{name}"])[..., -1]
    return values if values.size > 1 else float(np.ravel(values)[0])


def in_numpy(numbers, recording):
    """Run the episode from its draws and channels' spikes; return what came of it."""
    n = {k: np.asarray(v, dtype=float) for k, v in numbers.items()}
    w, lead, lag = (n[f"input_output.{k}"].reshape(20, 2).copy() for k in ("w", "a_lead", "a_lag"))
    eta, tau = np.exp(n["input_output.eta"]), np.exp(n["input_output.tau_e"])
    seen, side, jitter = (last(recording, k) for k in ("seen", "side", "jitter"))
    fade, xt, r = np.exp(-DT / TAU), np.zeros(20), np.zeros(2)
    elig = np.zeros((20, 2))
    rates, answers, margins, earned = [], [], [], []
    for trial in range(9):
        heard, act, reward = 0.0, 0.0, 0.0
        for step in range(70):
            ms = 5 * step
            is_on = (np.arange(20) // 5 == seen[trial]) & (ms < 200)
            rates.append(5.0 + 80.0 * is_on)
            u = np.asarray(recording["input.u"])[:, 70 * trial + step]
            xt = xt * fade + u
            told = reward * (150 <= ms < 250)
            o = np.tanh(xt @ n["input_modulators.w"] - 0.2 + told)
            third = np.tanh(o * n["modulators_output.w"] + 0.1)
            r = r * fade + u @ w
            out = r + np.array([0.1, -0.1])
            z = np.tanh(out + np.array([act, -act]) * (100 <= ms < 200))
            if ms < 100:
                heard += (out[0] - out[1]) / 20
            w = np.clip(w + eta * third * elig, -1, 1)
            elig = elig * np.exp(-DT / tau) + xt[:, None] * (lead * z - lag) * DT / TAU
            if ms == 95:
                act = 1.0 if heard + jitter[trial] > 0 else -1.0
                reward = act * side[trial]
                margins.append(side[trial] * (heard + jitter[trial]))
                earned.append(reward)
            answers.append(out)
    return {
        "rates": np.array(rates).T,
        "answers": np.array(answers).T,
        "margins": np.array(margins),
        "earned": np.array(earned),
        "w": w.ravel(),
    }


def test_an_episode_is_that_of_numpy(drawn):
    numbers, recording, outcome = drawn
    expected = in_numpy(numbers, recording)
    np.testing.assert_allclose(recording["output.o"], expected["answers"], atol=1e-9)
    np.testing.assert_allclose(recording["input_output.w"][:, -1], expected["w"], atol=1e-9)
    assert np.ptp(recording["input_output.w"], axis=1).max() > 0.1
    np.testing.assert_allclose(last(recording, "margin"), expected["margins"], atol=1e-9)
    np.testing.assert_array_equal(last(recording, "earned"), expected["earned"])
    np.testing.assert_array_equal(last(recording, "right"), expected["earned"] > 0)
    loss = np.logaddexp(0, -3.0 * expected["margins"]).mean()
    assert outcome.losses[0, 0] == pytest.approx(loss)
    assert outcome.scores[0, 0] == pytest.approx((expected["earned"] > 0).mean())


@cache
def draws(**parameters):
    """Return what 400 episodes draw, by name, each (episodes, trials) or (episodes,)."""
    study = study_of(**parameters)
    zeros = np.zeros(circuit_of(study, "plastic").coefficients.dimension)
    episodes = Solution(study, "plastic", zeros, trial_streams(2, 400), 2).episodes()
    episodes.run()
    names = ("sides", "turn", "seen", "side", "jitter", "given")
    return {name: np.asarray(episodes.batch[f"items.{name}"]) for name in names}


@pytest.mark.parametrize("cues", [2, 4])
def test_half_of_the_cues_ask_for_each_action_and_turn_together(cues):
    found = draws(cues=cues)
    sides = found["sides"].reshape(400, -1)[:, 0].astype(int)
    asks = (sides[:, None] >> np.arange(4)) & 1
    assert (asks.sum(axis=1) == cues // 2).all()
    assert not asks[:, cues:].any()
    patterns, counts = np.unique(sides, return_counts=True)
    assert len(patterns) == {2: 2, 4: 6}[cues]
    even = 400 / len(patterns)
    assert (np.abs(counts - even) < 4 * np.sqrt(even)).all()
    turn = found["turn"].reshape(400, -1)[:, 0]
    assert sorted(set(turn)) == [18, 19, 20, 21, 22]
    before = np.arange(40) < turn[:, None]
    asked = 2.0 * np.take_along_axis(asks, found["seen"].astype(int), axis=1) - 1
    np.testing.assert_array_equal(found["side"], np.where(before, asked, -asked))
    shares = [(found["seen"] == k).mean() for k in range(4)]
    np.testing.assert_allclose(shares, [1 / cues] * cues + [0] * (4 - cues), atol=0.02)
    assert found["jitter"].std() == pytest.approx(0.1, rel=0.05)
    assert not found["given"].any()


def test_without_a_reversal_no_cue_turns():
    found = draws(reversal=0, spread=0)
    assert (found["turn"] == 40).all()
    for cue in (0, 1):
        sides = np.where(found["seen"] == cue, found["side"], 0).sum(axis=1)
        shown = (found["seen"] == cue).sum(axis=1)
        np.testing.assert_array_equal(np.abs(sides), shown)


def test_channels_follow_the_protocol(drawn):
    numbers, recording, _ = drawn
    spikes, rates = np.asarray(recording["input.u"]), in_numpy(numbers, recording)["rates"]
    for is_on in (rates > 50, rates < 50):
        expected = rates[is_on] * DT
        sd = np.sqrt((expected * (1 - expected)).sum())
        assert abs(spikes[is_on].sum() - expected.sum()) < 4.5 * sd


# -- solutions by hand --------------------------------------------------------------------------
# Channels project to the read-out only. An efference copy of 1 and -1 leaves an eligibility of
# each active channel with the action that was done; the reward, 1 or -1, turns it into weight. So
# a weight moves towards the right action whether the one done was right or wrong. Numbers: an
# eligibility of 0.1 s is there when the reward comes and is gone in the next trial; eta moves the
# weights of a cue by about their whole range in one trial, and those of the channels that
# are silent by a tenth of it.

BY_HAND = {
    "input_output.a_lead": 1.0,
    "input_output.eta": np.log(0.012),
    "input_output.tau_e": np.log(0.1),
    "modulators_output.w": 5.0,
}
LAST = 10
"""Trials before the reversal, or at the end, in which it must have learned."""
FEW, MANY = 60, 600
"""Episodes of a quick look, and of one that tells .45 from .5."""


def solution_of(study: Study, numbers, episodes: int) -> Solution:
    return Solution(study, "plastic", vector_of(study, numbers), trial_streams(3, episodes), 3)


@cache
def rights(cues: int, episodes: int):
    """Return right answers by what stands for the rewards, and the first trial that is turned."""
    length = {2: {}, 4: {"trials": 60, "reversal": 30}}[cues]
    return rights_of(solution_of(study_of(cues=cues, **length), BY_HAND, episodes))


def rights_of(solution: Solution):
    found = outcomes_by_reward(solution)
    return {label: each.right for label, each in found.items()}, found[OWN].turn


def shares(right: np.ndarray, turn: np.ndarray) -> tuple[float, float]:
    """Return shares of right answers in the last trials before the reversal, and at the end."""
    before = [row[end - LAST : end].mean() for row, end in zip(right, turn, strict=True)]
    return float(np.mean(before)), float(right[:, -LAST:].mean())


def test_a_solution_by_hand_learns_by_its_rewards_alone():
    """Who knew every cue is wrong when the first one comes after the reversal."""
    found, turn = rights(2, FEW)
    assert min(shares(found[OWN], turn)) > 0.95
    first = [row[end] for row, end in zip(found[OWN], turn, strict=True)]
    assert np.mean(first) < 0.1
    for constant in (YOKED_TO, *HELD.values()):
        for share in shares(found[constant], turn):
            assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(2 * FEW), constant


@pytest.mark.strain
@pytest.mark.parametrize("cues", [2, 4])
def test_another_reward_or_none_leaves_it_at_chance(cues):
    """An episode keeps what it happens to prefer, so that an episode counts about once."""
    found, turn = rights(cues, MANY)
    assert min(shares(found[OWN], turn)) > 0.95
    for constant in (YOKED_TO, *HELD.values()):
        for share in shares(found[constant], turn):
            assert 0.45 < share < 0.55, constant


# nm_oja has no eligibility: what it learns is the product of what there is in the same step
OJA = {**PARTS, "rule": RuleChoice("nm_oja", {"form": "dense"})}
OJA_BY_HAND = {
    "input_output.alpha": 1.0,
    "input_output.eta": np.log(0.01),
    "modulators_output.w": 5.0,
}


@pytest.mark.parametrize("delay", [0, 200])
def test_a_late_reward_needs_an_eligibility(delay):
    """With 200 ms between copy and reward, the cue and all traces are over by then."""
    oja = outcomes_of(solution_of(study_of(OJA, delay=delay), OJA_BY_HAND, FEW))
    # what is left of an eligibility after the delay moves weights as far with a larger eta
    numbers = BY_HAND | ({"input_output.eta": np.log(0.03)} if delay else {})
    gated = outcomes_of(solution_of(study_of(delay=delay), numbers, FEW))
    assert gated.right.mean() > 0.8
    if delay:
        assert abs(oja.right.mean() - 0.5) < 4 * 0.5 / np.sqrt(2 * FEW)
    else:
        assert oja.right.mean() > 0.75


# nm_bcm changes a weight by M*x*y*(y - theta), and y is about 0.76 for the action that was done and
# -0.76 for the other. With a threshold near 0 both weights change alike, which tells nothing; far
# above 0.76 they change in opposite directions, and M must be negative for a reward.
BCM = {**PARTS, "rule": RuleChoice("nm_bcm", {"form": "dense"}, {"y_0": {"frozen": False}})}
BCM_BY_HAND = {
    "input_output.alpha": 0.3,
    "input_output.eta": np.log(0.005),
    "input_output.y_0": np.log(0.1),
    "modulators_output.w": -3.0,
}


def test_bcm_needs_a_threshold_above_what_an_action_reaches():
    low, high = ({**BCM_BY_HAND, "input_output.y_0": np.log(y_0)} for y_0 in (1.0, 0.1))
    found, turn = rights_of(solution_of(study_of(BCM), high, FEW))
    assert min(shares(found[OWN], turn)) > 0.95
    assert abs(found[YOKED_TO].mean() - 0.5) < 4 * 0.5 / np.sqrt(2 * FEW)
    assert outcomes_of(solution_of(study_of(BCM), low, FEW)).right.mean() < 0.75


SPIKING = {
    "rule": RuleChoice("r_stdp"),
    "circuit": CircuitChoice(
        hidden=0, readout="action_lif", modulator="reward_modulator", modulated_by="all"
    ),
}
SPIKES_BY_HAND = {
    "input_output.w": 0.25,
    "input_output.a_plus": 1.0,
    "input_output.a_minus": 1.0,
    "input_output.eta": np.log(0.003),
    "input_output.tau_e": np.log(0.1),
    "modulators_output.w": 5.0,
}


def test_reward_modulated_stdp_learns_with_spiking_actions():
    solution = solution_of(study_of(SPIKING), SPIKES_BY_HAND, FEW)
    found, turn = rights_of(solution)
    assert min(shares(found[OWN], turn)) > 0.75
    for constant in (YOKED_TO, *HELD.values()):
        for share in shares(found[constant], turn):
            assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(2 * FEW), constant


# -- who hears the reward -----------------------------------------------------------------------


def test_a_modulator_that_cannot_be_told_is_refused():
    deaf = replace(PARTS["circuit"], modulator="modulator")
    with pytest.raises(DeclarationError, match=r"circuit\.modulator: .*cue_bandit.*reward_modul"):
        text_of(study_of({**PARTS, "circuit": deaf}), "plastic")


def test_a_rule_without_a_third_factor_hears_no_reward():
    plain = RuleChoice("plastic_oja", {"form": "dense"})
    deaf = replace(PARTS["circuit"], modulator="modulator")
    study = study_of({"rule": plain, "circuit": deaf})
    assert not rules.CATALOG["plastic_oja"].modulator
    names = [part.name for part in text_of(study, "plastic").parts if hasattr(part, "name")]
    assert not [name for name in names if name.startswith("rewarded")]
    heard = [part.name for part in text_of(study_of(), "plastic").parts if hasattr(part, "name")]
    assert "rewarded_modulators" in heard


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        ({"cues": 3}, r"cues in \(2, 4\)"),
        ({"delay": 7}, "delay % 5 == 0"),
        ({"reversal": 39}, r"reversal \+ spread < trials"),
        ({"reversal": 2}, "spread < reversal"),
        ({"explore": 0.0}, "explore > 0"),
        ({"active": 300.0}, "<= 200"),
    ],
)
def test_impossible_parameters_are_refused(parameters, wrong):
    with pytest.raises(DeclarationError, match=wrong):
        TASK.with_defaults(parameters)
