"""Dose curves of a coefficient, on scores that are a known function of it."""

import numpy as np
import pytest
from measures.near_solution import SOLUTION, STUDY, plant

from neuromodels.errors import DeclarationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.measures.nearby import dose, neighbours


@pytest.fixture
def known(monkeypatch):
    plant(monkeypatch, dose)


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


def test_vectors_beside_a_solution_score_as_they_do_alone():
    experiment = Experiment(STUDY)
    near = experiment.centre + experiment.sigma * np.random.default_rng(1).normal(
        size=(3, experiment.dimension)
    )
    found = neighbours.scores_of(SOLUTION, near)
    alone = [experiment.evaluate(x[None], SOLUTION.streams).scores[0] for x in near]
    assert np.array_equal(found, alone)
