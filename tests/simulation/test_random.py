"""Random numbers: the known generator, the right distributions, independent of each other."""

from hashlib import sha256

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, PoissonGroup, SpikeMonitor, ms
from references.philox_numpy import philox, splitmix
from scipy import stats

from neuromodels.simulation import Batch

SIZE, INSTANCES, STEPS = 50, 400, 3
DRAWS = SIZE * INSTANCES
MAX = 0xFFFFFFFF

#: Counter, key and output, from the authors' own test vectors (Random123, kat_vectors).
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((MAX,) * 4, (MAX, MAX), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def drawing_network() -> Network:
    """Return two groups that draw twice in every step."""
    groups = []
    for name in ("dice", "cards"):
        group = NeuronGroup(SIZE, "u : 1\nv : 1\nz : 1", name=name, namespace={}, dt=1 * ms)
        group.run_regularly("u = rand(); v = rand(); z = randn()", dt=1 * ms, name=f"{name}_throw")
        groups.append(group)
    return Network(*groups)


def drawn(dtype: str, instances: int = INSTANCES, **options) -> list[dict[str, np.ndarray]]:
    """Return all variables after each of a few steps."""
    batch = Batch(drawing_network(), instances, dtype=dtype, namespace={}, **options)
    found = []
    for _ in range(STEPS):
        batch.run(1 * ms)
        names = [f"{group}.{name}" for group in ("dice", "cards") for name in "uvz"]
        found.append({name: np.array(batch[name], dtype=float) for name in names})
    return found


@pytest.fixture(scope="module", params=["float32", "float64"])
def draws(request: pytest.FixtureRequest) -> list[dict[str, np.ndarray]]:
    return drawn(request.param, seed=2)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_reference_gives_the_known_answers(counter, key, expected) -> None:
    assert tuple(philox(np.array([counter]), key)[0]) == expected


def words(seed: int, stream: int, name: str, step: int, site: int) -> np.ndarray:
    """Return the words that an object draws in a step: counter (index, step, object, site)."""
    key = splitmix((splitmix(seed) + stream) % 2**64)
    object_id = int.from_bytes(sha256(name.encode()).digest()[:4], "little")
    counter = [(index, step, object_id, site) for index in range(SIZE)]
    return philox(np.array(counter), (key & MAX, key >> 32)).astype(np.uint64)


def doubles(w: np.ndarray) -> np.ndarray:
    """Return the uniform numbers of neurons: four words of a counter make two."""
    k = np.arange(SIZE)
    counter, first = k // 16 * 8 + k % 8, k // 8 % 2 * 2
    return ((w[counter, first] << 20 | w[counter, first + 1] >> 12) + 0.5) / 2.0**52


def singles(w: np.ndarray) -> np.ndarray:
    """Return the uniform numbers of neurons: four words of a counter make four."""
    k = np.arange(SIZE)
    counter, word = k // 32 * 8 + k % 16 // 2, k // 16 % 2 * 2 + k % 2
    return ((w[counter, word] >> 9) + 0.5) / 2.0**23


def test_device_draws_the_known_numbers() -> None:
    """Seed, stream, object, step, index and call site determine the bits."""
    streams = [7, 2**63 + 11]
    found = drawn("float64", 2, seed=123456789, streams=np.array(streams, dtype=np.uint64))
    for step, values in enumerate(found):
        for instance, stream in enumerate(streams):
            for site, name in enumerate("uv"):
                w = words(123456789, stream, "dice_throw", step, site)
                np.testing.assert_array_equal(values[f"dice.{name}"][instance], doubles(w))


def test_single_precision_draws_the_known_numbers() -> None:
    values = drawn("float32", 1, seed=3)[1]["cards.v"][0]
    np.testing.assert_array_equal(values, singles(words(3, 0, "cards_throw", 1, 1)))


def test_normal_is_box_and_muller() -> None:
    """Neurons k and k + 8 share a radius and an angle."""
    values = drawn("float64", 1, seed=3)[2]["dice.z"][0]
    w, k = words(3, 0, "dice_throw", 2, 2), np.arange(SIZE)
    counter = k // 16 * 8 + k % 8
    first, second = ((w[counter, p] << 20 | w[counter, p + 1] >> 12) + 0.5 for p in (0, 2))
    angle = 2 * np.pi * second / 2.0**52
    expected = np.sqrt(-2 * np.log(first / 2.0**52)) * np.where(k & 8, np.sin(angle), np.cos(angle))
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-14)


# --------------------------------------------------------------------------------- distributions


@pytest.mark.parametrize("name", ["dice.u", "cards.v"])
def test_uniform(draws, name: str) -> None:
    values = draws[0][name].ravel()
    assert values.min() > 0
    assert values.max() < 1
    assert abs(values.mean() - 0.5) < 4 * np.sqrt(1 / 12 / DRAWS)
    assert abs(values.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / DRAWS)
    assert stats.kstest(values, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("name", ["dice.z", "cards.z"])
def test_normal(draws, name: str) -> None:
    values = draws[1][name].ravel()
    assert abs(values.mean()) < 4 / np.sqrt(DRAWS)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / DRAWS)
    assert abs(stats.skew(values)) < 4 * np.sqrt(6 / DRAWS)
    assert abs(stats.kurtosis(values)) < 4 * np.sqrt(24 / DRAWS)
    assert stats.kstest(values, "norm").pvalue > 1e-4


def test_each_neuron_is_uniform_over_instances(draws) -> None:
    """Whatever is fixed, the rest is uniform: instances of a neuron, neurons of an instance."""
    values = draws[2]["dice.u"]
    for grid in (values, values.T):
        worst = min(stats.kstest(column, "uniform").pvalue for column in grid.T)
        assert worst > 1e-3 / grid.shape[1]


# ---------------------------------------------------------------------------------- independence


def uncorrelated(first: np.ndarray, second: np.ndarray) -> None:
    """Check correlation and equality of two equally large samples."""
    correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    assert abs(correlation) < 4 / np.sqrt(first.size)
    assert np.mean(first == second) < 1e-3


def test_call_sites(draws) -> None:
    uncorrelated(draws[0]["dice.u"], draws[0]["dice.v"])
    uncorrelated(draws[0]["dice.u"], draws[0]["dice.z"])


def test_objects(draws) -> None:
    uncorrelated(draws[0]["dice.u"], draws[0]["cards.u"])
    uncorrelated(draws[0]["dice.z"], draws[0]["cards.z"])


def test_steps(draws) -> None:
    uncorrelated(draws[0]["dice.u"], draws[1]["dice.u"])
    uncorrelated(draws[1]["cards.z"], draws[2]["cards.z"])


def test_streams_and_indices(draws) -> None:
    values = draws[0]["dice.z"]
    uncorrelated(values[:-1], values[1:])
    uncorrelated(values[:, :-1], values[:, 1:])
    uncorrelated(values[:-1, 1:], values[1:, :-1])


def test_seeds() -> None:
    first, second = (drawn("float32", seed=seed)[0]["dice.u"] for seed in (0, 1))
    uncorrelated(first, second)


def test_large_seeds_and_streams_are_kept_apart() -> None:
    """All 64 bits count."""
    streams = np.array([1, 1 + 2**32, 1 + 2**63], dtype=np.uint64)
    values = drawn("float64", 3, streams=streams, seed=2**40)[0]["dice.u"]
    other = drawn("float64", 3, streams=streams, seed=0)[0]["dice.u"]
    assert len(np.unique(np.concatenate([values, other]))) == 6 * SIZE


# --------------------------------------------------------------------------------------- Poisson


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_poisson_rate(dtype: str) -> None:
    """Counts within 4 sigma, and as variable as they should be."""
    rates = np.array([5.0, 80.0, 400.0]) * Hz
    source = PoissonGroup(3, rates, dt=0.1 * ms, name="clicks")
    batch = Batch(
        Network(source, SpikeMonitor(source, name="click_spikes")), 300, dtype=dtype, namespace={}
    )
    batch.record(range(300))
    batch.run(100 * ms)
    counts = np.array(
        [np.bincount(batch.spikes("clicks", k)["i"], minlength=3) for k in range(300)]
    )
    p = np.array(rates) * 1e-4
    mean, variance = 1000 * p, 1000 * p * (1 - p)
    assert np.all(np.abs(counts.mean(axis=0) - mean) < 4 * np.sqrt(variance / 300))
    assert np.all(np.abs(counts.var(axis=0) / variance - 1) < 4 * np.sqrt((2 + 1 / mean) / 300))
