"""The battery: cognitive values of all solutions, resumed and compared; nothing is dropped."""

import csv
import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from neuromodels.analysis.cognition import VALUES
from neuromodels.cli import main
from neuromodels.errors import NeuromodelsError
from neuromodels.experiment.runner import Runner
from neuromodels.measures.battery import cells as cells_module
from neuromodels.measures.battery.cells import battery_of
from neuromodels.measures.battery.contrasts import battery_from, contrasts_of, mean_over_seeds
from neuromodels.measures.battery.probes import PROBES
from neuromodels.measures.memory import memory_of
from neuromodels.measures.quantities import Solution
from neuromodels.search.plan import SearchPlan
from neuromodels.seeding import trial_streams
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

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
    return battery_of(StoredRun(finished), TRIALS)


def cell_of(cells, probe, condition="plastic", seed=1):
    (cell,) = [
        c for c in cells if (c["probe"], c["condition"], c["seed"]) == (probe, condition, seed)
    ]
    return cell


def test_every_probe_tells_declared_values_and_every_value_has_a_probe_or_is_of_many_runs():
    told = {value for probe in PROBES.values() for value in probe.values}
    assert told <= set(VALUES)
    assert set(VALUES) - told == {"transfer", "negative transfer", "kept after another task"}


def test_every_solution_is_asked_by_every_probe(found):
    places = {(c["condition"], c["seed"], c["probe"]) for c in found}
    assert places == {(c, 1, p) for c in ("plastic", "fixed") for p in PROBES}
    for cell in found:
        assert bool(cell["values"]) != bool(cell["reason"]), "values, or why there are none"
        assert set(cell["values"]) <= set(PROBES[cell["probe"]].values)


def test_a_probe_that_the_task_cannot_answer_says_why(found):
    assert cell_of(found, "reward")["reason"] == "its task rewards no trials"
    assert 'inputs = "held out"' in cell_of(found, "held out")["reason"]


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

    monkeypatch.setattr(cells_module, "_examined", fails)
    assert battery_of(StoredRun(finished), TRIALS) == found
    assert battery_of(StoredRun(finished), TRIALS - 1, ["recall"]) == [
        cell for cell in found if cell["probe"] == "recall"
    ]
    with pytest.raises(AssertionError, match="computed again"):
        battery_of(StoredRun(finished), TRIALS + 1, ["recall"])


def test_the_command_shows_a_table_and_writes_rows(finished, found, tmp_path, capsys):
    path = tmp_path / "values.csv"
    asked = ["battery", str(finished), "--trials", str(TRIALS), "--csv", str(path)]
    assert main(asked) == 0
    out = capsys.readouterr().out
    for words in ("working memory", "information", "bit", "network state", "Not asked: reward"):
        assert words in out
    rows = list(csv.DictReader(path.open()))
    assert len(rows) == sum(max(len(cell["values"]), 1) for cell in found)
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
    assert row["reason"] == "fewer than 2 seeds have both numbers"


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
