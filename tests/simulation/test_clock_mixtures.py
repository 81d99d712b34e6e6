"""Every object runs as many steps, in the same order, as on stock Brian2, in any pieces."""

from random import Random

import numpy as np
import pytest
from brian2 import Clock, Network, NeuronGroup, Quantity, defaultclock, ms, second

from neuromodels.simulation import Batch
from neuromodels.simulation.build import cache
from neuromodels.simulation.device import piecewise_run
from simulation.devices import active
from simulation.mixtures import Mixture, counted, mixture, objects

SEEDS = range(8)
STRAIN = range(1000, 1220)


class _Lost(Exception):
    """Stock Brian2 raised, or left steps out."""


@pytest.fixture(autouse=True)
def quick_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile fast: what is counted is steps."""
    flags = tuple("-O1" if flag == "-O3" else flag for flag in cache.FLAGS)
    monkeypatch.setattr(cache, "FLAGS", flags)


@pytest.fixture
def odd_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut runs into pieces of any length, as a slow machine would."""
    random = Random(7)
    lengths = lambda *_: float(random.choice((1, 1, 2, 3, 7, 13, 50, 401)))  # noqa: E731
    monkeypatch.setattr(piecewise_run, "FIRST_STEPS", 3)
    monkeypatch.setattr(piecewise_run, "next_length", lengths)


def stock_counts(mixed: Mixture) -> dict[str, float]:
    """Return what stock Brian2 counts; it must reach the end of each run with every clock."""
    made, counts = objects(mixed)
    network = Network(made)
    for length in mixed.runs:
        try:
            network.run(length * second, namespace={})
        except StopIteration as error:
            raise _Lost from error
        clocks = network._clocks
        if any(clock.variables["timestep"].get_value().item() < clock._i_end for clock in clocks):
            raise _Lost
    return counted(network, counts)


def script_counts(mixed: Mixture) -> dict[str, float]:
    """Return what the device counts in runs that are cut into pieces."""
    with active("batch"):
        made, counts = objects(mixed)
        network = Network(made)
        for length in mixed.runs:
            network.run(length * second, namespace={})
        return counted(network, counts)


def whole_counts(mixed: Mixture, pieces: int = 1) -> dict[str, float]:
    """Return what one instance of a batch counts, each run in equal pieces."""
    made, counts = objects(mixed)
    batch = Batch(Network(made), instances=1, dtype="float64", namespace={})
    for length in mixed.runs:
        for _ in range(pieces):
            batch.run(length / pieces * second)
    kept = [address for address in counts if not address.endswith(".N")]
    return {address: float(np.sum(np.asarray(batch[address]))) for address in kept}


def all_steps(mixed: Mixture) -> int:
    """Return how many steps all clocks have before the end, counted without Brian2."""
    end = 0.0
    for length in mixed.runs:
        end += length
    last = [int(np.ceil(end / step - 1e-4)) for step in mixed.steps]
    latest = max((n - 1) * step for n, step in zip(last, mixed.steps, strict=True))
    return sum(
        max(n, int(np.floor(latest / step + 1e-9)) + 1)
        for n, step in zip(last, mixed.steps, strict=True)
    )


def check(mixed: Mixture) -> None:
    """Compare with stock Brian2, or with a count by hand where it loses steps itself."""
    try:
        expected = stock_counts(mixed)
    except _Lost:
        expected = None
    found = script_counts(mixed)
    whole = whole_counts(mixed)
    if expected is not None:
        assert found == expected
    else:
        assert found["journal.entries"] == all_steps(mixed)
    assert whole == {address: found[address] for address in whole}


@pytest.mark.parametrize("seed", SEEDS)
def test_mixtures(seed: int, odd_pieces: None) -> None:
    check(mixture(seed, 300))


@pytest.mark.strain
@pytest.mark.parametrize("seed", STRAIN)
def test_more_mixtures(seed: int, odd_pieces: None) -> None:
    check(mixture(seed, 1500))


# ------------------------------------------------------------------------------------ one by one


def counters(*steps: Quantity) -> Network:
    """Return a network whose variables x0, x1, ... count the steps of one clock each."""
    names = [f"x{k}" for k in range(len(steps))]
    model = "\n".join(f"{name} : 1" for name in names)
    group = NeuronGroup(1, model, name="counter", namespace={}, dt=steps[-1])
    for k, (name, step) in enumerate(zip(names, steps, strict=True)):
        group.run_regularly(f"{name} += 1", dt=step, order=k, name=f"part_{k}")
    return Network(group)


def in_batch(steps: tuple, runs: list) -> list[float]:
    batch = Batch(counters(*steps), instances=1, namespace={})
    for run in runs:
        batch.run(run)
    return [float(batch[f"counter.x{k}"][0, 0]) for k in range(len(steps))]


def in_script(steps: tuple, runs: list) -> list[float]:
    with active("batch"):
        network = counters(*steps)
        for run in runs:
            network.run(run, namespace={})
        return [float(network["counter"].variables[f"x{k}"].get_value()[0]) for k in range(2)]


@pytest.mark.parametrize("count", [in_batch, in_script])
@pytest.mark.parametrize(
    ("steps", "runs", "expected"),
    [
        ((300 * second, 1 * ms), [2 * second], [1, 2000]),
        ((60 * second, 0.1 * ms), [5 * ms] * 30, [1, 1500]),
        ((100 * second, 1 * ms), [2 * ms] * 3, [1, 6]),
    ],
    ids=["long", "pieces", "short"],
)
def test_slow_clock_takes_no_steps(count, steps, runs, expected) -> None:
    """A clock is at its end within 1e-4 of its step: the others are not."""
    assert count(steps, runs) == expected


def test_slow_clock_is_in_time(odd_pieces: None) -> None:
    """A step is not taken early because its clock is coarse."""
    with active("batch"):
        group = NeuronGroup(1, "seen : 1\nsteps : 1", name="early", namespace={}, dt=1 * ms)
        group.run_regularly("steps += 1", name="counts")
        group.run_regularly("seen = steps", dt=30 * second, order=1, name="looks")
        Network(group).run(30.5 * second, namespace={})
        assert group.seen[0] == 30001


def test_store_and_restore_keep_steps_of_slow_clocks() -> None:
    with active("batch"):
        network = counters(60 * second, 0.1 * ms)
        network.run(5 * ms, namespace={})
        network.store()
        for _ in range(2):
            network.restore()
            network.run(5 * ms, namespace={})
            found = [network["counter"].variables[n].get_value()[0] for n in ("x0", "x1")]
            assert found == [1, 100]


def test_events_between_clocks(odd_pieces: None) -> None:
    """Steps at given times take part in every piece."""

    def outcome() -> list[float]:
        group = NeuronGroup(1, "n : 1\nseen : 1", name="timed", namespace={}, dt=0.3 * ms)
        group.run_regularly("n += 1", dt=0.1 * ms, name="counts")
        times = [0, 0.1, 0.25, 1.05, 3, 3.0000001, 50] * ms
        group.run_at("seen = 2*seen + n", times=times, order=1, name="looks")
        network = Network(group)
        for length in (1.05, 2, 4):
            network.run(length * ms, namespace={})
        return [float(group.n[0]), float(group.seen[0])]

    expected = outcome()
    with active("batch"):
        assert outcome() == expected


#: In which order, and under which names, clocks are made: none may take another's place.
NAMES = (
    (None, None, None),
    ("clock_2", "clock_0", "clock_1"),
    ("clock", "clock_t", "clock_dt"),
    ("tick_timestep", "tick", "tick_t"),
)


@pytest.mark.parametrize("names", NAMES)
def test_names_of_clocks(names: tuple) -> None:
    with active("batch"):
        steps = (0.5 * ms, 0.25 * ms, 0.2 * ms)
        given = [{} if name is None else {"name": name} for name in names]
        clocks = [Clock(step, **kwds) for step, kwds in zip(steps, given, strict=True)]
        groups = [
            NeuronGroup(1, "n : 1", name=name, clock=clock, namespace={})
            for name, clock in zip(("zz", "yy", "xx"), clocks, strict=True)
        ]
        groups.append(NeuronGroup(1, "n : 1", name="ww", dt=defaultclock.dt, namespace={}))
        for group in groups:
            group.run_regularly("n += 1", clock=group.clock)
        Network(groups).run(10 * ms, namespace={})
        assert [float(group.n[0]) for group in groups] == [20, 40, 50, 100]
