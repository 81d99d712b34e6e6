"""Losses of an objective against what its words say, with plain loops as the reference."""

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.study.objective import FailurePlan, Objective, Term
from neuromodels.study.outcome import FAILURES, Outcome

PLAN = FailurePlan(nan=5.0, explosion=6.0, silence=7.0, timeout=8.0, outside=9.0)
RNG = np.random.default_rng(0)


def outcome(failed=None, candidates=6, trials=5):
    """Return random losses, scores and rates; failed trials hold NaN."""
    kinds = np.zeros((candidates, trials), dtype=np.uint8)
    for (k, trial), kind in (failed or {}).items():
        kinds[k, trial] = 1 + FAILURES.index(kind)
    losses, scores = RNG.uniform(size=(2, candidates, trials))
    rates = RNG.uniform(0, 40, size=(candidates, trials))
    losses[kinds > 0] = scores[kinds > 0] = rates[kinds > 0] = np.nan
    return Outcome(losses, scores, kinds, {"rate": rates})


def test_the_default_is_the_mean_loss():
    found = outcome()
    np.testing.assert_array_equal(Objective().losses(found, PLAN)[:, 0], found.losses.mean(axis=1))


def test_a_failed_trial_counts_its_declared_loss():
    failed = {(0, 0): "nan", (1, 1): "explosion", (2, 2): "silence", (3, 3): "timeout"}
    failed[4, 4] = "outside"
    found = outcome(failed)
    losses = Objective().losses(found, PLAN)[:, 0]
    for k, declared in enumerate((5.0, 6.0, 7.0, 8.0, 9.0)):
        ran = [found.losses[k, trial] for trial in range(5) if trial != k]
        assert losses[k] == pytest.approx((sum(ran) + declared) / 5)
    assert found.counts == dict.fromkeys(FAILURES, 1)
    assert found.failures == 5


def test_terms_are_added_with_their_weights():
    objective = Objective({"loss": Term(2.0), "error": Term(0.5), "rate": Term(0.1)})
    found = outcome({(4, 0): "nan"})
    losses = objective.losses(found, PLAN)[:, 0]
    for k in range(6):
        total = 0.0
        for trial in range(5):
            if found.failed[k, trial]:
                total += 5.0
            else:
                total += 2 * found.losses[k, trial] + 0.5 * (1 - found.scores[k, trial])
                total += 0.1 * found.measures["rate"][k, trial]
        assert losses[k] == pytest.approx(total / 5)


@pytest.mark.parametrize(
    ("band", "distance"),
    [({"low": 15.0}, 5.0), ({"high": 4.0}, 6.0), ({"low": 5.0, "high": 20.0}, 0.0)],
)
def test_a_band_counts_the_distance_of_the_mean(band, distance):
    found = outcome()
    found.measures["rate"][:] = np.array([8, 9, 10, 11, 12])  # mean 10, no trial inside of all
    plain = Objective().losses(found, PLAN)
    losses = Objective({"loss": Term(), "rate": Term(3.0, **band)}).losses(found, PLAN)
    np.testing.assert_allclose(losses - plain, 3 * distance)


def test_a_constraint_ranks_whoever_breaks_it_behind_all_others():
    objective = Objective({"loss": Term(), "rate": Term(low=5.0, high=20.0, constraint=True)})
    found = outcome()
    found.measures["rate"][:] = np.array([10, 30, 19, 1, 5, 25.0])[:, None]
    found.losses[:] = np.array([0.9, 0.1, 0.2, 0.05, 0.3, 0.0])[:, None]
    losses = objective.losses(found, PLAN)[:, 0]
    np.testing.assert_allclose(losses[[0, 2, 4]], [0.9, 0.2, 0.3])
    # in the order of how far they lie outside: 4, 5 and 10 Hz
    assert list(np.argsort(losses)) == [2, 4, 0, 3, 5, 1]
    np.testing.assert_allclose(objective.violations(found), [0, 10, 0, 4, 0, 5])


def test_when_all_break_a_constraint_the_nearest_is_best():
    objective = Objective({"loss": Term(), "rate": Term(high=1.0, constraint=True)})
    found = outcome()
    found.measures["rate"][:] = np.arange(10, 16.0)[:, None]
    assert np.argmin(objective.losses(found, PLAN)[:, 0] - found.losses.mean(axis=1)) == 0


def test_each_goal_has_its_column():
    objective = Objective({"rate": Term(0.5), "error": Term()}, pareto=True)
    found = outcome({(1, 0): "silence"})
    losses = objective.losses(found, PLAN)
    assert losses.shape == (6, 2)
    np.testing.assert_allclose(losses[0, 0], 0.5 * found.measures["rate"][0].mean())
    np.testing.assert_allclose(losses[0, 1], 1 - found.scores[0].mean())
    assert losses[1, 1] == pytest.approx((np.nansum(1 - found.scores[1]) + 7) / 5)


def test_outcomes_are_joined_by_candidates_and_by_trials():
    one, other = outcome(), outcome({(0, 0): "nan"})
    rows, columns = Outcome.joined([one, other]), Outcome.joined([one, other], axis=1)
    assert (rows.losses.shape, columns.losses.shape) == ((12, 5), (6, 10))
    np.testing.assert_array_equal(rows.measures["rate"][6:], other.measures["rate"])
    assert rows.failures == columns.failures == 1
    lost = Outcome.joined([one, Outcome.lost(5)])
    assert lost.counts["timeout"] == 5
    assert np.isnan(lost.measures["rate"][6]).all()
    assert Objective({"rate": Term()}).losses(lost, PLAN)[6, 0] == 8.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"terms": {"speed": Term()}}, "must be among loss, error, rate; got 'speed'"),
        ({"terms": {"loss": Term()}, "pareto": True}, "at least two terms"),
        ({"terms": {"rate": Term(low=1.0, constraint=True)}}, "a term that is no constraint"),
        ({"terms": {}}, "a term that is no constraint"),
    ],
)
def test_an_objective_without_sense_is_refused(wrong, message):
    with pytest.raises(DeclarationError, match=message):
        Objective(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weight": 0.0}, "greater than 0"),
        ({"low": 2.0, "high": 1.0}, "must not exceed high = 1.0; got 2.0"),
        ({"constraint": True}, "needs a band"),
    ],
)
def test_a_term_without_sense_is_refused(wrong, message):
    with pytest.raises(DeclarationError, match=message):
        Term(**wrong)


def test_limits_without_sense_are_refused():
    with pytest.raises(DeclarationError, match=r"lowest_rate: must be below highest_rate = 5"):
        FailurePlan(highest_rate=5.0, lowest_rate=5.0)
    with pytest.raises(DeclarationError, match=r"largest_weight: must be >= 0; got -1"):
        FailurePlan(largest_weight=-1.0)
