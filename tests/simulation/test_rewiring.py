"""What follows a new wiring: values, delays, indices, and whoever finds synapses by number."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, get_device, ms, prefs, seed
from brian2.codegen.runtime.cython_rt import CythonCodeObject

from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch

INSTANCES, NEURONS = 3, 6
pytestmark = pytest.mark.filterwarnings("ignore")


def cells(name: str = "g") -> NeuronGroup:
    return NeuronGroup(
        NEURONS,
        "a : 1\nd : 1\nv : 1\nbig = 2*a : 1",
        threshold="(timestep(t, dt) + i) % 3 == 0",
        reset="",
        name=name,
        namespace={},
    )


def network() -> Network:
    group = cells()
    loop = Synapses(
        group,
        group,
        "w : 1",
        on_pre="v_post += w*(1 + k)",
        multisynaptic_index="k",
        name="s",
        namespace={"limit": 1.0},
    )
    loop.connect()
    loop.w = 0.25
    return Network(group, loop)


def batch_of(**options) -> Batch:
    options = {"instances": INSTANCES, "dtype": "float64", "threads": 1, **options}
    return Batch(network(), namespace={"ms": ms}, **options)


def tower() -> Network:
    """Return synapses onto synapses onto neurons."""
    group, few = cells("many"), NeuronGroup(2, "v : 1", name="few", namespace={})
    inner = Synapses(group, few, "w : 1\nx : 1", on_pre="v_post += w", name="inner", namespace={})
    inner.connect()
    inner.w = 0.1
    outer = Synapses(group, inner, "q : 1", on_pre="x_post += 1", name="outer", namespace={})
    outer.connect()
    return Network(group, few, inner, outer)


def test_synapses_that_others_begin_or_end_at_keep_their_numbers() -> None:
    """Another wiring would let the others write where nothing of theirs lies."""
    batch = Batch(tower(), 2, dtype="float64", namespace={})
    with pytest.raises(DeclarationError, match=r"inner.*by number.*outer"):
        batch.connect("inner", pre=[0], post=[0])
    batch.connect("outer", pre=[[0, 1], [2]], post=[[11, 4], [7]])
    batch["outer.q"] = 1
    batch.run(0.3 * ms)
    expected = np.zeros((2, 12))
    expected[[0, 0, 1], [11, 4, 7]] = 1
    np.testing.assert_array_equal(batch["inner.x"], expected)


def test_values_keep_their_synapses_when_another_object_reads_them() -> None:
    """Synapses that were stored by target become stored by source, or stay: values must follow."""
    many = NeuronGroup(20, "v : 1", threshold="v > 1", reset="", name="many", namespace={})
    few = NeuronGroup(3, "u : 1", name="few", namespace={})
    inner = Synapses(many, few, "w : 1", on_pre="u_post += w", name="inner", namespace={})
    inner.connect()
    outer = Synapses(few, inner, "m : 1", name="outer", namespace={})
    outer.connect(i=0, j=np.arange(60))
    batch = Batch(Network(many, few, inner, outer), dtype="float64", namespace={})
    batch["inner.w"] = np.arange(60.0)
    batch.initialise("outer.m", "w_post")
    for address in ("outer.m", "inner.w"):
        np.testing.assert_array_equal(batch[address][0], np.arange(60.0))


def wanted(values: np.ndarray) -> list[tuple]:
    """Return the pairs that `big_pre > limit and i != j` lists, in numpy."""
    chosen = 2 * values[:, np.newaxis] > 1
    return [tuple(pair) for pair in np.argwhere(chosen & ~np.eye(NEURONS, dtype=bool))]


def pairs(batch: Batch, instance: int) -> list[tuple]:
    return list(zip(*(ends.tolist() for ends in batch.wiring("s", instance)), strict=True))


@pytest.mark.parametrize("how", ["set", "set for all", "drawn", "drawn from another"])
def test_condition_sees_the_values_of_each_instance(how: str) -> None:
    made = network()
    batch = Batch(made, INSTANCES, dtype="float64", threads=1, namespace={"ms": ms})
    if how.startswith("set"):
        rows = np.random.default_rng(1).random((INSTANCES, NEURONS))
        batch["g.a"] = rows if how == "set" else rows[0]
    elif how == "drawn":
        batch.initialise("g.a", "rand()")
    else:
        batch.initialise("g.d", "rand()")
        batch.initialise("g.a", "1 - d")
    batch.connect("s", condition="big_pre > limit and i != j")
    assert not np.array(made["g"].a).any()
    batch["s.w"] = 1
    wirings = [pairs(batch, k) for k in range(INSTANCES)]
    assert wirings == [wanted(np.array(row)) for row in np.array(batch["g.a"])]
    assert (wirings[0] == wirings[1]) == (how == "set for all")


def test_probability_sees_the_values_of_each_instance() -> None:
    batch = batch_of()
    batch["g.a"] = np.eye(NEURONS)[:INSTANCES]
    batch.connect("s", p="a_post")
    for k in range(INSTANCES):
        assert pairs(batch, k) == [(i, k) for i in range(NEURONS)]
    with pytest.raises(DeclarationError, match="must have the same values"):
        batch.connect("s", p="a_post", shared=True)


def test_draws_of_a_condition_follow_the_stream() -> None:
    found = []
    for state in (0, 1):
        seed(state)
        before = get_device().get_random_state()["numpy_state"][1].copy()
        batch = batch_of(streams=[4, 5, 4])
        batch.connect("s", condition="rand() < 0.5")
        after = get_device().get_random_state()["numpy_state"][1]
        np.testing.assert_array_equal(after, before)
        found.append([pairs(batch, k) for k in range(INSTANCES)])
    assert found[0] == found[1]
    assert found[0][0] == found[0][2] != found[0][1]


def test_nothing_is_compiled_to_list_pairs(monkeypatch) -> None:
    """Brian2 would compile code for each new batch, since names of synapses differ."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a compiler was called")

    batch, target = batch_of(), prefs["codegen.target"]
    monkeypatch.setattr(CythonCodeObject, "__init__", refuse)
    prefs["codegen.target"] = "cython"
    try:
        batch.connect("s", condition="rand() < 0.5")
        assert prefs["codegen.target"] == "cython"
    finally:
        prefs["codegen.target"] = target
    assert 0 < len(pairs(batch, 0)) < NEURONS**2


def test_pairs_that_repeat_are_numbered_as_brian_numbers_them() -> None:
    batch, stock = batch_of(), network()
    ends = ([0, 3, 0, 1, 0], [1, 1, 1, 2, 2]), ([2], [2]), ([5, 5, 5], [0, 0, 0])
    batch.connect("s", pre=[pre for pre, _ in ends], post=[post for _, post in ends])
    batch["s.w"] = 1
    batch.run(0.3 * ms)
    for k, (pre, post) in enumerate(ends):
        other = Synapses(stock["g"], stock["g"], multisynaptic_index="k", namespace={})
        other.connect(i=pre, j=post)
        np.testing.assert_array_equal(batch["s.k"][k, : len(pre)], other.k[:])
        expected = np.bincount(post, 1 + other.k[:], NEURONS)
        np.testing.assert_array_equal(np.array(batch["g.v"])[k], expected)


def test_what_was_set_before_holds() -> None:
    """A value that all synapses of an instance share stays; others must be set again."""
    batch = batch_of()
    batch["s.w"] = np.repeat([[1.0], [2.0], [3.0]], NEURONS**2, axis=1)
    batch["s_pre.delay"] = 0.5 * ms
    batch.connect("s", p=0.5)
    for k in range(INSTANCES):
        assert set(np.array(batch["s.w"])[k].tolist()) == {k + 1.0}
    np.testing.assert_allclose(np.array(batch["s_pre.delay"]), 5e-4)
    batch.run(0.5 * ms)
    assert not np.array(batch["g.v"]).any()
    batch.run(0.1 * ms)
    assert np.array(batch["g.v"]).any()


@pytest.mark.parametrize("address", ["s.w", "s_pre.delay"])
def test_values_of_the_old_synapses_must_be_set_again(address: str) -> None:
    batch = batch_of()
    batch[address] = np.linspace(0, 1, NEURONS**2) * (ms if "delay" in address else 1)
    batch.connect("s", p=0.5)
    with pytest.raises(DeclarationError, match="must be set again"):
        batch.run(1 * ms)


@pytest.mark.parametrize("how", [{"p": 0.5, "shared": True}, {"pre": [1, 2, 2], "post": [0, 0, 0]}])
def test_episodes_run_with_a_wiring_for_all(how: dict) -> None:
    batch, other = batch_of(), batch_of()
    for each in (batch, other):
        each.connect("s", **how)
        each["s.w"] = 0.5
    other.run(1 * ms)
    assert pairs(batch, 0) == pairs(batch, 2)
    found = batch.trials(1 * ms, ["g.v"], streams=np.arange(2, dtype=np.uint64))["g.v"]
    np.testing.assert_array_equal(found, np.array(other["g.v"])[:2])
    assert np.any(found)


def test_spikes_under_way_to_old_synapses() -> None:
    made = network()
    made["s"].pre.delay = "i*0.1*ms"
    made.run(0.5 * ms, namespace={"ms": ms})
    with pytest.raises(DeclarationError, match="under way"):
        Batch(made, 2, namespace={}).connect("s", p=0.5)


def test_a_monitor_of_all_synapses() -> None:
    """It knows how many there were in the network; of more it would see a part only."""
    made = network()
    made.add(StateMonitor(made["s"], "w", record=True, name="watch"))
    batch, all_pairs = Batch(made, 2, namespace={}), np.indices((NEURONS, NEURONS)).reshape(2, -1)
    with pytest.raises(DeclarationError, match=r"watch.*36 of 37"):
        batch.connect("s", pre=[*all_pairs[0], 0], post=[*all_pairs[1], 0])
    with pytest.raises(DeclarationError, match=r"watch.*only 1"):
        batch.connect("s", pre=[0], post=[0])


def test_delays_follow_values_that_are_drawn() -> None:
    batch = batch_of()
    batch.initialise("g.d", "rand()")
    batch.initialise("s_pre.delay", "d_post*ms")
    delays, drawn = np.array(batch["s_pre.delay"]), np.array(batch["g.d"])
    np.testing.assert_allclose(delays, np.tile(drawn, NEURONS) * 1e-3)
    assert drawn.any()


def test_wiring_of_an_instance_that_is_not_there() -> None:
    with pytest.raises(DeclarationError, match=r"\[0, 3\)"):
        batch_of().wiring("s", 3)
