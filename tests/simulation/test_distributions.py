"""Random numbers that take several draws: right distributions, independent of each other."""

from collections.abc import Callable

import numpy as np
import pytest
from brian2 import Function, Hz, Network, NeuronGroup, PoissonInput, ms
from brian2.core.functions import DEFAULT_FUNCTIONS
from scipy import stats

from neuromodels.simulation import Batch

SIZE, INSTANCES, STEPS = 50, 400, 2
DRAWS = SIZE * INSTANCES
Draws = list[dict[str, np.ndarray]]

#: Mean numbers of events per step, below and above where the method of drawing changes.
MEANS = {"rare": 0.3, "few": 4.7, "some": 9.9, "more": 10.1, "many": 60.0, "lots": 1e5}

#: Number of inputs and the chance of each in a step of 1 ms: by inversion, or as a normal number.
INPUTS = {
    "by_inversion": (30, 0.1),
    "never_many": (1000, 0.004),
    "by_normal": (1000, 0.4),
    "often": (20, 0.9),
}


def tent(factor: np.ndarray, _vectorisation_idx: int) -> np.ndarray:
    """Stand for the C++ code below, which alone is called."""
    raise NotImplementedError


#: A function of the user's that draws twice per call.
TENT = Function(tent, arg_units=[1], return_unit=1, stateless=False, auto_vectorise=True)
TENT.implementations.add_implementation(
    "cpp",
    "double tent(double factor, int index) { return factor*(_rand(index) + _rand(index)); }",
    dependencies={"_rand": DEFAULT_FUNCTIONS["rand"]},
    name="tent",
)

#: One that calls it, and draws a normal number as well.
RIDGE = Function(tent, arg_units=[1], return_unit=1, stateless=False, auto_vectorise=True)
RIDGE.implementations.add_implementation(
    "cpp",
    "double ridge(double factor, int index) { return tent(factor, index) + _randn(index); }",
    dependencies={"tent": TENT, "_randn": DEFAULT_FUNCTIONS["randn"]},
    name="ridge",
)


def drawing(name: str) -> NeuronGroup:
    """Return a group that draws everything in every step."""
    numbers = [*MEANS, "each", "once", "twice", "both"]
    group = NeuronGroup(
        SIZE,
        "\n".join(f"{n} : 1" for n in numbers),
        dt=1 * ms,
        name=name,
        namespace={"tent": TENT, "ridge": RIDGE},
    )
    lines = [f"{n} = poisson({mean!r})" for n, mean in MEANS.items()]
    lines += ["each = poisson(0.5*(i + 1))", "once = tent(1)", "twice = tent(2)"]
    group.run_regularly("\n".join(lines), dt=1 * ms, name=f"{name}_draws")
    group.run_regularly("both = ridge(1)", dt=1 * ms, name=f"{name}_draws_both")
    return group


def network() -> Network:
    groups = [drawing("dice"), drawing("cards")]
    fed = NeuronGroup(
        SIZE, "\n".join(f"{n} : 1" for n in (*INPUTS, "again")), dt=1 * ms, name="fed", namespace={}
    )
    inputs = [
        PoissonInput(fed, name, n, p * 1000 * Hz, weight=1) for name, (n, p) in INPUTS.items()
    ]
    n, p = INPUTS["by_inversion"]
    return Network(groups, fed, inputs, PoissonInput(fed, "again", n, p * 1000 * Hz, weight=1))


def drawn(dtype: str, streams: np.ndarray) -> Draws:
    """Return what was drawn in each of a few steps."""
    batch = Batch(network(), len(streams), seed=1, dtype=dtype, streams=streams, namespace={})
    kinds = (*MEANS, "each", "once", "twice", "both")
    addresses = [f"{group}.{kind}" for group in ("dice", "cards") for kind in kinds]
    fed = [f"fed.{name}" for name in (*INPUTS, "again")]
    found: Draws = []
    for _ in range(STEPS):
        before = [np.array(batch[name], dtype=float) for name in fed]
        batch.run(1 * ms)
        values = {name: np.array(batch[name], dtype=float) for name in (*addresses, *fed)}
        for name, old in zip(fed, before, strict=True):
            values[name] = values[name] - old
        found.append(values)
    return found


@pytest.fixture(scope="module", params=["float32", "float64"])
def draws(request: pytest.FixtureRequest) -> Draws:
    return drawn(request.param, np.arange(INSTANCES))


# --------------------------------------------------------------------------------- distributions


def assert_counts(values: np.ndarray, expected) -> None:
    """Compare whole numbers with a distribution: mean, variance, and 20 classes."""
    values = values.ravel()
    np.testing.assert_array_equal(values, np.round(values))
    assert values.min() >= 0
    mean, variance, _, excess = (float(x) for x in expected.stats("mvsk"))
    assert abs(values.mean() - mean) < 4 * np.sqrt(variance / values.size)
    assert abs(values.var() / variance - 1) < 4 * np.sqrt((2 + excess) / values.size)
    edges = np.unique(expected.ppf(np.linspace(0, 1, 21)[1:-1]))
    edges = edges[expected.cdf(edges) < 1]
    seen = np.histogram(values, np.r_[-np.inf, edges + 0.5, np.inf])[0]
    chances = np.diff(np.r_[0, expected.cdf(edges), 1])
    assert stats.chisquare(seen, chances * values.size).pvalue > 1e-4


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize("group", ["dice", "cards"])
def test_poisson(draws: Draws, group: str, name: str) -> None:
    assert_counts(draws[0][f"{group}.{name}"], stats.poisson(MEANS[name]))


@pytest.mark.parametrize("name", ["by_inversion", "never_many", "often"])
def test_poisson_input(draws: Draws, name: str) -> None:
    """The number of inputs that fire in a step is binomial."""
    assert_counts(draws[1][f"fed.{name}"], stats.binom(*INPUTS[name]))


def test_poisson_input_of_many(draws: Draws) -> None:
    """Where many fire in a step, Brian2 takes a normal number of the same mean and variance."""
    n, p = INPUTS["by_normal"]
    values, expected = (
        draws[1]["fed.by_normal"].ravel(),
        stats.norm(n * p, np.sqrt(n * p * (1 - p))),
    )
    assert stats.kstest(values, expected.cdf).pvalue > 1e-4
    assert abs(values.var() / expected.var() - 1) < 4 * np.sqrt(2 / DRAWS)


def test_poisson_with_a_mean_for_each_neuron(draws: Draws) -> None:
    values, means = draws[1]["dice.each"], 0.5 * np.arange(1, SIZE + 1)
    assert np.all(np.abs(values.mean(axis=0) - means) < 4.5 * np.sqrt(means / INSTANCES))
    for neuron in (0, 18, 19, 49):
        assert_counts(values[:, neuron], stats.poisson(means[neuron]))


@pytest.mark.parametrize(("name", "factor"), [("once", 1), ("twice", 2)])
def test_function_of_the_user(draws: Draws, name: str, factor: float) -> None:
    """The sum of two uniform numbers has a triangular distribution."""
    expected = stats.triang(0.5, 0, 2 * factor)
    assert stats.kstest(draws[0][f"dice.{name}"].ravel(), expected.cdf).pvalue > 1e-4


def test_function_that_calls_another_one(draws: Draws) -> None:
    """The sum of two uniform numbers and a normal one, by its moments and by a sample."""
    values, rng = draws[0]["cards.both"].ravel(), np.random.default_rng(2)
    assert abs(values.mean() - 1) < 4 * np.sqrt((1 + 1 / 6) / DRAWS)
    assert abs(values.var() / (1 + 1 / 6) - 1) < 4 * np.sqrt(2 / DRAWS)
    like = rng.uniform(size=(2, 10 * DRAWS)).sum(axis=0) + rng.normal(size=10 * DRAWS)
    assert stats.ks_2samp(values, like).pvalue > 1e-4


# ---------------------------------------------------------------------------------- independence


def uncorrelated(first: np.ndarray, second: np.ndarray) -> None:
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 4 / np.sqrt(first.size)


KINDS = [
    "dice.rare",
    "dice.few",
    "dice.many",
    "dice.lots",
    "dice.twice",
    "dice.both",
    "fed.by_inversion",
    "fed.by_normal",
]


@pytest.mark.parametrize("name", KINDS)
def test_steps_instances_and_neurons(draws: Draws, name: str) -> None:
    values, later = draws[0][name], draws[1][name]
    uncorrelated(values, later)
    uncorrelated(values[:-1], values[1:])
    uncorrelated(values[:, :-1], values[:, 1:])
    uncorrelated(values[:-1, 1:], later[1:, :-1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dice.few", "cards.few"),
        ("dice.few", "dice.some"),
        ("dice.some", "dice.more"),
        ("dice.once", "dice.twice"),
        ("dice.once", "dice.both"),
        ("dice.once", "cards.once"),
        ("fed.by_inversion", "fed.again"),
        ("fed.by_inversion", "fed.often"),
        ("fed.by_normal", "dice.many"),
    ],
)
def test_calls_and_objects(draws: Draws, one: str, other: str) -> None:
    uncorrelated(draws[0][one], draws[0][other])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_streams_decide(dtype: str) -> None:
    """Equal streams draw equal numbers, in whatever batch; others do not."""
    found = drawn(dtype, np.array([3, 17, 3]))
    everybody = drawn(dtype, np.arange(20))
    for step, alone in zip(found, everybody, strict=True):
        for name, values in step.items():
            np.testing.assert_array_equal(values[0], values[2])
            np.testing.assert_array_equal(values[:2], alone[name][[3, 17]])
            assert not np.array_equal(values[0], values[1])


def test_precision_does_not_change_what_is_drawn() -> None:
    single, double = (drawn(dtype, np.arange(3))[0] for dtype in ("float32", "float64"))
    for name in double:
        np.testing.assert_allclose(single[name], double[name], 1e-5, 1e-5)


@pytest.mark.parametrize(
    "build",
    [
        lambda group: PoissonInput(group, "x", 50, 100 * Hz, weight=1),
        lambda group: group.run_regularly("x += poisson(5)", dt=1 * ms),
    ],
)
def test_names_given_by_brian_do_not_matter(build: Callable) -> None:
    """A network that is built again draws the same numbers, though its parts have new names."""
    found = []
    for _ in range(2):
        group = NeuronGroup(9, "x : 1", dt=1 * ms, name="group", namespace={})
        made = build(group)
        batch = Batch(Network(group, made), 2, namespace={})
        batch.run(3 * ms)
        found.append(np.array(batch["group.x"]))
    np.testing.assert_array_equal(*found)
    assert found[0].std() > 0
