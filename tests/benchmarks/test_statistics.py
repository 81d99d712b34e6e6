"""The table of how often intervals and tests are right: whole, on the page, and still true."""

import importlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "statistics"
PAGE = ROOT / "docs" / "explanation" / "statistics.md"
SIZES = [3, 5, 6, 8, 10, 12, 20, 30]


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def test_the_page_has_the_tables_of_the_benchmark(module):
    tables = module("page_tables")
    page = PAGE.read_text(encoding="utf-8")
    for table in tables.page_tables(tables.stored_rows()):
        assert table in page, "paste what benchmarks/statistics/page_tables.py prints"


def test_the_table_has_every_cell_of_2000_data_sets(module):
    rows = module("page_tables").stored_rows()
    assert {int(row["sets"]) for row in rows} == {2000}
    seen = {(row["table"], row["method"], row["data"], int(row["n"])) for row in rows}
    for data in ("normal", "log-normal", "stuck"):
        for n in SIZES:
            for method in ("mean, now", "median, now", "paired difference, now"):
                assert ("coverage", method, data, n) in seen
            for method in ("paired permutation", "unpaired permutation", "Brunner-Munzel"):
                assert ("false positives", method, data, n) in seen
    assert {row["method"] for row in rows if row["table"] == "12 contrasts, any false"} == {
        "Holm of sign flips",
        "Holm of paired t",
        "max-T",
    }


def far_rows(found, stored, sets):
    """Return rows that are further from the stored ones than chance takes them."""
    known = {tuple(row[key] for key in ("table", "method", "data", "n")): row for row in stored}
    for table, method, data, n, _, rate in found:
        wanted = float(known[table, method, data, str(n)]["rate"])
        middle = (wanted + rate) / 2
        error = np.sqrt(max(middle * (1 - middle), 1 / sets) * (1 / sets + 1 / 2000))
        if abs(rate - wanted) > 4.5 * error:
            yield table, method, data, n, wanted, rate


@pytest.mark.strain
@pytest.mark.parametrize("data", ["normal", "log-normal", "stuck"])
@pytest.mark.parametrize("n", [3, 5, 8, 12])
def test_rates_are_those_of_the_table(module, data, n):
    benchmark = module("interval_coverage")
    stored = module("page_tables").stored_rows()
    found = [*benchmark.coverage_rows(data, n, 300), *benchmark.test_rows(data, n, 300)]
    assert len(found) > 12
    assert not list(far_rows(found, stored, 300))


@pytest.mark.strain
def test_contrasts_are_those_of_the_table(module):
    stored = module("page_tables").stored_rows()
    found = list(module("contrasts").contrast_rows(200))
    assert not list(far_rows(found, stored, 200))
