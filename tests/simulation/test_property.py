"""Random networks on the batch device and on stock Brian2.

6 networks are compared with Brian2's runtime, the same in every run of the suite; `make strain`
compares 40, and 12 with ``cpp_standalone``.  With ``NEUROMODELS_EXAMPLES=500`` in the environment
there are 500, new ones each time, and 24 in the standalone project.  Hypothesis shrinks what fails
and prints it as text and as an expression that can be evaluated.
"""

import gc
import os
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from brian2 import Network, PopulationRateMonitor, SpikeGeneratorGroup, SpikeMonitor
from brian2.groups.neurongroup import Resetter, Thresholder
from brian2.synapses.synapses import SynapticPathway
from brian2.utils.logger import catch_logs
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from neuromodels.simulation import Batch
from simulation import standalone
from simulation.declared import Declared
from simulation.grammar import DELAYS, features, network
from simulation.networks.cases import Case
from simulation.outcomes import (
    Outcome,
    assert_equal,
    batch_outcome,
    set_stock,
    stock_outcome,
)

EXAMPLES = int(os.environ.get("NEUROMODELS_EXAMPLES", "0"))
SEEDS = range(24 if EXAMPLES else 12)
INSTANCES = 2
TOLERANCE = (1e-9, 1e-12)
READERS = (SynapticPathway, Resetter, SpikeMonitor, PopulationRateMonitor)

#: What the networks of the default suite must contain, or the grammar has lost something.
EXPECTED = {
    "Source",
    "Wires",
    "Rate",
    "States",
    "exact",
    "euler",
    "rk2",
    "rk4",
    "exponential_euler",
    "level",
    "gain",
    "rest",
    "held",
    "pulse",
    "pull",
    "scaled",
    "silent",
    "events",
    "regular",
    "refractory float",
    "refractory str",
    "refractory NoneType",
    "own dt",
    "part",
    "large",
    "connect all",
    "connect condition",
    "connect i",
    "connect j",
    "connect n",
    "wires part",
    "summed",
    "summed part",
    "clock-driven",
    "event-driven",
    "on_pre",
    "on_post",
    "wires regular",
    "event pathway",
    "delay NoneType",
    *(["delay float", "delay str"] if DELAYS else []),
}

#: Hypothesis' own choices, which it can shrink, and seeds, which give more varied networks.
networks = (st.randoms(use_true_random=False) | st.integers(0, 2**32).map(Random)).map(network)
thoroughly = settings(
    max_examples=EXAMPLES or 40,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=bool(EXAMPLES),
)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def little_to_collect() -> Iterator[None]:
    """Keep garbage collections short: every run of Brian2 starts with one."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def looks_back(made: Network) -> bool:
    """Whether something sees events in the step after them: Brian2 drops them between two runs."""
    filled: set[tuple] = set()
    for each in made.sorted_objects:
        if isinstance(each, READERS) and _events(each) not in filled:
            return True
        if isinstance(each, Thresholder | SpikeGeneratorGroup):
            filled.add(_events(each))
    return False


def _events(each: Any) -> tuple[str, str]:
    """Return the group and the name of the events that an object makes or reads."""
    group = getattr(each, "group" if isinstance(each, Thresholder | Resetter) else "source", each)
    return getattr(group, "source", group).name, getattr(each, "event", "spike")


def on_runtime(case: Case, runs: int) -> list[Outcome]:
    """Return what a network holds after each of its runs on Brian2's runtime."""
    found = []
    for run in range(runs):
        if run:
            set_stock(case.network, case.changes)
        case.network.run(case.duration, namespace={})
        found.append(stock_outcome(case))
    return found


def on_batch(case: Case, runs: int) -> list[list[Outcome]]:
    """Return the same of every instance."""
    batch = Batch(case.network, INSTANCES, dtype="float64", namespace={})
    batch.record(range(INSTANCES))
    found = []
    for run in range(runs):
        for address, value in case.changes.items() if run else ():
            batch[address] = value
        batch.run(case.duration)
        found.append([batch_outcome(batch, case, instance) for instance in range(INSTANCES)])
    return found


@given(networks)
@settings(thoroughly, max_examples=6, phases=[Phase.generate])
def test_a_few_equal_runtime(declared: Declared) -> None:
    equals_runtime(declared)


@pytest.mark.strain
@given(networks)
@thoroughly
def test_equals_runtime(declared: Declared) -> None:
    equals_runtime(declared)


def equals_runtime(declared: Declared) -> None:
    note(f"\n{declared}")
    case = declared.build()
    runs = 1 if looks_back(case.network) else 2
    with catch_logs() as logs:
        expected = on_runtime(case, runs)
    assert not [text for _, name, text in logs if "well-defined" in text]
    for found, wanted in zip(on_batch(declared.build(), runs), expected, strict=True):
        for outcome in found:
            assert_equal(outcome, wanted, *TOLERANCE)


# ----------------------------------------------------------------------------------- standalone


@pytest.fixture(scope="module")
def drawn() -> dict[str, Declared]:
    return {f"n{seed}": network(Random(seed)) for seed in SEEDS}


@pytest.fixture(scope="module")
def outcomes(
    drawn: dict[str, Declared], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcome]:
    """Outcomes of one stock project that holds all drawn networks."""
    builders = {name: lambda n=name: drawn[n].build(prefix=f"{n}_") for name in drawn}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standalone, "CATALOG", builders)
        return standalone.standalone_outcomes(tmp_path_factory.mktemp("drawn"))


@pytest.mark.strain
@pytest.mark.parametrize("name", [f"n{seed}" for seed in SEEDS])
def test_equals_standalone(name: str, drawn: dict, outcomes: dict[str, Outcome]) -> None:
    case = drawn[name].build(prefix=f"{name}_")
    for outcome in on_batch(case, 1)[0]:
        assert_equal(outcome, outcomes[name], *TOLERANCE)


# ---------------------------------------------------------------------------------- the grammar


def sample(number: int) -> list[Declared]:
    """Return networks as the default suite draws them."""
    found: list[Declared] = []

    @given(networks)
    @settings(thoroughly, max_examples=number, derandomize=True)
    def draw(declared: Declared) -> None:
        found.append(declared)

    draw()
    return found


def test_grammar_reaches_everything() -> None:
    assert EXPECTED - set().union(*map(features, sample(40))) == set()


def test_declarations_are_values() -> None:
    """Equal states give equal networks, and the printed expression gives them back."""
    from simulation import declared as names

    for seed in range(20):
        made = network(Random(seed))
        assert made == network(Random(seed)) == eval(repr(made), vars(names))
        assert all(each.name in str(made) for each in made.objects)


@pytest.mark.strain
def test_networks_do_something(outcomes: dict[str, Outcome]) -> None:
    """Most fire, many of them often, and all stay finite."""
    spikes = np.array(
        [
            sum(len(values) for name, values in found.items() if name.endswith("_spikes.t"))
            for found in outcomes.values()
        ]
    )
    assert np.mean(spikes > 0) > 0.8
    assert np.mean(spikes > 20) > 0.4
    for found in outcomes.values():
        assert all(np.isfinite(v).all() for k, v in found.items() if "last" not in k)
