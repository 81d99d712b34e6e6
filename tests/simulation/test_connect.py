"""Wiring and delays of their own for each instance, against stock networks wired the same."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, ms, mV, second
from sampling import some

from neuromodels.errors import DeclarationError, EquationError
from neuromodels.simulation import Batch

INSTANCES, DURATION = 4, 20 * ms
COMPARED = ("post.v", "post.total")
pytestmark = pytest.mark.filterwarnings("ignore")


def network(pairs=None, w=0.1, delay=None) -> Network:
    """Return a network whose synapses use every kind of loop."""
    pre = NeuronGroup(
        12,
        "rate : 1",
        threshold="(timestep(t, dt) + i) % 5 == 0",
        reset="",
        name="pre",
        namespace={},
    )
    post = NeuronGroup(
        7,
        "dv/dt = -v/(5*ms) : 1\ntotal : 1",
        threshold="v > 0.8",
        reset="v = 0",
        method="exact",
        name="post",
        namespace={"ms": ms},
    )
    synapses = Synapses(
        pre[2:],
        post,
        """w : 1
        dx/dt = -x/(3*ms) : 1 (clock-driven)
        dy/dt = -y/(9*ms) : 1 (event-driven)
        total_post = x : 1 (summed)""",
        on_pre="v_post += w; x += 1; y += 0.1",
        on_post="w = clip(w + 0.1*y, 0, 1)",
        method="exact",
        name="syn",
        namespace={"ms": ms},
    )
    if pairs is None:
        synapses.connect()
    elif len(pairs[0]):
        synapses.connect(i=pairs[0], j=pairs[1])
    else:
        synapses.connect(condition="False")
    synapses.w = w
    if delay is not None:
        synapses.pre.delay = delay * second
    return Network(pre, post, synapses)


def batch_of(**options) -> Batch:
    options = {"instances": INSTANCES, "seed": 3, "dtype": "float64", "namespace": {}, **options}
    return Batch(network(), **options)


def assert_equals_stock(batch: Batch, start: dict[str, np.ndarray]) -> None:
    """Compare each instance with a stock network of its wiring, weights and delays."""
    delays = np.broadcast_to(batch["syn_pre.delay"], (INSTANCES, batch["syn.w"].shape[1]))
    for k in range(INSTANCES):
        i, j = batch.wiring("syn", k)
        delay = np.array(delays[k, : len(i)])
        stock = network((i, j), start["w"][k, : len(i)], delay)
        stock.run(DURATION, namespace={})
        for address in COMPARED:
            group, _, name = address.partition(".")
            expected = np.array(stock[group].variables[name].get_value())
            np.testing.assert_allclose(np.array(batch[address])[k], expected, 1e-9, 1e-12, address)
        for name in ("w", "x"):
            expected = np.array(stock["syn"].variables[name].get_value())
            found = np.array(batch[f"syn.{name}"])[k, : len(i)]
            np.testing.assert_allclose(found, expected, 1e-9, 1e-12, name)


def drawn(batch: Batch) -> None:
    batch.connect("syn", condition="i != j", p=0.4)


def drawn_by_distance(batch: Batch) -> None:
    batch.connect("syn", p="exp(-abs(i - j)/3.0)")


def listed(batch: Batch) -> None:
    rng = np.random.default_rng(5)
    pre = [rng.integers(10, size=n) for n in (3, 0, 25, 14)]
    batch.connect("syn", pre=pre, post=[rng.integers(7, size=len(row)) for row in pre])


@pytest.mark.parametrize(
    ("connect", "delay"),
    some(product([drawn, drawn_by_distance, listed], [None, "1*ms", "rand()*ms"]), 4),
)
def test_equals_stock_network(connect: Callable[[Batch], None], delay: str | None) -> None:
    batch = batch_of()
    connect(batch)
    batch.initialise("syn.w", "0.1 + 0.4*rand()")
    if delay is not None:
        batch.initialise("syn_pre.delay", delay)
    start = {"w": np.array(batch["syn.w"])}
    if delay is None:
        batch.run(DURATION)
    else:  # delays must be known before the first run; the same weights are drawn again
        again = batch_of()
        connect(again)
        again.initialise("syn.w", "0.1 + 0.4*rand()")
        again.initialise("syn_pre.delay", delay)
        again.run(DURATION)
        batch = again
    assert np.array(batch["post.v"]).any()
    assert_equals_stock(batch, start)


def test_wirings_follow_streams() -> None:
    batch = batch_of(streams=[7, 8, 7, 9])
    drawn(batch)
    wirings = [np.array(batch.wiring("syn", k)) for k in range(4)]
    np.testing.assert_array_equal(wirings[0], wirings[2])
    assert wirings[0].shape != wirings[1].shape or (wirings[0] != wirings[1]).any()
    other = batch_of(streams=[9, 7, 8, 8])
    drawn(other)
    np.testing.assert_array_equal(other.wiring("syn", 0), wirings[3])
    np.testing.assert_array_equal(other.wiring("syn", 1), wirings[0])


def test_shared_wiring_is_the_same_for_all() -> None:
    batch = batch_of()
    batch.connect("syn", p=0.5, shared=True)
    first = np.array(batch.wiring("syn", 0))
    assert 0 < first.shape[1] < 70
    for k in range(1, INSTANCES):
        np.testing.assert_array_equal(batch.wiring("syn", k), first)


@pytest.mark.parametrize("p", [0.03, 0.5, 0.97])
def test_share_of_pairs(p: float) -> None:
    """Counts are binomial, and every pair is as likely as any other."""
    batch = batch_of(instances=2000, streams=np.arange(2000))
    batch.connect("syn", p=p)
    counts = np.zeros((10, 7))
    for k in range(2000):
        np.add.at(counts, batch.wiring("syn", k), 1)
    spread = np.sqrt(2000 * p * (1 - p))
    assert abs(counts.sum() / (2000 * 70) - p) < 5 * np.sqrt(p * (1 - p) / (2000 * 70))
    assert np.abs(counts - 2000 * p).max() < 5 * spread
    chi_square = ((counts - 2000 * p) ** 2).sum() / spread**2
    assert abs(chi_square - 70) < 5 * np.sqrt(140)


def test_degrees_are_those_of_the_instance() -> None:
    batch = batch_of()
    listed(batch)
    np.testing.assert_array_equal(np.array(batch["syn.N"])[:, 0], [3, 0, 25, 14])
    for k in range(INSTANCES):
        i, j = batch.wiring("syn", k)
        np.testing.assert_array_equal(batch["syn.N_outgoing"][k], np.bincount(i, minlength=10))
        np.testing.assert_array_equal(batch["syn.N_incoming"][k], np.bincount(j, minlength=7))


def test_threads_and_order_do_not_matter() -> None:
    outcomes = []
    for threads, streams in ((1, [0, 1, 2, 3]), (3, [3, 2, 1, 0])):
        batch = batch_of(threads=threads, streams=streams, dtype="float32")
        drawn(batch)
        batch.initialise("syn.w", "rand()")
        batch.initialise("syn_pre.delay", "rand()*ms")
        batch.run(DURATION)
        outcomes.append(np.array(batch["post.v"]))
    np.testing.assert_array_equal(outcomes[0], outcomes[1][::-1])


def test_values_that_differ_must_be_set_again() -> None:
    made = network(w="0.01*i")
    batch = Batch(made, 2, namespace={})
    batch.connect("syn", p=0.5)
    with pytest.raises(DeclarationError, match=r"syn\.w.*batch\.initialise"):
        batch.run(DURATION)
    batch["syn.w"] = 0.2
    batch.run(DURATION)


REFUSED = {
    "unknown synapses": (("sin",), {"p": 0.1}, "syn"),
    "both ways": (("syn",), {"p": 0.1, "pre": [0], "post": [0]}, "pre and post"),
    "one end": (("syn",), {"pre": [0]}, "both pre and post"),
    "probability above 1": (("syn",), {"p": 1.5}, r"\[0, 1\].*1\.5"),
    "probability of some pairs": (("syn",), {"p": "i - 3.0"}, r"\[0, 1\]"),
    "index": (("syn",), {"pre": [0, 10], "post": [0, 0]}, r"\[0, 10\)"),
    "negative index": (("syn",), {"pre": [0, 1], "post": [0, -1]}, r"\[0, 7\)"),
    "lengths": (("syn",), {"pre": [0, 1], "post": [0]}, "as many pre as post"),
    "number of lists": (("syn",), {"pre": [[0]] * 3, "post": [[0]] * 3}, "4 lists"),
    "fractions": (("syn",), {"pre": [0.5], "post": [1]}, "whole numbers"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused(what: str) -> None:
    arguments, options, told = REFUSED[what]
    batch = batch_of()
    before = np.array(batch.wiring("syn"))
    with pytest.raises(DeclarationError, match=f"(?s)Batch.connect.*{told}"):
        batch.connect(*arguments, **options)
    np.testing.assert_array_equal(batch.wiring("syn"), before)


UNKNOWN = [({"condition": "i != q"}, "q"), ({"p": "jj"}, "jj")]


@pytest.mark.parametrize(("options", "token"), UNKNOWN)
def test_unknown_names_are_shown(options: dict, token: str) -> None:
    with pytest.raises(EquationError, match=token):
        batch_of().connect("syn", **options)


def test_wiring_is_fixed_after_the_first_run() -> None:
    batch = batch_of()
    batch.run(1 * ms)
    with pytest.raises(DeclarationError, match="before the first run"):
        batch.connect("syn", p=0.1)


def test_recording_synapses_that_an_instance_lacks() -> None:
    """A monitor asks for synapse 5; an instance that has only three cannot give it."""
    made = network()
    made.add(StateMonitor(made["syn"], "w", record=[0, 5], name="watch"))
    batch = Batch(made, INSTANCES, namespace={})
    with pytest.raises(DeclarationError, match="watch"):
        listed(batch)


def test_unit_of_delay() -> None:
    with pytest.raises(DeclarationError, match="unit"):
        batch_of()["syn_pre.delay"] = 3 * mV
