"""Comparing runs that are unlike, and sweeps beside them: no key is cut, nothing is left unsaid."""

import json
import re
from io import StringIO

import pytest
from conftest import STUDY
from rich.console import Console

from neuromodels.report.compare import ComparisonView, comparison_of
from neuromodels.report.sweeps import MOST
from neuromodels.store.sweeps import write_sweep

GRID = "[sweep]\ncircuit.hidden = [4, 8, 16]\n"
KEYS = ["name", *(f"calibration.point_{k}" for k in range(22)), "circuit.hidden"]
ROW = {
    "condition": "plastic",
    "seeds": 2,
    "of": 2,
    "median": 0.9,
    "low": 0.85,
    "high": 0.95,
    "interval_over": "seeds",
    "kind": "range",
    "n": 2,
    "generations": 1400,
    "generations_of": 1400,
    "seconds": 12345.6,
    "failures": 7,
    "failed_trials": 3,
    "trials": 100,
}


def comparison(keys, runs=3):
    return {
        "schema": 1,
        "differs": list(keys),
        "plan": None,
        "runs": [
            {
                "run": f"runs/run_{k}",
                "setting": None,
                "values": {key: f"study_{k}" if key == "name" else 0.5 + k for key in keys},
                "conditions": [ROW],
            }
            for k in range(runs)
        ],
    }


def shown(comparison, width):
    console = Console(width=width, file=StringIO())
    console.print(ComparisonView(comparison), highlight=False)
    return console.file.getvalue()


def headers(text):
    last = [line for line in text.splitlines() if "┃" in line][-1]
    return [head.strip() for head in last.strip("┃ ").split("┃")]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 400])
def test_each_differing_key_is_a_whole_column_or_named_below(width):
    text = shown(comparison(KEYS), width)
    table, _, below = text.partition("Intervals:")
    named = below.replace("\n", " ")
    columns = [key for key in KEYS if key.rpartition(".")[2] in headers(table)]
    others = [key for key in KEYS if key not in columns]
    assert len(columns) == len(KEYS) or all(re.search(rf"{key}\b", named) for key in others)
    assert all(len(line) <= width for line in text.splitlines())
    if width >= 100:
        assert "…" not in text
        assert all(f"run_{k}" in table for k in range(3)) or len(columns) == len(KEYS)
    if width >= 120:
        assert columns[0] == "name"
        assert table.count("0.850 - 0.950") == 3, "what came out is whole, too"
    assert (len(columns) == len(KEYS)) == (width == 400)


@pytest.mark.parametrize("width", [130, 160])
def test_keys_that_fit_are_all_columns(width):
    text = shown(comparison(["circuit.hidden", "search.trials"]), width)
    assert headers(text)[:3] == ["hidden", "trials", "condition"]
    assert "also differ" not in text


def test_what_a_sweep_varies_is_shown_in_a_narrow_terminal():
    text = shown(comparison(["circuit.hidden"]), 80)
    assert headers(text)[0] == "hidden"
    assert all(f"│ {0.5 + k}" in text for k in range(3))


def test_settings_that_agree_in_all_columns_are_told_apart_by_their_names():
    found = comparison(["rule.name"])
    for number, run in enumerate(found["runs"]):
        run["values"], run["setting"] = {"rule.name": "pdlf"}, f"setting_{number}"
    text = shown(found, 120)
    assert headers(text)[:2] == ["setting", "name"]
    assert all(f"setting_{k}" in text for k in range(3))


# -- sweeps beside runs --------------------------------------------------------------------------


@pytest.fixture
def beside(here, said):
    """Return a folder with a run and a sweep of three settings."""
    less = ("--set", "seeds=[1]", "--set", "conditions=['plastic']")
    (here / "studies" / "swept.toml").write_text(STUDY.replace("small", "swept") + GRID)
    assert said("run", "studies/small.toml", "--out", "runs/alone", *less)[0] == 0
    assert said("run", "studies/swept.toml", "--out", "runs/sweep", *less)[0] == 0
    return here / "runs"


def test_a_sweep_beside_runs_is_told_with_its_best_setting(beside, said):
    code, out, err = said("compare", "runs", "--json")
    assert code == 0
    assert [row["run"] for row in json.loads(out)["runs"]] == ["runs/alone"]
    settings = json.loads(said("compare", "runs/sweep", "--json")[1])["runs"]
    best = max(settings, key=lambda row: row["conditions"][0]["median"])
    (line,) = err.splitlines()
    assert "runs/sweep: a sweep of 3 settings, 3 with scores, not in the table" in line
    assert f"best plastic {best['conditions'][0]['median']:.3f} at " in line
    assert f"at hidden-{best['values']['circuit.hidden']}" in line
    assert line.endswith("neuromodels compare runs/sweep")
    assert said("compare", "runs/alone", "runs/sweep")[2] == ""
    assert said("compare", "runs", "runs/sweep")[2] == "", "it is in the table"


def test_a_folder_of_nothing_but_sweeps_is_called_so(beside, said):
    (beside / "alone").rename(beside.parent / "elsewhere")
    for command in (["compare", "runs"], ["export", "runs", "--table", "runs", "--out", "x.csv"]):
        code, _, err = said(*command)
        assert code == 2
        assert "no sweep" not in err
        assert "only sweeps: sweep'. Name one of them: runs/sweep" in err
    assert "best plastic" in said("compare", "runs")[2]
    assert said("compare", "runs", "elsewhere")[0] == 2


def test_a_damaged_sweep_beside_runs_is_told_and_a_lost_setting_has_no_score(beside, said):
    next(path for path in sorted((beside / "sweep").iterdir()) if path.is_dir()).rename("moved")
    assert "3 settings, 2 with scores" in said("compare", "runs")[2]
    (beside / "sweep" / "sweep.json").write_text("{}")
    code, _, err = said("compare", "runs")
    assert code == 0
    assert "left out" in err
    assert "sweep.json" in err


def test_many_sweeps_are_few_lines(beside):
    for number in range(MOST + 3):
        write_sweep(beside / f"more{number}", "more", ["k"], [])
    told = []
    comparison_of([beside], told.append)
    assert len(told) == MOST + 1
    assert told[-1].endswith("4 more sweeps, not in the table")
    assert "0 settings, 0 with scores, not in the table. Compare" in told[0]
