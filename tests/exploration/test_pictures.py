"""Pictures of what a sweep has found: which kind, which numbers, and what is refused."""

import numpy as np
import pytest
import xarray
from brian2 import Network, NeuronGroup, ms, mV
from scipy import stats

from neuromodels.errors import DeclarationError
from neuromodels.exploration import plot, plot_sweep, sweep, table
from neuromodels.exploration.pictures import shown_unit
from neuromodels.models import Histogram, Model, Rate

POINTS = {"drive": [15, 20, 30] * mV, "tau": [5, 10] * ms, "hill": [10, 12] * mV}


def build():
    text = "dv/dt = (drive*(1 + 0.1*rand_at) - v)/tau : volt\nrand_at : 1"
    cells = NeuronGroup(4, text, threshold="v > hill", reset="v = 0*mV", method="euler")
    cells.rand_at = "rand()"
    drive, tau, hill = 15 * mV, 10 * ms, 10 * mV  # equations find them when the network runs
    return Network(cells)


MEASURES = {"rate": Rate("cells"), "v": "mean(cells.v)", "all": Histogram("cells.v", 0, 1, bins=3)}


@pytest.fixture(scope="module")
def model() -> Model:
    measures = {**MEASURES, "all": Histogram("cells.v", 0 * mV, 12 * mV, bins=3)}
    return Model(build, 40 * ms, {name: name for name in POINTS}, measures)


@pytest.fixture(scope="module")
def found(model: Model) -> xarray.Dataset:
    return sweep(model, POINTS, repeats=5, report=False)


def test_one_parameter_gives_lines(found: xarray.Dataset) -> None:
    part = found.isel(tau=0, hill=1)
    rate, v = plot(part).axes
    mean = part["rate"].mean("repeat").values
    np.testing.assert_allclose(rate.lines[0].get_xydata(), np.column_stack([[15, 20, 30], mean]))
    assert rate.get_xlabel() == "drive (mV)"
    assert rate.get_ylabel() == "rate (Hz)"
    assert v.get_ylabel() == "v (mV)"
    np.testing.assert_allclose(v.lines[0].get_ydata(), part["v"].mean("repeat") * 1e3, rtol=1e-6)


def test_intervals_are_those_of_the_tables(found: xarray.Dataset) -> None:
    part = found.isel(tau=0, hill=1)
    _, axes = plot(part).axes
    vertices = axes.collections[0].get_paths()[0].vertices
    runs = part["v"].transpose("drive", "repeat").values * 1e3
    for row, (x, mean) in zip(runs, axes.lines[0].get_xydata(), strict=True):
        wanted = stats.t.interval(0.95, len(row) - 1, row.mean(), stats.sem(row))
        ends = vertices[vertices[:, 0] == x, 1]
        assert ends.min() < mean < ends.max()
        np.testing.assert_allclose((ends.min(), ends.max()), wanted, rtol=1e-6)


def test_few_repeats_are_drawn_with_their_range(found: xarray.Dataset) -> None:
    part = found.isel(tau=0, hill=1, repeat=slice(3))
    figure = plot(part)
    vertices = figure.axes[1].collections[0].get_paths()[0].vertices
    runs = part["v"].transpose("drive", "repeat").values * 1e3
    for row, x in zip(runs, figure.axes[1].lines[0].get_xdata(), strict=True):
        ends = vertices[vertices[:, 0] == x, 1]
        np.testing.assert_allclose((ends.min(), ends.max()), (row.min(), row.max()), rtol=1e-6)
    assert figure.get_supxlabel() == "Bands: range, n = 3 repeats"
    assert (
        plot(found.isel(tau=0, hill=1)).get_supxlabel().startswith("Bands: 95 % t interval, n = 5")
    )


def test_two_parameters_give_maps(found: xarray.Dataset) -> None:
    part = found.isel(hill=0)
    figure = plot_sweep(part, "rate")
    cells = np.ma.getdata(figure.axes[0].collections[0].get_array()).reshape(2, 3)
    np.testing.assert_allclose(cells, part["rate"].mean("repeat").transpose("tau", "drive"))


def test_three_parameters_give_small_multiples(found: xarray.Dataset) -> None:
    figure = plot_sweep(found, ["rate"])
    titles = [axes.get_title(loc="left") for axes in figure.axes[:2]]
    assert titles == ["hill = 10 mV", "hill = 12 mV"]
    for number in range(2):
        cells = np.ma.getdata(figure.axes[number].collections[0].get_array()).reshape(2, 3)
        mean = found["rate"].isel(hill=number).mean("repeat")
        np.testing.assert_allclose(cells, mean.transpose("tau", "drive"))


def test_a_table_gives_dots(model: Model) -> None:
    points = table({"drive": [15, 22, 30] * mV, "tau": [5, 7, 9] * ms})
    figure = plot(sweep(model, points, repeats=2, report=False))
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "drive (mV)", "tau (ms)"]


def test_what_cannot_be_drawn_is_refused(found: xarray.Dataset) -> None:
    with pytest.raises(DeclarationError, match="Did you mean 'rate'"):
        plot(found, measures=["rates"])
    with pytest.raises(DeclarationError, match="must be one number"):
        plot(found, measures=["all"])
    with pytest.raises(DeclarationError, match="several values"):
        plot(found.isel(drive=0, tau=0, hill=0))
    with pytest.raises(DeclarationError, match="what sweep, sensitivity, fit or infer"):
        plot({"rate": 3})
    many = xarray.concat([found] * 5, "hill")
    with pytest.raises(DeclarationError, match="at most 8"):
        plot(many)


@pytest.mark.parametrize(
    ("largest", "unit", "shown"),
    [
        (0.06, "V", (1e-3, "mV")),
        (20.0, "Hz", (1.0, "Hz")),
        (3e-10, "A", (1e-12, "pA")),
        (2e4, "Hz", (1e3, "kHz")),
        (0.01, "1", (1.0, "1")),
        (0.01, "m^2 s", (1.0, "m^2 s")),
        (0.0, "V", (1.0, "V")),
    ],
)
def test_units_have_prefixes(largest: float, unit: str, shown: tuple) -> None:
    factor, name = shown_unit(np.array([np.nan, -largest]), unit)
    assert name == shown[1]
    assert factor == pytest.approx(shown[0])


def test_nothing_measured_is_an_empty_cell() -> None:
    silent = xarray.Dataset(
        {"cv": (("a", "b", "repeat"), np.full((2, 2, 3), np.nan), {"units": "1"})},
        {name: (name, [0.0, 1.0], {"units": "1", "address": name}) for name in "ab"},
    )
    figure = plot(silent)
    assert np.ma.getmaskarray(figure.axes[0].collections[0].get_array()).all()
