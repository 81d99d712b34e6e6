"""Conditions on time change with the very step with which stock Brian2's numpy changes them."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from brian2 import Network, Quantity, ms, second

from neuromodels.simulation import Batch
from neuromodels.simulation.build import cache as builds
from simulation.timed import COUNTS, deciding, firing

#: By the names that objects on such a clock begin with.
STEPS = {"d025": 0.025 * ms, "d050": 0.05 * ms, "d100": 0.1 * ms, "d333": ms / 3, "d500": 0.5 * ms}
REALS = ("float64", "float32")
CHUNK = 50_000

#: Noted in a variable, which has the precision of the run.
ROUNDED = {"from_mark"}


@pytest.fixture
def quick_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile fast: loops of many neurons are left to the long tests."""
    flags = tuple("-O1" if flag == "-O3" else flag for flag in builds.FLAGS)
    monkeypatch.setattr(builds, "FLAGS", flags)


class StockCode:
    """The numpy code that stock Brian2 makes of a group's decisions, for many steps at once.

    Parameters
    ----------
    name
        What the names of its objects begin with.
    step
        dt of its clock.
    """

    def __init__(self, name: str, step: Quantity):
        network = Network(deciding(step, name))
        network.run(0 * second, namespace={})
        self.group, self.step = network[f"{name}_group"], float(step)
        parts = [part for part in network.sorted_objects if part.name.startswith(f"{name}_code")]
        self.codes = [code for part in parts for code in part.code_objects]
        self._alive = network

    def counts(self, first: int, last: int) -> dict[str, np.ndarray]:
        """Return what the steps `first` to `last` - 1 add to each count, shape (neurons,)."""
        starts = range(first, last, CHUNK)
        parts = [self._chunk(np.arange(a, min(a + CHUNK, last))[:, None]) for a in starts]
        return {name: np.sum([part[name] for part in parts], axis=0) for name in COUNTS}

    def _chunk(self, steps: np.ndarray) -> dict[str, np.ndarray]:
        clock, group = self.group.clock, self.group.variables
        given = {id(clock.variables["t"].get_value()): (steps * self.step)[None]}
        given[id(clock.variables["timestep"].get_value())] = steps[None]
        written = {k: np.zeros((len(steps), 3)) for k in (*COUNTS, "mark")}
        given |= {id(group[k].get_value()): values for k, values in written.items()}
        for code in self.codes:
            space = {k: given.get(id(v), v) for k, v in code.namespace.items()}
            exec(code.compiled_code["run"], space)
        return {name: written[name].sum(axis=0) for name in COUNTS}


@cache
def stock_code(name: str) -> StockCode:
    """Return the code of a clock, which both precisions are compared with."""
    return StockCode(name, STEPS[name])


def batch_counts(batch: Batch, group: str) -> dict[str, np.ndarray]:
    return {name: np.array(batch[f"{group}.{name}"])[0].astype(float) for name in COUNTS}


def assert_same(found: Mapping, expected: Mapping, real: str) -> None:
    """Compare counts; the message names all that differ."""
    passed = ROUNDED if real == "float32" else set()
    differ = {k: (found[k], v) for k, v in expected.items() if not np.array_equal(found[k], v)}
    assert not {k: v for k, v in differ.items() if k not in passed}


@pytest.mark.parametrize("real", REALS)
def test_conditions(real: str, quick_builds: None) -> None:
    """5,000 steps of each clock: every condition holds as often as in numpy."""
    network = Network([part for name, step in STEPS.items() for part in deciding(step, name)])
    batch = Batch(network, instances=1, dtype=real, namespace={})
    now = 0.0
    for name, step in STEPS.items():  # the finest clock is there first
        batch.run((5000 * float(step) - now) * second)
        now = 5000 * float(step)
        expected = stock_code(name).counts(0, 5000)
        assert_same(batch_counts(batch, f"{name}_group"), expected, real)


@cache
def stepped(name: str) -> Network:
    """Return stock Brian2's network after 5,000 steps."""
    network = Network(firing(STEPS[name], name))
    network.run(5000 * STEPS[name], namespace={})
    return network


FIRED = ("firing.fired", "waiting.fired", "synapses.seen", "synapses.since", "summing.from_sum")


@pytest.mark.parametrize("real", REALS)
def test_events(real: str, quick_builds: None) -> None:
    """Thresholds, refractoriness, pathways and sums decide in the same steps as stock Brian2."""
    check_events("d500", real)


def check_events(name: str, real: str) -> None:
    batch = Batch(Network(firing(STEPS[name], name)), instances=1, dtype=real, namespace={})
    batch.run(5000 * STEPS[name])
    for address in FIRED:
        group, _, variable = address.partition(".")
        right = np.array(stepped(name)[f"{name}_{group}"].variables[variable].get_value())
        np.testing.assert_array_equal(batch[f"{name}_{address}"][0], right, err_msg=address)


def test_numbers_of_the_report() -> None:
    """Half-open windows of 5 in 20 ms at dt = 0.5 ms, as numpy rounds them."""
    expected = stock_code("d500").counts(0, 5000)
    assert expected["c0"][0] == 1253
    assert expected["c1"][0] == 2508


# ------------------------------------------------------------------------------------------- long


@pytest.mark.strain
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("name", STEPS)
def test_ten_million_steps(name: str, real: str) -> None:
    network = Network(deciding(STEPS[name], name))
    batch, now = Batch(network, instances=1, dtype=real, namespace={}), 0.0
    for first in range(0, 10_000_000, 1_000_000):
        end = (first + 1_000_000) * float(STEPS[name])
        batch.run((end - now) * second)
        now = end
        expected = stock_code(name).counts(first, first + 1_000_000)
        assert_same(batch_counts(batch, f"{name}_group"), expected, real)
        for count in COUNTS:
            batch[f"{name}_group.{count}"] = np.zeros((1, 3))


@pytest.mark.strain
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("name", STEPS)
def test_more_events(name: str, real: str) -> None:
    check_events(name, real)
