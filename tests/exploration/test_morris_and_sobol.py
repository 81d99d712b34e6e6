"""Indices of functions whose indices are known, written as networks of one neuron."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms, mV

from neuromodels.errors import DeclarationError
from neuromodels.exploration import plot_sensitivity, sensitivity
from neuromodels.models import Model, Parameter, Rate

PI = float(np.pi)
A, B = 7.0, 0.1


@pytest.fixture
def salib():
    return pytest.importorskip("SALib", reason="SALib is not installed")


def ishigami():
    """Sin(x1) + 7 sin(x2)^2 + 0.1 x3^4 sin(x1); Ishigami and Homma 1990."""
    x1 = x2 = x3 = 1.0
    cell = NeuronGroup(
        1, "y = sin(x1) + 7*sin(x2)**2 + 0.1*x3**4*sin(x1) : 1", name="cell", method="euler"
    )
    return Network(cell)


def ishigami_model(**more):
    bounds = {name: Parameter(name, -PI, PI) for name in ("x1", "x2", "x3")}
    settings = {"measures": {"y": "mean(last(cell.y))"}, "dtype": "float64", **more}
    return Model(ishigami, 1 * ms, bounds, **settings)


def analytic():
    """Return S1 and ST of the Ishigami function (Saltelli et al. 2000)."""
    first = 0.5 * (1 + B * PI**4 / 5) ** 2, A**2 / 8, 0.0
    pair = B**2 * PI**8 * 8 / 225
    total = sum(first) + pair
    return np.array(first) / total, np.array([first[0] + pair, first[1], pair]) / total


def test_sobol_indices_of_the_ishigami_function(salib):
    found = sensitivity(ishigami_model(), "sobol", 1024, seed=3)
    first, total = analytic()
    of_y = found.sel(measure="y")
    np.testing.assert_allclose(of_y.S1, first, atol=0.05)
    np.testing.assert_allclose(of_y.ST, total, atol=0.05)
    for name, truth in (("S1", first), ("ST", total)):
        width = np.asarray(of_y[f"{name}_high"] - of_y[f"{name}_low"]) / 2
        assert (np.abs(of_y[name] - truth) < 2 * width + 0.002).all()
    pair = float(of_y.S2.sel(parameter="x1", other="x3"))
    assert pair == pytest.approx(total[2], abs=0.08)
    assert pair == float(of_y.S2.sel(parameter="x3", other="x1"))
    assert (found.left_out == 0).all()
    assert {"S1", "ST", "S2"} <= set(found.to_dataframe().columns)


def bent():
    k, flat = 1.0, 1.0 * mV
    cell = NeuronGroup(1, "y = log(k) : 1\nz = 3*flat : volt", name="cell", method="euler")
    return Network(cell)


def test_a_log_scale_is_followed_and_units_are_told(salib):
    """Along its logarithm from 1 to 1000, log(k) changes by log(1000) and is straight."""
    parameters = {"k": Parameter("k", 1, 1000, "log"), "flat": Parameter("flat", 1 * mV, 3 * mV)}
    measures = {"y": "mean(last(cell.y))", "z": "mean(last(cell.z))"}
    model = Model(bent, 1 * ms, parameters, measures, dtype="float64")
    found = sensitivity(model, "morris", 8)
    np.testing.assert_allclose(found.mu_star.sel(measure="y"), [np.log(1000), 0], atol=1e-9)
    np.testing.assert_allclose(found.mu.sel(measure="z"), [0, 6e-3], atol=1e-9)
    np.testing.assert_allclose(found.sigma, 0, atol=1e-9)
    assert list(found.units.values) == ["1", "V"]
    assert list(found.parameter.values) == ["k", "flat"]


def noisy():
    k = 1.0
    cell = NeuronGroup(1, "y : 1\nu = k + y : 1", name="cell", method="euler")
    cell.y = "10*randn()"
    return Network(cell)


def test_repeats_are_averaged(salib):
    """Noise of 10 hides an effect of 1; with 900 instances of a point it is 0.33 of it."""
    model = Model(noisy, 1 * ms, {"k": Parameter("k", 0, 1)}, {"u": "mean(last(cell.u))"})
    loud = sensitivity(model, "morris", 20)
    quiet = sensitivity(model, "morris", 20, repeats=900)
    assert float(loud.sigma[0, 0]) > 5
    # two means of 900 differ by sqrt(2) 10/30 along a step of two thirds of the range
    assert float(quiet.sigma[0, 0]) == pytest.approx(2**0.5 / 3 * 1.5, rel=0.5)
    assert float(quiet.mu[0, 0]) == pytest.approx(1, abs=0.5)


def silent_below():
    """It spikes where the drive is over one, and has no interval elsewhere."""
    drive, tau = 1.0, 5 * ms
    cell = NeuronGroup(
        1, "dv/dt = (drive - v)/tau : 1", threshold="v > 1", reset="v = 0", name="cell",
        method="exact",
    )  # fmt: skip
    return Network(cell)


def test_points_without_a_value_are_left_out_and_counted(salib):
    from neuromodels.models import MeanInterval

    parameters = {"drive": Parameter("drive", 0.5, 3), "tau": Parameter("tau", 3 * ms, 6 * ms)}
    model = Model(
        silent_below, 200 * ms, parameters, {"isi": MeanInterval("cell"), "rate": Rate("cell")}
    )
    found = sensitivity(model, "morris", 16, repeats=2)
    assert 0 < int(found.left_out.sel(measure="isi")) < 16
    assert int(found.missing.sel(measure="isi")) >= 2 * int(found.left_out.sel(measure="isi"))
    assert int(found.left_out.sel(measure="rate")) == 0
    assert np.isfinite(found.mu_star).all()
    assert found.attrs["runs"] == 16 * 3 * 2


def test_a_measure_that_never_has_a_value_is_nan(salib):
    from neuromodels.models import MeanInterval

    parameters = {"drive": Parameter("drive", 0.2, 0.8), "tau": Parameter("tau", 3 * ms, 6 * ms)}
    model = Model(
        silent_below, 20 * ms, parameters, {"isi": MeanInterval("cell"), "rate": Rate("cell")}
    )
    for method in ("morris", "sobol"):
        found = sensitivity(model, method, 4)
        assert int(found.left_out.sel(measure="isi")) == 4
        name = {"morris": "mu_star", "sobol": "ST"}[method]
        assert np.isnan(found[name].sel(measure="isi")).all()
    # all rates are 0: there is no variance to be divided
    assert np.isnan(found.S1.sel(measure="rate")).all()


def test_the_folder_goes_on_and_the_seed_decides(salib, tmp_path):
    first = sensitivity(ishigami_model(), "morris", 4, seed=1, folder=tmp_path)
    again = sensitivity(ishigami_model(), "morris", 4, seed=1, folder=tmp_path, report=_refuse)
    assert first.equals(again)
    assert not first.equals(sensitivity(ishigami_model(), "morris", 4, seed=2))


def _refuse(done, count):
    raise AssertionError("nothing is left to be run")


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_the_picture_has_a_panel_for_each_measure(salib, tmp_path, method):
    model = ishigami_model(measures={"y": "mean(last(cell.y))", "double": "2*mean(last(cell.y))"})
    figure = plot_sensitivity(sensitivity(model, method, 4))
    assert [axes.get_title("left") for axes in figure.axes] == ["y", "double"]
    figure.savefig(tmp_path / "drawn.png")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"method": "fast"}, "method.*must be one of"),
        ({"method": "sobol", "samples": 100}, "samples.*power of two; got 100. Take 128"),
        ({"samples": 1}, "samples.*at least 2"),
        ({"samples": 2.5}, "samples.*whole number"),
        ({"repeats": 0}, "repeats.*whole number"),
    ],
)
def test_wrong_settings_have_one_message(monkeypatch, settings, told):
    monkeypatch.setattr("neuromodels.exploration.morris_and_sobol.need", lambda *names: None)
    with pytest.raises(DeclarationError, match=told):
        sensitivity(ishigami_model(), **settings)


def test_a_parameter_without_bounds_is_refused(monkeypatch):
    monkeypatch.setattr("neuromodels.exploration.morris_and_sobol.need", lambda *names: None)
    model = Model(ishigami, 1 * ms, {"x1": "x1"}, {"y": "mean(last(cell.y))"})
    with pytest.raises(DeclarationError, match="needs bounds here"):
        sensitivity(model)


def test_without_salib_the_message_tells_how_to_install_it(monkeypatch):
    monkeypatch.setattr("neuromodels.exploration.extras.find_spec", lambda name: None)
    with pytest.raises(
        DeclarationError, match=r'SALib.*install "brian2-neuromodels\[sensitivity\]"'
    ):
        sensitivity(ishigami_model())
