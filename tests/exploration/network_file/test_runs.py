"""Studies of own networks from the command line: the same numbers as the functions give."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
import xarray
from brian2 import Hz, ms, mV
from own_network import CODE, FIT, HEAD, MORRIS, SWEEP

import neuromodels
from neuromodels.errors import StorageError
from neuromodels.exploration import Posterior, evaluation, fit, sensitivity, sweep
from neuromodels.exploration.inference import npe
from neuromodels.models import Model, Parameter, Rate
from neuromodels.store.networks import NetworkFolder, StoredNetwork

ROOT = Path(__file__).parents[3]
KILLED = """
import os, signal, sys
from neuromodels.cli import main
from neuromodels.exploration import checkpoint, evaluation
from neuromodels.store.networks import NetworkFolder, StoredNetwork
checkpoint.EVERY, evaluation.CHUNK_SECONDS, evaluation.FIRST = 0, 1e-3, 1
note, calls = NetworkFolder.note, []
def noted(self, *given):
    note(self, *given)
    calls.append(given)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.{signal})
NetworkFolder.note = noted
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Go to a folder with the network, a sweep, a fit and an analysis of it."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"net.py": CODE, "sweep.toml": HEAD + SWEEP, "fit.toml": HEAD + FIT}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "morris.toml").write_text(HEAD + MORRIS)
    return tmp_path


@pytest.fixture
def model(place):
    """Return the same model, built by hand."""
    names = {}
    exec((place / "net.py").read_text(), names)
    return Model(
        names["build"],
        100 * ms,
        {
            "drive": Parameter("cells.drive", 5 * mV, 30 * mV),
            "gain": Parameter("gain", 0.5, 2, "log"),
        },
        {"rate": Rate("cells"), "v": "mean(cells.v)"},
        transient=20 * ms,
    )


def killed(place, number, *arguments):
    """Run a command in a process that ends itself by a signal; return its exit code."""
    code = KILLED.replace("{signal}", signal.Signals(number).name)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False)
    return done.returncode


def test_a_sweep_is_that_of_the_function(place, model, said):
    code, out, _ = said("run", "sweep.toml", "--out", "run")
    assert code == 0
    wanted = sweep(model, {"drive": [5, 20, 30] * mV, "gain": [1, 2]}, 4, seed=3, report=False)
    for found in (
        xarray.load_dataset(place / "run" / "result.nc", engine="scipy"),
        StoredNetwork("run").dataset(),
    ):
        for name in ("rate", "v", "failed"):
            np.testing.assert_array_equal(found[name].values, wanted[name].values)
        assert found["drive"].units == "mV"
    result = json.loads(said("report", "run", "--json")[1])["result"]
    means = wanted["rate"].mean("repeat").values.ravel()
    np.testing.assert_allclose([row["measures"]["rate"]["mean"] for row in result["rows"]], means)
    assert [row["parameters"] for row in result["rows"]][1] == {"drive": 5.0, "gain": 2.0}
    for row in result["rows"]:
        assert (
            row["measures"]["v"]["low"]
            <= row["measures"]["v"]["mean"]
            <= row["measures"]["v"]["high"]
        )
    assert f"{means[0]:.4g}" in out
    assert "How does the rate depend on the drive?" in out


def test_a_sweep_is_exported_as_a_row_for_each_instance(place, said):
    said("run", "sweep.toml", "--out", "run")
    code, out, _ = said("export", "run", "--table", "results", "--out", "rows.csv")
    assert (code, out) == (0, "results: 24 rows in rows.csv\n")
    rows = pandas.read_csv("rows.csv")
    assert list(rows) == ["drive [mV]", "gain", "repeat", "failed", "rate [Hz]", "v [V]"]
    found = StoredNetwork("run").dataset()
    for drive, gain, repeat, *_ in rows.itertuples(index=False):
        one = found.sel(drive=drive, gain=gain, repeat=repeat)
        row = rows[(rows["drive [mV]"] == drive) & (rows["gain"] == gain)].iloc[int(repeat)]
        assert (row["rate [Hz]"], row["v [V]"]) == pytest.approx((float(one.rate), float(one.v)))
    said("export", "run", "--table", "results", "--out", "rows.json")
    assert json.loads(Path("rows.json").read_text())[5]["rate [Hz]"] == rows["rate [Hz]"][5]


def test_an_analysis_and_a_fit_are_exported(place, said):
    for study in ("morris", "fit"):
        said("run", f"{study}.toml", "--out", study)
        said("export", study, "--table", "results", "--out", f"{study}.csv")
    indices = pandas.read_csv("morris.csv")
    assert list(indices["parameter"]) == ["drive", "gain"] * 2
    found = StoredNetwork("morris").dataset()
    one = found.sel(measure="v", parameter="gain")["mu_star"]
    row = indices[(indices["measure"] == "v") & (indices["parameter"] == "gain")]
    assert row["mu_star"].item() == pytest.approx(float(one))
    wanted = StoredNetwork("fit").result["parameters"]
    fitted = pandas.read_csv("fit.csv")
    assert list(fitted["name"]) == ["drive", "gain"]
    assert list(fitted["value"]) == pytest.approx([row["value"] for row in wanted])


def test_runs_are_compared_side_by_side(place, said):
    more = ("--set", "sweep.seed=4", "--set", "sweep.repeats=2", "--set", "name=other")
    said("run", "sweep.toml", "--out", "runs/a")
    said("run", "sweep.toml", "--out", "runs/b", *more)
    found = json.loads(said("compare", "runs/a", "runs/b", "--json")[1])
    assert found["differs"] == ["sweep.repeats", "sweep.seed"]
    assert [run["values"]["sweep.seed"] for run in found["runs"]] == [3, 4]
    for run in found["runs"]:
        data = StoredNetwork(run["run"]).dataset()
        mean = float(data["rate"].sel(drive=20, gain=2).mean())
        number = run["results"]["rate [Hz] at drive = 20, gain = 2"]
        assert number["value"] == pytest.approx(mean)
        assert number["low"] < mean < number["high"]
    code, out, _ = said("compare", "runs")
    assert code == 0
    assert f"{mean:.4g} (" in out
    assert re.search(r"sweep.seed +│ 3 +│ 4 ", out)


def test_code_and_keys_that_only_one_run_has_are_compared(place, said):
    said("run", "fit.toml", "--out", "a")
    code = (place / "net.py").read_text()
    (place / "net.py").write_text(code.replace("12*mV", "13*mV"))
    said("run", "fit.toml", "--out", "b", "--set", "fit.optimizer=pgpe")
    found = json.loads(said("compare", "a", "b", "--json")[1])
    assert [run["values"]["fit.optimizer"] for run in found["runs"]] == [None, "pgpe"]
    assert [key for key in found["differs"] if key.startswith("code of ")]
    wanted = StoredNetwork("a").result
    results = found["runs"][0]["results"]
    assert results["loss"]["value"] == wanted["loss"]["value"]
    assert results["drive [mV]"]["value"] == wanted["parameters"][0]["value"]


def test_a_table_that_a_folder_does_not_have_is_refused(place, said, in_small_pieces):
    said("run", "sweep.toml", "--out", "run")
    code, _, err = said("export", "run", "--table", "runs", "--out", "rows.csv")
    assert code == 2
    assert "must be one of results for this folder; got 'runs'" in err
    in_small_pieces(interrupt)
    said("run", "sweep.toml", "--out", "stopped", "--set", "sweep.seed=4")
    code, _, err = said("export", "stopped", "--table", "results", "--out", "rows.csv")
    assert code == 2
    assert "is not finished. Go on with: neuromodels resume stopped" in err
    assert not Path("rows.csv").exists()


def test_a_fit_is_that_of_the_function_and_goes_further(place, model, said):
    assert said("run", "fit.toml", "--out", "run")[0] == 0
    wanted = fit(
        model, {"rate": (150 * Hz, 5 * Hz)}, candidates=8, generations=4, repeats=2, report=False
    )
    result = json.loads(said("report", "run", "--json")[1])["result"]
    assert result["loss"]["value"] == wanted.loss
    assert result["parameters"][0]["value"] == pytest.approx(float(wanted.best["drive"] / mV))
    assert said("resume", "run", "--extend", "2")[0] == 0
    longer = json.loads(said("report", "run", "--json")[1])["result"]
    assert longer["generations"] == 6
    assert longer["course"]["best"][:4] == result["course"]["best"]


def test_indices_are_those_of_the_function(place, model, said):
    pytest.importorskip("SALib", reason="SALib is not installed")
    assert said("run", "morris.toml", "--out", "run")[0] == 0
    result = json.loads(said("report", "run", "--json")[1])["result"]
    wanted = sensitivity(model, samples=4, report=False)
    found = [each["indices"]["mu_star"] for each in result["measures"]]
    np.testing.assert_array_equal(found, wanted["mu_star"].values)
    assert np.isnan(wanted["mu_star_low"]).all(), "four trajectories bound nothing"
    assert {each["kind"] for each in result["measures"]} == {"none"}
    more = sensitivity(model, samples=5, report=False)
    assert (more["mu_star_low"] <= more["mu_star"]).all()
    page = said("report", "run", "--html")
    assert page[0] == 0
    assert "<svg" in (place / "run" / "report.html").read_text()


@pytest.fixture
def in_small_pieces(monkeypatch):
    """Return a function that makes a run do something after its third piece of work."""
    monkeypatch.setattr(evaluation, "CHUNK_SECONDS", 1e-3)
    monkeypatch.setattr(evaluation, "FIRST", 1)
    note, calls = NetworkFolder.note, []

    def at_the_third(act):
        def noted(self, *given):
            note(self, *given)
            calls.append(given)
            if len(calls) == 3:
                act()

        monkeypatch.setattr(NetworkFolder, "note", noted)

    return at_the_third


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("study", ["sweep", pytest.param("fit", marks=pytest.mark.strain)])
def test_a_killed_run_goes_on_to_the_bit(place, said, study):
    assert said("run", f"{study}.toml", "--out", "whole")[0] == 0
    end = killed(place, signal.SIGKILL, "run", f"{study}.toml", "--out", "killed")
    assert end == -signal.SIGKILL
    (row,) = json.loads(said("status", "killed", "--json")[1])["networks"]
    assert row["state"] == "stopped"
    assert "Not finished" in said("report", "killed")[1]
    assert said("resume", "killed")[0] == 0
    results = [json.loads((place / n / "result.json").read_text()) for n in ("whole", "killed")]
    assert results[0] == results[1]
    (row,) = json.loads(said("status", "killed", "--json")[1])["networks"]
    assert row["state"] == "finished"


def test_an_interrupted_fit_goes_on_to_the_bit(place, said, in_small_pieces):
    assert said("run", "fit.toml", "--out", "whole")[0] == 0
    in_small_pieces(interrupt)
    assert said("run", "fit.toml", "--out", "stopped")[0] == 130
    assert said("run", "fit.toml", "--out", "stopped")[0] == 0
    results = [json.loads((place / n / "result.json").read_text()) for n in ("whole", "stopped")]
    assert results[0] == results[1]


def test_a_signal_stops_after_the_present_piece_of_work(place, said, in_small_pieces):
    in_small_pieces(lambda: os.kill(os.getpid(), signal.SIGTERM))
    code, out, err = said("run", "sweep.toml", "--out", "run")
    assert code == 128 + signal.SIGTERM
    assert "Stopping after this piece of work" in err
    assert "neuromodels resume run" in out
    with np.load(place / "run" / "measured.npz") as kept:
        assert 0 < len(kept["rate"]) < 24
    assert said("run", "sweep.toml", "--out", "run")[0] == 0


def test_the_code_of_a_finished_run_is_not_run(place, said):
    assert said("run", "sweep.toml")[0] == 0
    (folder,) = (place / "runs").iterdir()
    assert folder.name.startswith("sweep-")
    (place / "net.py").write_text(CODE + "\nprint('it was run')\n")  # build is what it was
    for command in (("run", "sweep.toml"), ("report", folder), ("resume", folder)):
        code, _, err = said(*command)
        assert code == 0
        assert "it was run" not in err


def test_another_function_of_the_file_may_change_and_build_may_not(place, said, in_small_pieces):
    in_small_pieces(interrupt)
    assert said("run", "sweep.toml", "--out", "run")[0] == 130
    changed = CODE.replace("return 1\n", "return 2\n").replace("gain = 1.0", "gain = 1.0  # one")
    (place / "net.py").write_text(changed)
    assert said("resume", "run")[0] == 0
    (place / "run" / "result.json").unlink()
    (place / "net.py").write_text(CODE.replace("12*mV", "13*mV"))
    code, _, err = said("resume", "run")
    assert code == 2
    assert "net.py has changed since this run began, in what 'build' is made of" in err
    code, _, err = said("run", "sweep.toml", "--out", "run")
    assert code == 2
    assert "its code has changed" in err


def test_check_builds_the_network_and_runs_nothing(place, said):
    code, out, err = said("check", "sweep.toml", "--json")
    assert code == 0
    assert json.loads(out)["kind"] == "Network"
    assert {each["status"] for each in json.loads(out)["promises"]} == {"ok"}
    assert "net.py" in err
    assert not (place / "runs").exists()


CHANGES = [
    (
        "parameters.drive.address=cells.drve",
        "sweep.toml:7: parameters.drive: cells must have the variable; got 'drve'. Did",
    ),
    ("measures.rate.group=cell", "measures.rate: the network must have a group of that name"),
    ("measures.v=mean(cells.v", "must be an expression"),
    ("network.build=net.py:biuld", "must have a function of that name; got 'biuld'. Did you"),
    ("network.build=raises.py:build", "raises.py:2 raised ZeroDivisionError"),
    ("network.build=ends.py:build", "ends.py:3 raised SystemExit"),
    ("network.build=three.py:build", "must return a Brian2 Network; got 'int'"),
    ("sweep.grid.drive=[1]", "must have the unit V"),
    ("sweep.grid.gian=[1]", "must have a parameter of that name; got 'gian'. Did you mean"),
    ("sweep.repeats=0", "must be a whole number from 1"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES, ids=[change for change, _ in CHANGES])
def test_a_network_that_does_not_suit_is_one_line_and_leaves_no_folder(place, said, change, told):
    (place / "raises.py").write_text("def build():\n    return 1/0\n")
    (place / "ends.py").write_text("import sys\ndef build():\n    sys.exit()\n")
    (place / "three.py").write_text("def build():\n    return 3\n")
    code, _, err = said("run", "sweep.toml", "--set", change, "--out", "run")
    assert code == 2
    assert told in err
    assert "Traceback" not in err
    assert not (place / "run").exists()


def test_a_folder_belongs_to_one_study(place, said):
    assert said("run", "sweep.toml", "--out", "run")[0] == 0
    code, _, err = said("run", "fit.toml", "--out", "run")
    assert code == 2
    assert "It holds another study" in err
    (place / "mine").mkdir()
    (place / "mine" / "notes.txt").write_text("mine")
    code, _, err = said("run", "sweep.toml", "--out", "mine")
    assert code == 2
    assert "must be empty or a run folder; got 'notes.txt'" in err
    for command in (("measure", "run", "memory"), ("show", "sweep.toml")):
        code, _, err = said(*command)
        assert code == 2
        assert "network of your own" in err


def test_every_key_of_the_report_is_documented(place, said):
    page = (ROOT / "docs" / "reference" / "json.md").read_text()
    for study in ("sweep", "fit", "morris"):
        said("run", f"{study}.toml", "--out", study)
        found = json.loads(said("report", study, "--json")[1])
        for key in [*found, *found["result"]]:
            assert f"`{key}`" in page, f"{key} is not documented"
    for key in json.loads(said("status", ".", "--json")[1])["networks"][0]:
        assert f"`{key}`" in page


def test_the_page_holds_every_table_and_loads_nothing(place, said):
    said("run", "fit.toml", "--out", "run")
    assert said("report", "run", "--html")[0] == 0
    page = (place / "run" / "report.html").read_text()
    for words in (
        "Best parameters",
        "drive",
        "mV",
        "Provenance (1 sessions)",
        "network.build",
        "<svg",
    ):
        assert words in page
    assert "http" not in page.replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "").replace("https://matplotlib.org", "")


def test_watch_follows_a_run_to_its_end(place, said):
    said("run", "sweep.toml", "--out", "run")
    code, out, _ = said("watch", "run")
    assert code == 0
    assert out == "sweep: 24 of 24 instances; finished: neuromodels report run\n"
    (place / "run" / "result.json").unlink()
    assert "stopped: go on with neuromodels resume run" in said("watch", "run")[1]


DAMAGES = [
    ("network.json", '"schema": 1', '"schema": 9', "must have schema 1"),
    ("network.json", '"digest": "', '"digest": 3, "was": "', "must hold a text 'digest'"),
    ("network.json", '"table": {', '"table": 3, "was": {', "must hold a table 'table'"),
    ("network.json", "{", "", "cannot be read"),
    ("result.json", "{", "", "cannot be read"),
]


@pytest.mark.parametrize(("file", "part", "damage", "told"), DAMAGES)
def test_a_damaged_folder_is_told(place, said, file, part, damage, told):
    said("run", "sweep.toml", "--out", "run")
    path = place / "run" / file
    path.write_text(path.read_text().replace(part, damage, 1))
    for command in ("report", "resume", "watch"):
        code, _, err = said(command, "run")
        assert code == 2
        assert told in err
    (place / "run" / "progress.json").write_text('{"done": "x", "of": []}')
    if file == "result.json":
        assert said("status", "run")[0] == 2


def test_a_function_of_the_file_measures_what_was_recorded(place, said):
    more = "\ndef spikes(recording):\n    return len(recording.spikes['cells'].t)\n"
    (place / "net.py").write_text(CODE + more)
    measure = 'n = { measure = "Recorded", function = "net.py:spikes", spikes = ["cells"] }\n'
    (place / "sweep.toml").write_text(HEAD + measure + SWEEP)
    assert said("run", "sweep.toml", "--out", "run")[0] == 0
    rows = json.loads(said("report", "run", "--json")[1])["result"]["rows"]
    for row in rows:  # 4 neurons for 80 ms
        rate = row["measures"]["rate"]["mean"]
        assert row["measures"]["n"]["mean"] == pytest.approx(rate * 4 * 0.08, rel=1e-6)
    assert said("report", "run", "--html")[0] == 0
    assert "<svg" in (place / "run" / "report.html").read_text()


def test_scripts_run_a_file_too(place, model):
    found = neuromodels.run("sweep.toml", "run")
    wanted = sweep(model, {"drive": [5, 20, 30] * mV, "gain": [1, 2]}, 4, seed=3, report=False)
    np.testing.assert_array_equal(found["rate"].values, wanted["rate"].values)


def test_the_example_of_the_page_runs(place, said):
    page = (ROOT / "docs" / "reference" / "network_files.md").read_text(encoding="utf-8")
    for kind, name in (("python", "balance.py"), ("toml", "balance.toml")):
        (place / name).write_text(page.partition(f"```{kind}\n")[2].partition("```")[0])
    short = ("--set", "network.duration=30 ms", "--set", "network.transient=10 ms")
    code, out, _ = said("run", "balance.toml", *short, "--set", "sweep.repeats=1")
    assert code == 0
    assert out.count("\n│") == 12


@pytest.mark.parametrize("path", sorted((ROOT / "studies" / "networks").glob("*.toml")))
def test_the_studies_of_networks_hold(said, path):
    assert said("check", path)[0] == 0


def test_a_damaged_dataset_is_told(place, said):
    said("run", "sweep.toml", "--out", "run")
    path = place / "run" / "result.nc"
    whole = path.read_bytes()
    for damage in (b"", b"CDF", whole[:100], whole[:40] + b"\xff" * 40 + whole[80:]):
        path.write_bytes(damage)
        with pytest.raises(StorageError, match="cannot be read"):
            StoredNetwork("run").dataset()


def test_a_damaged_result_is_told(place, said):
    said("run", "sweep.toml", "--out", "run")
    path = place / "run" / "result.json"
    for damage in ('"mean": "x"', '"mean": {}', '"men": 3'):
        path.write_text(re.sub(r'"mean": [\d.]+', damage, path.read_text(), count=1))
        for command in (("report", "run"), ("report", "run", "--html")):
            code, _, err = said(*command)
            assert code == 2
            assert "must hold a whole result" in err
        path.write_text(path.read_text().replace(damage, '"mean": 1.0'))


def test_inference_says_at_once_what_it_needs(place, said):
    (place / "infer.toml").write_text(HEAD + '[infer]\nobserved = { rate = "100 Hz" }\n')
    try:
        import sbi  # noqa: F401
    except ImportError:
        code, _, err = said("run", "infer.toml")
        assert code == 2
        assert "needs the package sbi" in err


class Parabola:
    """Stands in for a trained network: draws near the place whose rate was observed."""

    def __init__(self, places, measured):
        self.places, self.measured = places, measured

    def draw(self, observed, count, seed):
        rng = np.random.default_rng(seed)
        nearest = [np.abs(self.measured - one).sum(axis=1).argmin() for one in observed]
        around = self.places[nearest][:, None, :]
        shape = (len(observed), count, self.places.shape[1])
        return np.clip(around + 0.1 * rng.standard_normal(shape), 0, 1)

    def arrays(self):
        return {}


INFER = """\
[infer]
observed = { rate = "150 Hz" }
simulations = 60
samples = 200
predictive = 20
calibration = 30
"""


@pytest.fixture
def without_sbi(monkeypatch):
    """Let inference go its way without the package that trains networks."""
    monkeypatch.setattr(npe, "need", lambda *given: None)
    train = lambda places, measured, *more: Parabola(places, measured)  # noqa: E731
    monkeypatch.setattr(npe, "train", train)


def test_a_posterior_is_told_with_its_checks(place, said, without_sbi, in_small_pieces):
    (place / "infer.toml").write_text(HEAD + INFER)
    code, out, _ = said("run", "infer.toml", "--out", "run")
    assert code == 0
    for words in ("Posterior", "drive", "mV", "Predictive check", "Simulation-based calibration"):
        assert words in out
    found = json.loads(said("report", "run", "--json")[1])["result"]
    posterior = Posterior.load(place / "run" / "posterior.npz")
    ends = posterior.intervals()
    for row in found["parameters"]:
        assert row["median"] == pytest.approx(ends.loc[row["name"], "median"])
        assert row["mean"] == pytest.approx(posterior.samples[row["name"]].mean())
    assert found["predictive"]["runs"] == 20
    assert found["calibration"]["runs"] == 30
    page = (ROOT / "docs" / "reference" / "json.md").read_text()
    assert all(f"`{key}`" in page for key in found)
    assert said("report", "run", "--html")[0] == 0
    assert "<svg" in (place / "run" / "report.html").read_text()
    in_small_pieces(interrupt)
    assert said("run", "infer.toml", "--out", "stopped")[0] == 130
    assert said("resume", "stopped")[0] == 0
    results = [json.loads((place / n / "result.json").read_text()) for n in ("run", "stopped")]
    assert results[0] == results[1]


class Training:
    """Stands in for 40 steps of training in 4 epochs; does something after the 25th."""

    def __init__(self, act=lambda: None):
        self.act, self.steps = act, 0

    def __call__(self, places, measured, kind, seed, training, tell):
        for step in range(40):
            self.steps += 1
            if step == 24:
                self.act()
            tell(step // 10, 2.5 if step > 9 else np.nan)
        return Parabola(places, measured)


@pytest.fixture
def each_step_told(monkeypatch):
    monkeypatch.setattr("neuromodels.report.display.FIRST_PAUSE", 0)
    monkeypatch.setattr("neuromodels.report.display.LONGEST_PAUSE", 0)
    monkeypatch.setattr("neuromodels.store.networks.SECONDS", 0)


def test_a_training_shows_its_epochs(place, said, without_sbi, each_step_told, monkeypatch):
    monkeypatch.setattr(npe, "train", Training())
    (place / "infer.toml").write_text(HEAD + INFER)
    code, out, _ = said("run", "infer.toml", "--out", "run")
    assert code == 0
    assert "training, epoch 1\n" in out
    assert "training, epoch 4, validation loss 2.5\n" in out


def test_ctrl_c_ends_a_training(place, said, without_sbi, each_step_told, monkeypatch):
    """It keeps the simulations: a resumed run trains again, and simulates nothing."""
    (place / "infer.toml").write_text(HEAD + INFER)
    monkeypatch.setattr(npe, "train", Training())
    said("run", "infer.toml", "--out", "whole")
    stopped = Training(lambda: os.kill(os.getpid(), signal.SIGINT))
    monkeypatch.setattr(npe, "train", stopped)
    code, out, err = said("run", "infer.toml", "--out", "run")
    assert code == 130
    assert "infer: 60 of 60 instances" in out.split("training")[0]
    assert stopped.steps == 25
    assert "Stopping after this piece of work" in err
    assert "Stopped; everything is stored. Go on with:\n  neuromodels resume run" in out
    watched = said("watch", "run", "--once")[1]
    assert "infer: training, epoch 3, validation loss 2.5; stopped: go on" in watched
    monkeypatch.setattr(npe, "train", Training(lambda: os.kill(os.getpid(), signal.SIGINT)))
    assert said("resume", "run")[0] == 130
    noted = StoredNetwork("run").progress()
    assert (noted["done"], noted["of"]) == (60, 60), "as the session before has noted"
    monkeypatch.setattr(npe, "train", Training())
    code, out, _ = said("resume", "run")
    assert code == 0
    assert "instances" not in out.split("training")[0]
    results = [json.loads((place / n / "result.json").read_text()) for n in ("whole", "run")]
    assert results[0] == results[1]
    assert "training" not in said("watch", "run", "--once")[1]


def test_a_strangers_run_does_not_run_its_own_code(place, said):
    said("run", "sweep.toml", "--out", "run")
    (place / "run" / "result.json").unlink()
    (place / "run" / "net.py").write_text("raise SystemExit('it was run')\n")
    path = place / "run" / "network.json"
    for build in (place / "run" / "net.py", "net.py", "~/net.py", "/proc/self/cwd/net.py"):
        text = path.read_text()
        path.write_text(text.replace(str(place / "net.py"), str(build)))
        code, _, err = said("resume", "run")
        assert code == 2
        assert "is not run: it may be a stranger's" in err
        assert "it was run" not in err
        path.write_text(text)
