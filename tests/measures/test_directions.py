"""Sloppy directions of a network: of a rule whose two factors only count as a product."""

from dataclasses import replace

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.measures.degeneracy.directions import coordinates_of, examine, losses_of
from neuromodels.measures.quantities import Solution
from neuromodels.seeding import trial_streams
from neuromodels.study.objective import Objective, Term
from neuromodels.study.outcome import Outcome
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

FACTOR = {"per": "projection", "scale": "log", "low": 1e-4, "high": 100.0, "sigma": 0.1}
ETA, A = 0.02, 0.3


def bandit(**eta):
    """Return a bandit whose rule is eta*M*A*x*y: a product of two positive factors."""
    none = {"per": "projection", "frozen": 0.0}
    coefficients = {
        "eta": {**FACTOR, "default": ETA, **eta},
        "A": {**FACTOR, "default": A},
        **dict.fromkeys("BCD", none),
        "g_0": {"frozen": 0.0},
    }
    return Study(
        name="bandit",
        task=TaskChoice("cue_bandit", {"trials": 8, "reversal": 4, "noise": 0.0, "explore": 1.0}),
        rule=RuleChoice("nm_pdlf", {"normalisation": "none"}, coefficients),
        circuit=CircuitChoice(
            hidden=0, readout="leaky_readout", modulator="reward_modulator", modulated_by="all"
        ),
        device=DeviceChoice(dtype="float64", threads=1),
    )


def examined(study):
    experiment = Experiment(study)
    vector = experiment.centre.copy()
    vector[experiment.slices["modulators_output.w"]] = 5.0
    streams = trial_streams(1, 60, "directions")
    return examine(Solution(study, "plastic", vector, streams, 1))


@pytest.fixture(scope="module")
def redundant():
    return examined(bandit())


def test_only_the_product_of_two_factors_counts(redundant):
    arrays, rows = redundant
    assert arrays["coordinates"].tolist() == ["input_output.eta", "input_output.A"]
    assert rows["sloppy directions"]["value"] == 1
    assert rows["stiff directions"]["value"] == 1
    last = rows["direction 2, part of the largest"]
    assert last["verdict"] == "sloppy"
    assert abs(last["value"]) < 0.02
    made_of = list(last["made_of"].values())
    np.testing.assert_allclose(made_of, [0.5, 0.5], atol=0.02)


def test_with_one_factor_frozen_nothing_is_sloppy():
    _, rows = examined(bandit(frozen=True))
    assert rows["sloppy directions"]["value"] == 0
    assert rows["stiff directions"]["value"] == 1
    assert rows["part of input_output.A in sloppy directions"]["value"] == 0


def test_many_numbers_of_a_coefficient_are_scaled_together():
    study = Study(
        name="copy",
        task=TaskChoice("sequence_copy", {"length": 2, "latency": 0}),
        rule=RuleChoice("pdlf"),
        circuit=CircuitChoice(hidden=4),
    )
    experiment = Experiment(study)
    vector = np.arange(1.0, experiment.dimension + 1)
    found = coordinates_of(Solution(study, "plastic", vector, np.zeros(1), 1), experiment)
    assert found.names[:2] == ("input_hidden.eta", "input_hidden.A")
    assert len(found.names) == 10
    moved = found.vectors(vector, np.ones((1, 10)))
    np.testing.assert_allclose(moved[0], vector * np.exp(0.25))
    there_and_back = np.zeros((1, 10))
    there_and_back[0, :2] = 1, -1
    (moved,) = found.vectors(vector, there_and_back)
    eta, a = (experiment.slices[f"input_hidden.{name}"] for name in ("eta", "A"))
    np.testing.assert_allclose(moved[eta] * moved[a], vector[eta] * vector[a])


def test_the_loss_is_what_the_search_minimised():
    scores = np.array([[0.25, 1.0, np.nan]])
    losses = np.array([[2.0, 0.5, np.nan]])
    outcome = Outcome(losses, scores, np.array([[0, 0, 1]], dtype=np.uint8), {})
    study = bandit()
    np.testing.assert_allclose(losses_of(study, outcome), [[2.0, 0.5, 1e6]])
    wrong = replace(study, objective=Objective({"error": Term(2.0)}))
    np.testing.assert_allclose(losses_of(wrong, outcome), [[1.5, 0.0, 1e6]])


def test_fixed_weights_have_no_directions():
    study = replace(bandit(), conditions=("fixed",))
    experiment = Experiment(study, "fixed")
    solution = Solution(study, "fixed", experiment.centre, np.zeros(1), 1)
    with pytest.raises(DeclarationError, match="needs searched numbers of a plastic rule"):
        coordinates_of(solution, experiment)


def test_few_trials_are_refused():
    study = bandit()
    solution = Solution(study, "plastic", Experiment(study).centre, trial_streams(1, 7), 1)
    with pytest.raises(DeclarationError, match="directions --trials: must be at least 8; got 7"):
        examine(solution)
