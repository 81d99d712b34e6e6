"""Trials without hope: when they end, what that costs, and what it says."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Clock, Network, NeuronGroup, ms

from neuromodels import tasks
from neuromodels.catalog import Catalog
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.scoring import summarise
from neuromodels.seeding import generator, trial_streams
from neuromodels.simulation import FAILED, Batch
from neuromodels.study.objective import FailurePlan, Objective, Term
from neuromodels.study.outcome import FAILURES
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

STEPS = 20


def counting(dt=1 * ms, more_clocks=False):
    """Return a batch of one neuron that counts steps and asks to end when it reaches `most`."""
    clock = Clock(dt, name="counting_clock")
    group = NeuronGroup(
        1,
        "n : 1\nmost : 1\nend : 1\nwhole : integer",
        name="count",
        clock=clock,
        namespace={},
        method="exact",
    )
    group.most = 1e9
    group.run_regularly("n += 1\nend = int(n >= most)\nwhole = 1", clock=clock, name="count_up")
    objects = [group]
    if more_clocks:
        slow = NeuronGroup(1, "m : 1", name="slow", dt=5 * ms, namespace={}, method="exact")
        slow.run_regularly("m += 1", dt=5 * ms, name="slow_up")
        objects.append(slow)
    return Batch(Network(*objects, name="counting"), dtype="float64", namespace={})


@pytest.mark.parametrize("more_clocks", [False, True])
def test_an_episode_ends_after_the_step_that_asks_for_it(more_clocks):
    batch = counting(more_clocks=more_clocks)
    most = np.array([1.0, 7.0, 1e9, np.nan])
    found = batch.trials(
        STEPS * ms,
        ["count.n"],
        streams=np.arange(4),
        values={"count.most": most},
        rows=np.arange(4),
        until="count.end",
    )
    np.testing.assert_array_equal(found["count.n"][:, 0], [1, 7, STEPS, STEPS])


def test_a_number_that_is_none_ends_an_episode():
    batch = counting()
    found = batch.trials(
        STEPS * ms,
        ["count.n", FAILED],
        streams=np.arange(2),
        until="count.n",
        values={"count.n": np.array([np.nan, 0.0])},
        rows=np.arange(2),
    )
    np.testing.assert_array_equal(found[FAILED], [True, False])
    assert found["count.n"][1, 0] == 1


def test_the_report_counts_the_updates_that_were_made():
    experiment = Experiment(study(FailurePlan(highest_rate=1.0)))
    before = experiment._batch.report.synapse_updates
    outcome = experiment.evaluate(vectors(experiment), trial_streams(1, 8))
    made = experiment._batch.report.synapse_updates - before
    assert outcome.counts["explosion"] == outcome.failed.size
    synapses = 4 * 8  # three channels and one read-out
    assert 0 < made < 0.75 * synapses * 8 * outcome.failed.size


@pytest.mark.parametrize("address", ["count.whole", "nobody.n"])
def test_what_cannot_end_an_episode_is_refused(address):
    with pytest.raises(DeclarationError):
        counting().trials(STEPS * ms, ["count.n"], streams=np.arange(2), until=address)


# -- the network of a study ---------------------------------------------------------------------


def study(failures=None, **terms):
    """Return a small copy task, 8 steps of 20 ms."""
    return Study(
        name="small",
        task=TaskChoice("sequence_copy", {"length": 3, "latency": 2}),
        rule=RuleChoice("pdlf", {"normalisation": "none"}),
        circuit=CircuitChoice(hidden=8),
        objective=Objective({"loss": Term(), **terms}),
        failures=failures or FailurePlan(),
        device=DeviceChoice(dtype="float64"),
    )


def vectors(experiment, count=6):
    return 0.5 * generator(1, "vectors").standard_normal((count, experiment.dimension))


def rates_of(vector, streams):
    """Return the mean rate of each trial, counted in recordings of all signals."""
    from neuromodels.experiment.recording import recording_of

    spikes = [recording_of(study(), "plastic", vector, int(s))["hidden.s"] for s in streams]
    return np.array([np.abs(each).mean() / 0.02 for each in spikes])


def test_rates_equal_counted_spikes():
    experiment = Experiment(study(rate=Term()))
    xs, streams = vectors(experiment), trial_streams(3, 4)
    found = experiment.evaluate(xs, streams)
    assert np.ptp(found.measures["rate"]) > 5
    for x, rates in zip(xs[:2], found.measures["rate"], strict=False):
        np.testing.assert_allclose(rates, rates_of(x, streams))


def test_limits_change_no_number_of_the_trials_within():
    plain = Experiment(study())
    xs, streams = vectors(plain), trial_streams(3, 16)
    free = plain.evaluate(xs, streams)
    rates = Experiment(study(rate=Term())).evaluate(xs, streams).measures["rate"]
    low, high = np.quantile(rates, [0.3, 0.7]) + 0.01  # no rate that a trial has
    found = Experiment(study(FailurePlan(highest_rate=high, lowest_rate=low))).evaluate(xs, streams)
    np.testing.assert_array_equal(found.failed == 2, rates > high)
    np.testing.assert_array_equal(found.failed == 3, rates < low)
    within = found.ran
    assert 0 < within.sum() < within.size
    np.testing.assert_array_equal(found.losses[within], free.losses[within])
    np.testing.assert_array_equal(found.scores[within], free.scores[within])
    assert np.isnan(found.losses[~within]).all()


def test_weights_beyond_the_limit_are_an_explosion():
    plain, limited = Experiment(study()), Experiment(study(FailurePlan(largest_weight=2.0)))
    xs, streams = vectors(plain), trial_streams(3, 4)
    xs[0] *= 20
    xs[1:] *= 0.1
    found = limited.evaluate(xs, streams)
    assert (found.failed[0] == 2).all()
    assert found.counts["explosion"] == len(streams)
    np.testing.assert_array_equal(found.losses[1:], plain.evaluate(xs, streams).losses[1:])


def test_no_number_is_told_from_an_explosion():
    experiment = Experiment(study(FailurePlan(largest_weight=2.0, highest_rate=45.0)))
    xs = vectors(experiment, 2)
    xs[0, 0] = np.nan
    found = experiment.evaluate(xs, trial_streams(3, 4))
    assert (found.failed[0] == 1).all()


def test_a_score_outside_of_the_declared_range_is_a_failure_and_no_score(monkeypatch):
    """A copy task that counts each right answer 300 times has scores up to 300, not to 1."""
    copy = tasks.CATALOG["sequence_copy"]
    assert copy.scores == (0.0, 1.0)
    wrong = replace(copy, score=copy.score.replace("correct += ", "correct += 300*"))
    monkeypatch.setattr(tasks, "CATALOG", Catalog(tasks.Task, (wrong,)))
    experiment, streams = Experiment(study()), trial_streams(3, 16)
    found = experiment.evaluate(vectors(experiment, 1), streams)
    outside = found.failed == 1 + FAILURES.index("outside")
    assert found.counts["outside"] == outside.sum() > 4
    assert np.isnan(found.scores[outside]).all()
    assert (found.scores[~outside] == 0).all(), "nothing recalled: 0 is in the range"
    score = summarise(found)
    assert (score.score, score.outside, score.failures) == (0.0, outside.sum(), outside.sum())
    assert score.interval_kind == "exact binomial"
    assert (score.low, score.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 16)))


@pytest.mark.parametrize("task", tasks.WRITTEN, ids=lambda task: task.name)
def test_a_declared_range_takes_its_bounds_and_refuses_what_lies_beyond(task):
    if task.scores is None:
        assert not task.is_outside(np.array([-1e9, 500.45])).any()
        return
    inner = [bound for bound in task.scores if np.isfinite(bound)]
    assert not task.is_outside(np.array(inner)).any()
    assert task.is_outside(np.array([500.45])).all()
    assert task.is_outside(np.array([-0.5])).all() == (task.scores[0] == 0)


def test_a_range_the_wrong_way_round_is_refused():
    with pytest.raises(DeclarationError, match="scores: must be the lowest and the highest"):
        replace(tasks.WRITTEN[0], scores=(1.0, 0.0))
