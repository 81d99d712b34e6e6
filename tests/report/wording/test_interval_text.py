"""What tables say of their intervals: which kind, of how many, and "-" where there is none."""

import numpy as np
import pytest

from neuromodels.report.networks.tables import kind_of
from neuromodels.report.run import _over_seeds
from neuromodels.report.wording.interval_text import ends_text, intervals_note

SCORES = np.array([0.9, 0.7, 0.8, 0.95, 0.85, 0.6])


@pytest.mark.parametrize(
    ("seeds", "label"),
    [
        (2, "Intervals: range, n = 2 seeds."),
        (5, "Intervals: range, n = 5 seeds."),
        (6, "Intervals: 95 % exact median interval, n = 6 seeds."),
    ],
)
def test_a_report_names_the_interval_of_its_seeds(seeds, label):
    row = _over_seeds(SCORES[:seeds])
    assert intervals_note([row]) == label
    assert (row["low"], row["high"]) == (min(SCORES[:seeds]), max(SCORES[:seeds]))


def test_each_kind_is_named_once():
    random = {"kind": "t", "n": 64, "interval_over": "rules"}
    alone = {"kind": "none", "n": 1, "interval_over": "sequences"}
    nothing_yet = {"kind": None, "n": None, "interval_over": None}
    rows = [_over_seeds(SCORES[:3]), random, alone, nothing_yet, _over_seeds(SCORES[1:4])]
    assert intervals_note(rows) == (
        "Intervals: range, n = 3 seeds; 95 % t interval, n = 64 rules; no interval, n = 1 sequence."
    )
    assert intervals_note([nothing_yet]) == ""


def test_no_interval_is_a_dash():
    assert ends_text({"low": 0.5, "high": 0.5, "kind": "none"}) == "-"
    assert ends_text({"low": 0.25, "high": 0.5, "kind": "t"}, " to ") == "0.250 to 0.500"


def test_sweeps_of_earlier_versions_have_t_intervals():
    assert kind_of({"low": 0.1, "high": 0.2}) == "t"
    assert kind_of({"low": 0.1, "high": 0.2, "kind": "range"}) == "range"
    assert kind_of({"low": None, "high": None}) == "none"
