"""The example of an adaptive neuron fitted to recorded spikes, at small size and in full."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "examples" / "fit_adaptive_neuron.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("fit_adaptive_neuron", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def held(example, result):
    """Return which true parameters lie within their intervals."""
    truths = {name: float(value) for name, value in example.TRUTH.items()}
    return {
        n: float(result.interval[n][0]) <= v <= float(result.interval[n][1])
        for n, v in truths.items()
    }


def test_at_small_size_it_comes_near(example):
    result = example.main(candidates=16, generations=12)
    assert result.loss < result.history.mean[0] / 2
    assert result.failed == 0


@pytest.mark.strain
def test_in_full_the_parameters_lie_within_their_intervals(example):
    result = example.main()
    assert all(held(example, result).values()), repr(result)
    for name, value in example.TRUTH.items():
        parameter = float(result.best[name])
        assert np.log(parameter / float(value)) == pytest.approx(0, abs=0.4)
