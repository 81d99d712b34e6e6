"""Seeds and noise under `set_device("batch")`: the same again, or independent."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    Synapses,
    ms,
    run,
    second,
    seed,
)
from scipy import stats

from neuromodels.simulation import Batch
from simulation.devices import active

SIZE = 1000
SPACE = {"ms": ms}


@pytest.fixture(autouse=True)
def on_the_device() -> Iterator[None]:
    with active("batch"):
        yield


def walkers(name: str) -> NeuronGroup:
    """Return independent walks whose steps add up to a variance of 1 per millisecond."""
    return NeuronGroup(SIZE, "dx/dt = xi/ms**0.5 : 1", method="euler", name=name, namespace=SPACE)


def everything() -> list[np.ndarray]:
    """Draw connections, start values, delays, input and noise; run twice."""
    source = PoissonGroup(20, 200 * Hz, name="clicks")
    group = NeuronGroup(
        30, "dx/dt = -x/(5*ms) + 0.1*xi/ms**0.5 : 1", method="euler", name="noisy", namespace=SPACE
    )
    synapses = Synapses(
        source, group, "w : 1", on_pre="x_post += w*rand()", name="drawn", namespace=SPACE
    )
    synapses.connect(p=0.3)
    synapses.w, synapses.delay, group.x = "rand()", "rand()*ms", "randn()"
    spikes = SpikeMonitor(source, name="click_times")
    network = Network(source, group, synapses, spikes)
    begun = [synapses.i[:], synapses.w[:], synapses.delay[:], group.x[:]]
    network.run(5 * ms)
    first = group.x[:].copy()
    network.run(5 * ms)
    return [np.array(x) for x in (*begun, first, group.x[:], spikes.t[:])]


def test_same_seed_same_everything() -> None:
    seed(7)
    first = everything()
    seed(7)
    for one, other in zip(first, everything(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_seeds_and_runs_differ() -> None:
    """After another seed, or later after the same one, nothing is the same."""
    seed(7)
    first, later = everything(), everything()
    seed(8)
    other = everything()
    for one, two, three in zip(first, later, other, strict=True):
        assert not np.array_equal(one, two)
        assert not np.array_equal(one, three)


def test_without_a_seed_every_run_differs() -> None:
    found = []
    for _ in range(2):
        seed()
        found.append(everything())
    assert not any(np.array_equal(one, other) for one, other in zip(*found, strict=True))


def test_seed_alone_decides() -> None:
    """Neither names given by Brian2 nor earlier networks reach the noise."""
    found = []
    for earlier in (0, 3):
        for _ in range(earlier):
            unnamed = NeuronGroup(3, "x : 1", namespace={})
            unnamed.run_regularly("x = rand()")
            Network(unnamed).run(1 * ms)
        seed(5)
        group = NeuronGroup(4, "x : 1", name="group", namespace={})
        group.run_regularly("x += randn()")
        Network(group).run(1 * ms)
        found.append(group.x[:].copy())
    np.testing.assert_array_equal(*found)


def uncorrelated(first: np.ndarray, second: np.ndarray) -> None:
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(SIZE)


def test_noise_goes_on() -> None:
    """Both halves of a time, and both groups, have noise of their own, as strong as one run."""
    seed(3)
    groups = [walkers("walkers"), walkers("wanderers")]
    network = Network(groups)
    halves = []
    for _ in range(2):
        before = [group.x[:].copy() for group in groups]
        network.run(5 * ms)
        halves.append([group.x[:] - x for group, x in zip(groups, before, strict=True)])
    uncorrelated(halves[0][0], halves[1][0])
    uncorrelated(halves[0][0], halves[0][1])
    uncorrelated(halves[0][1], halves[1][0])
    for steps in (*halves[0], *halves[1], groups[0].x[:] / np.sqrt(2)):
        assert stats.kstest(steps / np.sqrt(5), "norm").pvalue > 1e-3


def test_noise_of_a_run_does_not_depend_on_its_pieces() -> None:
    """A run is made in pieces, as many as its progress is looked at."""
    found = []
    for period in (1e-6, 10):
        seed(3)
        group = walkers("walkers")
        Network(group).run(40 * ms, report=lambda *_: None, report_period=period * second)
        found.append(group.x[:].copy())
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("in_file", [False, True])
def test_restored_noise(in_file: bool, tmp_path: Path) -> None:
    """Noise comes again after `restore` if it is asked for, and only then."""
    where = {"filename": str(tmp_path / "state")} if in_file else {}
    group = walkers("walkers")
    network = Network(group)

    def continued() -> np.ndarray:
        for _ in range(2):
            network.run(2 * ms)
        return group.x[:].copy()

    network.run(2 * ms)
    network.store(**where)
    first = continued()
    network.restore(**where)
    other = continued()
    for _ in range(2):
        network.restore(**where, restore_random_state=True)
        np.testing.assert_array_equal(continued(), first)
    assert not np.any(other == first)


def test_restored_noise_of_set_up() -> None:
    group = walkers("walkers")
    network = Network(group)
    network.store()
    group.x = "rand()"
    first = group.x[:].copy()
    network.restore(restore_random_state=True)
    group.x = "rand()"
    np.testing.assert_array_equal(group.x[:], first)


def test_magic_run_is_seeded() -> None:
    found = []
    for _ in range(2):
        seed(1)
        group = walkers("walkers")
        run(1 * ms)
        found.append(group.x[:].copy())
        del group
    np.testing.assert_array_equal(*found)


def test_seed_leaves_a_batch_alone() -> None:
    """A batch has its own seed and streams, whatever the device's seed."""
    found = []
    for number in (1, 2):
        seed(number)
        batch = Batch(Network(walkers("walkers")), 2, seed=9, namespace={})
        batch.run(1 * ms)
        found.append(np.array(batch["walkers.x"]))
    np.testing.assert_array_equal(*found)
    assert not np.any(found[0][0] == found[0][1])
