"""Dose curves, Morris and Sobol near a solution, on scores that are a known function of it."""

import numpy as np
import pytest

from neuromodels.coefficients import Block, Coefficient, CoefficientVector
from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.measures import CATALOG
from neuromodels.measures.nearby import dose, local, neighbours
from neuromodels.measures.quantities import Solution
from neuromodels.seeding import trial_streams
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

COEFFICIENTS = CoefficientVector(
    (
        Block("in", Coefficient("A", per="synapse", sigma=0.5), 3),
        Block("in", Coefficient("eta", default=1.0, low=0.1, high=10, scale="log", sigma=0.2), 1),
        Block("out", Coefficient("A", per="synapse", sigma=0.5), 2),
    )
)
STUDY = Study(
    name="near",
    task=TaskChoice("sequence_copy", {"length": 2, "latency": 1}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=3),
    device=DeviceChoice(dtype="float64", threads=1),
)
VECTOR = np.array([1.0, 2.0, 3.0, np.log(2), 4.0, 5.0])
SOLUTION = Solution(STUDY, "plastic", VECTOR, trial_streams(1, 7, "near"), 1)
WEIGHTS = np.array([2.0, 2.0, 2.0, 1.0, 0.0, 0.0])


def planted(solution, vectors):
    """Return scores that rise with the first coefficient, a little with eta, not with the last."""
    scores = vectors @ WEIGHTS
    return np.repeat(scores[:, None], len(solution.streams), axis=1)


@pytest.fixture
def known(monkeypatch):
    for module in (dose, local):
        monkeypatch.setattr(module, "coefficients_of", lambda solution: COEFFICIENTS)
        monkeypatch.setattr(module, "scores_of", planted)


def doses(*varied):
    return dose.doses_from(STUDY, varied)


def test_a_dose_multiplies_all_numbers_of_a_coefficient_wherever_it_is(known):
    _, found = dose.examine(doses("A=0,1,2"), SOLUTION)
    values = [found[f"{k} x A"]["value"] for k in (0, 1, 2)]
    assert values == pytest.approx([np.log(2), 12 + np.log(2), 24 + np.log(2)])


def test_a_dose_of_one_projection_leaves_the_others_alone(known):
    _, found = dose.examine(doses("out.A=0,3"), SOLUTION)
    assert [q["value"] for q in found.values()] == pytest.approx([12 + np.log(2)] * 2)


def test_on_a_log_scale_the_value_is_multiplied_and_nothing_is_zero(known):
    arrays, found = dose.examine(doses("eta=-1,0,0.5,1"), SOLUTION)
    assert arrays["eta factors"].tolist() == [0.5, 1.0]
    assert found["0.5 x eta"]["value"] == pytest.approx(12 + np.log(2 * 0.5))


def test_without_a_word_every_coefficient_has_its_curve(known):
    arrays, _ = dose.examine(doses(), SOLUTION)
    assert {name for name in arrays if name.endswith("scores")} == {"A scores", "eta scores"}


@pytest.mark.parametrize("varied", ["A", "=1", "A=x", "A=1,inf"])
def test_wrong_doses_have_one_message(varied):
    with pytest.raises(DeclarationError, match=r"--vary.*For instance: --vary A=0,0.5,1,2"):
        doses(varied)


def test_a_coefficient_that_is_not_searched_is_named(known):
    with pytest.raises(DeclarationError, match=r"must name one of A, eta, in.A, in.eta, out.A"):
        dose.examine(doses("B=1"), SOLUTION)


def test_morris_finds_the_planted_coefficient(known):
    pytest.importorskip("SALib")
    _, found = local.examine_morris(SOLUTION)
    change = {name: q["value"] for name, q in found.items() if name.endswith("change of the score")}
    # eta alone moves by 2 sigma over its range, times its weight
    assert change["in.eta, change of the score"] == pytest.approx(2 * 0.2)
    assert change["out.A, change of the score"] == 0
    assert change["in.A, change of the score"] > 1


def test_sobol_divides_the_variance_as_planted(known):
    """Of a sum of uniform numbers each has the variance of its own share, and alone is in all."""
    pytest.importorskip("SALib")
    _, found = local.examine_sobol(SOLUTION)
    variance = np.array([3 * (2.0 * 0.5) ** 2, (1.0 * 0.2) ** 2, 0.0])
    for label, part in zip(("in.A", "in.eta", "out.A"), variance / variance.sum(), strict=True):
        for words in ("alone", "in all"):
            assert found[f"{label}, {words}"]["value"] == pytest.approx(part, abs=0.12)


def test_a_score_that_is_the_same_everywhere_has_no_shares(known, monkeypatch):
    pytest.importorskip("SALib")
    monkeypatch.setattr(local, "scores_of", lambda s, x: np.full((len(x), len(s.streams)), 0.5))
    _, found = local.examine_sobol(SOLUTION)
    assert found["in.A, alone"]["value"] is None


def test_without_salib_the_message_tells_how_to_install_it(monkeypatch):
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    with pytest.raises(DeclarationError, match=r"pip install 'neuromodels\[sensitivity\]'"):
        CATALOG["morris"].examine(SOLUTION)


def test_vectors_beside_a_solution_score_as_they_do_alone():
    experiment = Experiment(STUDY)
    near = experiment.centre + experiment.sigma * np.random.default_rng(1).normal(
        size=(3, experiment.dimension)
    )
    found = neighbours.scores_of(SOLUTION, near)
    alone = [experiment.evaluate(x[None], SOLUTION.streams).scores[0] for x in near]
    assert np.array_equal(found, alone)
