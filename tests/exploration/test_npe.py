"""Posteriors of a network whose posterior is known, and what is refused before anything runs."""

import io
import os
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, ms, mV
from rich.console import Console
from scipy import stats

from neuromodels.errors import DeclarationError, StorageError
from neuromodels.exploration import Posterior, infer, progress
from neuromodels.exploration.inference import density, npe
from neuromodels.exploration.inference.coordinates import coordinates_of
from neuromodels.models import Histogram, Model, Parameter, Rate

LOOKED = {"y": 1 * mV, "z": 0.7}


def shifted():
    """A voltage and a number that are the parameters plus Gaussian noise of 4 mV and of 1."""
    a, b = 0 * mV, 1.0
    cell = NeuronGroup(1, "n : volt\nm : 1\ny = a + n : volt\nz = log(b) + m : 1", name="cell")
    cell.n = "4*mV*randn()"
    cell.m = "randn()"
    return Network(cell)


def model_of(**more):
    settings = {
        "parameters": {
            "a": Parameter("a", -20 * mV, 20 * mV),
            "b": Parameter("b", np.exp(-5), np.exp(5), "log"),
        },
        "measures": {"y": "mean(last(cell.y))", "z": "mean(last(cell.z))", "r": "mean(cell.m)*0"},
        **more,
    }
    return Model(shifted, 1 * ms, **settings)


@pytest.fixture(scope="module")
def sbi():
    return pytest.importorskip("sbi", reason="sbi is not installed")


@pytest.fixture(scope="module")
def posterior(sbi):
    return infer(model_of(), LOOKED, 2000, seed=2, training={"learning_rate": 2e-3})


def test_the_posterior_is_the_gaussian_that_bayes_says(posterior):
    """A flat prior and Gaussian noise give a Gaussian around what was observed."""
    frame = posterior.samples
    assert frame.attrs["units"] == {"a": "mV", "b": "1"}
    assert frame["a"].mean() == pytest.approx(1, abs=1)
    assert frame["a"].std() == pytest.approx(4, rel=0.2)
    assert np.log(frame["b"]).mean() == pytest.approx(0.7, abs=0.25)
    assert np.log(frame["b"]).std() == pytest.approx(1, rel=0.2)
    row = posterior.intervals(0.9).loc["a"]
    assert row[["low", "median", "high"]].tolist() == pytest.approx([-5.6, 1, 7.6], abs=1.6)
    assert row.unit == "mV"


def test_log_prob_is_the_density_over_the_prior(posterior):
    points = {"a": [0, 1, 4] * mV, "b": np.exp([0.7, 0.5, 1.5])}
    truth = stats.norm(1, 4).logpdf([0, 1, 4]) + np.log(40)
    truth += stats.norm(0.7, 1).logpdf([0.7, 0.5, 1.5]) + np.log(10)
    np.testing.assert_allclose(posterior.log_prob(points), truth, atol=0.4)
    assert len(posterior.log_prob(posterior.samples[:7])) == 7


def test_ranks_are_nearly_uniform(posterior):
    """A network of few simulations is a little wrong; what is gross would show here."""
    ranks = posterior.calibration(300, 199)
    assert ranks.ranks.shape == (300, 2)
    assert ranks.ranks.max() <= 199
    table = ranks.to_dataframe()
    assert (table["deviation"] < 0.13).all()
    assert (table["inside_95"] > 0.9).all()
    assert "Anderson-Darling" in repr(ranks)
    assert "300 runs" in repr(ranks)


def test_the_predictive_check_places_what_was_observed(posterior):
    table = posterior.predictive(300)
    assert table.loc["y", "observed"] == pytest.approx(1e-3)
    assert table.loc["y", "below"] == pytest.approx(0.5, abs=0.1)
    # noise once from the posterior and once from the run
    spread = (table.loc["y", "high"] - table.loc["y", "low"]) / 4
    assert spread == pytest.approx(2**0.5 * 4e-3, rel=0.25)
    assert table.loc["y", "unit"] == "V"
    assert (table["missing"] == 0).all()


def test_a_posterior_comes_back_from_its_file(posterior, tmp_path):
    path = posterior.save(tmp_path / "kept.npz")
    again = Posterior.load(path, model_of())
    assert again.samples.equals(posterior.samples)
    points = posterior.samples[:5]
    np.testing.assert_array_equal(again.log_prob(points), posterior.log_prob(points))
    np.testing.assert_array_equal(
        again.calibration(60, 99).ranks, posterior.calibration(60, 99).ranks
    )
    with pytest.raises(DeclarationError, match="predictive: needs the model"):
        Posterior.load(path).predictive()
    with pytest.raises(StorageError, match="another model"):
        Posterior.load(path, model_of(seed=5))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(StorageError, match="cannot be read"):
        Posterior.load(path)


def test_a_posterior_of_an_older_version_comes_back(sbi, tmp_path, monkeypatch):
    """It saw logits of places and standardized measures, and its file does not name them."""
    older = partial(coordinates_of, law="logistic")
    monkeypatch.setattr(density, "coordinates_of", older)
    found = infer(model_of(), LOOKED, 100, training={"max_num_epochs": 2})
    monkeypatch.undo()
    about = {name: value for name, value in found.about.items() if name != "law"}
    path = replace(found, about=about).save(tmp_path / "older.npz")
    points = found.samples[:5]
    for _ in range(2):
        again = Posterior.load(path)
        np.testing.assert_array_equal(again.log_prob(points), found.log_prob(points))
        path = again.save(tmp_path / "again.npz")


def test_the_picture_has_a_panel_for_each_parameter_and_pair(posterior, tmp_path):
    figure = posterior.plot(truth={"a": 0 * mV, "b": 2.0})
    assert len(figure.axes) == 3
    figure.savefig(tmp_path / "pairs.png")
    assert "2 parameters" in repr(posterior)
    assert "<table" in posterior._repr_html_()
    assert "<svg" in posterior._repr_html_()


def test_nothing_is_left_in_the_working_folder(sbi, tmp_path, monkeypatch, capsys):
    import torch

    monkeypatch.chdir(tmp_path)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    infer(model_of(), LOOKED, 100, training={"max_num_epochs": 2})
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


class Stopped(Exception):
    pass


class Listening:
    """Hears of instances and of steps of a training; stops it in an epoch."""

    def __init__(self, last=10**9):
        self.told, self.last = [], last

    def __call__(self, done, of):
        pass

    def epochs(self, epochs, loss):
        self.told.append((epochs, loss))
        if epochs >= self.last:
            raise Stopped


def test_a_training_tells_its_epochs_and_ends_when_it_is_stopped(sbi):
    import torch

    whole, stopped = Listening(), Listening(last=2)
    infer(model_of(), LOOKED, 300, training={"max_num_epochs": 5}, report=whole)
    with pytest.raises(Stopped):
        infer(model_of(), LOOKED, 300, training={"max_num_epochs": 5}, report=stopped)
    # 300 runs, less a tenth for validation, are one batch of 200: a step for each epoch
    epochs = [epochs for epochs, _ in whole.told]
    assert epochs == list(range(len(epochs)))
    assert len(epochs) >= 5
    assert np.isnan(whole.told[0][1])
    assert np.isfinite([loss for _, loss in whole.told[1:]]).all()
    assert [epochs for epochs, _ in stopped.told] == [0, 1, 2]
    np.testing.assert_array_equal(stopped.told, whole.told[:3])
    weight = torch.nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    torch.optim.SGD([weight], 0.1).step()
    assert len(stopped.told) == 3, "an optimizer of somebody else is not listened to"


def _stop_at(count):
    def report(done, of):
        if done >= count and done < of:
            raise Stopped

    return report


def test_a_stopped_inference_goes_on_to_the_same_bits(sbi, tmp_path):
    settings = {"simulations": 300, "rounds": 2, "training": {"max_num_epochs": 5}, "samples": 50}
    whole = infer(model_of(), LOOKED, **settings)
    kept = {"folder": tmp_path, **settings}
    first = infer(model_of(), LOOKED, **kept)
    (tmp_path / "round_2" / "measured.npz").unlink()  # stopped in the second round
    again = infer(model_of(), LOOKED, **kept)
    for other in (first, again):
        np.testing.assert_array_equal(other.places, whole.places)
    assert (
        infer(model_of(), LOOKED, **kept, report=_refuse).places.tolist() == whole.places.tolist()
    )
    with pytest.raises(StorageError, match="another"):
        infer(model_of(), {"y": 2 * mV, "z": 0.7}, **kept)


def _refuse(done, count):
    raise AssertionError("nothing is left to be run")


def test_a_later_round_looks_where_the_posterior_is(sbi):
    found = infer(model_of(), LOOKED, 500, 2, seed=1, training={"learning_rate": 2e-3})
    spread = found.simulations.places[500:].std(axis=0)
    assert (spread < 0.85 * found.simulations.places[:500].std(axis=0)).all()
    assert found.samples["a"].std() == pytest.approx(4, rel=0.3)
    assert found.samples["a"].mean() == pytest.approx(1, abs=1.3)
    with pytest.raises(DeclarationError, match=r"calibration.*one round"):
        found.calibration()


def seldom():
    drive = 1.0
    cell = NeuronGroup(
        2, "dv/dt = (drive - v)/(5*ms) + 0.4*xi/sqrt(5*ms) : 1", threshold="v > 1", reset="v = 0",
        name="cell", method="euler",
    )  # fmt: skip
    return Network(cell)


def test_runs_without_a_value_are_left_out_and_counted(sbi):
    from neuromodels.models import MeanInterval

    model = Model(
        seldom, 100 * ms, {"drive": Parameter("drive", -1, 3)}, {"isi": MeanInterval("cell")}
    )
    quick = {"training": {"max_num_epochs": 3}}
    found = infer(model, {"isi": 8 * ms}, 300, **quick)
    assert 20 < found.left_out < 280
    assert found.left_out + len(found.simulations) == 300
    assert found.about["network"] == "nsf"
    with pytest.warns(UserWarning, match="no simulation reached the observed value of isi"):
        infer(model, {"isi": 5000 * ms}, 300, **quick)
    with pytest.raises(DeclarationError, match="50 simulations with all measures; got"):
        infer(model, {"isi": 8 * ms}, 60, **quick)


def test_a_measure_that_never_varies_is_refused(sbi):
    with pytest.raises(DeclarationError, match=r"\['r'\].*must vary.*always 0.*Leave it out"):
        infer(model_of(), {**LOOKED, "r": 0.0}, 60)


def test_sbi_is_told_what_it_knows(sbi):
    with pytest.raises(DeclarationError, match=r"infer\.training: sbi must know it"):
        infer(model_of(), LOOKED, 60, training={"epochs": 3})


# ------------------------------------------------------------------------------- without sbi


def test_what_is_shown_while_a_network_is_trained_is_seen(capsys):
    """What sbi prints is not."""
    with redirect_stdout(density._Sink()):
        sys.stdout.write("converged")
        Console(soft_wrap=True).print("epoch 3")
    assert capsys.readouterr().out == "epoch 3\n"


def test_a_training_is_a_line_in_a_terminal(monkeypatch):
    monkeypatch.setattr(progress, "_is_watched", lambda: True)
    page = Console(file=io.StringIO(), force_terminal=True, width=60)
    monkeypatch.setattr("rich.progress.get_console", lambda: page)
    with progress.training_here("training of round 1", True) as tell:
        tell(0, np.nan)
        tell(36, 1.25)
    shown = page.file.getvalue()
    assert "training of round 1: epoch 37, validation loss 1.25" in shown


@pytest.mark.parametrize("report", [False, lambda done, of: 1 / 0])
def test_a_training_is_told_to_nobody_who_does_not_ask(report):
    with progress.training_here("training of round 1", report) as tell:
        tell(3, 1.0)


@pytest.fixture
def without(monkeypatch):
    """Let everything before the network be reached where sbi is absent."""
    monkeypatch.setattr(npe, "need", lambda *names: None)


@pytest.mark.parametrize(
    ("observed", "told"),
    [
        ({}, "must be a dictionary with the value of one measure"),
        ([1.0], "must be a dictionary"),
        ({"zz": 1.0}, r"measure of that name; got 'zz'. Did you mean 'z'\?"),
        ({"y": 1.0}, r"\['y'\]: values must have the unit V"),
        ({"y": 1 * ms}, r"\['y'\]: values must have the unit"),
        ({"z": [1.0, 2.0]}, r"\['z'\]: must be one number"),
        ({"z": np.nan}, r"\['z'\]: must be finite.*Leave it out"),
        ({"z": "much"}, r"\['z'\]: values must be numbers"),
    ],
)
def test_what_cannot_be_observed_is_refused(without, observed, told):
    with pytest.raises(DeclarationError, match=told):
        infer(model_of(), observed)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"simulations": 0}, "infer.simulations: must be a whole number"),
        ({"simulations": 10}, "infer.simulations: must be at least 50"),
        ({"rounds": 1.5}, "infer.rounds: must be a whole number"),
        ({"samples": -1}, "infer.samples: must be a whole number"),
        ({"network": "mlp"}, "infer.network: must be one of"),
    ],
)
def test_wrong_settings_are_refused(without, settings, told):
    with pytest.raises(DeclarationError, match=told):
        infer(model_of(), LOOKED, **settings)


def test_a_parameter_without_bounds_has_no_prior(without):
    with pytest.raises(DeclarationError, match="needs bounds here"):
        infer(model_of(parameters={"a": "a"}), LOOKED)


def test_without_sbi_the_message_tells_how_to_install_it(monkeypatch):
    monkeypatch.setattr("neuromodels.exploration.extras.find_spec", lambda name: None)
    with pytest.raises(DeclarationError, match=r'sbi.*pip install "brian2-neuromodels\[sbi\]"'):
        infer(model_of(), LOOKED)


def laboratory_of(model, observed, folder=None, seed=0):
    from neuromodels.exploration.box import Box
    from neuromodels.exploration.inference.observed import observed_of
    from neuromodels.exploration.inference.simulations import Laboratory
    from neuromodels.exploration.simulated import Keeping
    from neuromodels.models.compiled import Compiled

    compiled = Compiled(model)
    folder = None if folder is None else Path(os.fspath(folder))
    return Laboratory(
        Box(compiled, "infer"), observed_of(compiled, observed), seed, Keeping(folder)
    )


def test_the_prior_is_uniform_along_the_scales():
    laboratory = laboratory_of(model_of(), LOOKED)
    points = laboratory.box.points(laboratory.uniform(4000, "test"))
    assert stats.kstest(points["a"].ravel(), stats.uniform(-20e-3, 40e-3).cdf).pvalue > 1e-3
    assert stats.kstest(np.log(points["b"].ravel()), stats.uniform(-5, 10).cdf).pvalue > 1e-3


def test_simulations_go_on_to_the_same_bits(tmp_path):
    places = laboratory_of(model_of(), LOOKED).uniform(200, "test")
    whole = laboratory_of(model_of(), LOOKED).run("round_1", places)
    stopping = laboratory_of(model_of(), LOOKED, tmp_path)
    stopping = replace(stopping, keeping=replace(stopping.keeping, report=_stop_at(1)))
    with pytest.raises(Stopped):
        stopping.run("round_1", places)
    np.testing.assert_array_equal(
        laboratory_of(model_of(), LOOKED, tmp_path).run("round_1", places), whole
    )
    other = laboratory_of(model_of(), LOOKED, seed=1).run("round_1", places)
    assert not np.array_equal(other, whole)


def test_measures_with_axes_are_columns():
    measures = {"h": Histogram("cell.m", -3, 3, 4), "r": Rate("cell")}

    def build():
        b = 1.0
        cell = NeuronGroup(5, "m : 1\nv = b*m : 1", threshold="v > 100", name="cell")
        cell.m = "randn()"
        return Network(cell)

    model = Model(build, 1 * ms, {"b": Parameter("b", 1, 2)}, measures)
    laboratory = laboratory_of(model, {"h": [0, 2, 3, 0], "r": 0 * Hz})
    assert laboratory.observed.labels == ("h[0]", "h[1]", "h[2]", "h[3]", "r")
    columns = laboratory.run("round_1", np.array([[0.2], [0.8]]))
    assert columns.shape == (2, 5)
    assert (columns[:, :4].sum(axis=1) <= 5).all()
    with pytest.raises(DeclarationError, match=r"\['h'\]: must be 4 numbers"):
        laboratory_of(model, {"h": [0, 2]})
