"""Joining the battery of a study to the tables of the matrix of rules and measures."""

import csv
from importlib import import_module
from pathlib import Path

import pytest

from neuromodels.report.figures import load_script
from neuromodels.store.find import members_of

load_script("rule_measure_matrix", Path(__file__).parents[2])
SCRIPT = import_module("figures.shared.rules_matrix")
SETTINGS = """
[[sweep.list]]
name = "few"
"search.trials" = 4
[[sweep.list]]
name = "more"
"search.trials" = 5
"""
BATTERY = """setting,condition,seed,probe,quantity,value,low,high,reason
few,plastic,1,score,score,0.123456789,0.1,0.2,
few,plastic,2,noise,,,,,its task has no 'noise'
"""
ASKED = "setting,condition,seed,probe,of,place,score,low,high\nfew,plastic,1,noise,x,0,0.98765,,1\n"


@pytest.fixture
def sweep(here, said):
    """Return the folder of a sweep of two settings and two seeds, with a battery beside it."""
    study = here / "studies" / "small.toml"
    study.write_text(study.read_text() + SETTINGS)
    assert said("run", "studies/small.toml", "--out", "runs/small")[0] == 0
    (here / "runs" / "small.csv").write_text(BATTERY)
    (here / "runs" / "small.curves.csv").write_text(ASKED)
    return here / "runs" / "small"


def join(sweep, *more):
    to = sweep.parent / "tables"
    SCRIPT.main([str(sweep), "--tables", str(to), "--source", "asked", "--commit", "abc", *more])
    return [rows_of(to / name) for name in (SCRIPT.VALUES, SCRIPT.CURVES)]


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_values_of_the_battery_and_stuck_searches_of_the_ledger_are_joined(sweep):
    values, curves = join(sweep)
    first = dict(zip(SCRIPT.VALUE_COLUMNS, [""] * 12, strict=True))
    first |= {"task": "small", "setting": "few", "condition": "plastic", "seed": "1"}
    first |= {"probe": "score", "quantity": "score", "value": "0.123457", "low": "0.1"}
    assert values[0] == first | {"high": "0.2", "source": "asked", "commit": "abc"}
    assert (values[1]["value"], values[1]["reason"]) == ("", "its task has no 'noise'")
    stuck = {(row["setting"], row["seed"]): row["value"] for row in values[2:]}
    assert stuck == expected_stuck(sweep)
    assert [row["score"] for row in curves] == ["0.9877"]
    assert (curves[0]["low"], curves[0]["high"]) == ("", "1.0000")


def expected_stuck(sweep):
    """Return whether the last test point of each search is below .55, read from its ledger."""
    found = {}
    for member in members_of(sweep):
        ledger = member.run.ledger()
        points = [p for p in ledger.tests("curve") if p.condition == "plastic"]
        ledger.close()
        last = {p.seed: p for p in sorted(points, key=lambda point: point.generation)}
        setting = member.folder.name.rpartition("-")[0]
        found |= {(setting, str(p.seed)): str(int(p.score < 0.55)) for p in last.values()}
    return found


def test_rows_of_other_studies_stay_and_those_of_this_one_are_replaced(sweep):
    before = join(sweep)
    for name, rows in zip((SCRIPT.VALUES, SCRIPT.CURVES), before, strict=True):
        table = sweep.parent / "tables" / name
        text = table.read_text()
        table.write_text(text + text.splitlines()[1].replace("small", "other", 1) + "\n")
        assert len(rows_of(table)) == len(rows) + 1
    for old, new in zip(before, join(sweep), strict=True):
        assert new[0] == {**old[0], "task": "other"}
        assert new[1:] == old


def test_stuck_searches_that_the_battery_tells_are_not_told_twice(sweep):
    battery = sweep.with_name("small.csv")
    battery.write_text(battery.read_text() + "few,plastic,1,search,stuck,1.0,,,\n")
    values, _ = join(sweep)
    assert [row["seed"] for row in values if row["probe"] == "search"] == ["1"]
