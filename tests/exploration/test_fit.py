"""A fit finds what is known, goes on after a stop to the same numbers, and says what is wrong."""

import math
import random
import subprocess
import sys
from dataclasses import replace
from importlib.util import spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, ms, mV, second

from neuromodels import fit
from neuromodels.errors import DeclarationError, StorageError
from neuromodels.exploration import plot
from neuromodels.exploration.fitting.losses import Own, Targets, loss_of
from neuromodels.exploration.fitting.scoring import folded
from neuromodels.exploration.fitting.searching import SPREAD, Search
from neuromodels.models import Model, Parameter, Rate
from neuromodels.models.measures.base import Reading
from neuromodels.search.optimizers import OPTIMIZERS, make_optimizer

SCRIPT = Path(__file__).parent / "small_fit.py"


def loaded():
    from importlib.util import module_from_spec

    spec = spec_from_file_location("small_fit", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SMALL = loaded()
MODEL, TARGETS, SETTINGS = SMALL.MODEL, SMALL.TARGETS, SMALL.SETTINGS


def same(one, other):
    """Return whether two results have the same numbers, to the bit."""
    parts = ("best", "mean", "failed", "centre")
    histories = all(
        np.array_equal(getattr(one.history, n), getattr(other.history, n), equal_nan=True)
        for n in parts
    )
    ends = (
        [
            np.ravel([[float(v) for v in f.best.values()], *f.interval.values()])
            for f in (one, other)
        ]
        if histories
        else [0, 1]
    )
    return np.array_equal(*ends) and one.loss == other.loss


@pytest.fixture(scope="module")
def whole():
    return fit(MODEL, TARGETS, **SETTINGS)


class TestResult:
    def test_it_has_units_numbers_and_intervals(self, whole):
        assert set(whole.best) == {"drive", "sigma"}
        assert (whole.candidates, len(whole.history)) == (64, 8)
        for name, value in whole.best.items():
            low, high = whole.interval[name]
            parameter = MODEL.parameters[name]
            assert parameter.low <= low <= high <= parameter.high
            assert parameter.low <= value <= parameter.high
        low, high = whole.loss_interval
        assert low <= whole.loss <= high
        assert whole.history.best[-1] < whole.history.mean[0]

    def test_the_loss_is_that_of_the_means_on_fresh_noise(self, whole):
        distances = [(whole.measured["rate"] - 60) / 3, (whole.measured["cv"] - 0.4) / 0.1]
        assert whole.loss == pytest.approx(np.square(distances).sum())

    def test_it_shows_itself(self, whole):
        table = whole.to_dataframe()
        assert list(table.columns) == ["generation", "best", "mean", "failed", "drive", "sigma"]
        assert len(table.drive[table.drive.between(0.5, 4)]) == 8
        assert "drive" in repr(whole)
        assert "least squares" in repr(whole)
        assert "<td>sigma</td>" in whole._repr_html_()
        assert whole._repr_html_().count("<svg") == 1
        figure = whole.plot()
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert titles == ["loss", "drive", "sigma"]
        drawn = figure.axes[1].lines[0].get_ydata()
        np.testing.assert_array_equal(drawn, table.drive)

    def test_parallel_coordinates_show_each_generation(self, whole):
        table = whole.to_dataframe()
        axes, _ = plot(whole, kind="parallel").axes
        heights = np.array([line[:, 1] for line in axes.collections[0].get_segments()])
        np.testing.assert_allclose(heights[:, 0], np.log(table.drive / 0.5) / np.log(4 / 0.5))
        np.testing.assert_allclose(heights[:, 1], (table.sigma - 0.05) / 0.95)
        with pytest.raises(DeclarationError, match="must be one of"):
            whole.plot(kind="pie")


class TestStops:
    def test_killed_and_resumed_it_gives_the_same_numbers(self, whole, tmp_path):
        last = random.Random().randint(1, 7)
        command = [sys.executable, str(SCRIPT), str(tmp_path), str(last)]
        assert subprocess.run(command, check=False).returncode == -9
        reports = []
        again = fit(
            MODEL,
            TARGETS,
            folder=tmp_path,
            **{**SETTINGS, "report": lambda done, count: reports.append(done)},
        )
        assert reports == list(range(last + 1, 9))
        assert same(whole, again)

    def test_fewer_generations_go_on_to_more(self, whole, tmp_path):
        fit(MODEL, TARGETS, folder=tmp_path, **{**SETTINGS, "generations": 2})
        assert same(whole, fit(MODEL, TARGETS, folder=tmp_path, **SETTINGS))

    def test_another_loss_does_not_go_on_from_there(self, tmp_path):
        fit(MODEL, TARGETS, folder=tmp_path, **{**SETTINGS, "generations": 1})
        with pytest.raises(StorageError, match="belongs to another model"):
            fit(MODEL, "(rate - 5*Hz)**2", folder=tmp_path, **SETTINGS)


class Bowl:
    """Stands for the scorer of a compiled model: a bowl whose bottom lies at known places."""

    def __init__(self, bottom):
        self.bottom, self.dimension, self.seen = bottom, len(bottom), []

    def measure(self, places, repeats, *names):
        self.seen.append(places)
        return {"far": ((places - self.bottom) ** 2).sum(axis=1)[:, np.newaxis]}

    def losses(self, table):
        return np.where(table["far"][:, 0] > 1.5, np.nan, table["far"][:, 0])


@pytest.mark.parametrize("name", [n for n, o in OPTIMIZERS.items() if not o.is_told_goals])
def test_every_optimizer_finds_the_bottom_within_the_bounds_and_resumes(name, tmp_path):
    bottom = np.array([0.1, 0.8, 0.5])

    def search():
        made = make_optimizer(name, np.zeros(3), 1.0, 20, 4, OPTIONS.get(name))
        return Search(Bowl(bottom), made, 1, folder=tmp_path / name, digest="x")

    one = search()
    one.run(25, lambda done, count: None)
    (tmp_path / name / "fit.npz").unlink()
    search().run(12, lambda done, count: None)
    two = search()
    two.run(25, lambda done, count: None)
    assert np.array_equal(one.history.centre, two.history.centre)
    assert np.array_equal(one.finalists.centres, two.finalists.centres)
    seen = np.concatenate(one.scorer.seen)
    assert ((seen >= 0) & (seen <= 1)).all()
    reached = -one.finalists.scores.max()
    assert reached < (0.05 if name in ("RandomSearch", "openai_es", "pgpe", "PSO") else 0.005)


OPTIONS = {name: {"relative_rate": 0.2} for name in ("pgpe", "openai_es")}


def test_places_outside_are_reflected():
    np.testing.assert_allclose(folded(np.array([-0.2, 1.3, 2.1, 0.4])), [0.2, 0.7, 0.1, 0.4])
    assert 0 < SPREAD < 0.5


def analytic_rate(drive):
    """Return the rate of an integrate-and-fire neuron without noise."""
    return 1 / (0.002 + 0.01 * math.log(drive / (drive - 1)))


def test_two_drives_are_found_from_two_analytic_rates():
    """One number for each neuron; intervals as the slope of the analytic rate gives them."""
    drive = Parameter("cells.drive", 1.2, 4, per="each")

    def build():
        network = SMALL.build()
        network["cells"].sigma = 0
        first, last = network["cells"][:1], network["cells"][1:]
        return network

    rates = {"slow": Rate("first"), "fast": Rate("last")}
    quiet = Model(build, 6 * second, {"drive": drive}, rates)
    wanted = {
        "slow": (analytic_rate(1.8) * Hz, 2 * Hz),
        "fast": (analytic_rate(2.5) * Hz, 2 * Hz),
    }
    found = fit(quiet, wanted, candidates=12, generations=14, threads=1, report=False)
    low, high = found.interval["drive"]
    for k, truth in enumerate((1.8, 2.5)):
        assert found.best["drive"][k] == pytest.approx(truth, abs=0.1)  # intervals are whole steps
        best = found.best["drive"][k]
        slope = (analytic_rate(best + 0.01) - analytic_rate(best - 0.01)) / 0.02
        assert low[k] < truth < high[k]
        assert high[k] - low[k] == pytest.approx(2 * 1.96 * 2 / slope, rel=0.15)
    assert "drive[0]" in repr(found)


class TestFailures:
    def test_where_nothing_fires_the_message_says_what_is_missing(self):
        silent = {**MODEL.parameters, "drive": Parameter("cells.drive", -2, 0)}
        silent["sigma"] = Parameter("cells.sigma", 0.01, 0.02)
        model = replace(MODEL, parameters=silent)
        with pytest.raises(DeclarationError, match=r"generation 0 must have a loss.*'cv' is miss"):
            fit(model, TARGETS, **SETTINGS)

    def test_candidates_without_a_loss_are_the_last_and_are_counted(self):
        often = {**MODEL.parameters, "drive": Parameter("cells.drive", -3, 3)}
        found = fit(replace(MODEL, parameters=often), TARGETS, **SETTINGS)
        assert 0 < found.failed < found.candidates
        assert found.failed == found.history.failed.sum()
        assert np.isfinite(found.loss)

    def test_a_later_generation_without_a_loss_is_only_told(self):
        class Moody(Bowl):
            def losses(self, table):
                number = len(self.seen)
                return np.full(len(table["far"]), np.nan) if number == 2 else table["far"][:, 0]

            def no_loss(self, table, when):
                return DeclarationError("fit", f"some candidate {when} must have a loss")

        made = make_optimizer("OldCMA", np.zeros(2), 1.0, 6, 4, {})
        search = Search(Moody(np.array([0.5, 0.5])), made, 1)
        with pytest.warns(UserWarning, match="of generation 1 must have a loss"):
            search.run(4, lambda done, count: None)
        assert search.history.failed.tolist() == [0, 6, 0, 0]


# ----------------------------------------------------------------------------------------- losses

RATE, CV = Reading(lambda kept: kept, Hz.dim), Reading(lambda kept: kept)
BINS = Reading(lambda kept: kept, axes={"w": np.arange(3)})
READINGS = {"rate": RATE, "cv": CV, "bins": BINS}
rng = np.random.default_rng(0)
TABLE = {
    "rate": rng.uniform(1, 9, (5, 4)),
    "cv": rng.uniform(0, 1, (5, 4)),
    "bins": rng.uniform(0, 9, (5, 4, 3)),
}
R, C, B = (TABLE[name].mean(axis=1) for name in ("rate", "cv", "bins"))
RIGHT = [
    ({"rate": (5 * Hz, 2 * Hz)}, ((R - 5) / 2) ** 2),
    (
        {"rate": (0.005 / ms, 500 * 2 * Hz / 500), "cv": (1, 0.1)},
        ((R - 5) / 2) ** 2 + ((C - 1) / 0.1) ** 2,
    ),
    ({"bins": ([1, 2, 3], 0.5)}, (((B - [1, 2, 3]) / 0.5) ** 2).sum(axis=1)),
    ("(rate - 5*Hz)**2", (R - 5) ** 2),
    ("(rate - 0.005/ms)**2/Hz**2 + 2*(cv - 1)**2", (R - 5) ** 2 + 2 * (C - 1) ** 2),
    ("abs(rate*ms - 1) + sqrt(cv) + exp(-cv)", np.abs(R / 1000 - 1) + C**0.5 + np.exp(-C)),
    ("log(rate/(5*Hz))**2", np.log(R / 5) ** 2),
    ("-cv + rate/rate", 1 - C),
    (lambda found: found["bins"].max(axis=(1, 2)), TABLE["bins"].max(axis=(1, 2))),
]


@pytest.mark.parametrize(("given", "wanted"), RIGHT, ids=range(len(RIGHT)))
def test_losses_are_what_they_say(given, wanted):
    np.testing.assert_allclose(loss_of(given, READINGS).of(TABLE), wanted)


WRONG = [
    ({}, "needs a target"),
    ({"rat": (5 * Hz, 1 * Hz)}, "Did you mean 'rate'"),
    ({"rate": 5 * Hz}, r"must be \(value, tolerance\)"),
    ({"rate": (5, 1)}, "must have the unit"),
    ({"rate": (5 * Hz, 1 * mV)}, "must have the unit"),
    ({"rate": (5 * Hz, 0 * Hz)}, "the tolerance positive"),
    ({"rate": (math.nan * Hz, 1 * Hz)}, "must be finite"),
    ({"bins": ([1, 2], 1)}, r"must have shape \(3,\)"),
    ("(rate - 5)**2", "must have one unit"),
    ("(rate - 5*Hz)**2 + cv", "must have one unit"),
    ("rate +", "must be an expression"),
    ("5*Hz", "must use a measure"),
    ("bins", "measures that are one number"),
    ("rat", "Did you mean 'rate'"),
    ("exp(rate)", "takes a plain number"),
    ("cv**rate", "an exponent must be a plain number"),
    ("rate**cv", "must be written as a number"),
    ("max(cv)", "a function of one argument"),
    ("cv.real", "must be arithmetic"),
    ("'a' + cv", "must be arithmetic"),
    (3, "must be targets"),
]


@pytest.mark.parametrize(("given", "told"), WRONG, ids=str)
def test_losses_that_make_no_sense_are_refused(given, told):
    with pytest.raises(DeclarationError, match=told):
        loss_of(given, READINGS)


def test_own_functions_that_do_not_suit_are_refused():
    for function, told in [
        (lambda found: 1.0, "must return 5 numbers"),
        (lambda found: found["rate"], "must return 5 numbers"),
        (lambda found: found["nothing"], "it raised KeyError"),
    ]:
        with pytest.raises(DeclarationError, match=told):
            Own(function, READINGS).of(TABLE)


def test_targets_tell_what_is_left_of_each():
    left = Targets({"rate": (5 * Hz, 2 * Hz), "bins": (0, 1)}, READINGS).residuals(TABLE)
    np.testing.assert_allclose(left, np.column_stack([(R - 5) / 2, B]))


ASKED = [
    ({"optimizer": "cmaes"}, "must be a name from the catalog"),
    ({"optimizer": 3}, "must be a name from the catalog"),
    ({"candidates": 0}, "fit.candidates: must be a whole number"),
    ({"generations": 1.5}, "fit.generations: must be a whole number"),
    ({"repeats": True}, "fit.repeats: must be a whole number"),
    ({"seed": -1}, "fit.seed: must be a whole number"),
    ({"optimizer": "pgpe", "candidates": 7}, "must be even"),
    ({"optimizer": "pgpe", "options": {"rate": 1}}, "must be options of 'pgpe'"),
    ({"storage": "sqlite:///x.db"}, "only a sampler of Optuna's has a storage"),
]


@pytest.mark.parametrize(("more", "told"), ASKED, ids=str)
def test_settings_that_make_no_sense_are_refused(more, told):
    with pytest.raises(DeclarationError, match=told):
        fit(MODEL, TARGETS, **{**SETTINGS, **more})


def test_a_parameter_without_bounds_is_refused():
    with pytest.raises(DeclarationError, match="needs bounds here"):
        fit(replace(MODEL, parameters={"drive": "cells.drive"}), TARGETS, **SETTINGS)


def test_one_number_is_fitted_too():
    def build():
        cells = NeuronGroup(1, "dv/dt = (a - v)/(5*ms) : 1", method="exact", name="cells")
        cells.namespace["a"] = 2.0
        return Network(cells)

    model = Model(build, 50 * ms, {"a": Parameter("a", 0, 5)}, {"v": "mean(last(cells.v))"})
    found = fit(model, "(v - 3)**2", candidates=8, generations=25, threads=1, report=False)
    assert found.best["a"] == pytest.approx(3, abs=0.01)
    assert math.isnan(found.interval["a"][0])
    assert found.provenance["optimizer"] == "TwoPointsDE"
