"""Morris near a solution, on scores that are a known function of it."""

import pytest
from measures.near_solution import SOLUTION, plant

from neuromodels.errors import DeclarationError
from neuromodels.measures import CATALOG
from neuromodels.measures.nearby import local


def test_morris_finds_the_planted_coefficient(monkeypatch):
    pytest.importorskip("SALib")
    plant(monkeypatch, local)
    _, found = local.examine_morris(SOLUTION)
    change = {name: q["value"] for name, q in found.items() if name.endswith("change of the score")}
    # eta alone moves by 2 sigma over its range, times its weight
    assert change["in.eta, change of the score"] == pytest.approx(2 * 0.2)
    assert change["out.A, change of the score"] == 0
    assert change["in.A, change of the score"] > 1


def test_without_salib_the_message_tells_how_to_install_it(monkeypatch):
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    with pytest.raises(DeclarationError, match=r'pip install "brian2-neuromodels\[sensitivity\]"'):
        CATALOG["morris"].examine(SOLUTION)
