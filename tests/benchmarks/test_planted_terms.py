"""The table of planted terms: whole, on the page, and still true."""

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "statistics"
PAGE = ROOT / "docs" / "results" / "population.md"
SHOWN = ("any false effect", "interval holds, other terms", "driver found")


@pytest.fixture
def planted(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("planted_terms")


@pytest.fixture
def rows():
    with open(FOLDER / "planted_terms.csv", newline="") as file:
        found = list(csv.DictReader(file))
    return {(row["data"], float(row["planted"]), row["what"]): row for row in found}


def test_the_table_has_every_cell_and_the_page_says_the_same(planted, rows):
    page = PAGE.read_text(encoding="utf-8")
    for data in planted.NOISE:
        for effect in planted.EFFECTS:
            told = [float(rows[data, effect, what]["rate"]) for what in SHOWN]
            line = f"| {data} | {effect:g} | " + " | ".join(f"{rate:.3f}" for rate in told)
            assert line in page, line


def test_a_planted_table_is_what_it_says(planted):
    """Without noise forms differ by the planted effect alone, whatever other terms they have."""
    terms, forms = planted.declared_forms()
    assert (len(terms), len(forms)) == (17, 84)
    planted.NOISE["none"] = lambda rng, shape, has: np.zeros(shape)
    table = planted.planted_table(terms, forms, 0.04, "none", np.random.default_rng(1))
    del planted.NOISE["none"]
    for start, seed in ((s, k) for s in planted.STARTS for k in planted.SEEDS):
        cell = (table["start"] == start) & (table["seed"] == seed)
        has = table[f"has_{planted.DRIVER}"][cell] == 1
        scores = table["score"][cell]
        assert np.ptp(scores[has]) < 1e-12
        assert scores[has][0] - scores[~has][0] == pytest.approx(0.04)


@pytest.mark.strain
@pytest.mark.parametrize("effect", [0.0, 0.04])
def test_rates_are_those_of_the_table(planted, rows, effect):
    for data in planted.NOISE:
        for what, rate in planted.rates(data, effect, 60):
            wanted = float(rows[data, effect, what]["rate"])
            error = np.sqrt(max(wanted * (1 - wanted), 1 / 60) / 60)
            assert abs(rate - wanted) < 4.5 * error, (data, what, rate, wanted)
