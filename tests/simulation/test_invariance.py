"""The same bits whatever the order and number of instances and the number of threads."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations, product
from random import Random

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
)
from sampling import some

from neuromodels.simulation import Batch
from simulation import grammar
from simulation.networks.cases import Case
from simulation.networks.catalog import CATALOG
from simulation.networks.neurons import TAU
from simulation.networks.noisy import ADDRESSES, noisy_network
from simulation.outcomes import Outcome, batch_outcome

INSTANCES = 64
pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass(frozen=True)
class Subject:
    """A network and the variables in which its instances differ."""

    build: Callable[[], Case]
    varied: tuple[str, ...]


def noisy() -> Case:
    return Case(noisy_network(), 6 * ms, ADDRESSES)


def watched_noise() -> Case:
    """Noise on two clocks and in sparse, event-driven synapses, seen by every kind of monitor."""
    source = PoissonGroup(23, "(120 + 20*i)*Hz", name="clicks", namespace={"Hz": Hz})
    cells = NeuronGroup(
        21,
        "dv/dt = (1.1 - v)/tau + 0.3*xi*tau**-0.5 : 1 (unless refractory)\nlast : 1",
        threshold="v > 1 + 0.1*rand()",
        reset="v = 0; last = randn()",
        refractory=0.7 * ms,
        method="euler",
        name="jittery",
        namespace=TAU,
    )
    drift = NeuronGroup(5, "x : 1\nk : 1", dt=0.3 * ms, name="drift", namespace={})
    drift.run_regularly("x += 0.1*randn(); k += poisson(i + 0.7)", dt=0.3 * ms, name="drift_code")
    synapses = Synapses(
        source,
        cells,
        "w : 1\nda/dt = -a/tau : 1 (event-driven)",
        name="jitter_w",
        namespace=TAU,
        on_pre="v_post += w*0.2; a += 1; w += 0.01*randn()",
        on_post="w -= 0.02*a*rand()",
    )
    synapses.connect(condition="(3*i + 5*j) % 7 < 2")
    synapses.w = 0.25
    monitors = [
        SpikeMonitor(cells, variables=["v", "last"], name="jittery_spikes"),
        SpikeMonitor(source, name="click_spikes"),
        PopulationRateMonitor(cells, name="jittery_rate"),
        StateMonitor(cells, "v", record=[0, 20], dt=0.5 * ms, name="jittery_trace"),
        StateMonitor(synapses, "w", record=[1, 3], when="end", name="jitter_trace"),
    ]
    made = Network(source, cells, drift, synapses, *monitors)
    compared = ("jittery.v", "jittery.last", "drift.x", "drift.k", "jitter_w.w", "jitter_w.a")
    return Case(made, 9 * ms, compared)


def drawn(seed: int) -> Case:
    return grammar.network(Random(seed)).build()


VARIED = {
    "all_to_all": ("dense.w",),
    "listed_pairs": ("listed.w",),
    "conditions": ("near.w",),
    "event_driven": ("stdp.w", "pre_cells.v"),
    "many_to_few": ("to_four.w", "to_one.w"),
    "summed_both_ways": ("sum_some.g", "sum_every.w"),
    "recurrent": ("loop_sparse.w", "loop.v"),
    "own_delays": ("own_wide.w", "own_listed.w"),
    "late_plasticity": ("late_stdp.w",),
    "subgroups": ("part_dense.w", "whole_in.v"),
    "three_clocks": ("quick.v", "tardy.v"),
}
SUBJECTS = {
    "noisy": Subject(noisy, ("cells.gain", "loop_w.w")),
    "watched_noise": Subject(watched_noise, ("jitter_w.w",)),
    **{name: Subject(CATALOG[name], varied) for name, varied in VARIED.items()},
    **{f"drawn_{k}": Subject(lambda k=k: drawn(k), ("cells0.v", "cells0.drive")) for k in (5, 8)},
}


def prepared(name: str, order: np.ndarray, dtype: str, threads: int) -> tuple[Case, Batch]:
    """Return instances whose streams and values belong together, in an order."""
    subject = SUBJECTS[name]
    case = subject.build()
    batch = Batch(
        case.network, len(order), seed=3, streams=order, dtype=dtype, threads=threads, namespace={}
    )
    for address in subject.varied:
        batch[address] = np.array(batch[address]) + varied(order)
    return case, batch


def varied(order: np.ndarray) -> np.ndarray:
    return 0.0137 * np.asarray(order)[:, None]


def ran(name: str, order: np.ndarray, dtype: str, threads: int) -> list[Outcome]:
    """Return variables and recordings of every instance after two runs."""
    case, batch = prepared(name, np.asarray(order), dtype, threads)
    batch.record(range(len(order)))
    batch.run(0.5 * case.duration)
    batch.run(0.5 * case.duration)
    return [batch_outcome(batch, case, k) for k in range(len(order))]


def assert_same_bits(found: Outcome, expected: Outcome) -> None:
    assert set(found) == set(expected)
    for name, values in found.items():
        assert values.tobytes() == expected[name].tobytes(), name


@pytest.fixture(scope="module", params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=SUBJECTS)
def everybody(request: pytest.FixtureRequest, dtype: str) -> tuple[str, list[Outcome]]:
    """The name of a network and what 64 instances hold that ran one after the other."""
    return request.param, ran(request.param, np.arange(INSTANCES), dtype, threads=1)


SHUFFLED = np.random.default_rng(4).permutation(INSTANCES)
ARRANGED = {
    "alone on four": ([41], 4),
    "three on three": ([63, 0, 22], 3),
    "shuffled on one": (SHUFFLED, 1),
    "shuffled on two": (SHUFFLED[::-1], 2),
    "in order on four": (np.arange(INSTANCES), 4),
}


@pytest.mark.parametrize("arranged", some(ARRANGED, 2))
def test_arrangement_changes_no_bit(everybody, dtype: str, arranged: str) -> None:
    name, expected = everybody
    order, threads = ARRANGED[arranged]
    for found, k in zip(ran(name, order, dtype, threads), order, strict=True):
        assert_same_bits(found, expected[k])


def test_instances_differ(everybody) -> None:
    """What is compared above is not trivially equal."""
    name, outcomes = everybody
    first, *others = outcomes
    differing = {
        key for key in first if {other[key].tobytes() for other in others} - {first[key].tobytes()}
    }
    assert differing.intersection(SUBJECTS[name].build().compared)
    if name in ("noisy", "watched_noise"):
        assert differing >= {key for key in first if key.endswith("_spikes.t")}


@pytest.mark.parametrize(
    "name", some(["noisy", "listed_pairs", "event_driven", "watched_noise"], 2)
)
def test_every_permutation_of_three_trials(name: str, dtype: str) -> None:
    """Streams and candidates of episodes, in every order and with every number of threads."""
    made = [prepared(name, np.arange(1), dtype, threads) for threads in (1, 2, 3, 4)]
    values = {
        address: np.array(made[0][1][address]) + varied(range(INSTANCES))
        for address in SUBJECTS[name].varied
    }

    def tried(case: Case, batch: Batch, order) -> dict[str, np.ndarray]:
        streams = np.array(order, dtype=np.uint64)
        return batch.trials(
            case.duration, case.compared, streams=streams, values=values, rows=np.array(order)
        )

    expected = tried(*made[0], range(INSTANCES))
    for pair, order in product(made, permutations((63, 5, 40))):
        for address, found in tried(*pair, order).items():
            assert found.tobytes() == expected[address][list(order)].tobytes(), address


@pytest.mark.parametrize("name", some(["noisy", "many_to_few", "watched_noise"], 2))
def test_recording_changes_no_bit(name: str, dtype: str) -> None:
    """Neither whether an instance is recorded, nor which others are."""
    found = []
    for chosen in ([0, 1, 2, 3], [2], [3, 2]):
        case, batch = prepared(name, np.arange(4), dtype, threads=2)
        batch.record(chosen)
        batch.run(case.duration)
        found.append((batch_outcome(batch, case, 2), np.array(batch[case.compared[0]])))
    for outcome, values in found[1:]:
        assert_same_bits(outcome, found[0][0])
        assert values.tobytes() == found[0][1].tobytes()
