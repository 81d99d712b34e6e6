"""One loader: what was stored comes back as tidy tables, and leaves as files others read."""

import builtins
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import STUDY

import neuromodels
from neuromodels.store.store import StoredRun

ROOT = Path(__file__).parents[2]
GRID = "[sweep]\n'rule.coefficients.A.per' = ['synapse', 'pre']\ntask.latency = [1, 2]\n"


@pytest.fixture
def run(here, said):
    said("run", "studies/small.toml", "--out", "run", "--set", "conditions=['plastic','fixed']")
    return here / "run"


@pytest.fixture
def swept(here, said):
    (here / "studies" / "swept.toml").write_text(STUDY + GRID)
    said("run", "studies/swept.toml", "--out", "swept")
    return here / "swept"


def test_every_row_comes_back(run):
    found = neuromodels.load(run)
    with sqlite3.connect(run / "ledger.sqlite") as connection:
        for table in ("generations", "tests", "runs"):
            stored = pd.read_sql(f"SELECT * FROM {table}", connection)
            loaded = getattr(found, table)
            keys = [k for k in ("condition", "seed", "kind", "generation") if k in stored]
            ordered = [each.sort_values(keys, ignore_index=True) for each in (stored, loaded)]
            for column in stored.columns:
                assert (
                    ordered[0][column].tolist()
                    == pytest.approx(ordered[1][column].tolist(), abs=0, nan_ok=True)
                    or ordered[0][column].tolist() == ordered[1][column].tolist()
                )
    connection.close()
    assert found.runs["run"].unique().tolist() == ["run"]
    assert found.generations["centre_loss"].dtype == float


def test_a_run_shows_its_final_scores(run):
    found = neuromodels.load(run)
    final = found.tests[found.tests["kind"] == "final"]
    title, head, _, *rows = repr(found).splitlines()
    assert title == f"1 run in {run}: final scores by condition"
    assert head.split() == ["condition", *sorted(final["condition"].unique())]
    assert len(rows) == final["seed"].nunique()
    shown = [float(cell) for row in rows for cell in row.split()[-2:]]
    by_seed = final.sort_values(["seed", "condition"])["score"]
    assert shown == pytest.approx(by_seed.tolist(), abs=5e-4)
    assert f"<p>{title}</p><table" in found._repr_html_()


def test_solutions_have_names_and_places(run):
    solutions = neuromodels.load(run).solutions
    for condition, name in (("plastic", "A"), ("fixed", "w")):
        for seed in (1, 2):
            vector = StoredRun(run).solution(condition, seed)["vector"]
            here = solutions.sel(run="run", condition=condition, seed=seed)
            assert here[f"input_hidden.{name}"].values.tolist() == vector[:4].tolist()
            assert here[f"hidden_output.{name}"].values.tolist() == vector[4:].tolist()
    assert np.isnan(solutions["input_hidden.A"].sel(condition="fixed")).all()
    assert solutions["input_hidden.A"].dims == ("run", "condition", "seed", "input_hidden.synapse")
    final = neuromodels.load(run).tests.query("kind == 'final' and condition == 'fixed'")
    assert solutions["score"].sel(condition="fixed").values[0].tolist() == final["score"].tolist()


def test_a_sweep_is_one_table_with_what_it_varies(swept):
    found = neuromodels.load(swept)
    assert list(found.generations.columns[:3]) == [
        "run",
        "rule.coefficients.A.per",
        "task.latency",
    ]
    counts = found.generations.groupby(["rule.coefficients.A.per", "task.latency"]).size()
    assert counts.to_dict() == {(per, n): 12 for per in ("pre", "synapse") for n in (1, 2)}
    assert found.solutions.sizes["run"] == 4


def test_granularities_are_variables_of_their_own(swept):
    solutions = neuromodels.load(swept).solutions
    assert {"input_hidden.A per synapse", "input_hidden.A per pre"} <= set(solutions.data_vars)
    by_run = np.isfinite(solutions["input_hidden.A per pre"]).all(dim="input_hidden.pre")
    assert by_run.sum() == 2 * 2


def test_several_runs_in_a_folder_are_one_table(run, here, said):
    said("run", "studies/small.toml", "--out", "other/a")
    said("run", "studies/small.toml", "--out", "other/b", "--set", "task.latency=1")
    assert neuromodels.load(here / "other").runs["run"].unique().tolist() == ["a", "b"]


def test_a_run_without_rows_has_empty_tables(here, said, monkeypatch):
    said("run", "studies/small.toml", "--out", "run")
    (here / "run" / "ledger.sqlite").unlink()
    for path in [*here.glob("run/solutions/*"), *here.glob("run/checkpoints/*")]:
        path.unlink()
    found = neuromodels.load(here / "run")
    assert len(found.generations) == len(found.tests) == len(found.runs) == 0
    assert "centre_score" in found.generations.columns
    assert found.solutions.sizes["run"] == 0


def test_loading_no_run_is_one_message(here):
    with pytest.raises(neuromodels.errors.RunNotFound, match="neuromodels run FILE"):
        neuromodels.load(here / "studies")
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        _ = neuromodels.lode


def test_importing_the_package_imports_nothing():
    code = (
        "import sys, neuromodels;"
        "assert not {'pandas', 'xarray', 'numpy', 'brian2'} & set(sys.modules);"
        "neuromodels.load; assert 'brian2' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


# -- export -------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["generations", "tests", "runs"])
def test_tables_leave_as_text(run, said, here, table):
    code, out, _ = said("export", "run", "--table", table, "--out", "deep/x.csv")
    found = getattr(neuromodels.load(run), table)
    assert code == 0
    assert out == f"{table}: {len(found):,} rows in deep/x.csv\n"
    again = pd.read_csv(here / "deep" / "x.csv", float_precision="round_trip")
    pd.testing.assert_frame_equal(again, found, check_dtype=False)


def test_solutions_leave_as_rows(run, said, here):
    assert said("export", "run", "--table", "solutions", "--out", "x.csv")[0] == 0
    rows = pd.read_csv(here / "x.csv", float_precision="round_trip")
    assert rows.columns.tolist() == ["run", "condition", "seed", "coefficient", "index", "value"]
    assert len(rows) == 2 * 2 * 6
    one = rows.query("condition == 'fixed' and seed == 2").sort_values(
        ["coefficient", "index"], ascending=[False, True]
    )
    assert one["value"].tolist() == StoredRun(run).solution("fixed", 2)["vector"].tolist()


def test_solutions_leave_as_arrays(run, said, here):
    assert said("export", "run", "--table", "solutions", "--out", "x.nc")[0] == 0
    with xr.open_dataset(here / "x.nc", engine="scipy") as again:
        assert again.sizes == {**neuromodels.load(run).solutions.sizes}
        found = again["input_hidden.A"].sel(run="run", condition="plastic", seed=1)
        vector = StoredRun(run).solution("plastic", 1)["vector"]
        assert found.values.tolist() == vector[:4].tolist()


@pytest.mark.parametrize("table", ["generations", "tests", "runs"])
def test_tables_leave_as_arrays(swept, said, here, table):
    assert said("export", "swept", "--table", table, "--out", "x.nc")[0] == 0
    found = getattr(neuromodels.load(swept), table)
    with xr.open_dataset(here / "x.nc", engine="scipy") as again:
        assert again["condition"].values.tolist() == found["condition"].tolist()
        assert again["seconds" if table != "tests" else "score"].values.tolist() == (
            found["seconds" if table != "tests" else "score"].tolist()
        )


def test_a_seed_too_large_for_netcdf_is_one_message(here, said):
    said("run", "studies/small.toml", "--out", "run", "--set", f"seeds=[{2**40}]")
    code, _, err = said("export", "run", "--table", "solutions", "--out", "x.nc")
    assert code == 2
    assert "Export to .csv or .parquet" in err
    assert len(err.splitlines()) == 1
    assert not list(here.glob("x.nc*"))


def test_parquet_without_its_package_is_one_message(run, said, here, monkeypatch):
    imported = builtins.__import__

    def without(name, *arguments, **options):
        if name == "pyarrow":
            raise ImportError(name)
        return imported(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    code, _, err = said("export", "run", "--table", "runs", "--out", "x.parquet")
    assert code == 2
    assert 'pip install "brian2-neuromodels[export]"' in err
    assert not list(here.glob("x.parquet*"))


def test_tables_leave_as_parquet(run, said, here):
    pytest.importorskip("pyarrow")
    assert said("export", "run", "--table", "generations", "--out", "x.parquet")[0] == 0
    again = pd.read_parquet(here / "x.parquet")
    pd.testing.assert_frame_equal(again, neuromodels.load(run).generations)


def test_the_course_of_a_search_is_a_study_of_optuna(swept, said, here):
    optuna = pytest.importorskip("optuna")
    assert said("export", "swept", "--table", "generations", "--out", "x.db")[0] == 0
    stored = neuromodels.load(swept).generations
    storage = f"sqlite:///{here / 'x.db'}"
    studies = optuna.get_all_study_summaries(storage)
    assert len(studies) == len(stored.groupby(["run", "condition", "seed"]))
    losses = []
    for summary in studies:
        trials = optuna.load_study(study_name=summary.study_name, storage=storage).trials
        assert [trial.params["generation"] for trial in trials] == list(range(len(trials)))
        losses += [trial.value for trial in trials]
    assert losses == stored["centre_loss"].tolist()
    assert "rule.coefficients.A.per synapse" in studies[0].study_name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--table", "runs", "--out", "x.db"), "must be generations for a file that"),
        (("run", "--table", "runs", "--out", "x.xlsx"), "must end in .csv, .json, .parquet, .nc"),
        (("studies", "--table", "runs", "--out", "x.csv"), "holds no run"),
        (("run", "--table", "runs", "--out", "run/study.json/x.csv"), "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_one_message(run, said, arguments, words):
    code, _, err = said("export", *arguments)
    assert code == 2
    assert words in err
    assert len(err.splitlines()) == 1
