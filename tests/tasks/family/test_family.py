"""The task family: what each member shows and asks for, against a reference by hand in numpy."""

import itertools

import numpy as np
import pytest

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.episodes import Episodes
from neuromodels.seeding import trial_streams
from neuromodels.simulation.network.builder import circuit_of, text_of
from neuromodels.study.circuits import CircuitChoice
from neuromodels.study.study import DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks.family.family import FAMILY, NAMES
from neuromodels.tasks.family.member import Member

CIRCUIT = CircuitChoice(
    hidden=48,
    neuron="lingering_lif",
    readout="leaky_readout",
    plastic="output",
    drawn=0.1,
    modulator="reward_modulator",
    modulated_by="task",
    coefficients={"slow": {"frozen": 16.0}, "tau_s": {"frozen": 0.5}, "gain": {"frozen": 5.0}},
)
RULE = RuleChoice(
    "taylor_modulated",
    {"terms": "m110 k110"},
    {"w": {"per": "projection", "default": 0.0, "frozen": 0.0}, "m110": {"per": "projection"}},
)

# By hand: after a reward of 1 weights move towards the action that was done, after -1 away from it.
# What the read-out says by itself is unlearned a little (k110 < 0), so that what all trials have in
# common does not grow.

BY_HAND = {"hidden_output.m110": 0.002, "hidden_output.k110": -0.0005, "modulators_output.w": 1.0}


def study_of(rule=RULE, circuit=CIRCUIT, dtype="float32", options=None, **parameters) -> Study:
    return Study(
        name="family",
        task=TaskChoice("family", parameters, options or {}),
        rule=rule,
        circuit=circuit,
        device=DeviceChoice(dtype=dtype, threads=1),
    )


def episodes_of(study: Study, count: int, numbers=None, inputs=None) -> Episodes:
    coefficients = circuit_of(study, "plastic").coefficients
    vector = np.zeros(coefficients.dimension)
    for label, value in (numbers or {}).items():
        vector[coefficients.slices[label]] = value
    return Episodes(study, "plastic", vector, trial_streams(5, count), inputs)


# -- the reference ------------------------------------------------------------------------------
# A trial of 500 ms in steps of 10 ms: what each group of channels shows, as a share of the highest
# rate, and whether the first action is right. Groups: stimuli a and b of modality 1, a and b of
# modality 2, go, cue 1, cue 2. Written from the definitions, not from the package.

GROUPS = {"1a": 0, "1b": 1, "2a": 2, "2b": 3, "go": 4, "cue1": 5, "cue2": 6}
SIZES = (4, 4, 4, 4, 1, 2, 2)


def shown_and_right(name, coin1, coin2, three, mapping, turned):
    """Return the levels of the groups in a trial, (7, 50), and whether action 1 is right."""
    levels = np.zeros((7, 50))

    def show(group, begin, end, level=1.0):
        levels[GROUPS[group], begin // 10 : end // 10] = level

    show("go", 300, 500)
    first, second = "ab"[int(coin1)], "ab"[int(coin2)]
    # graded: 2 then 1 or 3, or 1 or 3 then 2
    extreme = 3 if coin2 else 1
    grade1, grade2 = (2, extreme) if coin1 else (extreme, 2)
    if name in ("go", "anti_go", "reversal"):
        show("1" + first, 200, 500)
        straight = {"go": True, "anti_go": False, "reversal": (mapping % 2 == 1) == bool(turned)}
        return levels, (first == "a") == straight[name]
    if name == "delayed_go":
        show("1" + first, 0, 100)
        return levels, first == "a"
    if name in ("match", "context_1", "context_2", "context_cued"):
        show("1" + first, 200, 500)
        show("2" + second, 200, 500)
        if name == "context_cued":
            show("cue2" if three else "cue1", 200, 500)
        relevant = second if name == "context_2" or (name == "context_cued" and three) else first
        return levels, first == second if name == "match" else relevant == "a"
    if name in ("delayed_match", "delayed_nonmatch"):
        show("1" + first, 0, 100)
        show("1" + second, 200, 500)
        return levels, (first == second) == (name == "delayed_match")
    if name == "comparison":
        show("1a", 0, 100, grade1 / 3)
        show("1a", 200, 300, grade2 / 3)
        return levels, grade1 > grade2
    if name == "interval":
        lengths = {1: 30, 2: 60, 3: 100}
        show("1a", 0, lengths[grade1])
        show("1a", 200, 200 + lengths[grade2])
        return levels, grade1 > grade2
    if name == "recall":
        show("1" + first, 0, 100)
        show("1" + second, 100, 200)
        show("cue2" if three else "cue1", 300, 500)
        return levels, (second if three else first) == "a"
    assert name == "association"
    show(("2" if coin2 else "1") + first, 200, 500)
    stimulus = ("1a", "1b", "2a", "2b").index(("2" if coin2 else "1") + first)
    return levels, not (mapping >> stimulus) & 1


TRIALS = 12


@pytest.fixture(scope="module")
def course():
    """Return an episode of each task: rates (14, 38, steps), answers (14, steps, 2), and draws."""
    study = study_of(trials=TRIALS, dtype="float64")
    episodes = episodes_of(study, len(NAMES), BY_HAND, np.arange(len(NAMES)))
    rates, answers = [], []
    for _ in range(episodes.steps):
        episodes.run()
        rates.append(np.asarray(episodes.batch["input.rate"]))
        answers.append(episodes.readouts())
    names = ("member", "coin1", "coin2", "three", "side", "mapping", "turn")
    names += ("heard", "jitter", "margin", "chosen", "right", "earned")
    drawn = {name: np.asarray(episodes.batch[f"items.{name}"]) for name in names}
    return np.stack(rates, axis=-1), np.stack(answers, axis=1), drawn


@pytest.fixture(scope="module")
def shown(course):
    """Return the rates, and what was drawn."""
    return course[0], course[2]


def test_the_answer_of_the_fourth_phase_decides_and_its_reward_is_earned(course):
    _, answers, drawn = course
    differences = (answers[..., 0] - answers[..., 1]).reshape(len(NAMES), TRIALS, 50)
    heard = differences[:, :, 30:40].mean(axis=2)
    np.testing.assert_allclose(drawn["heard"], heard, atol=1e-9)
    assert np.abs(heard).max() > 0.1
    chosen = np.where(heard + drawn["jitter"] > 0, 1, -1)
    np.testing.assert_array_equal(drawn["chosen"], chosen)
    np.testing.assert_array_equal(drawn["earned"], chosen * drawn["side"])
    np.testing.assert_array_equal(drawn["right"], chosen == drawn["side"])


def test_the_copy_reaches_the_read_out_and_the_reward_reaches_modulators():
    parts = text_of(study_of(), "plastic").parts
    told = {p.name: p.target for p in parts if getattr(p, "source", "") == "items"}
    assert {told[name] for name in told if name.startswith("rewarded")} == {"modulators"}
    assert told["taught"] == "output"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_and_what_is_right_are_those_of_the_reference(shown, name):
    rates, drawn = shown
    k = NAMES.index(name)
    mapping, turn = (int(np.ravel(drawn[each][k])[0]) for each in ("mapping", "turn"))
    context = np.zeros((len(NAMES), 50))
    context[k] = 1
    assert (drawn["member"][k] == k).all()
    for trial in range(TRIALS):
        coins = (drawn[each][k, trial] for each in ("coin1", "coin2", "three"))
        levels, is_first = shown_and_right(name, *coins, mapping, trial >= turn)
        expected = 5 + 80 * np.concatenate([np.repeat(levels, SIZES, axis=0), context])
        part = rates[k][:, 50 * trial : 50 * (trial + 1)]
        np.testing.assert_allclose(part, expected, rtol=1e-6)
        assert drawn["side"][k, trial] == (1 if is_first else -1)


def test_the_reference_has_both_answers_equally_often_in_each_task():
    """So that neither action, nor one stimulus of those that count together, is the answer."""
    for name in NAMES:
        mappings = (3, 5, 6, 9, 10, 12)
        cases = itertools.product((0, 1), (0, 1), (0, 1), mappings, (0, 1))
        answers = [shown_and_right(name, *case)[1] for case in cases]
        assert np.mean(answers) == 0.5, name


# -- what episodes draw -------------------------------------------------------------------------


def drawn_tasks(held_out=0, **options):
    study = study_of(options=options, trials=2, spread=0, held_out=held_out)
    episodes = episodes_of(study, 300)
    episodes.run()
    numbers = np.asarray(episodes.batch["items.first_task"]).reshape(300, -1)[:, 0].astype(int)
    return [NAMES[k] for k in numbers]


def test_searches_draw_the_named_tasks_and_tests_the_withheld_ones():
    options = {"tasks": "recall go interval", "withheld": "match, reversal"}
    found = drawn_tasks(**options)
    assert set(found) == {"recall", "go", "interval"}
    assert min(found.count(name) for name in set(found)) > 100 - 4 * np.sqrt(300 * 2 / 9)
    assert set(drawn_tasks(held_out=1, **options)) == {"match", "reversal"}
    assert set(drawn_tasks()) == set(NAMES)
    assert set(drawn_tasks(withheld="go")) == set(NAMES) - {"go"}


def test_an_episode_turns_to_another_task_and_back():
    study = study_of(trials=9, switch=3, back=6)
    episodes = episodes_of(study, 200)
    episodes.run()
    member = np.asarray(episodes.batch["items.member"]).reshape(200, 9)
    old, new = member[:, :1], member[:, 3:4]
    assert (old != new).all()
    assert len(np.unique(new)) == len(NAMES)
    np.testing.assert_array_equal(member, np.repeat(np.hstack([old, new, old]), 3, axis=1))


def test_mappings_and_reversals_are_drawn_as_declared(shown):
    episodes = episodes_of(study_of(options={"tasks": "reversal"}), 300)
    episodes.run()
    first = {
        k: np.asarray(episodes.batch[f"items.{k}"]).reshape(300, -1)[:, 0]
        for k in ("mapping", "turn")
    }
    values, counts = np.unique(first["mapping"], return_counts=True)
    assert values.tolist() == [3, 5, 6, 9, 10, 12]
    assert (np.abs(counts - 50) < 4 * np.sqrt(50)).all()
    assert sorted(set(first["turn"])) == [18, 19, 20, 21, 22]
    _, drawn = shown
    turns = drawn["turn"].reshape(len(NAMES), -1)[:, 0]
    assert [name for name, turn in zip(NAMES, turns, strict=True) if turn < TRIALS] == ["reversal"]


# -- what is learned ----------------------------------------------------------------------------


def scores_by_hand(names, condition="plastic", numbers=BY_HAND, episodes=24):
    study = study_of(options={"tasks": " ".join(names)})
    experiment = Experiment(study, condition)
    vector = np.zeros(experiment.dimension)
    for label, value in numbers.items():
        vector[experiment.slices[label]] = value
    places = np.repeat(np.arange(len(names)), episodes)
    outcome = experiment.evaluate(vector[None], trial_streams(6, len(places)), places)
    return outcome.scores.reshape(len(names), episodes).mean(axis=1)


def test_a_rule_by_hand_learns_from_its_rewards_alone():
    learned = scores_by_hand(("go", "anti_go", "context_2", "association"))
    assert learned.min() > 0.9
    for condition in ("M0", "M1"):
        at_chance = scores_by_hand(("go", "association"), condition)
        assert np.abs(at_chance - 0.5).max() < 4 * 0.5 / np.sqrt(24)


def test_the_score_counts_the_second_half():
    episodes = episodes_of(study_of(trials=10), 40, BY_HAND)
    episodes.run(episodes.steps)
    right = np.asarray(episodes.batch["items.right"]).reshape(40, 10)
    np.testing.assert_allclose(episodes.score(), right[:, 5:].mean(axis=1), rtol=1e-6)


# -- drawn weights ------------------------------------------------------------------------------


def test_hidden_weights_are_drawn_in_each_episode_and_none_is_searched():
    study = study_of()
    episodes = episodes_of(study, 50)
    episodes.run()
    weights = episodes.weights()["input_hidden"]
    assert weights.std() == pytest.approx(0.1, rel=0.01)
    assert abs(weights.mean()) < 4 * 0.1 / np.sqrt(weights.size)
    assert np.abs(np.corrcoef(weights)[np.triu_indices(50, 1)]).max() < 6 / np.sqrt(
        weights.shape[1]
    )
    labels = circuit_of(study, "plastic").coefficients.slices
    assert not [label for label in labels if label.startswith("input_hidden")]


def test_modulators_of_a_task_hear_nobody_else():
    names = [projection.name for projection in circuit_of(study_of(), "plastic").projections]
    assert [name for name in names if "modulators" in name] == ["modulators_output"]


# -- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"tasks": "go matsh"}, r"Task\.family\.tasks: tasks are .*'matsh'.*'match'"),
        ({"withheld": "go go"}, r"withheld: must name each task once"),
        ({"tasks": "go match", "withheld": "match"}, r"withheld: must be other tasks"),
        ({"withheld": " ".join(NAMES)}, r"withheld: must leave a task"),
        ({"names": "go"}, r"options are tasks, withheld"),
    ],
)
def test_members_that_cannot_be_drawn_are_refused(options, wrong):
    with pytest.raises(DeclarationError, match=wrong):
        tasks.CATALOG["family"].with_options(options)


@pytest.mark.parametrize(
    ("options", "parameters", "wrong"),
    [
        ({}, {"held_out": 1}, "name some in withheld"),
        ({"tasks": "go"}, {"switch": 5, "back": 9}, "two tasks or more"),
        ({}, {"switch": 5}, "switch < back < trials"),
        ({}, {"active": 99.0}, "<= 100"),
        ({}, {"trials": 4}, "spread < trials//2"),
    ],
)
def test_impossible_parameters_are_refused(options, parameters, wrong):
    with pytest.raises(DeclarationError, match=wrong):
        FAMILY.with_options(options).with_defaults(parameters)


def test_a_stimulus_outside_of_the_trial_is_refused():
    with pytest.raises(DeclarationError, match=r"Member\.late\.first: phases must lie from 0 to 5"):
        Member("late", "", "", "one == 0", first=(4, 6))
