"""Inputs that no search sees: which they are, that none is drawn, and what scores on them are."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.batches import batch_of
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.episodes import Episodes
from neuromodels.experiment.scoring import final_trials, score_vectors, scores_per_trial
from neuromodels.seeding import trial_streams
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.study.file import StudyFileError, study_of
from neuromodels.tasks.inputs import Inputs, is_exact, order_by_hash
from neuromodels.tasks.sequence_copy import BANK, SEQUENCE_COPY, mirrored_sequences, sequences

TABLE = {
    "name": "small",
    "conditions": ["plastic", "random"],
    "task": {"name": "sequence_copy", "length": 4, "latency": 2, "test_share": 0.25},
    "circuit": {"hidden": 8, "neuron": "ternary_lif"},
    "rule": {"name": "pdlf"},
    "search": {"candidates": 8, "trials": 8, "generations": 3},
    "test": {"trials": 100, "curve_trials": 16, "every": 2, "inputs": "held out"},
    "device": {"threads": 1},
}


def study(**task):
    return study_of({**TABLE, "task": {**TABLE["task"], **task}}, "study.toml")


# ----------------------------------------------------------------------------- which they are


@pytest.mark.parametrize("length", [1, 4, 9, 20])
def test_every_sequence_stands_once_in_the_table(length) -> None:
    table = sequences(length)
    assert set(np.unique(table)) == {0, 1}
    assert table.shape == (min(2**length, BANK), length)
    assert len(np.unique(table, axis=0)) == len(table)
    assert abs(table.mean() - 0.5) < 0.01 or length <= 4


def test_a_hash_of_the_sequence_decides() -> None:
    """Neither the order in which the rows come nor the rows beside it change what is held out."""
    rows = np.random.default_rng(1).permutation(sequences(6))
    np.testing.assert_array_equal(order_by_hash(rows, "sequence_copy", 6), sequences(6))
    half = rows[::2]
    kept = [tuple(row) for row in order_by_hash(half, "sequence_copy", 6)]
    known = {tuple(row) for row in half}
    assert kept == [tuple(row) for row in sequences(6) if tuple(row) in known]


def test_what_is_held_out_never_changes() -> None:
    """Stored runs must not come to test what they have searched with: these are fixed for good."""
    held_out = sequences(4)[12:]
    assert ["".join(map(str, row)) for row in held_out] == HELD_OUT


HELD_OUT = ["1100", "1110", "0110", "1010"]


@pytest.mark.parametrize("length", [1, 4, 9, 20])
def test_opposites_stand_together(length) -> None:
    table = mirrored_sequences(length)
    assert table.shape == sequences(length).shape
    assert len(np.unique(table, axis=0)) == len(table)
    np.testing.assert_array_equal(table[1::2], 1 - table[::2])


@pytest.mark.parametrize(("length", "held_out"), [(4, 4), (8, 64), (20, BANK // 4)])
def test_with_opposites_a_constant_answer_scores_one_half(length, held_out) -> None:
    """In searched and in held-out sequences each bit is 1 in exactly half."""
    parameters = SEQUENCE_COPY.with_defaults({"length": length, "test_share": 0.25, "mirrored": 1})
    inputs = SEQUENCE_COPY.inputs(parameters)
    assert inputs.held_out == held_out
    table = SEQUENCE_COPY.at(parameters).constants["sequence_bits"]
    for part in (table[: inputs.searched], table[inputs.searched :]):
        np.testing.assert_array_equal(part.mean(axis=0), 0.5)


def test_whether_opposites_stand_together_is_0_or_1() -> None:
    with pytest.raises(DeclarationError, match="mirrored must be 0 or 1"):
        SEQUENCE_COPY.with_defaults({"mirrored": 2})
    with pytest.raises(DeclarationError, match="test_share must keep one of the 4 sequences"):
        SEQUENCE_COPY.with_defaults({"length": 2, "test_share": 0.25, "mirrored": 1})


def test_held_out_inputs_are_each_shown_equally_often() -> None:
    inputs = Inputs(12, 4, "place")
    shown = inputs.choose_held_out(10, np.random.default_rng(1))
    np.testing.assert_array_equal(shown, [12, 13, 14, 15, 12, 13, 14, 15, 12, 13])
    assert [inputs.even_count(trials) for trials in (3, 4, 7, 8, 11, 12)] == [3, 8, 8, 8, 8, 12]


def test_of_many_held_out_inputs_a_sample_is_shown_once() -> None:
    inputs = Inputs(5, 1000, "place")
    one, other = (inputs.choose_held_out(50, np.random.default_rng(k)) for k in (1, 2))
    assert len(set(one)) == 50
    assert one.min() >= 5
    assert one.max() < 1005
    assert set(one) != set(other)


def test_a_score_is_exact_where_every_input_always_gets_the_same_one() -> None:
    inputs = np.array([3, 4, 5, 3, 4, 5])
    same, other = np.array([0.1, 0.2, 0.3] * 2), np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.4])
    assert is_exact(same, inputs, 3)
    assert not is_exact(other, inputs, 3)
    assert not is_exact(same, inputs, 4)  # one was not shown
    assert not is_exact(same[:3], inputs[:3], 3)  # nobody knows whether it would repeat
    assert not is_exact(same[:5], inputs[:5], 3)


# ------------------------------------------------------------------------- in compiled networks


def test_searches_draw_all_other_sequences_and_no_held_out_one() -> None:
    small = study()
    circuit = circuit_of(small, "plastic")
    batch = batch_of(network_of(small, "plastic", circuit), small, 2000)
    batch.streams = trial_streams(1, 2000, "search", 0)
    drawn = {tuple(row) for row in np.asarray(batch["items.bit"]).astype(int)}
    assert drawn == {tuple(row) for row in sequences(4)[:12]}


def test_a_trial_shows_the_input_that_it_is_told() -> None:
    small = study()
    vector = circuit_of(small, "plastic").coefficients.centre
    inputs = np.array([15, 0, 12, 15])
    trials = Episodes(small, "plastic", vector, trial_streams(1, 4, "x"), inputs)
    np.testing.assert_array_equal(trials.batch["items.bit"], sequences(4)[inputs])


def test_scores_of_chosen_inputs_are_those_of_trials_that_drew_them() -> None:
    """Independent of the way a table is read: a trial that draws an input scores as one told to."""
    small = study()
    experiment = Experiment(small)
    rng = np.random.default_rng(3)
    xs = experiment.centre + 3 * experiment.sigma * rng.standard_normal((5, experiment.dimension))
    streams = trial_streams(1, 200, "any")
    drawn = scores_per_trial(experiment.evaluate(xs, streams))
    circuit = circuit_of(small, "plastic")
    batch = batch_of(network_of(small, "plastic", circuit), small, 200)
    batch.streams = streams
    places = np.asarray(batch["items.place"]).ravel()
    told = scores_per_trial(experiment.evaluate(xs, trial_streams(2, 200, "any"), places))
    np.testing.assert_array_equal(drawn, told)
    assert len(np.unique(told)) > 3


def test_a_copy_of_bits_is_deterministic_and_its_score_exact() -> None:
    small = study()
    trials = final_trials(small, 1, 100)
    experiment = Experiment(small)
    rng = np.random.default_rng(3)
    xs = experiment.centre + 3 * experiment.sigma * rng.standard_normal((3, experiment.dimension))
    outcome = score_vectors(experiment, xs, trials.streams, inputs=trials.inputs)
    assert trials.shown == 4
    assert len(trials.streams) == 100
    assert all(trials.is_exact(scores) for scores in scores_per_trial(outcome))


def test_conditions_of_a_seed_show_the_same_inputs() -> None:
    long = study(length=12)
    one, again, other = (final_trials(long, seed, 100) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.inputs, again.inputs)
    assert set(one.inputs) != set(other.inputs)
    assert one.held_out == 1024
    assert one.shown == 100


# ------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ({"test_share": 1.0}, "test_share"),
        ({"test_share": -0.1}, "test_share"),
        ({"test_share": 0.01}, "must keep one of the 16"),
        ({"test_share": 0.98}, "must leave one of the 16"),
        ({"test_share": 0.0}, "set task.test_share"),
    ],
)
def test_shares_that_cannot_be(task, told) -> None:
    with pytest.raises(StudyFileError, match=told):
        study(**task)


def test_a_task_without_countable_inputs_has_no_scores_on_held_out_ones() -> None:
    with pytest.raises(StudyFileError, match="means nothing with 'cue_label'"):
        study_of({**TABLE, "task": {"name": "cue_label"}}, "study.toml")


def test_inputs_that_nobody_can_choose_are_refused() -> None:
    bare = {**TABLE, "task": {"name": "sequence_copy", "length": 2}, "test": {}}
    open_share = study_of(bare, "study.toml")
    experiment = Experiment(open_share)
    with pytest.raises(DeclarationError, match="test_share"):
        experiment.evaluate(experiment.centre[None], np.arange(2), np.arange(2))


def test_a_share_of_nothing_leaves_the_task_as_it_was() -> None:
    parameters = SEQUENCE_COPY.with_defaults({"length": 4})
    assert SEQUENCE_COPY.at(parameters) is SEQUENCE_COPY
    assert SEQUENCE_COPY.inputs(parameters) == Inputs(16)
