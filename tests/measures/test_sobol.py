"""Sobol near a solution, on scores that are a known function of it."""

import numpy as np
import pytest
from measures.near_solution import SOLUTION, plant

from neuromodels.measures.nearby import local


@pytest.fixture
def known(monkeypatch):
    pytest.importorskip("SALib")
    plant(monkeypatch, local)


def test_sobol_divides_the_variance_as_planted(known):
    """Of a sum of uniform numbers each has the variance of its own share, and alone is in all."""
    _, found = local.examine_sobol(SOLUTION)
    variance = np.array([3 * (2.0 * 0.5) ** 2, (1.0 * 0.2) ** 2, 0.0])
    for label, part in zip(("in.A", "in.eta", "out.A"), variance / variance.sum(), strict=True):
        for words in ("alone", "in all"):
            assert found[f"{label}, {words}"]["value"] == pytest.approx(part, abs=0.12)


def test_a_score_that_is_the_same_everywhere_has_no_shares(known, monkeypatch):
    monkeypatch.setattr(local, "scores_of", lambda s, x: np.full((len(x), len(s.streams)), 0.5))
    _, found = local.examine_sobol(SOLUTION)
    assert found["in.A, alone"]["value"] is None
