"""Rules that act in every step, against what their papers prove."""

import numpy as np
import pytest

from neuromodels.rules import CATALOG
from neuromodels.simulation.network.protocols import driven
from tests.rules.checks import checks

RNG = np.random.default_rng(0)


@checks("oja")
def test_oja_finds_the_first_principal_component():
    mixing = RNG.normal(size=(5, 5)) @ np.diag([3.0, 1.5, 1, 0.5, 0.2])
    inputs = RNG.normal(size=(40_000, 5)) @ mixing.T
    inputs /= inputs.std()
    weights = driven(CATALOG["oja"], inputs, {"eta": 1e-3}, weights=0.1 * RNG.normal(size=5))
    _, vectors = np.linalg.eigh(np.cov(inputs.T))
    first = vectors[:, -1]
    assert np.linalg.norm(weights) == pytest.approx(1, abs=0.03)
    assert abs(weights @ first) / np.linalg.norm(weights) > 0.995


def test_oja_rests_at_its_fixed_point():
    """For one input, dw = eta*w*x**2*(1 - w**2): the weight becomes 1."""
    found = driven(CATALOG["oja"], np.ones((5000, 1)), {"eta": 0.01}, weights=np.array([0.2]))
    assert found[0] == pytest.approx(1.0, abs=1e-6)


@checks("bcm")
def test_bcm_becomes_selective():
    """Two patterns in random turn: the neuron ends with an answer of 2 to one and 0 to the other.

    At the selective fixed point theta = <y**2> = y**2/2 equals y, so that y = 2 (Intrator and
    Cooper 1992).
    """
    patterns = np.array([[1.0, 0.2], [0.2, 1.0]])
    inputs = patterns[RNG.integers(2, size=60_000)]
    weights = driven(
        CATALOG["bcm"], inputs, {"eta": 2e-3, "theta": 1.0}, weights=np.array([0.55, 0.5])
    )
    answers = np.sort(patterns @ weights)
    assert answers[0] < 0.45
    assert answers[1] == pytest.approx(2.0, rel=0.15)


def test_bcm_with_its_neighbours_threshold_stays_where_it_is():
    """y = theta changes no weight."""
    inputs = np.ones((50, 2))
    found = driven(CATALOG["bcm"], inputs, {"eta": 0.1, "theta": 1.0}, weights=np.array([0.4, 0.6]))
    np.testing.assert_allclose(found, [0.4, 0.6], atol=1e-9)


@checks("scaling")
def test_scaling_reaches_its_target_and_keeps_ratios():
    found = driven(
        CATALOG["scaling"],
        np.ones((4000, 3)),
        {"eta": 0.01, "y_0": 1.5},
        weights=np.array([0.1, 0.2, 0.4]),
    )
    assert found.sum() == pytest.approx(1.5, rel=1e-4)
    np.testing.assert_allclose(found / found[0], [1, 2, 4], rtol=1e-9)


@pytest.mark.parametrize(("side", "term"), [("post", "B*y"), ("pre", "B*x")])
def test_the_summary_of_pdlf_is_that_of_its_options(side, term):
    rule = CATALOG["pdlf"].with_options({"pdp_side": side, "normalisation": "none"})
    change = rule.each_step.removeprefix("w += ")
    assert rule.summary == f"dw = {change}"
    assert term in change
    assert "normal" not in rule.summary


@checks("pdlf")
def test_pdlf_on_a_linear_neuron_is_its_formula():
    inputs = RNG.normal(size=(30, 3))
    values = {"eta": 0.1, "A": 0.5, "B": -0.2, "C": 0.3, "D": 0.05}
    weights = expected = np.array([0.1, -0.2, 0.3])
    for x in inputs:
        y = expected @ x
        expected = expected + 0.1 * (0.5 * x * (y - 0.3) - 0.2 * y + 0.05)
    np.testing.assert_allclose(driven(without_norm("pdlf"), inputs, values, weights), expected)


def without_norm(name):
    return CATALOG[name].with_options({"normalisation": "none"})


PARTS = {
    "pdlf_scp": lambda x, y: 0.5 * x * (y - 0.3),
    "pdlf_pdp_post": lambda x, y: -0.2 * y + 0.05 + 0 * x,
    "pdlf_pdp_pre": lambda x, y: -0.2 * x + 0.05,
    "pdlf_drift": lambda x, y: 0.05 + 0 * x,
}


@checks(*PARTS)
@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_pdlf_is_its_terms(name):
    inputs = np.random.default_rng(4).normal(size=(20, 3))
    given = {"eta": 0.1, "A": 0.5, "B": -0.2, "C": 0.3, "D": 0.05}
    rule = without_norm(name)
    values = {c.name: given[c.name] for c in rule.coefficients}
    weights = expected = np.array([0.1, -0.2, 0.3])
    for x in inputs:
        expected = expected + 0.1 * PARTS[name](x, expected @ x)
    np.testing.assert_allclose(driven(rule, inputs, values, weights), expected)


@checks("taylor")
@pytest.mark.parametrize(
    ("name", "values", "terms"),
    [
        ("oja", {"eta": 0.01}, {"k110": 0.01, "k021": -0.01}),
        (
            "pdlf",
            {"eta": 0.1, "A": 0.5, "B": -0.2, "C": 0.3, "D": 0.05},
            {"k110": 0.05, "k100": -0.015, "k010": -0.02, "k000": 0.005},
        ),
    ],
)
def test_the_taylor_family_contains_oja_and_pdlf(name, values, terms):
    inputs, start = RNG.normal(size=(60, 3)), np.array([0.1, -0.2, 0.3])
    found = driven(CATALOG["taylor"], inputs, terms, start)
    same = without_norm(name) if CATALOG[name].is_normalised else CATALOG[name]
    np.testing.assert_allclose(found, driven(same, inputs, values, start), rtol=1e-9)


@checks("taylor")
def test_the_taylor_family_sums_27_products():
    names = [c.name for c in CATALOG["taylor"].coefficients if c.name != "w"]
    terms = dict(zip(names, RNG.uniform(-0.02, 0.02, 27), strict=True))
    inputs = RNG.normal(size=(20, 3))
    weights = expected = np.array([0.1, -0.2, 0.3])
    for x in inputs:
        y = expected @ x
        powers = {name: [int(digit) for digit in name[1:]] for name in names}
        expected = expected + sum(
            terms[k] * x**a * y**b * expected**c for k, (a, b, c) in powers.items()
        )
    np.testing.assert_allclose(driven(CATALOG["taylor"], inputs, terms, weights), expected)
