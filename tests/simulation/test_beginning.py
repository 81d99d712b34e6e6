"""What a batch holds after any sequence of values, expressions, runs and restarts.

A plain numpy model keeps the meaning of each step: what is set before the first run belongs to the
start, restart goes back to it, and the same expression draws the same numbers there.
"""

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    Synapses,
    TimedArray,
    check_units,
    implementation,
    ms,
    mV,
)

from neuromodels.errors import DeclarationError
from neuromodels.simulation import Batch, Emulation

COUNT, SIZE = 3, 2

#: What `v` begins with in the network.
FIRST = np.array([1.0, 2.0])

#: By expression: what it makes of a name's value, all of them of numbers that float32 holds.
EXPRESSIONS = {
    "g.w": {
        "3*v": lambda s: 3 * s["v"],
        "d - 1": lambda s: s["d"] - 1,
        "w + 2": lambda s: s["w"] + 2,
    },
    "g.v": {"2*d": lambda s: 2 * s["d"], "w": lambda s: s["w"] + 0, "5": lambda s: 0 * s["v"] + 5},
    "g.d": {"v - w": lambda s: s["v"] - s["w"], "d + 1": lambda s: s["d"] + 1},
}

KINDS = ["set", "set", "initialise", "initialise", "run", "restart", "look", "trials"]


def network() -> Network:
    """Return cells whose `v` and `w` are written, and whose `d` is a parameter."""
    group = NeuronGroup(
        SIZE, "v : 1\nw : 1\nd : 1\ns : 1 (shared)", name="g", namespace={}, dt=1 * ms
    )
    group.run_regularly("v += d + s\nw += 1", dt=1 * ms, name="g_step")
    group.v, group.d = FIRST, 4
    return Network(group)


class Plain:
    """The meaning of a batch, as numpy arrays and a list of what made the start."""

    def __init__(self) -> None:
        self.start: list[tuple] = []
        self.has_run = False
        self.now = self.begun()

    def begun(self) -> dict[str, np.ndarray]:
        zeros = np.zeros((COUNT, SIZE))
        state = {"v": zeros + FIRST, "w": zeros, "d": zeros + 4, "s": np.zeros((COUNT, 1))}
        for name, make in self.start:
            state[name] = make(state)
        return state

    def do(self, name: str, make) -> None:
        if not self.has_run:
            self.start.append((name, make))
        self.now = {**self.now, name: make(self.now)}

    def run(self, steps: int) -> None:
        v, w = self.now["v"], self.now["w"]
        self.now = {**self.now, "v": v + steps * (self.now["d"] + self.now["s"]), "w": w + steps}
        self.has_run = True

    def restart(self) -> None:
        self.now, self.has_run = self.begun(), False


def drawn_values(rng, name: str) -> np.ndarray:
    wide = 1 if name == "s" else SIZE
    shapes = [(), (COUNT, wide), (COUNT, 1), (wide,), (1, wide)]
    return rng.integers(-9, 9, size=shapes[rng.integers(len(shapes))]).astype(float)


def take_step(rng, batch: Batch, plain: Plain) -> str:
    """Do one random thing to both; return what it was."""
    kind = rng.choice(
        ["set", "set", "initialise", "initialise", "run", "restart", "look", "trials"]
    )
    if kind == "set":
        name = rng.choice(list("vwds"))
        values = drawn_values(rng, name)
        batch[f"g.{name}"] = values
        wide = np.broadcast_to(values, (COUNT, 1 if name == "s" else SIZE))
        plain.do(name, lambda state: wide + 0.0)
        return f"{name} = {values!r}"
    if kind == "initialise":
        address = rng.choice(list(EXPRESSIONS))
        expression = rng.choice(list(EXPRESSIONS[address]))
        batch.initialise(address, expression)
        plain.do(address[2:], EXPRESSIONS[address][expression])
        return f"{address} := {expression}"
    if kind == "run":
        steps = int(rng.integers(0, 3))
        batch.run(steps * ms)
        plain.run(steps)
        return f"run {steps}"
    if kind == "restart":
        batch.restart()
        plain.restart()
    if kind == "look":
        name = rng.choice(list("vwds"))
        np.testing.assert_array_equal(batch[f"g.{name}"], plain.now[name])
    if kind == "trials":
        _compare_trials(batch, plain)
    return kind


def _compare_trials(batch: Batch, plain: Plain) -> None:
    """Episodes begin at the start, where that is the same for all instances."""
    start = plain.begun()
    try:
        found = batch.trials(2 * ms, ["g.v", "g.w"], streams=np.arange(5))
    except DeclarationError:
        return  # values of instances, or values that an expression has read before
    for name, grown in (("v", 2 * (start["d"] + start["s"])), ("w", 2)):
        expected = np.broadcast_to((start[name] + grown)[:1], (5, SIZE))
        np.testing.assert_array_equal(found[f"g.{name}"], expected)


def live(batch: Batch, seed: int, steps: int) -> None:
    """Take random steps; whatever came before, a restart begins as the model does."""
    rng, plain, done = np.random.default_rng(seed), Plain(), []
    for name, value in {"v": FIRST, "w": 0.0, "d": 4.0, "s": 0.0}.items():
        batch[f"g.{name}"] = value  # the batch is used again: its start is that of the network
    try:
        for _ in range(steps):
            done.append(take_step(rng, batch, plain))
        for name in "vwds":
            np.testing.assert_array_equal(batch[f"g.{name}"], plain.now[name])
    except Exception as error:
        error.add_note(f"seed {seed}: " + "; ".join(done))
        raise


def all_programs(batch: Batch) -> Batch:
    """Have every expression compiled: random steps build nothing then."""
    for address, expressions in EXPRESSIONS.items():
        for expression in expressions:
            batch.initialise(address, expression)
    batch.run(0 * ms)
    batch.restart()
    return batch


def some_sequences(count: int, steps: int, first: int = 0, **options) -> None:
    batch = all_programs(Batch(network(), COUNT, namespace={}, **options))
    for seed in range(first, first + count):
        batch.restart()
        live(batch, seed, steps)
    assert batch.report.builds + batch.report.cache_hits == 1


def test_any_sequence_means_what_numpy_says() -> None:
    some_sequences(count=150, steps=12)


@pytest.mark.strain
@pytest.mark.parametrize("device", ["cpp", "cuda_emulation"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_sequences_mean_what_numpy_says(device: str, dtype: str) -> None:
    some_sequences(count=400, steps=25, first=1000, device=device, dtype=dtype)


# ---------------------------------------------------------------------------------- single stories


def test_restart_puts_back_a_parameter_set_between_runs() -> None:
    batch = Batch(network(), COUNT, namespace={})
    batch["g.d"] = np.array([[1], [2], [3]])
    batch.run(2 * ms)
    first = batch["g.v"]
    batch["g.d"], batch["g.s"] = 7, 2
    batch.run(1 * ms)
    batch.restart()
    np.testing.assert_array_equal(batch["g.d"], [[1, 1], [2, 2], [3, 3]])
    batch.run(2 * ms)
    np.testing.assert_array_equal(batch["g.v"], first)


def test_an_expression_of_a_shared_variable_gives_way_to_values() -> None:
    batch = Batch(network(), COUNT, namespace={})
    batch.initialise("g.s", "8")
    batch["g.s"] = np.arange(COUNT)
    batch.run(1 * ms)
    np.testing.assert_array_equal(batch["g.s"], [[0], [1], [2]])


def test_restart_and_initialise_build_nothing_and_draw_the_same() -> None:
    batch = Batch(network(), COUNT, namespace={})
    batch.initialise("g.w", "rand()")
    batch.initialise("g.v", "rand()")
    batch.run(1 * ms)
    first = batch["g.v"]
    batch.initialise("g.v", "rand()")
    midway = batch["g.v"]
    for _ in range(3):
        batch.restart()
        batch.initialise("g.v", "rand()")
        batch.run(1 * ms)
        np.testing.assert_array_equal(batch["g.v"], first)
        batch.initialise("g.v", "rand()")
        np.testing.assert_array_equal(batch["g.v"], midway)
    assert not np.any(first - 4 == midway)
    assert batch.report.builds + batch.report.cache_hits == 1


def test_what_is_refused_changes_nothing() -> None:
    """Neither which numbers a later expression draws nor an expression that held."""
    found = []
    for fails in (False, True):
        batch = Batch(network(), COUNT, namespace={})
        batch.initialise("g.w", "rand()")
        if fails:
            with pytest.raises(DeclarationError):
                batch.initialise("g.v", "rand()*unknown")
            with pytest.raises(DeclarationError, match="float64"):
                batch["g.w"] = 1e300
        batch.initialise("g.v", "rand()")
        found.append([batch["g.w"], batch["g.v"]])
    np.testing.assert_array_equal(*found)
    assert len(np.unique(found[0])) == 2 * COUNT * SIZE


def test_a_look_at_the_start_does_not_freeze_its_streams() -> None:
    """Reading a value that was drawn must not decide which numbers a run begins with."""
    found = []
    for looks in (False, True):
        batch = Batch(network(), COUNT, namespace={})
        batch.initialise("g.v", "rand()")
        if looks:
            assert batch["g.v"].shape == (COUNT, SIZE)
        batch.streams = [7, 8, 7]
        found.append(batch["g.v"])
    np.testing.assert_array_equal(*found)
    np.testing.assert_array_equal(found[0][0], found[0][2])


def test_a_hundred_expressions() -> None:
    """Each is applied and draws numbers of its own; equal ones share one program."""
    batch = Batch(network(), COUNT, namespace={}, dtype="float64")
    for _ in range(100):
        batch.initialise("g.w", "w + rand()")
        batch.initialise("g.v", "v + 1")
    assert len(batch._instances.initialisers) == 2
    sums = batch["g.w"]
    np.testing.assert_array_equal(batch["g.v"], 100 + np.tile(FIRST, (COUNT, 1)))
    assert np.all(np.abs(sums - 50) < 6 * np.sqrt(100 / 12))
    assert len(np.unique(sums)) == COUNT * SIZE
    assert batch.report.builds + batch.report.cache_hits == 1


def test_delays_drawn_from_values_that_were_drawn() -> None:
    """An expression for delays sees initial expressions that nobody has looked at yet."""
    group = NeuronGroup(SIZE, "v : 1", threshold="v > 9", name="h", namespace={}, dt=1 * ms)
    synapses = Synapses(group, group, "k : 1", on_pre="v_post += 1", name="s", namespace={})
    synapses.connect()
    batch = Batch(Network(group, synapses), COUNT, namespace={"ms": ms})
    batch.initialise("s.k", "3")
    batch.initialise("s_pre.delay", "k*ms")
    np.testing.assert_allclose(batch["s_pre.delay"] / ms, 3, rtol=1e-6)


# ------------------------------------------------------------------------------------------ trials


def test_values_of_trials_win_over_expressions() -> None:
    batch = Batch(network(), 1, namespace={})
    batch.initialise("g.v", "rand()")
    batch.initialise("g.w", "2*v")
    values = {"g.v": np.array([[1.0, 2.0], [3.0, 4.0]])}
    found = batch.trials(
        0 * ms, ["g.v", "g.w"], streams=np.arange(3), values=values, rows=[1, 0, 1]
    )
    np.testing.assert_array_equal(found["g.v"], [[3, 4], [1, 2], [3, 4]])
    np.testing.assert_array_equal(found["g.w"], 2 * found["g.v"])


def test_trials_begin_where_restart_does() -> None:
    batch = Batch(network(), 1, namespace={})
    before = batch.trials(3 * ms, ["g.v"], streams=np.arange(2))
    batch.run(1 * ms)
    batch["g.v"], batch["g.d"] = 50, 60
    batch.initialise("g.v", "70")
    after = batch.trials(3 * ms, ["g.v"], streams=np.arange(2))
    np.testing.assert_array_equal(before["g.v"], after["g.v"])


def test_values_of_trials_have_units() -> None:
    group = NeuronGroup(
        3, "v : volt\nunused : volt\nn : integer", name="g", namespace={}, dt=1 * ms
    )
    group.run_regularly("v += 0*mV", dt=1 * ms)
    batch = Batch(Network(group), 1, namespace={"mV": mV})
    streams, rows = np.arange(4), [0, 1, 2, 2]

    def tried(values, **more):
        found = batch.trials(1 * ms, ["g.v"], streams=streams, values=values, **more)
        return np.asarray(found["g.v"]) / 1e-3

    np.testing.assert_allclose(tried({"g.v": np.arange(3) * mV}), [[0, 1, 2]] * 4)
    each = np.arange(3)[:, None] * mV
    np.testing.assert_allclose(tried({"g.v": each}, rows=rows), np.array(rows)[:, None] + [0] * 3)
    for values, more, told in [
        ({"g.v": np.arange(3)}, {}, "unit"),
        ({"g.v": np.arange(4) * mV}, {}, r"shape"),
        ({"g.unused": np.arange(3)}, {}, "unit"),
        ({"g.unused": np.zeros((2, 5)) * mV}, {"rows": [0, 1, 0, 1]}, "shape"),
        ({"g.n": [0.5, 1, 2]}, {}, "whole"),
        ({"g.v": each}, {}, r"rows.*3 candidates"),
        ({"g.v": each}, {"rows": [0, 1, 2, 3]}, "rows"),
        ({"g.v": each}, {"rows": [0, 1, 2, 0.5]}, "integers"),
        ({"g.v": each, "g.n": [[1], [2]]}, {"rows": rows}, "as many rows"),
        ({"g.u": each}, {"rows": rows}, "unused"),
        ({"g.i": [0, 1, 2]}, {}, "read-only"),
    ]:
        with pytest.raises(DeclarationError, match=told):
            tried(values, **more)


def test_values_of_each_trial_stand_beside_those_of_candidates() -> None:
    batch = Batch(network(), 1, namespace={})
    batch.initialise("g.v", "rand()")
    batch.initialise("g.s", "rand()")
    batch.initialise("g.w", "2*v + s")
    found = batch.trials(
        0 * ms,
        ["g.v", "g.w"],
        streams=np.arange(4),
        values={"g.v": np.array([[1.0, 2.0], [3.0, 4.0]])},
        rows=[1, 0, 1, 0],
        each={"g.s": [10.0, 20.0, 30.0, 40.0]},
    )
    np.testing.assert_array_equal(found["g.v"], [[3, 4], [1, 2], [3, 4], [1, 2]])
    np.testing.assert_array_equal(found["g.w"], [[16, 18], [22, 24], [36, 38], [42, 44]])


def test_a_trial_runs_alike_whichever_way_its_values_come() -> None:
    batch = Batch(network(), 1, namespace={})
    batch.initialise("g.w", "rand()*v")
    v = np.arange(6.0).reshape(3, 2)
    streams = np.arange(3)
    one = batch.trials(2 * ms, ["g.w"], streams=streams, values={"g.v": v}, rows=[0, 1, 2])
    other = batch.trials(2 * ms, ["g.w"], streams=streams, each={"g.v": v})
    np.testing.assert_array_equal(one["g.w"], other["g.w"])


@pytest.mark.parametrize(
    ("each", "values", "told"),
    [
        ({"g.s": [1.0, 2.0]}, {}, "row for each of the 3"),
        ({"g.s": 1.0}, {}, "row for each of the 3"),
        ({"g.s": [1.0, 2.0, 3.0]}, {"g.s": 1.0}, "must not name"),
        ({"g.v": np.zeros((3, 5))}, {}, "shape"),
        ({"g.none": np.zeros(3)}, {}, "none"),
    ],
)
def test_values_of_each_trial_that_cannot_be_used(each, values, told) -> None:
    batch = Batch(network(), 1, namespace={})
    with pytest.raises(DeclarationError, match=told):
        batch.trials(1 * ms, ["g.v"], streams=np.arange(3), values=values, each=each)


@pytest.mark.parametrize("device", ["cpp", Emulation(2)])
def test_tables_and_own_functions_may_stand_in_expressions_alone(device) -> None:
    @implementation("cpp", "double doubled(double x) { return 2*x; }")
    @check_units(x=1, result=1)
    def doubled(x):
        return 2 * x

    table = TimedArray(np.array([[5.0, 6.0], [7.0, 8.0]]), dt=1 * ms, name="start_values")
    space = {"table": table, "doubled": doubled, "ms": ms}
    batch = Batch(network(), 2, namespace={}, device=device)
    for group in batch.groups.values():
        group.namespace.update(space)
    batch.initialise("g.v", "table(1*ms, i)")
    batch.initialise("g.w", "doubled(v)")
    np.testing.assert_array_equal(batch["g.w"], [[14, 16]] * 2)
    found = batch.trials(0 * ms, ["g.w"], streams=np.arange(2))
    np.testing.assert_array_equal(found["g.w"], [[14, 16]] * 2)
