"""`neuromodels list rules`: what the rules are, side by side."""

import json

import pytest

from neuromodels.rules import CATALOG


@pytest.fixture(scope="module")
def listed():
    from neuromodels.report.listing import items_of

    return {item["name"]: item for item in items_of("rules")}


def test_the_table_fits_its_columns_and_names_every_rule(said):
    code, out, _ = said("list", "rules")
    assert code == 0
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 120
    first = {
        line.split()[0] for line in out.splitlines() if line.startswith(" ") and line[1:2].strip()
    }
    assert set(CATALOG) <= first
    for column in ("acts", "factors", "reads, keeps", "weight", "searched", "reference"):
        assert column in out


def test_the_table_wraps_and_shortens_nothing_away(said):
    words = said("list", "rules")[1].split()
    assert not any("…" in word for word in words)
    assert "th0..th20" in words
    assert "arXiv:2106.02681;" in words


@pytest.mark.parametrize(
    ("name", "acts", "factors", "reads", "state"),
    [
        ("pdlf", ["each step"], 2, ["x", "y"], []),
        ("stdp", ["pre spike and post spike"], 2, [], ["apre", "apost"]),
        ("nm_bcm", ["each step and post spike", "each step"], 3, ["x", "y", "M"], ["theta"]),
        ("fixed", ["never"], 0, [], []),
        ("three_factor", ["each step"], 3, ["x", "y", "sx", "sy", "M"], ["elig"]),
    ],
)
def test_a_rule_says_when_it_acts_and_what_it_needs(listed, name, acts, factors, reads, state):
    item = listed[name]
    found = (
        item["acts"],
        item["factors"],
        item["reads"],
        [s for s in item["state"] if s != "seen"],
    )
    assert found == (acts, factors, reads, state)


def test_json_has_everything(said):
    items = json.loads(said("list", "rules", "--json")[1])["items"]
    found = {item["name"]: item for item in items}
    assert set(found) == set(CATALOG)
    eta = next(c for c in found["plastic_oja"]["coefficients"] if c["name"] == "eta")
    assert eta == {
        "name": "eta",
        "default": 0.05,
        "low": 1e-4,
        "high": 1,
        "per": "projection",
        "scale": "log",
        "searched": True,
    }
    assert found["plastic_oja"]["weight"] == "w + alpha*rho"
    assert found["plastic_oja"]["learns"] == ["rho"]
    assert found["plastic_oja"]["options"] == {"form": ["event", "dense"]}
    assert found["pdlf"]["coefficients"][0]["low"] is None
