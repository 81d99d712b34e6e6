"""Delays that differ between instances, and spikes that are under way when a batch is made."""

from collections.abc import Callable

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    ms,
    mV,
    second,
)
from sampling import some

from neuromodels.errors import DeclarationError, EquationError, SimulationError
from neuromodels.simulation import Batch
from simulation.devices import numbers
from simulation.networks.catalog import CATALOG
from simulation.networks.neurons import TAU, lif
from simulation.networks.scripts import late_pair
from simulation.networks.synapses import STDP, cells, generator
from simulation.outcomes import assert_equal, batch_outcome, stock_outcome

DURATION = 14 * ms
RNG = np.random.default_rng(12)
pytestmark = pytest.mark.filterwarnings("ignore")


def reached_late(delay=1 * ms, kind: str = "wide") -> Network:
    """Return spikes that reach many cells (`wide`), a few (`narrow`), or listed ones (`listed`)."""
    source = generator("early", 20)
    target = lif("later", 3 if kind == "narrow" else 18, 1.3)
    synapses = Synapses(
        source,
        target,
        "w : 1\ndx/dt = -x/tau : 1 (event-driven)",
        name="way",
        namespace=TAU,
        on_pre="x += 1; v_post += 0.01*w; w = 0.9*w + 0.01*x",
        on_post="w += 0.1*x",
    )
    synapses.connect(condition="(i + 2*j) % 5 != 0" if kind == "listed" else None)
    synapses.w, synapses.pre.delay, synapses.post.delay = "0.1*i + 0.01*j", delay, 0.5 * ms
    return Network(source, target, synapses, SpikeMonitor(target, name="later_spikes"))


KNOWN = ("later.v", "way.w", "way.x")


def assert_like_stock(batch: Batch, instance: int, stock: Network) -> None:
    for address in KNOWN:
        group, name = address.split(".")
        expected = np.asarray(getattr(stock[group], name))
        found = np.asarray(batch[address][instance])
        np.testing.assert_allclose(found, expected, 1e-9, 1e-12, err_msg=address)
    spikes = batch.spikes("later_spikes", instance)
    np.testing.assert_array_equal(spikes["i"], stock["later_spikes"].i[:])
    np.testing.assert_allclose(spikes["t"], stock["later_spikes"].t[:], 1e-12)


def assert_every_instance_like_stock(batch: Batch, kind: str) -> None:
    """Compare with stock networks that have the delays of each instance."""
    rows = np.array(batch["way_pre.delay"])
    assert len(np.unique(rows, axis=0)) > 1
    for _ in range(2):
        batch.run(DURATION)
    for instance in range(batch.instances):
        stock = reached_late(rows[instance] * second, kind)
        stock.run(2 * DURATION)
        assert len(stock["later_spikes"].t) > 3
        assert_like_stock(batch, instance, stock)


def batch_of(kind: str, instances: int = 4) -> Batch:
    batch = Batch(reached_late(kind=kind), instances, dtype="float64", namespace={"ms": ms})
    batch.record(range(instances))
    return batch


@pytest.mark.parametrize("kind", ["wide", "narrow", "listed"])
def test_own_delays_of_each_instance(kind: str) -> None:
    """No delay, one for all, and one for each synapse stand side by side."""
    batch = batch_of(kind)
    size = np.array(batch["way.w"]).shape[1]
    rows = np.zeros((4, size))
    rows[1], rows[2], rows[3] = 2.3, np.linspace(0, 5, size), RNG.uniform(0, 20, size)
    batch["way_pre.delay"] = rows * ms
    np.testing.assert_allclose(batch["way_pre.delay"] / ms, rows, 1e-12)
    assert_every_instance_like_stock(batch, kind)


def test_one_delay_for_each_instance() -> None:
    batch = batch_of("wide")
    size = np.array(batch["way.w"]).shape[1]
    batch["way_pre.delay"] = np.repeat([[0], [0.1], [0.55], [6]], size, axis=1) * ms
    assert_every_instance_like_stock(batch, "wide")


@pytest.mark.parametrize("kind", ["wide", "narrow", "listed"])
def test_drawn_delays(kind: str) -> None:
    """Each instance draws its delays from its stream."""
    batch = Batch(
        reached_late(kind=kind), 3, dtype="float64", streams=[6, 1, 6], seed=4, namespace={"ms": ms}
    )
    batch.record(range(3))
    batch.initialise("way_pre.delay", "rand()*5*ms + 0.1*ms*i")
    rows = np.array(batch["way_pre.delay"] / ms)
    np.testing.assert_array_equal(rows[0], rows[2])
    assert not np.any(rows[0] == rows[1])
    assert rows.min() > 0
    assert rows.max() < 5 + 0.1 * 20
    assert_every_instance_like_stock(batch, kind)


def test_delay_given_as_one_number() -> None:
    """Where `delay=` is one number in the network, it is one number per instance."""

    def network(delay) -> Network:
        source, target = generator("early", 6), cells("later", 18)
        synapses = Synapses(
            source, target, "w : 1", on_pre="v_post += w", delay=delay, name="way", namespace={}
        )
        synapses.connect()
        synapses.w = "0.1*i + 0.01*j"
        return Network(source, target, synapses)

    batch = Batch(network(1 * ms), 3, dtype="float64", namespace={"ms": ms})
    with pytest.raises(DeclarationError, match=r"shape must be"):
        batch["way_pre.delay"] = np.zeros(108) * ms
    batch["way_pre.delay"] = [0.3, 0, 4] * ms
    batch.run(DURATION)
    for instance, delay in enumerate((0.3, 0, 4)):
        stock = network(delay * ms)
        stock.run(DURATION)
        np.testing.assert_allclose(batch["later.v"][instance], stock["later"].v[:], 1e-9)


def test_the_last_word_counts() -> None:
    batch = batch_of("wide", 2)
    batch["way_pre.delay"] = 7 * ms
    batch.initialise("way_pre.delay", "rand()*3*ms")
    batch["way.w"] = np.linspace(0, 1, 360)
    batch["way_pre.delay"] = 2 * ms
    batch.run(DURATION)
    stock = reached_late(2 * ms)
    stock["way"].w = np.linspace(0, 1, 360)
    stock.run(DURATION)
    assert_like_stock(batch, 1, stock)


def test_other_values_stay() -> None:
    """Delays lay the state out anew; what was set and drawn before is kept."""
    weights, found = RNG.normal(size=(4, 60)), []
    for late in (False, True):
        batch = batch_of("narrow")
        batch["way.w"] = weights
        batch.initialise("later.v", "0.5*rand()")
        if late:
            assert np.array(batch["later.v"]).max() < 0.5  # drawn when first looked at
            batch.initialise("way_pre.delay", "rand()*ms")
            batch["way_post.delay"] = 0.2 * ms
        found.append([np.array(batch[address]) for address in KNOWN])
    for kept, before in zip(*found, strict=True):
        np.testing.assert_array_equal(kept, before)
    assert len(np.unique(found[1][0])) == 12


def test_delays_do_not_depend_on_the_batch() -> None:
    """Neither threads nor the other instances change a bit."""
    rows = RNG.uniform(0, 3, (5, 360)) * ms
    found = []
    for chosen, threads in ((slice(None), 1), ([4, 2], 2), ([2], 3)):
        picked = rows[chosen]
        batch = Batch(reached_late(), len(picked), threads=threads, namespace={})
        batch["way_pre.delay"] = picked
        batch.run(DURATION)
        found.append({address: np.array(batch[address]) for address in KNOWN})
    for address in KNOWN:
        np.testing.assert_array_equal(found[1][address], found[0][address][[4, 2]])
        np.testing.assert_array_equal(found[2][address], found[0][address][[2]])


# -------------------------------------------------------------------------------- several pathways


def test_plasticity_with_delays_of_each_instance() -> None:
    """Axonal and dendritic delays of spike-timing-dependent plasticity, both per instance."""

    def network() -> Network:
        source, target = lif("axons", 9, 1.25), lif("dendrites", 17, 1.4)
        synapses = Synapses(
            source,
            target,
            STDP,
            on_pre="v_post += 0.01*w; apre += 0.1; w = clip(w + apost, 0, 1)",
            on_post="apost -= 0.11; w = clip(w + apre, 0, 1)",
            name="stdp",
            namespace=TAU,
        )
        synapses.connect()
        synapses.w = "0.5 + 0.01*i - 0.02*j"
        return Network(source, target, synapses)

    batch = Batch(network(), 2, dtype="float64", namespace={})
    axonal, dendritic = RNG.uniform(0, 4, (2, 153)), RNG.uniform(0, 9, (2, 153))
    batch["stdp_pre.delay"], batch["stdp_post.delay"] = axonal * ms, dendritic * ms
    batch.run(50 * ms)
    for instance in range(2):
        stock = network()
        stock["stdp"].pre.delay, stock["stdp"].post.delay = (
            each[instance] * ms for each in (axonal, dendritic)
        )
        stock.run(50 * ms)
        for name in ("w", "apre", "apost", "lastupdate"):
            found = np.asarray(batch[f"stdp.{name}"][instance])
            expected = np.asarray(getattr(stock["stdp"], name))
            np.testing.assert_allclose(found, expected, 1e-9, 1e-12, err_msg=name)


# ------------------------------------------------------------------------- spikes already under way

CARRIED = ("longer_than_a_run", "late_pairs", "own_delays", "late_many_to_few", "event_pathways")


@pytest.mark.parametrize("name", some(CARRIED, 6))
def test_spikes_under_way_arrive(name: str) -> None:
    """A batch goes on where a network of stock Brian2 stands, which stays where it is."""
    used, stock = CATALOG[name](), CATALOG[name]()
    for each in (used, stock):
        each.network.run(each.duration, namespace={})
    before = numbers(used.network)
    batch = Batch(used.network, 2, dtype="float64", namespace={})
    batch.record(range(2))
    for _ in range(2):
        batch.run(used.duration)
    assert_equal(numbers(used.network), before, 0, 0)
    earlier = {key: len(value) for key, value in stock_outcome(stock).items()}
    stock.network.run(2 * stock.duration, namespace={})
    expected = stock_outcome(stock)
    for instance in range(2):
        for key, found in batch_outcome(batch, used, instance).items():
            wanted = expected[key]
            if key not in used.compared:  # a batch records from its start
                first = earlier[key] if wanted.ndim == 1 else wanted.shape[1] - found.shape[1]
                wanted = wanted[..., first:]
            np.testing.assert_allclose(found, wanted, 1e-9, 1e-12, err_msg=key)
    used.network.run(2 * used.duration, namespace={})
    assert_equal(numbers(used.network), numbers(stock.network), 0, 0)


def test_spikes_under_way_keep_their_delays() -> None:
    """Delays of each instance are for the spikes to come."""
    used, delays = Network(late_pair(4 * ms)), (0.5, 4, 9)
    used.run(6 * ms)
    batch = Batch(used, 3, dtype="float64", namespace={})
    batch["way_pre.delay"] = np.repeat(np.reshape(delays, (3, 1)), 90, axis=1) * ms
    batch.run(DURATION)
    for instance, delay in enumerate(delays):
        stock = Network(late_pair(4 * ms))
        stock.run(6 * ms)
        stock["way"].pre.delay = delay * ms
        stock.run(DURATION)
        found = np.asarray(batch["later.v"][instance])
        np.testing.assert_allclose(found, stock["later"].v[:], 1e-9, 1e-12)


@pytest.mark.parametrize(
    "name",
    some(["late_all_to_all", *CARRIED, "several_contacts", "modulated", "given_times", "slots"], 3),
)
def test_network_is_left_as_it_was(name: str) -> None:
    """A network that was given to a batch still runs on stock Brian2, delays and all."""
    plain, used = CATALOG[name](), CATALOG[name]()
    batch = Batch(used.network, 2, dtype="float64", namespace={})
    for pathway in ("delayed_pre", "late_listed_pre", "own_wide_pre"):
        if pathway in batch.groups and np.array(batch[f"{pathway}.delay"]).size > 2:
            batch.initialise(f"{pathway}.delay", "rand()*second/100")
    batch.run(used.duration)
    for case in (plain, used):
        case.network.run(case.duration, namespace={})
    assert_equal(numbers(used.network), numbers(plain.network), 0, 0)


# --------------------------------------------------------------------------------------- refusals


def unchanged(batch: Batch, change: Callable[[], None], error: type, told: str) -> None:
    """Check that a change is refused, and that nothing has happened."""
    known = (*KNOWN, "way_pre.delay", "way_post.delay")
    before = [np.array(batch[address]) for address in known]
    with pytest.raises(error, match=told):
        change()
    for address, kept in zip(known, before, strict=True):
        np.testing.assert_array_equal(np.array(batch[address]), kept)


#: What is said of numbers that are no delays.
OUTSIDE = r"delays must lie between 0 and \d+ steps"

WRONG = {
    "negative": (-1 * ms, OUTSIDE),
    "one negative": (np.r_[np.ones(359), -0.1] * ms, OUTSIDE),
    "not a number": (np.nan * ms, OUTSIDE),
    "infinite": (np.r_[np.ones(359), np.inf] * ms, OUTSIDE),
    "no unit": (3.0, "unit"),
    "wrong unit": (3.0 * mV, "unit"),
    "wrong shape": (np.zeros(18) * ms, r"\(4, 360\)"),
    "wrong instances": (np.zeros((3, 360)) * ms, r"\(4, 360\)"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_delays_are_refused(wrong: str) -> None:
    values, told = WRONG[wrong]
    batch = batch_of("wide")
    unchanged(batch, lambda: batch.__setitem__("way_pre.delay", values), DeclarationError, told)
    batch.run(DURATION)
    stock = reached_late()
    stock.run(DURATION)
    assert_like_stock(batch, 3, stock)


@pytest.mark.parametrize(
    ("expression", "error", "told"),
    [
        ("-rand()*ms", DeclarationError, OUTSIDE),
        ("rand()", EquationError, "way_pre"),
        ("rand()*nothing*ms", EquationError, "nothing"),
        ("rand()*ms/0", DeclarationError, OUTSIDE),
    ],
)
def test_wrong_expressions_are_refused(expression: str, error: type, told: str) -> None:
    batch = batch_of("wide")
    unchanged(batch, lambda: batch.initialise("way_pre.delay", expression), error, told)


def test_delays_that_no_counter_holds() -> None:
    batch = batch_of("wide")
    far = 1e9 * second
    unchanged(batch, lambda: batch.__setitem__("way_pre.delay", far), DeclarationError, OUTSIDE)


def test_delays_that_no_memory_holds() -> None:
    """Spikes under way need room; too much is refused before it is taken."""
    batch = Batch(reached_late(), 1000, namespace={})
    batch["way_pre.delay"] = 50 * second
    with pytest.raises(SimulationError, match="would fit"):
        batch.run(DURATION)


@pytest.mark.parametrize(
    "change",
    [
        lambda batch: batch.__setitem__("way_pre.delay", 2 * ms),
        lambda batch: batch.initialise("way_pre.delay", "rand()*ms"),
    ],
)
def test_delays_are_set_before_the_first_run(change: Callable[[Batch], None]) -> None:
    batch = batch_of("wide")
    batch.run(DURATION / 2)
    unchanged(batch, lambda: change(batch), DeclarationError, "first run")
    batch.run(DURATION / 2)
    stock = reached_late()
    stock.run(DURATION)
    assert_like_stock(batch, 0, stock)


@pytest.mark.parametrize(
    ("address", "told"),
    [("way_pre.delya", "delay"), ("way_before.delay", "way_pre"), ("way.dely", "delay")],
)
def test_unknown_delays(address: str, told: str) -> None:
    batch = batch_of("wide")
    unchanged(batch, lambda: batch.__setitem__(address, 1 * ms), DeclarationError, told)


def test_trials_refuse_delays() -> None:
    """Episodes share the delays of the network."""
    batch, streams = batch_of("wide"), np.arange(2)
    delays = {"way_pre.delay": np.repeat([[1.0], [3.0]], 360, axis=1) * ms}
    with pytest.raises(DeclarationError, match=r"way_pre\.delay"):
        batch.trials(DURATION, ["later.v"], streams=streams, values=delays, rows=streams)
    batch.initialise("way_pre.delay", "rand()*ms")
    with pytest.raises(DeclarationError, match="must share wiring, delays and spikes"):
        batch.trials(DURATION, ["later.v"], streams=streams)


def test_trials_with_delays() -> None:
    batch = batch_of("wide")
    batch["way_pre.delay"] = 2 * ms
    found = batch.trials(DURATION, KNOWN, streams=np.arange(3))
    batch.run(DURATION)
    for address in KNOWN:
        np.testing.assert_array_equal(found[address][2], batch[address][0])


def test_many_neurons_fire_at_once_for_long() -> None:
    """The list of spikes under way is as long as it must be, and its front is used again."""

    def network() -> Network:
        times = np.repeat(np.arange(200), 30) * 0.1 * ms
        source = SpikeGeneratorGroup(30, np.tile(np.arange(30), 200), times, name="all_fire")
        target = NeuronGroup(2, "n : integer\nm : 1", name="counting", namespace={})
        one = Synapses(
            source, target, on_pre="n_post += 1", delay=3.1 * ms, name="one_way", namespace={}
        )
        own = Synapses(source, target, on_pre="m_post += i", name="own_way", namespace={})
        one.connect()
        own.connect()
        own.delay = "0.1*ms*i + 0.3*ms*j"
        return Network(source, target, one, own)

    batch, stock = Batch(network(), 2, dtype="float64", namespace={}), network()
    for _ in range(3):
        for each in (batch, stock):
            each.run(9 * ms)
        for name in ("n", "m"):
            expected = np.asarray(getattr(stock["counting"], name))
            np.testing.assert_array_equal(batch[f"counting.{name}"][1], expected)
    assert expected.max() > 2000
