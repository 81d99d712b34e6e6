"""Arithmetic of generated code against the numpy target: integers, truth values, extremes."""

import numpy as np
import pytest
from brian2 import Network, ms, prefs

from neuromodels.simulation import Batch, Emulation
from simulation import arithmetic

pytestmark = pytest.mark.filterwarnings("ignore")
WRITTEN = arithmetic.expressions()


@pytest.fixture(autouse=True)
def with_numpy():
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    yield
    prefs.codegen.target = before


def batch_results(written: list[str], values: dict, **options) -> np.ndarray:
    """Return what one instance computes, shape (expressions, neurons)."""
    group = arithmetic.network(written, values)
    batch = Batch(Network(group), 1, threads=1, namespace={}, **options)
    batch.run(0.1 * ms)
    return np.array([np.asarray(batch[f"cells.result_{k}"])[0] for k in range(len(written))])


def assert_equal(found: np.ndarray, wanted: np.ndarray, written: list[str], rtol: float) -> None:
    """Compare all expressions; those that differ are named."""
    close = np.isclose(found, wanted, rtol=rtol, atol=1e-300, equal_nan=True)
    wrong = [
        f"{expression}: {f.tolist()} for {w.tolist()}"
        for expression, f, w, good in zip(written, found, wanted, close, strict=True)
        if not good.all()
    ]
    assert not wrong, "\n".join(wrong)


def sample(step: int) -> list[str]:
    """Return the expressions of special interest, and every one of so many pairs."""
    return [*arithmetic.SINGLE, *WRITTEN[len(arithmetic.SINGLE) :: step]]


def assert_as_numpy(written: list[str], values: dict, rtol: float, **options) -> None:
    wanted = arithmetic.stock_results(written, values)
    assert_equal(batch_results(written, values, **options), wanted, written, rtol)


def test_expressions_equal_numpy():
    assert_as_numpy(sample(12), arithmetic.VALUES, 1e-12, dtype="float64")


def test_expressions_in_single_precision_equal_numpy():
    assert_as_numpy(sample(23), arithmetic.SMALL, 1e-6, dtype="float32")


def test_expressions_in_a_kernel_equal_numpy():
    options = {"dtype": "float64", "device": Emulation(4)}
    assert_as_numpy(sample(23)[5:], arithmetic.VALUES, 1e-12, **options)


@pytest.mark.strain
@pytest.mark.parametrize("part", range(4))
def test_all_expressions_equal_numpy(part):
    assert_as_numpy(WRITTEN[part::4], arithmetic.VALUES, 1e-12, dtype="float64")
