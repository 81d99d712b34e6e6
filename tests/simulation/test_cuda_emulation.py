"""Kernels on one core, thread after thread, against the C++ program of the same network.

Eight networks between them use every loop and every kind of code object;
``NEUROMODELS_KERNELS=all`` takes the whole catalog, in both precisions.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, ms
from brian2.units import second

from neuromodels import neurons, rules, tasks
from neuromodels.errors import DeclarationError, SimulationError, UnsupportedFeature
from neuromodels.simulation import Batch, Cuda, Emulation
from neuromodels.simulation.device import kernel_library
from neuromodels.simulation.device.targets import Code
from neuromodels.simulation.network.assembly import Assembly, assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection, feedforward
from neuromodels.simulation.source.block_loops import BlockLoops
from simulation.networks.catalog import CATALOG
from simulation.networks.noisy import ADDRESSES, noisy_network
from simulation.outcomes import Outcome, assert_equal, batch_outcome

ALL = os.environ.get("NEUROMODELS_KERNELS") == "all"
CHOSEN = (
    "refractory_time",
    "timed_arrays",
    "three_clocks",
    "summed_both_ways",
    "recurrent",
    "certain_poisson",
    "late_all_to_all",
    "own_delays",
)
TOLERANCE = {"float64": (1e-9, 1e-12), "float32": (1e-4, 1e-4)}
CASES = [(name, "float64") for name in (CATALOG if ALL else CHOSEN)]
CASES += [(name, "float32") for name in (CATALOG if ALL else ("recurrent",))]
SETTINGS = cycle([("shuffled", 8), ("descending", 3), ("ascending", 32), ("shuffled", 1)])
INSTANCES = 2
COUNT = 5
pytestmark = pytest.mark.filterwarnings("ignore")


def ran(name: str, dtype: str, device: str | Emulation) -> list[Outcome]:
    """Return what each instance holds after a run, and after one with other values."""
    case = CATALOG[name]()
    batch = Batch(case.network, INSTANCES, dtype=dtype, device=device, threads=1, namespace={})
    batch.record(range(INSTANCES))
    found = []
    for changes in ({}, case.changes):
        for address, values in changes.items():
            batch[address] = values
        batch.run(case.duration)
        found += [batch_outcome(batch, case, instance) for instance in range(INSTANCES)]
    return found


@pytest.mark.parametrize(("case", "settings"), list(zip(CASES, SETTINGS, strict=False)))
def test_equals_cpp(case: tuple[str, str], settings: tuple[str, int]) -> None:
    order, threads = settings
    found = ran(*case, Emulation(threads, order, seed=threads))
    for outcome, wanted in zip(found, ran(*case, "cpp"), strict=True):
        assert_equal(outcome, wanted, *TOLERANCE[case[1]])


# ---------------------------------------------------------------------------- noise, placement


def noisy(device: str | Emulation, **more) -> Batch:
    """Return a batch with Poisson input, plastic synapses and noise, after a run."""
    batch = Batch(
        noisy_network(),
        COUNT,
        seed=4,
        dtype="float64",
        device=device,
        threads=1,
        namespace={},
        **more,
    )
    batch.initialise("cells.v", "0.5*rand()")
    batch["dense_w.rate"] = np.linspace(0, 0.02, COUNT)
    batch.record(range(COUNT))
    batch.run(20 * ms)
    batch["cells.bias"] = np.linspace(0, 0.1, COUNT)
    batch.run(10 * ms)
    return batch


@pytest.fixture(scope="module")
def on_cpp() -> Batch:
    return noisy("cpp")


@pytest.fixture(scope="module")
def emulated() -> Batch:
    return noisy(Emulation(32))


def held(batch: Batch) -> Outcome:
    """Return every variable, and the spikes of every instance."""
    found = {address: np.asarray(batch[address]) for address in ADDRESSES}
    for k in range(COUNT):
        spikes = batch.spikes("cell_spikes", k)
        found |= {f"{name} of {k}": np.asarray(values) for name, values in spikes.items()}
    return found


def test_noise_is_that_of_cpp(on_cpp: Batch, emulated: Batch) -> None:
    assert sum(len(values) for name, values in held(on_cpp).items() if "i of" in name) > 50
    assert_equal(held(emulated), held(on_cpp), 1e-9, 1e-12)


@pytest.mark.parametrize(
    ("threads", "options"),
    [
        (1, {}),
        (7, {"order": "descending"}),
        (128, {"order": "shuffled", "seed": 3}),
        (32, {"shared_bytes": 0}),
        (32, {"shared_bytes": 2500, "resident": 1}),
        (32, {"memory_bytes": 100_000}),
    ],
)
def test_no_setting_changes_a_bit(emulated: Batch, threads: int, options: dict) -> None:
    """Threads, their order, the memory of the state, and passes."""
    batch = noisy(Emulation(threads, **options))
    assert_equal(held(batch), held(emulated), 0, 0)
    if "memory_bytes" in options:
        assert batch.report.passes > 1
        assert batch.report.device_bytes <= options["memory_bytes"]
    if "shared_bytes" in options:
        assert batch.report.shared_bytes <= options["shared_bytes"]


def test_an_order_that_is_no_order_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Emulation\.order"):
        Emulation(order="backwards")


def test_report_names_the_device(on_cpp: Batch, emulated: Batch) -> None:
    assert (on_cpp.report.device, on_cpp.report.block_threads) == ("cpp", 0)
    report = emulated.report
    assert (report.device, report.why, report.block_threads) == ("cuda_emulation", "asked for", 32)
    assert report.passes == 1
    assert report.shared_bytes > 0
    assert report.device_bytes > COUNT * report.shared_bytes
    assert all(isinstance(number, int | float) for number in report.as_dict().values())


# -------------------------------------------------------------------------------------- barriers


def without(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the barrier before a code object whose name contains `kept`."""
    in_turn = BlockLoops.in_turn

    def with_less(self: BlockLoops, *given) -> list:
        lines = in_turn(self, *given)
        assert _remove_before(lines, kept)
        return lines

    monkeypatch.setattr(BlockLoops, "in_turn", with_less)


def _remove_before(lines: list, wanted: str) -> bool:
    for k, line in enumerate(lines):
        if isinstance(line, list):
            if _remove_before(line, wanted):
                return True
        elif f"// {wanted}" in line and lines[k - 1] == "NM_BARRIER();":
            del lines[k - 1]
            return True
    return False


def same(found: list[Outcome], wanted: list[Outcome]) -> bool:
    """Whether two lists of outcomes are equal within rounding."""
    try:
        for outcome, expected in zip(found, wanted, strict=True):
            assert_equal(outcome, expected, *TOLERANCE["float64"])
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("summed_both_ways", "sum_every_stateupdater"),
        ("summed_both_ways", "sum_left_stateupdater"),
        ("recurrent", "loop_dense_pre"),
    ],
)
def test_a_missing_barrier_shows(name: str, before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without(before, monkeypatch)
    found = ran(name, "float64", Emulation(8, "descending"))
    wanted = ran(name, "float64", "cpp")
    assert not same(found, wanted)


def test_threads_that_part_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A barrier that some threads never reach would hang a GPU."""
    lines = BlockLoops.neurons

    def parted(self: BlockLoops, *given) -> list:
        return [*lines(self, *given), "if (NM_THREAD == 1) {", ["NM_BARRIER();"], "}"]

    monkeypatch.setattr(BlockLoops, "neurons", parted)
    with pytest.raises(SimulationError, match="different barriers"):
        ran("subexpressions", "float64", Emulation(4))


# -------------------------------------------------------------------------- searches and controls


def copy_task(rule: str = "pdlf") -> Assembly:
    circuit = feedforward(3, 12, neurons.CATALOG["ternary_lif"], rules.CATALOG[rule])
    return assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": 4, "latency": 3})


def stdp_task() -> Assembly:
    """Channels -> first -> second -> read-out, spike-timing rules between the two in the middle."""
    neuron, fixed = neurons.CATALOG["ternary_lif"], rules.CATALOG["fixed"]
    populations = (
        Population("input", 3),
        Population("first", 5, neuron),
        Population("second", 4, neuron),
        Population("output", 1, neurons.CATALOG["readout"]),
    )
    projections = (
        Projection("input", "first", fixed),
        Projection("first", "second", rules.CATALOG["stdp"]),
        Projection("second", "output", fixed),
    )
    circuit = Circuit(populations, projections)
    return assemble(circuit, tasks.CATALOG["sequence_copy"], {"length": 4, "latency": 3})


def task_batch(made: Assembly, device: str | Emulation, dtype: str = "float64") -> Batch:
    batch = Batch(made.network, 1, seed=3, dtype=dtype, device=device, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    return batch


def weights_of(batch: Batch, candidates: int) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(5)
    plastic = {n for n, g in batch.groups.items() if isinstance(g, Synapses) and "w" in g.variables}
    return {
        f"{name}.w": draws.normal(0, 0.7, (candidates, batch[f"{name}.w"].shape[1]))
        for name in sorted(plastic)
    }


FIRST_WEIGHTS = {
    copy_task: ("input_hidden.w", "hidden"),
    stdp_task: ("input_first.w", "second"),
}


@pytest.mark.parametrize(("made", "dtype"), [(copy_task, "float32"), (stdp_task, "float64")])
def test_trials_of_a_task_equal_cpp(made: Callable[[], Assembly], dtype: str) -> None:
    """Rows of candidates, noise of trials, outputs and failures, in one pass and in more."""
    rows = np.repeat(np.arange(3), 40)
    streams = np.tile(np.arange(40, dtype=np.uint64), 3)
    first, second = FIRST_WEIGHTS[made]
    outputs = ["score.loss", f"{second}.v", "failed"]
    batches = [task_batch(made(), device, dtype) for device in ("cpp", Emulation(8, "shuffled"))]
    values = weights_of(batches[0], 3)
    values[first][1] = np.nan

    def found(batch: Batch) -> Outcome:
        return batch.trials(11 * 20 * ms, outputs, streams=streams, values=values, rows=rows)

    cpp, once = (found(batch) for batch in batches)
    np.testing.assert_array_equal(once["failed"], rows == 1)
    assert_equal(once, cpp, *TOLERANCE[dtype])
    library = batches[1]._instances.ready().library
    less = int(0.9 * batches[1].report.device_bytes)
    library.settings = replace(library.settings, memory_bytes=less)
    assert_equal(found(batches[1]), once, 0, 0)
    assert batches[1].report.passes > 1


def counting() -> Network:
    group = NeuronGroup(1, "n : 1\nlast : 1 (constant)\nover : 1", name="count", dt=1 * ms)
    group.run_regularly("n += 1\nover = int(n >= last)", dt=1 * ms, name="count_on")
    return Network(group)


def test_an_episode_ends_where_it_says() -> None:
    last = np.array([3, 50, 7, 1, 20])[:, np.newaxis]
    found = {}
    for device in ("cpp", Emulation(5, "shuffled")):
        batch = Batch(counting(), 1, dtype="float64", device=device, namespace={})
        batch["count.n"] = 0.0
        found[device] = batch.trials(
            30 * ms,
            ["count.n"],
            streams=np.arange(5),
            values={"count.last": last},
            rows=np.arange(5),
            until="count.over",
        )["count.n"]
        assert batch.report.synapse_updates == 0
    np.testing.assert_array_equal(found["cpp"].ravel(), [3, 30, 7, 1, 20])
    np.testing.assert_array_equal(*found.values())


def wired() -> Network:
    pre = NeuronGroup(9, "", threshold="(timestep(t, dt) + i) % 4 == 0", name="pre", namespace={})
    post = NeuronGroup(6, "v : 1\ntotal : 1", name="post", namespace={})
    synapses = Synapses(
        pre,
        post,
        "w : 1\ntotal_post = w : 1 (summed)",
        on_pre="v_post += w; w *= 0.9",
        name="syn",
        namespace={},
    )
    synapses.connect()
    synapses.w = 0.5
    return Network(pre, post, synapses)


def test_wiring_and_delays_of_each_instance() -> None:
    found = []
    for device in ("cpp", Emulation(4, "descending")):
        batch = Batch(wired(), 4, seed=2, dtype="float64", device=device, namespace={})
        batch.connect("syn", condition="i != j", p=0.4)
        batch.initialise("syn_pre.delay", "rand()*2*ms")
        batch.run(5 * ms)
        found.append({name: np.asarray(batch[name]) for name in ("post.v", "post.total", "syn.w")})
        assert len({len(batch.wiring("syn", k)[0]) for k in range(4)}) > 1
    assert found[0]["post.v"].std() > 0.1
    assert_equal(found[1], found[0], 1e-12, 1e-12)


def test_more_spikes_than_there_was_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_library, "EVENT_BYTES", 400)
    group = NeuronGroup(7, "", threshold="True", name="cells", namespace={})
    network = Network(group, SpikeMonitor(group, name="seen"))
    batch = Batch(network, 2, device=Emulation(3), namespace={})
    batch.record([1])
    for _ in range(2):
        batch.run(2 * ms)
    assert batch.report.passes == 2
    spikes = batch.spikes("seen", 1)
    np.testing.assert_array_equal(spikes["i"], np.tile(np.arange(7), 40))
    np.testing.assert_allclose(spikes["t"] / second, np.repeat(np.arange(40), 7) * 1e-4)


def test_restart_runs_as_at_first() -> None:
    batch = noisy(Emulation(8))
    batch.restart()
    batch["cells.bias"] = 0.0
    batch.run(20 * ms)
    batch["cells.bias"] = np.linspace(0, 0.1, COUNT)
    batch.run(10 * ms)
    assert_equal(held(batch), held(noisy(Emulation(8, "shuffled"))), 0, 0)


# --------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("threads", [1025, 0])
def test_threads_that_no_block_has(threads: int) -> None:
    for settings in (Cuda, Emulation):
        with pytest.raises(DeclarationError, match=rf"{settings.__name__}\.threads"):
            settings(threads)


def test_too_little_memory_for_one_instance() -> None:
    batch = Batch(noisy_network(), 2, device=Emulation(memory_bytes=1000), namespace={})
    with pytest.raises(SimulationError, match=r"Batch\.device.*one instance takes"):
        batch.run(1 * ms)


def test_objects_are_not_timed_inside_a_kernel() -> None:
    batch = Batch(counting(), 1, namespace={})
    held_by = batch._instances
    code = Code(held_by.captured, [], held_by.layout, "float", profiled=True)
    with pytest.raises(UnsupportedFeature, match="profile"):
        Emulation().compile(code)
