"""The batch device against stock Brian2, network by network."""

import numpy as np
import pytest
from sampling import some

from neuromodels.simulation import Batch
from simulation.networks.catalog import CATALOG, DRAWN
from simulation.outcomes import (
    Outcome,
    assert_equal,
    batch_outcome,
    set_stock,
    stock_outcome,
)
from simulation.standalone import standalone_outcomes

INSTANCES = 3
pytestmark = pytest.mark.filterwarnings("ignore")


def ran(name: str, dtype: str = "float64", runs: int = 1) -> list[Outcome]:
    """Return what each instance of a network holds after runs with values changed between."""
    case = CATALOG[name]()
    batch = Batch(case.network, INSTANCES, dtype=dtype, namespace={})
    batch.record(range(INSTANCES))
    batch.run(case.duration)
    for _ in range(runs - 1):
        for address, values in case.changes.items():
            batch[address] = values
        batch.run(case.duration)
    assert batch.report.builds + batch.report.cache_hits == 1
    return [batch_outcome(batch, case, instance) for instance in range(INSTANCES)]


@pytest.fixture(scope="session")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Outcomes of the whole catalog from one stock project."""
    return standalone_outcomes(tmp_path_factory.mktemp("standalone"))


@pytest.mark.parametrize("name", some(CATALOG, 2))
def test_two_runs_equal_runtime(name: str) -> None:
    case = CATALOG[name]()
    case.network.run(case.duration, namespace={})
    once = stock_outcome(case)
    set_stock(case.network, case.changes)
    case.network.run(case.duration, namespace={})
    twice = stock_outcome(case)
    for outcome in ran(name):
        assert_equal(outcome, once, 1e-9, 1e-12)
    for outcome in ran(name, runs=2):
        assert_equal(outcome, twice, 1e-9, 1e-12)


@pytest.mark.strain
@pytest.mark.parametrize("name", [name for name in CATALOG if name not in DRAWN])
def test_equals_standalone(name: str, standalone: dict[str, Outcome]) -> None:
    assert_equal(ran(name)[0], standalone[name], 1e-9, 1e-12)


@pytest.mark.parametrize("name", some(CATALOG, 3))
def test_single_precision(name: str) -> None:
    if not CATALOG[name]().single:
        pytest.skip("a spike may fall into the next step")
    assert_equal(ran(name, "float32")[0], ran(name)[0], 1e-4, 1e-4)


@pytest.mark.parametrize("name", ["all_to_all", "listed_pairs", "many_to_few", "three_clocks"])
def test_network_is_left_as_it_was(name: str) -> None:
    """A network that was given to a batch still runs on stock Brian2."""
    plain, used = CATALOG[name](), CATALOG[name]()
    Batch(used.network, 2, namespace={}).run(used.duration)
    for case in (plain, used):
        case.network.run(case.duration, namespace={})
    assert_equal(stock_outcome(used), stock_outcome(plain), 0, 0)


@pytest.mark.strain
def test_catalog_is_not_silent(standalone: dict[str, Outcome]) -> None:
    """Every monitored group fires, and nothing overflows."""
    silent = {
        key for outcome in standalone.values() for key, value in outcome.items() if not len(value)
    }
    assert silent == set()
    assert all(np.isfinite(v).all() for outcome in standalone.values() for v in outcome.values())
