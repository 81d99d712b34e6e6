"""The battery: cognitive values of all solutions, resumed and compared; nothing is dropped."""

import csv
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import boschloo_exact

from neuromodels import tasks
from neuromodels.analysis.cognition import VALUES
from neuromodels.cli import main
from neuromodels.errors import NeuromodelsError
from neuromodels.experiment.runner import Runner
from neuromodels.measures.battery.cells import battery_of
from neuromodels.measures.battery.collect import collect
from neuromodels.measures.battery.contrasts import (
    battery_from,
    contrasts_of,
    mean_over_seeds,
    share_over_seeds,
)
from neuromodels.measures.battery.examiner import Examiner, shuffled
from neuromodels.measures.battery.probes import PROBES
from neuromodels.measures.battery.request import Request
from neuromodels.measures.memory import memory_of
from neuromodels.measures.quantities import Solution
from neuromodels.report.battery.asked import folder_of
from neuromodels.search.plan import SearchPlan
from neuromodels.seeding import trial_streams
from neuromodels.store.store import Store, StoredRun
from neuromodels.store.sweeps import StoredSetting, write_sweep
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)
from neuromodels.study.sweep import read_declared

TRIALS = 24
STUDY = Study(
    name="small",
    task=TaskChoice("sequence_copy", {"length": 3, "latency": 1}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=6),
    seeds=(1,),
    conditions=("plastic", "fixed"),
    search=SearchPlan(candidates=8, trials=4, generations=2),
    test=TestPlan(trials=30, every=2, curve_trials=20, archive=0),
    device=DeviceChoice(dtype="float64", threads=1),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    with Store(folder, STUDY.to_table(), STUDY.digest) as store:
        assert Runner(STUDY, store).run()
    return folder


@pytest.fixture(scope="module")
def found(finished):
    return battery_of(StoredRun(finished), Request(TRIALS))


def cell_of(cells, probe, condition="plastic", seed=1):
    (cell,) = [
        c for c in cells if (c["probe"], c["condition"], c["seed"]) == (probe, condition, seed)
    ]
    return cell


def test_every_probe_tells_declared_values_and_every_value_has_a_probe_or_is_of_many_runs():
    told = {value for probe in PROBES.values() for value in probe.values}
    assert told <= set(VALUES)
    assert set(VALUES) - told == {
        "stuck",
        "transfer",
        "negative transfer",
        "kept after another task",
    }


def test_every_solution_is_asked_by_every_probe(found):
    places = {(c["condition"], c["seed"], c["probe"]) for c in found}
    assert places == {(c, 1, p) for c in ("plastic", "fixed") for p in PROBES}
    for cell in found:
        assert bool(cell["values"]) != bool(cell["reason"]), "values, or why there are none"
        assert set(cell["values"]) <= set(PROBES[cell["probe"]].values)


def test_a_probe_that_the_task_cannot_answer_says_why(found):
    assert cell_of(found, "reward")["reason"] == "its task rewards no trials"
    assert 'inputs = "held out"' in cell_of(found, "held out")["reason"]


def test_a_maze_without_training_trials_is_not_asked_what_more_of_them_teach():
    def lack(training):
        task = TaskChoice("t_maze", {"training": training})
        study = replace(STUDY, task=task)
        return PROBES["examples"].lacks(study, study.task_out_of(tasks.CATALOG))

    assert lack(1) == ""
    assert lack(0) == "its study shows no examples"


def test_information_keeps_what_an_interval_over_searches_needs(found):
    for condition in ("plastic", "fixed"):
        bits = cell_of(found, "recall", condition)["values"]["information"]
        kept = np.array(bits["resamples"])
        assert kept.shape == (200,)
        if bits["inputs"] == 2**3:
            np.testing.assert_allclose(kept, bits["value"], atol=1e-5)


def test_recall_is_that_of_the_measure_memory(finished, found):
    vector = StoredRun(finished).solution("plastic", 1)["vector"]
    streams = trial_streams(1, TRIALS, "battery")
    own = memory_of(Solution(STUDY, "plastic", vector, streams, 1)).own
    values = cell_of(found, "recall")["values"]
    assert values["primacy"]["value"] == pytest.approx((own[:, 0] - 1.0 * own[:, 1]).mean())
    assert values["recency"]["value"] == pytest.approx((own[:, 2] - 1.0 * own[:, 1]).mean())


def test_fixed_weights_do_not_turn_over(found):
    turnover = {
        condition: cell_of(found, "activity", condition)["values"]["weight turnover"]["value"]
        for condition in ("plastic", "fixed")
    }
    assert turnover["fixed"] == pytest.approx(0, abs=1e-12)
    assert turnover["plastic"] > 0


def test_a_span_says_whether_it_is_only_a_bound(found):
    span = cell_of(found, "span")["values"]["span"]
    assert span["is_bound"] == (span["value"] == 32)


def test_what_is_stored_is_not_computed_again(finished, found, monkeypatch):
    def fails(*arguments):
        raise AssertionError("computed again")

    monkeypatch.setattr(Examiner, "answer", fails)
    assert battery_of(StoredRun(finished), Request(TRIALS)) == found
    assert battery_of(StoredRun(finished), Request(TRIALS - 1, ["recall"])) == [
        cell for cell in found if cell["probe"] == "recall"
    ]
    with pytest.raises(AssertionError, match="computed again"):
        battery_of(StoredRun(finished), Request(TRIALS + 1, ["recall"]))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"trials": "many"},
        {"values": []},
        {"values": {"information": {"value": "1", "low": None, "high": None}}},
        {"values": {"information": {"value": 1.0}}},
        {"probe": "recal"},
        {"seed": [1]},
    ],
)
def test_a_cell_that_nobody_here_has_written_is_computed_anew(finished, found, tmp_path, spoilt):
    copy = tmp_path / "small"
    shutil.copytree(finished, copy)
    stored = copy / "measures" / "battery.json"
    table = json.loads(stored.read_text())
    recall = [c for c in table["cells"] if c["probe"] == "recall" and c["condition"] == "fixed"]
    recall[0] |= spoilt
    stored.write_text(json.dumps(table))
    asked = []
    again = battery_of(StoredRun(copy), Request(TRIALS, ["recall"]), tell=asked.append)
    assert again == [cell for cell in found if cell["probe"] == "recall"]
    assert [(question.condition, question.probe) for question in asked] == [("fixed", "recall")]


def test_the_command_shows_a_table_and_writes_rows(finished, found, tmp_path, capsys):
    path = tmp_path / "values.csv"
    asked = ["battery", str(finished), "--trials", str(TRIALS), "--csv", str(path)]
    assert main(asked) == 0
    out = capsys.readouterr().out
    for words in ("working memory", "information", "bit", "network state", "Not asked: reward"):
        assert words in out
    rows = list(csv.DictReader(path.open()))
    stuck = [row for row in rows if row["quantity"] == "stuck"]
    assert {(row["condition"], row["value"]) for row in stuck} == {
        ("plastic", "1.0"),
        ("fixed", "1.0"),
    }
    assert len(rows) == len(stuck) + sum(max(len(cell["values"]), 1) for cell in found)
    assert main([*asked, "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["reference"] == {"setting": "small", "condition": "plastic"}
    assert {row["condition"] for row in table["contrasts"]} == {"fixed"}


def test_wrong_names_are_one_sentence(finished, capsys):
    assert main(["battery", str(finished), "--only", "recal"]) == 2
    assert "battery --only: must be one of recall, retention" in capsys.readouterr().err
    asked = ["battery", str(finished), "--trials", str(TRIALS), "--against", "large"]
    assert main(asked) == 2
    assert "battery --against: must be one of small; got 'large'" in capsys.readouterr().err


def test_a_run_without_a_finished_search_is_left_out_with_a_word(tmp_path):
    with Store(tmp_path / "empty", STUDY.to_table(), STUDY.digest):
        pass
    with pytest.raises(NeuromodelsError, match="needs a finished search"):
        battery_of(StoredRun(tmp_path / "empty"))


# -- means and contrasts, on values that are known ----------------------------------------------


def cells(setting, values, condition="plastic"):
    return [
        (
            setting,
            {
                "condition": condition,
                "seed": seed,
                "probe": "recall",
                "values": {"information": {"value": value}},
                "reason": "",
            },
        )
        for seed, value in enumerate(values)
    ]


def test_a_search_without_a_number_is_counted_and_not_paired():
    battery = battery_from([*cells("a", [1.0, 2, None, 4, 5]), *cells("b", [2.0, 3, 9, 5, None])])
    (row,) = contrasts_of(battery, ("a", "plastic"))
    assert (row["setting"], row["n"], row["difference"]) == ("b", 3, 1.0)
    mean = mean_over_seeds(battery.values[("a", "plastic"), ("recall", "information")])
    assert (mean["value"], mean["n"], mean["missing"]) == (3.0, 4, 1)


@pytest.mark.parametrize(("values", "kind"), [([1.0], "none"), ([2.0] * 6, "range"), ([], "none")])
def test_one_seed_no_variance_and_none_have_no_t_interval(values, kind):
    found = mean_over_seeds(dict(enumerate(values)))
    assert (found["kind"], found["n"]) == (kind, len(values))


def test_one_seed_is_compared_with_nobody():
    battery = battery_from([*cells("a", [1.0]), *cells("b", [2.0])])
    (row,) = contrasts_of(battery, ("a", "plastic"))
    assert (row["p"], row["difference"], row["n"]) == (None, None, 0)
    assert row["reason"] == "fewer than 2 seeds, or than half, have both numbers"


def test_a_form_with_few_numbers_does_not_take_the_seeds_of_the_others():
    base = [*cells("base", np.arange(12.0)), *cells("better", np.arange(12.0) + 1)]
    few = cells("few", [1.0] * 3 + [None] * 9)
    rows = {r["setting"]: r for r in contrasts_of(battery_from([*base, *few]), ("base", "plastic"))}
    assert rows["better"]["n"] == 12
    assert (rows["few"]["n"], rows["few"]["p"]) == (0, None)


def test_a_planted_effect_is_found_and_nothing_else():
    rng = np.random.default_rng(3)
    base = rng.normal(size=12)
    parts = [cells("base", base), cells("better", base + 1 + 0.3 * rng.normal(size=12))]
    parts += [cells(f"same{k}", base + 0.3 * rng.normal(size=12)) for k in range(4)]
    rows = contrasts_of(battery_from(list(chain(*parts))), ("base", "plastic"))
    p = {row["setting"]: row["p"] for row in rows}
    assert p["better"] < 0.01
    assert min(p[f"same{k}"] for k in range(4)) > 0.05


def test_ranks_see_through_a_stuck_search():
    """One of twelve stuck far below hides a difference from t, and not from ranks."""
    rng = np.random.default_rng(8)
    base, better = 0.1 * rng.normal(size=12), 1 + 0.1 * rng.normal(size=12)
    better[4] = -30.0
    (row,) = contrasts_of(
        battery_from([*cells("base", base), *cells("better", better)]), ("base", "plastic")
    )
    assert row["p"] > 0.05
    assert row["rank_p"] < 0.01
    assert row["superiority"] == pytest.approx(11 / 12)


@pytest.mark.strain
def test_twelve_contrasts_of_nothing_are_called_one_in_a_twentieth_of_the_studies():
    """Family-wise: any of twelve forms without an effect, 12 seeds, within 4 standard errors."""
    rng, sets = np.random.default_rng(5), 400
    false = 0
    for _ in range(sets):
        parts = [cells(f"f{k}", rng.normal(size=12)) for k in range(13)]
        rows = contrasts_of(battery_from(list(chain(*parts))), ("f0", "plastic"))
        false += min(row["p"] for row in rows) < 0.05
    assert false / sets < 0.05 + 4 * np.sqrt(0.05 * 0.95 / sets)


def test_the_page_has_all_values_and_probes():
    page = (Path(__file__).parents[2] / "docs/reference/cognitive_values.md").read_text()
    for value in VALUES.values():
        null = "none" if value.null is None else f"{value.null:g}"
        row = f"| {value.name} | {value.ability} | {value.formula} | {value.unit} | {null} |"
        assert row in page
    for probe in PROBES.values():
        assert f"| `{probe.name}` | {', '.join(probe.values)} |" in page


# -- networks that are used again ---------------------------------------------------------------


def test_a_network_that_is_used_again_tells_the_same(finished, found):
    """Each question by an examiner of its own, which has built nothing before."""
    asked = list(Examiner(finished).questions(["damage", "recall", "activity"], TRIALS, False))
    fresh = [Examiner(finished).answer(question) for question in asked]
    again = [cell_of(found, q.probe, q.condition) for q in asked]
    assert fresh == again


# -- controls, workers, and what is missing -----------------------------------------------------


def test_a_shuffled_rule_has_the_numbers_of_the_solution_each_in_its_coefficient():
    vector, parts = np.arange(10.0), {"a": slice(0, 6), "b": slice(6, 9), "c": slice(9, 10)}
    mixed = shuffled(vector, parts, seed=3)
    assert sorted(mixed[:6]) == list(range(6))
    assert sorted(mixed[6:9]) == [6, 7, 8]
    assert mixed[9] == 9
    assert (mixed != vector).any()
    assert (mixed == shuffled(vector, parts, seed=3)).all()


def test_controls_are_columns_of_the_setting_that_is_named(finished, found):
    table = collect(finished, Request(TRIALS, ["damage"], controls="small"))
    columns = {row["condition"] for row in table["means"]}
    assert columns == {
        f"{c}{k}" for c in ("plastic", "fixed") for k in ("", ", shuffled", ", random")
    }
    with pytest.raises(NeuromodelsError, match="--controls: must be one of small"):
        collect(finished, Request(TRIALS, controls="other"))


def test_two_processes_say_what_one_says(finished, found, tmp_path):
    """Also after a command that was killed: what is stored then is a part of the answers."""
    copy = tmp_path / "small"
    shutil.copytree(finished, copy)
    stored = copy / "measures" / "battery.json"
    table = json.loads(stored.read_text())
    kept = [cell for cell in table["cells"] if cell["probe"] not in ("damage", "activity")]
    stored.write_text(json.dumps({**table, "cells": kept}))
    asked = ["damage", "activity"]
    again = battery_of(StoredRun(copy), Request(TRIALS, asked, workers=2))
    assert again == [cell for cell in found if cell["probe"] in asked]


@pytest.mark.strain
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see processes")
def test_killed_at_any_time_it_goes_on_and_leaves_no_process(finished, found, tmp_path):
    copy = tmp_path / "small"
    shutil.copytree(finished, copy, ignore=shutil.ignore_patterns("measures"))
    stored = copy / "measures" / "battery.json"
    asked = ["battery", str(copy), "--workers", "2", "--trials", str(TRIALS)]
    running = subprocess.Popen(
        [sys.executable, "-m", "neuromodels", *asked],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert is_soon(stored.exists, 300)
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    finally:
        running.kill()
        running.wait()
    assert len(children) >= 2
    assert is_soon(lambda: not any(is_alive(child) for child in children), 30)
    assert json.loads(stored.read_text())["cells"]
    assert battery_of(StoredRun(copy), Request(TRIALS)) == found


def is_soon(holds, seconds):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.2)
    return holds()


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_setting_that_was_not_begun_is_named(finished, found, tmp_path, capsys):
    sweep, table = tmp_path / "sweep", STUDY.to_table()
    shutil.copytree(finished, sweep / "begun")
    places = {"one": "begun", "two": "later"}
    settings = [StoredSetting(n, f, STUDY.digest, {}, table) for n, f in places.items()]
    write_sweep(sweep, "small", ["search.trials"], settings)
    values = tmp_path / "values.csv"
    assert main(["battery", str(sweep), "--trials", str(TRIALS), "--csv", str(values)]) == 0
    assert "Without values: two (It was not begun.)" in " ".join(capsys.readouterr().out.split())
    assert {row["setting"] for row in csv.DictReader(values.open())} == {"one", "two"}


def test_a_search_whose_probe_failed_is_one_without_a_number():
    failed = {"condition": "plastic", "seed": 9, "probe": "recall", "values": {}, "reason": "why"}
    battery = battery_from([*cells("a", [1.0, 2.0]), ("a", failed)])
    by_seed = battery.values[("a", "plastic"), ("recall", "information")]
    assert (dict(by_seed), battery.reasons) == ({0: 1.0, 1: 2.0, 9: None}, {})


def test_what_is_at_chance_at_every_delay_has_no_half_life(found):
    """Two generations find nothing; a fit of the noise would call it held for ever, or a while."""
    for condition in ("plastic", "fixed"):
        half_life = cell_of(found, "retention", condition)["values"]["retention half-life"]
        assert max(half_life["curve"]["value"]) < 0.55
        assert (half_life["value"], half_life["reason"]) == (None, "not defined")


def test_a_curve_is_kept_point_by_point(finished, found, tmp_path):
    curve = cell_of(found, "damage")["values"]["area under doses"]["curve"]
    assert curve["places"] == [0.0, 0.1, 0.2, 0.4, 0.8]
    path = tmp_path / "curves.csv"
    asked = ["battery", str(finished), "--trials", str(TRIALS), "--curves", str(path)]
    assert main(asked) == 0
    rows = [row for row in csv.DictReader(path.open()) if row["probe"] == "damage"]
    plastic = [float(row["score"]) for row in rows if row["condition"] == "plastic"]
    assert plastic == pytest.approx(curve["value"])


def test_equal_rules_are_shown_to_be_equal_and_others_are_not():
    rng = np.random.default_rng(2)
    base = rng.normal(size=12)
    parts = [cells("base", base), cells("alike", base + 0.1 * rng.normal(size=12))]
    parts += [cells("other", base + 1 + 0.1 * rng.normal(size=12)), cells("same", base)]
    battery = battery_from(list(chain(*parts)))
    rows = contrasts_of(battery, ("base", "plastic"), {"information": 0.3})
    p = {row["setting"]: row["equal_p"] for row in rows}
    assert p["alike"] < 0.05 < p["other"]
    assert p["same"] is None, "no pair differs from another"
    assert {row["equal_p"] for row in contrasts_of(battery, ("base", "plastic"))} == {None}


def stuck_cells_of(setting, values):
    return [
        (name, {**cell, "probe": "search", "values": {"stuck": cell["values"]["information"]}})
        for name, cell in cells(setting, values)
    ]


def test_shares_of_stuck_searches_are_compared_exactly():
    ours = stuck_cells_of("b", [1.0] * 9 + [0.0] * 3)
    battery = battery_from([*stuck_cells_of("a", [0.0] * 12), *ours])
    (row,) = contrasts_of(battery, ("a", "plastic"))
    expected = boschloo_exact([[9, 0], [3, 12]]).pvalue
    assert (row["difference"], row["p"]) == (0.75, pytest.approx(expected))
    share = share_over_seeds(battery.values[("b", "plastic"), ("search", "stuck")])
    assert (share["value"], share["kind"]) == (0.75, "exact binomial")


@pytest.mark.parametrize("margin", ["information", "memory=1", "information=0", "information=x"])
def test_a_wrong_margin_is_one_sentence(finished, margin, capsys):
    assert main(["battery", str(finished), "--margin", margin]) == 2
    assert capsys.readouterr().err.startswith("neuromodels: battery --margin: must ")


def test_of_a_study_file_the_run_is_taken_that_lies_among_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = Path("small.toml")
    file.write_text(
        'name = "small"\nconditions = ["plastic"]\n[task]\nname = "sequence_copy"\n'
        '[rule]\nname = "pdlf"\n'
    )
    study, said = read_declared(str(file)), []
    folder = Path("runs") / f"small-{study.digest}"
    with Store(folder, study.to_table(), study.digest):
        pass
    assert folder_of(file, lambda path: None, said.append) == folder
    assert said == [f"The run of this study: {folder}"]
    assert folder_of(folder, lambda path: None, said.append) == folder


def test_a_study_file_that_was_not_run_says_how_to_run_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = Path(__file__).parents[2] / "studies" / "pdlf_copy_quick.toml"
    assert main(["battery", str(path)]) == 2
    assert f"Run it with: neuromodels run {path}" in " ".join(capsys.readouterr().err.split())
