"""Statistics of the random streams: large samples, and what is drawn side by side.

`test_random` checks the generator's bits, the first moments and simple correlations.  Here samples
are a hundred times larger, and pairs of neighbours (seeds, streams, objects, steps, neurons, call
sites) are looked at for any dependence.  Seeds are fixed, so a test passes always or never.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, ms
from scipy import stats

from neuromodels.simulation import Batch

SIZE, STEPS, INSTANCES = 40, 50, 200
#: Standard errors that a statistic may lie off, and the smallest p of a test.
ERRORS, RARE = 4.5, 1e-5


def drawing_network() -> Network:
    """Return two groups that draw in each step, and monitors of everything."""
    made: list = []
    for name in ("first", "second"):
        group = NeuronGroup(SIZE, "u : 1\nv : 1\nz : 1\ny : 1", name=name, namespace={}, dt=1 * ms)
        group.run_regularly(
            "u = rand(); v = rand(); z = randn(); y = randn()", dt=1 * ms, name=f"{name}_draw"
        )
        made += [
            group,
            StateMonitor(
                group, ["u", "v", "z", "y"], record=True, when="end", name=f"{name}_seen", dt=1 * ms
            ),
        ]
    return Network(*made)


def drawn(dtype: str, streams: np.ndarray, seed: int = 11) -> dict[str, np.ndarray]:
    """Return every draw, shape (streams, neurons, steps), by group and variable."""
    batch = Batch(
        drawing_network(), len(streams), seed=seed, streams=streams, dtype=dtype, namespace={}
    )
    batch.record(range(len(streams)))
    batch.run(STEPS * ms)
    samples = {
        name: [batch.samples(f"{name}_seen", k) for k in range(len(streams))]
        for name in ("first", "second")
    }
    return {
        f"{name}.{letter}": np.stack([np.array(one[letter]) for one in samples[name]])
        for name in samples
        for letter in "uvzy"
    }


@pytest.fixture(scope="module", params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def draws(dtype: str) -> dict[str, np.ndarray]:
    return drawn(dtype, np.arange(INSTANCES))


UNIFORM = ("first.u", "first.v", "second.u", "second.v")
NORMAL = ("first.z", "first.y", "second.z", "second.y")


# --------------------------------------------------------------------------------- distributions


#: Both laws with mean 0 and variance 1.
STANDARD = {"uniform": stats.uniform(-(3**0.5), 2 * 3**0.5), "normal": stats.norm()}


def moment_errors(values: np.ndarray, order: int, law) -> float:
    """Return by how many standard errors a moment differs from that of its law."""
    powers = values**order
    expected, variance = law.moment(order), law.moment(2 * order) - law.moment(order) ** 2
    return abs(powers.mean() - expected) / np.sqrt(variance / values.size)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("name", UNIFORM + NORMAL)
def test_moments(draws, name: str, order: int) -> None:
    """Mean, variance, skewness, kurtosis and one more."""
    values = draws[name].ravel().astype(float)
    if name in NORMAL:
        assert moment_errors(values, order, STANDARD["normal"]) < ERRORS
    else:
        assert moment_errors((values - 0.5) * 12**0.5, order, STANDARD["uniform"]) < ERRORS


@pytest.mark.parametrize("name", UNIFORM + NORMAL)
def test_distribution(draws, name: str) -> None:
    """Kolmogorov and Smirnov: against the law, and against numpy's generator."""
    values = draws[name].ravel()
    rng = np.random.default_rng(0)
    other = rng.normal(size=values.size) if name in NORMAL else rng.random(values.size)
    assert stats.kstest(values, "norm" if name in NORMAL else "uniform").pvalue > RARE
    assert stats.ks_2samp(values, other).pvalue > RARE


@pytest.mark.parametrize("name", NORMAL)
def test_tails(draws, name: str) -> None:
    """As many far from the mean as there should be, on both sides."""
    values = draws[name].ravel()
    for bound in (2, 3, 4):
        expected = values.size * stats.norm.sf(bound)
        for count in ((values > bound).sum(), (values < -bound).sum()):
            assert abs(count - expected) < ERRORS * np.sqrt(expected)


def test_bits_are_fair(draws, dtype: str) -> None:
    """Every bit of the mantissa is set half of the time."""
    bits = np.arange(23 if dtype == "float32" else 52, dtype=np.uint64)
    values = np.concatenate([draws[name].ravel() for name in UNIFORM])
    whole = np.floor(values * 2.0 ** len(bits)).astype(np.uint64)
    ones = np.array([(whole >> bit & np.uint64(1)).mean() for bit in bits])
    errors = (ones - 0.5) / (0.5 / np.sqrt(whole.size))
    assert RARE < stats.chi2.sf((errors**2).sum(), len(bits)) < 1 - RARE


def test_collisions(draws, dtype: str) -> None:
    """Equal numbers are as frequent as chance wants them: streams do not overlap."""
    values = np.concatenate([draws[name].ravel() for name in UNIFORM])
    cells = 2.0 ** (23 if dtype == "float32" else 53)
    pairs = values.size * (values.size - 1) / 2 / cells
    _, counts = np.unique(values, return_counts=True)
    found = (counts * (counts - 1) / 2).sum()
    assert abs(found - pairs) < ERRORS * np.sqrt(pairs) + 1


# ---------------------------------------------------------------------------------- independence


def pairs(draws: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield what is drawn side by side: neighbours in every direction."""
    for kind, names in (("uniform", UNIFORM), ("normal", NORMAL)):
        for one, other in combinations(names, 2):
            yield f"{kind}: {one}, {other}", draws[one], draws[other]
        values = draws[names[0]]
        for lag in (1, 2, 7):
            yield f"{kind}: streams {lag} apart", values[lag:], values[:-lag]
            yield f"{kind}: neurons {lag} apart", values[:, lag:], values[:, :-lag]
            yield f"{kind}: steps {lag} apart", values[:, :, lag:], values[:, :, :-lag]
        yield f"{kind}: stream and step", values[1:, :, 1:], values[:-1, :, :-1]
        yield f"{kind}: stream against neuron", values[1:, :-1], values[:-1, 1:]
    yield "uniform and normal", draws["first.u"], stats.norm.cdf(draws["first.z"])


def to_unit(name: str, values: np.ndarray) -> np.ndarray:
    return stats.norm.cdf(values) if name.startswith("normal") else values


def correlation_errors(first: np.ndarray, second: np.ndarray) -> float:
    """Return by how many standard errors a correlation differs from 0."""
    return abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) * np.sqrt(first.size)


def square_test(first: np.ndarray, second: np.ndarray, cells: int = 16) -> float:
    """Return p of the chi-square test that pairs of uniform numbers fill a square evenly."""
    grid = np.histogram2d(first.ravel(), second.ravel(), cells, range=[[0, 1], [0, 1]])[0]
    return stats.chisquare(grid.ravel()).pvalue


def test_neighbours_are_independent(draws) -> None:
    """Uncorrelated, in size too, and even on the square."""
    for name, first, second in pairs(draws):
        one, other = to_unit(name, first), to_unit(name, second)
        assert correlation_errors(one, other) < ERRORS, name
        assert correlation_errors(abs(one - 0.5), abs(other - 0.5)) < ERRORS, name
        assert square_test(one, other) > RARE, name


def test_all_streams_are_uncorrelated(draws) -> None:
    """The squares of all correlations between streams add up to what chance gives."""
    for name in ("first.u", "second.z"):
        values = draws[name].reshape(INSTANCES, -1)
        found = np.corrcoef(values)[np.triu_indices(INSTANCES, 1)]
        total = (found**2).sum() * values.shape[1]
        assert RARE < stats.chi2.sf(total, len(found)) < 1 - RARE
        assert abs(found).max() * np.sqrt(values.shape[1]) < stats.norm.isf(RARE / len(found))


def spectrum_is_flat(values: np.ndarray) -> float:
    """Return the smallest p of the power at each frequency of many series, shape (n, steps)."""
    power = np.abs(np.fft.rfft(values - values.mean(), axis=1)[:, 1:-1]) ** 2
    ratio = power.mean(axis=0) / (values.var() * values.shape[1])
    return 2 * stats.norm.sf(np.abs(ratio - 1).max() * np.sqrt(len(values))) * power.shape[1]


def test_steps_have_a_flat_spectrum(draws) -> None:
    for name in ("first.u", "second.z"):
        assert spectrum_is_flat(draws[name].reshape(-1, STEPS)) > RARE


@pytest.mark.parametrize(
    ("seeds", "streams"),
    [
        ((0, 1), (0, 0)),
        ((1, 2), (0, 0)),
        ((0, 2**63), (0, 0)),
        ((7, 8), (1, 0)),
        ((5, 5), (0, INSTANCES)),
        ((5, 5), (0, 2**32)),
        ((5, 5), (0, 2**63)),
    ],
)
def test_neighbouring_seeds_and_streams(dtype: str, seeds: tuple, streams: tuple) -> None:
    """Also where seed + stream is the same number."""
    one, other = (
        drawn(dtype, np.arange(20, dtype=np.uint64) + np.uint64(first), seed=seed)["first.u"]
        for seed, first in zip(seeds, streams, strict=True)
    )
    assert correlation_errors(one, other) < ERRORS
    assert square_test(one, other) > RARE
    assert len(np.intersect1d(one[:2], other[:2])) < 10


# ------------------------------------------------------------------------------ noise in equations


WALKS = {
    "euler": ("dx/dt = xi/tau**0.5 : 1", 4.0),
    "heun": ("dx/dt = xi/tau**0.5 : 1", 4.0),
    "milstein": ("dx/dt = 0.5*xi/tau**0.5 : 1", 1.0),
    "euler of two": ("dx/dt = xi_a/tau**0.5 + 0.5*xi_b/tau**0.5 : 1", 5.0),
}


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_spreads_as_it_should(dtype: str, walk: str) -> None:
    """Variance T/tau for each noise, whatever the step; normal at the end."""
    text, variance = WALKS[walk]
    group = NeuronGroup(
        50, text, method=walk.split()[0], name="walk", dt=0.5 * ms, namespace={"tau": 5 * ms}
    )
    batch = Batch(Network(group), 400, seed=8, dtype=dtype, namespace={})
    batch.run(20 * ms)
    values = np.array(batch["walk.x"], dtype=float).ravel() / np.sqrt(variance)
    assert abs(values.mean()) < ERRORS / np.sqrt(values.size)
    assert abs(values.var() - 1) < ERRORS * np.sqrt(2 / values.size)
    assert stats.kstest(values, "norm").pvalue > RARE


def test_initial_values_are_another_draw(dtype: str) -> None:
    """Numbers drawn before the first step have the same law and nothing to do with the steps'."""
    group = NeuronGroup(SIZE, "x : 1\ny : 1\nz : 1", name="start", namespace={}, dt=1 * ms)
    group.run_regularly("z = rand()", dt=1 * ms, name="start_step")
    batch = Batch(Network(group), 1000, seed=2, dtype=dtype, namespace={})
    batch.initialise("start.x", "rand()")
    batch.initialise("start.y", "rand()")
    batch.run(1 * ms)
    found = [np.array(batch[f"start.{name}"], dtype=float).ravel() for name in "xyz"]
    for values in found:
        assert stats.kstest(values, "uniform").pvalue > RARE
    for one, other in combinations(found, 2):
        assert correlation_errors(one, other) < ERRORS
        assert square_test(one, other) > RARE
