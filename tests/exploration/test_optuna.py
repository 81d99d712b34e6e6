"""Optuna's samplers search the same spaces, steps among them, and show their trials."""

import importlib.util

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms

from neuromodels import fit
from neuromodels.errors import DeclarationError
from neuromodels.models import Model, Parameter
from neuromodels.search import optuna_optimizer
from neuromodels.search.optuna_optimizer import Axis, OptunaOptimizer

needs_optuna = pytest.mark.skipif(
    importlib.util.find_spec("optuna") is None, reason="needs the package optuna"
)
AXES = [Axis("a", 0, 5), Axis("b", 1, 100, is_log=True), Axis("c", 1, 3, choices=(1, 3, 2))]
SETTINGS = {"candidates": 8, "generations": 8, "seed": 2, "threads": 1, "report": False}


def build():
    cells = NeuronGroup(
        1,
        "dv/dt = (a*b - v)/tau : volt\na : volt\nb : 1\ntau : second",
        method="exact",
        name="cells",
    )
    cells.tau = 5 * ms
    return Network(cells)


def model():
    from brian2 import mV

    parameters = {
        "a": Parameter("cells.a", 1 * mV, 9 * mV, scale="log"),
        "b": Parameter("cells.b", choices=[1, 2, 4]),
        "tau": Parameter("cells.tau", choices=[20 * ms, 5 * ms]),
    }
    return Model(build, 20 * ms, parameters, {"v": "mean(last(cells.v))"})


#: v at the end, 6 mV * (1 - exp(-20/5)), needs b = 2 or more or a = 6 mV.
LOSS = "((v - 5.89*mV)/mV)**2"


def bowl(xs):
    return np.where(xs[:, 0] > 0.95, np.nan, ((xs - [0.3, 0.6, 0.5]) ** 2).sum(axis=1))


@needs_optuna
@pytest.mark.parametrize("sampler", ["TPESampler", "RandomSampler", "QMCSampler", "NSGAIISampler"])
def test_a_state_goes_on_to_the_same_candidates(sampler):
    one, two = (OptunaOptimizer(sampler, AXES, 6, 1) for _ in range(2))
    for _ in range(3):
        xs = one.ask()
        assert ((xs >= 0) & (xs <= 1)).all()
        assert set(xs[:, 2]) <= {1 / 6, 3 / 6, 5 / 6}
        one.tell(xs, bowl(xs))
    two.load(one.dump())
    np.testing.assert_array_equal(one.ask(), two.ask())
    np.testing.assert_array_equal(one.recommend(), two.recommend())


@needs_optuna
def test_trials_stand_in_the_storage_once_with_their_values(tmp_path):
    import optuna

    storage = f"sqlite:///{tmp_path / 'trials.db'}"
    asked = {"optimizer": "optuna:TPESampler", "storage": storage, "folder": tmp_path / "fit"}
    fit(model(), LOSS, **{**SETTINGS, "generations": 3}, **asked)
    found = fit(model(), LOSS, **SETTINGS, **asked)
    (study,) = optuna.get_all_study_summaries(storage)
    trials = optuna.load_study(study_name=study.study_name, storage=storage).trials
    assert len(trials) == found.candidates == 64
    best = min(trials, key=lambda trial: trial.value)
    assert set(best.params) == {"a [mV]", "b", "tau [ms]"}
    assert 1 <= best.params["a [mV]"] <= 9
    assert best.params["tau [ms]"] in (20, 5)
    assert best.value == pytest.approx(np.nanmin(found.history.best))


@needs_optuna
def test_a_mixed_space_is_searched():
    found = fit(model(), LOSS, optimizer="optuna:TPESampler", **SETTINGS)
    assert found.loss < 0.05
    assert float(found.best["b"]) in (1, 2, 4)
    assert float(found.best["tau"]) in (0.02, 0.005)
    again = fit(model(), LOSS, optimizer="optuna:TPESampler", **SETTINGS)
    np.testing.assert_array_equal(found.history.best, again.history.best)


@needs_optuna
@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"optimizer": "optuna:TPE"}, "Did you mean 'TPESampler'"),
        ({"optimizer": "optuna:GridSampler"}, "must be a sampler of Optuna"),
        ({"options": {"nothing": 1}}, "Optuna must take them"),
        ({"storage": "nowhere"}, "Optuna must be able to open it"),
    ],
    ids=str,
)
def test_what_optuna_does_not_know_is_refused(more, told):
    with pytest.raises(DeclarationError, match=told):
        fit(model(), LOSS, **{"optimizer": "optuna:TPESampler", **SETTINGS, **more})


def test_without_optuna_one_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(optuna_optimizer, "find_spec", lambda name: None)
    with pytest.raises(DeclarationError, match=r'pip install "brian2-neuromodels\[optuna\]"'):
        fit(model(), LOSS, optimizer="optuna:TPESampler", **SETTINGS)


def test_other_optimizers_search_choices_too():
    found = fit(model(), LOSS, **SETTINGS)
    assert float(found.best["b"]) in (1, 2, 4)
    assert found.loss < 1
    low, high = found.interval["b"]
    assert np.isnan([low, high]).all()


WRONG = [
    ({"choices": [1]}, "two numbers or more"),
    ({"choices": 3}, "two numbers or more"),
    ({"choices": ["a", "b"]}, "two numbers or more"),
    ({"choices": [1, 2 * ms]}, "must have one unit"),
    ({"choices": [1, 1]}, "low < high must hold"),
    ({"low": 1, "high": 2, "choices": [1, 2]}, "not both"),
]


@pytest.mark.parametrize(("more", "told"), WRONG, ids=str)
def test_choices_that_make_no_sense_are_refused(more, told):
    with pytest.raises(DeclarationError, match=told):
        Parameter("cells.b", **more)


def test_choices_have_equal_shares_of_the_way():
    parameter = Parameter("cells.b", choices=[4, 1, 2])
    np.testing.assert_array_equal(parameter.values_at(np.array([0, 0.34, 0.67, 1])), [4, 1, 2, 2])
    np.testing.assert_allclose(parameter.places_of(np.array([4, 1, 2])), [1 / 6, 0.5, 5 / 6])
    assert parameter.bounds == (1, 4)
