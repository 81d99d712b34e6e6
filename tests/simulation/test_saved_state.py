"""Instances that go on from a file, beside those that never stopped."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    kHz,
    ms,
)

from neuromodels.errors import DeclarationError, StorageError
from neuromodels.simulation import Batch, Emulation
from simulation.networks.catalog import CATALOG
from simulation.outcomes import batch_outcome

COUNT = 3


def network(weight: float = 0.3, tau_ms: float = 5.0) -> Network:
    """Return a network with noise, delays, inputs, plastic synapses; Brian2 names all of it."""
    space = {"tau": tau_ms * ms, "course": TimedArray([0.1, 0.5, 0.2], dt=4 * ms)}
    given = SpikeGeneratorGroup(4, [0, 1, 2, 0], [1, 5, 9, 15] * ms)
    noise = PoissonGroup(4, 0.3 * kHz, name="noise")
    cells = NeuronGroup(
        9,
        "dv/dt = (gain + course(t) - v)/tau + 0.3*xi/sqrt(tau) : 1 (unless refractory)\n"
        "gain : 1 (constant)\njump : 1\nidle : 1\nfree : 1 (shared)",
        threshold="v > 0.8",
        reset="v = 0.1*rand()",
        refractory=1 * ms,
        method="euler",
        namespace=space,
    )
    cells.run_regularly("jump += randn()", dt=3 * ms)
    loop = Synapses(cells, cells, "w : 1", on_pre="v_post += w*rand()", on_post="w *= 1.01")
    loop.connect(condition="(i + 2*j) % 3 == 0")
    loop.w = weight
    loop.delay = "0.1*(1 + i)*ms"
    first = Synapses(given, cells, on_pre="v_post += 0.4", delay=2 * ms)
    first.connect(condition="i == j")
    heard = Synapses(noise, cells, "k : 1", on_pre="v_post += k")
    heard.connect()
    heard.k = 0.1
    steady = PoissonInput(cells, "v", 20, 50 * 1e-3 * kHz, weight=0.05)
    seen, course = SpikeMonitor(cells), StateMonitor(cells, "v", record=[0, 4], dt=0.5 * ms)
    return Network(given, noise, cells, loop, first, heard, steady, seen, course)


class Parts:
    """A batch of that network, and what its objects are called."""

    def __init__(self, **more):
        self.network = network(**more.pop("network", {}))
        self.batch = Batch(self.network, COUNT, seed=3, namespace={}, **more)
        owners = [g for g in self.batch.groups.values() if isinstance(g, NeuronGroup)]
        self.cells = owners[0].name
        synapses = [g for g in self.batch.groups.values() if isinstance(g, Synapses)]
        self.loop, self.first, self.heard = sorted((s.name for s in synapses), key=_made)
        generators = [
            g.name for g in self.batch.groups.values() if isinstance(g, SpikeGeneratorGroup)
        ]
        self.given = generators[0]
        monitors = [o.name for o in self.network.objects if "monitor" in o.name]
        self.seen = next(name for name in monitors if name.startswith("spike"))
        self.course = next(name for name in monitors if name.startswith("state"))
        self.batch.record([0, 2])

    def set_up(self) -> "Parts":
        """Give instances wirings, delays, spikes, courses and values of their own."""
        batch = self.batch
        batch.streams = np.array([5, 9, 5], dtype=np.uint64)
        batch.connect(self.loop, "i != j", p=0.4)
        batch.initialise(f"{self.loop}.w", "0.2*rand()")
        batch.initialise(f"{self.cells}.v", "rand()")
        batch.initialise(f"{self.cells}.gain", "0.3*rand()")
        batch.initialise(f"{self.cells}.idle", "rand()")
        batch[f"{self.cells}.free"] = [3, 1, 2]
        batch[f"{self.loop}_pre.delay"] = np.array([[0.5], [2], [0.1]]) * ms
        batch[f"{self.heard}.k"] = np.linspace(0, 0.2, COUNT)[:, np.newaxis]
        lists = [[0, 3], [1, 2, 2], []], [[2, 11] * ms, [1, 6, 14] * ms, [] * ms]
        batch.set_spikes(self.given, *lists)
        courses = np.arange(9.0).reshape(3, 3) / 9
        batch[f"{self.cells}.course"] = courses
        return self

    def outcome(self) -> dict[str, np.ndarray]:
        """Return all that can be asked for."""
        batch = self.batch
        names = ("v", "gain", "jump", "course", "idle", "free")
        found = {name: np.asarray(batch[f"{self.cells}.{name}"]) for name in names}
        found["w"] = np.asarray(batch[f"{self.loop}.w"])
        found["delay"] = np.asarray(batch[f"{self.loop}_pre.delay"])
        found["k"] = np.asarray(batch[f"{self.heard}.k"])
        found["time"], found["streams"] = np.asarray(batch.time), batch.streams
        found["wiring"] = np.concatenate([batch.wiring(self.loop, k)[1] for k in range(COUNT)])
        found |= {f"spikes {k}": np.asarray(v) for k, v in batch.all_spikes(self.seen).items()}
        for instance in (0, 2):
            samples = batch.samples(self.course, instance)
            found |= {f"{instance} {k}": np.asarray(v) for k, v in samples.items()}
        return found


def _made(name: str) -> tuple[int, str]:
    return len(name), name


#: Networks of the catalog that the default suite takes; `make strain` takes them all.
SHORT = {"three_clocks", "subgroups", "watched_at_times"}


def assert_same(found: dict, expected: dict) -> None:
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.strain)])
def test_going_on_from_a_file_is_going_on(tmp_path: Path, dtype: str) -> None:
    """With later draws, in a batch that knows nothing of how the first one was set up."""
    whole, fresh = Parts(dtype=dtype).set_up(), Parts(dtype=dtype)
    whole.batch.run(7.3 * ms)
    whole.batch.save(tmp_path / "state.npz")
    fresh.batch.load(tmp_path / "state.npz")
    assert_same(fresh.outcome(), whole.outcome())
    for parts in (whole, fresh):
        parts.batch.run(4 * ms)
        parts.batch.initialise(f"{parts.cells}.v", "0.5*rand()")
        parts.batch.run(6.2 * ms)
    found = whole.outcome()
    assert_same(fresh.outcome(), found)
    assert len(found["spikes i"]) > 50
    assert len(np.unique(found["w"])) > 10


def test_saving_changes_nothing(tmp_path: Path) -> None:
    plain, saved = Parts().set_up(), Parts().set_up()
    for parts in (plain, saved):
        if parts is saved:
            parts.batch.save(tmp_path / "a.npz")
        parts.batch.run(5 * ms)
        if parts is saved:
            parts.batch.save(tmp_path / "a.npz")
        parts.batch.run(5 * ms)
    assert_same(saved.outcome(), plain.outcome())


def test_a_state_before_the_first_run_is_one_too(tmp_path: Path) -> None:
    whole, fresh = Parts().set_up(), Parts()
    whole.batch.save(tmp_path / "a.npz")
    fresh.batch.load(tmp_path / "a.npz")
    for parts in (whole, fresh):
        parts.batch.run(9 * ms)
    assert_same(fresh.outcome(), whole.outcome())


def test_restart_goes_back_to_the_start_of_the_batch(tmp_path: Path) -> None:
    whole, again = Parts().set_up(), Parts().set_up()
    whole.batch.run(6 * ms)
    whole.batch.save(tmp_path / "a.npz")
    again.batch.run(3 * ms)
    again.batch.load(tmp_path / "a.npz")
    again.batch.run(1 * ms)
    for parts in (whole, again):
        parts.batch.restart()
        parts.batch.run(6 * ms)
    assert_same(again.outcome(), whole.outcome())


@pytest.mark.parametrize(
    "name",
    [
        "three_clocks",
        "subgroups",
        "watched_at_times",
        *(pytest.param(name, marks=pytest.mark.strain) for name in sorted({*CATALOG} - SHORT)),
    ],
)
def test_networks_of_the_catalog_go_on(tmp_path: Path, name: str) -> None:
    def made() -> tuple[Batch, object]:
        case = CATALOG[name]()
        batch = Batch(case.network, 2, namespace={})
        batch.record([0, 1])
        return batch, case

    (whole, case), (fresh, other) = made(), made()
    whole.run(case.duration)
    whole.save(tmp_path / "a.npz")
    fresh.load(tmp_path / "a.npz")
    for batch in (whole, fresh):
        batch.run(case.duration)
    for k in range(2):
        assert_same(batch_outcome(fresh, other, k), batch_outcome(whole, case, k))


def test_a_kernel_goes_on(tmp_path: Path) -> None:
    case, other = CATALOG["own_delays"](), CATALOG["own_delays"]()
    whole, fresh = (
        Batch(each.network, 2, namespace={}, device=Emulation(4)) for each in (case, other)
    )
    for batch in (whole, fresh):
        batch.record([0, 1])
    whole.run(case.duration)
    whole.save(tmp_path / "a.npz")
    fresh.load(tmp_path / "a.npz")
    for batch in (whole, fresh):
        batch.run(case.duration)
    assert_same(batch_outcome(fresh, other, 1), batch_outcome(whole, case, 1))


SCRIPT = """
import sys
sys.path[:0] = [{tests!r}]
from brian2 import NeuronGroup, ms, prefs
prefs.codegen.target = "numpy"  # nothing is compiled to set the network up
from simulation.test_saved_state import Parts
for _ in range(3):
    NeuronGroup(1, "v : 1")  # so that names have other numbers
parts = Parts()
parts.batch.load({path!r})
parts.batch.run(5 * ms)
print(parts.outcome()["v"].tobytes().hex())
"""


def test_another_process_goes_on(tmp_path: Path) -> None:
    path, tests = tmp_path / "state.npz", Path(__file__).parents[1]
    whole = Parts().set_up()
    whole.batch.run(5 * ms)
    whole.batch.save(path)
    whole.batch.run(5 * ms)
    script = SCRIPT.format(tests=str(tests), path=str(path))
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert told.stdout.strip() == whole.outcome()["v"].tobytes().hex(), told.stderr


# ---------------------------------------------------------------------------------------- refusals

OTHERS = {
    "constant": ({"network": {"tau_ms": 6.0}}, "must be of this network; got 'another object"),
    "dtype": ({"dtype": "float64"}, "must have dtype float64; got 'float32'"),
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stored") / "state.npz"
    parts = Parts()
    parts.batch.run(2 * ms)
    parts.batch.save(path)
    return path


@pytest.mark.parametrize("other", ["constant", "dtype"])
def test_a_file_of_another_batch_is_refused(stored: Path, other: str) -> None:
    more, told = OTHERS[other]
    with pytest.raises(StorageError, match=told):
        Parts(**more).batch.load(stored)


def test_a_file_of_other_instances_is_refused(stored: Path) -> None:
    with pytest.raises(StorageError, match="must have instances 5; got 3"):
        Batch(network(), 5, namespace={}).load(stored)


def test_values_of_the_network_are_those_of_the_file(stored: Path) -> None:
    """Weights are values: those of the file count."""
    parts = Parts(network={"weight": 0.1})
    parts.batch.load(stored)
    assert float(np.asarray(parts.batch[f"{parts.loop}.w"]).min()) >= 0.3 - 1e-6


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-300])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(bytes(content))


def _no_header(path: Path) -> None:
    np.savez(path, other=np.zeros(3))


def _without_values(path: Path) -> None:
    with np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    lost = next(key for key in arrays if key.startswith("values"))
    np.savez(path, **{key: values for key, values in arrays.items() if key != lost})


def _change(name: str, make: Callable) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with np.load(path) as archive:
            arrays = {key: archive[key] for key in archive.files}
        header = json.loads(str(arrays["batch"]))
        arrays[name] = make(header if name == "batch" else arrays[name])
        np.savez(path, **arrays)

    return change


DAMAGE = {
    "missing": lambda path: path.unlink(),
    "cut": _cut,
    "flipped": _flip,
    "header": _no_header,
    "values": _without_values,
    "format": _change("batch", lambda h: np.array(json.dumps({**h, "format": 99}))),
    "lacks": _change("batch", lambda h: np.array(json.dumps({"format": 1}))),
    "steps": _change("steps", lambda steps: steps[:-1]),
    "streams": _change("streams", lambda streams: streams[:-1]),
    "course": _change("course 0", lambda values: values[:, :-1]),
    "precision": _change("course 0", lambda values: values.astype(np.float32)),
    "no json": _change("batch", lambda h: np.array("{")),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused(stored: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(stored.read_bytes())
    DAMAGE[damage](path)
    with pytest.raises(StorageError) as error:
        Parts().batch.load(path)
    assert str(path) in str(error.value)


def test_nothing_is_pickled(stored: Path) -> None:
    with zipfile.ZipFile(stored) as archive:
        assert archive.namelist()
    with np.load(stored, allow_pickle=False) as archive:
        assert all(not archive[name].dtype.hasobject for name in archive.files)


def test_no_other_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(StorageError, match="another kind"):
        Batch(network(), 1, namespace={}).save(path)
    assert path.read_text() == "mine"


def test_delays_stay_as_they_are_after_loading(stored: Path) -> None:
    parts = Parts()
    parts.batch.load(stored)
    with pytest.raises(DeclarationError, match="before the first run"):
        parts.batch[f"{parts.loop}_pre.delay"] = 1 * ms
