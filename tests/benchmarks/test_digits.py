"""The digits network: three ways to compute it agree, and its plan is the one that was run."""

import sys
from importlib import import_module
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2 import ms

ROOT = Path(__file__).parents[2]
PLACES = (ROOT / "studies" / "digits" / "epochs", ROOT / "benchmarks" / "device")
MODULES = ("network", "images", "arms", "trials", "results", "run", "digits", "hand_route", "cases")


@pytest.fixture(scope="module")
def of_study():
    """Return a function that imports a module of the study or of its benchmark."""
    before = {name: sys.modules.pop(name, None) for name in MODULES}
    target = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = "numpy"  # of set-up, and of stock Brian2 here
    sys.path[:0] = map(str, PLACES)
    yield import_module
    brian2.prefs.codegen.target = target
    del sys.path[: len(PLACES)]
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def test_parts_of_the_images_are_apart_and_each_epoch_shows_all(of_study):
    network, trials = of_study("network"), of_study("trials")
    images, labels = of_study("images").images_and_labels()
    assert len(images) == len(labels) == network.TRAINED + 2 * network.EVALUATED
    ends = [0, trials.FIRST["validation"], trials.FIRST["test"], len(images)]
    assert list(np.diff(ends)) == [network.TRAINED, network.EVALUATED, network.EVALUATED]
    assert len(np.unique(labels[ends[2] :])) == 10
    order = trials.orders(np.array([3, 4], np.uint64))
    stride, offset = order["output.stride"].astype(int), order["output.offset"].astype(int)
    for epoch in range(5):
        shown = stride * (epoch + 1) % network.TRAINED * np.arange(network.TRAINED) + offset
        assert all(len(set(each)) == network.TRAINED for each in shown % network.TRAINED)


def test_arms_give_shares_and_numbers_within_their_bounds(of_study):
    arms = of_study("arms")
    for arm in arms.ARMS:
        places = np.random.default_rng(1).normal(0, 2, (50, arm.dimension))
        shares = arm.shares_at(places)
        assert np.allclose(shares.sum(axis=2), 1)
        absent = [k for k, each in enumerate(arms.MECHANISMS) if each not in arm.present]
        assert not shares[:, :, absent].any()
        values = arm.values(places)
        for number in arm.numbers:
            for address in number.addresses:
                assert (values[address] >= number.low - 1e-12).all()
                assert (values[address] <= number.high + 1e-12).all()
        rates = {"error": "e1", "hebb": "e2", "contrast": "e3"}
        for mechanism, rate in rates.items():
            assert values[f"below.{rate}"].any() == (mechanism in arm.learning)
    uniform = next(each for each in arms.ARMS if each.name == "uniform")
    assert np.allclose(uniform.shares_at(np.zeros((1, uniform.dimension))), 1 / 3)


def test_the_plan_is_that_of_the_study_as_it_stands(of_study):
    run = of_study("run")
    assert run.PLAN.read_text() == run.plan()


@pytest.fixture
def louder(of_study, monkeypatch):
    """Return the benchmark with first weights so strong that all layers spike at once."""
    digits = of_study("digits")
    weak = digits.weights
    monkeypatch.setattr(digits, "weights", lambda n: {a: 3 * w for a, w in weak(n).items()})
    return digits


@pytest.mark.strain
@pytest.mark.parametrize("is_learned", [False, True])
def test_stock_brian2_says_the_same(of_study, louder, is_learned):
    """Weights after 40 phases, in double precision, of the batch device and of stock Brian2."""
    digits, network, arms = louder, of_study("network"), of_study("arms")
    from neuromodels.simulation import Batch

    name = "learned" if is_learned else "searched"
    arm = next(each for each in arms.ARMS if each.name == name)
    numbers = arm.values(np.zeros((1, arm.dimension)))
    numbers = {address: float(value[0, 0]) for address, value in numbers.items()}
    numbers |= digits.firsts("test") | {"hidden.kap": 0.8, "above.kfb": 0.3}
    numbers |= {f"{g}.{n}": v for g in digits.GROUPS for n, v in digits.ORDER.items()}
    made = [
        network.build(*digits.images_and_labels(), is_learned=is_learned, begin=digits.BEGIN)
        for _ in range(2)
    ]
    batch = Batch(made[0], dtype="float64", threads=1, namespace={})
    groups = {each.name: each for each in made[1].objects}
    for address, value in [*numbers.items(), *digits.weights(1).items()]:
        owner, _, variable = address.partition(".")
        batch[address] = value
        setattr(groups[owner], variable, np.ravel(value)[0] if np.size(value) == 1 else value[0])
    duration = 40 * network.PHASE * ms
    batch.run(duration)
    made[1].run(duration, namespace={})
    for address, begun in digits.weights(1).items():
        owner, _, variable = address.partition(".")
        stock = np.asarray(getattr(groups[owner], variable)[:])
        np.testing.assert_allclose(np.asarray(batch[address])[0], stock, atol=1e-9)
        assert np.abs(stock - begun[0]).max() > 1e-3


@pytest.mark.strain
def test_the_twin_in_c_says_the_same(louder, tmp_path):
    kernel = louder.compiled(louder.SOURCES / "digits.cpp", tmp_path)
    difference, moved = louder.disagreement(kernel)
    assert difference < 1e-9
    assert moved > 0.01
