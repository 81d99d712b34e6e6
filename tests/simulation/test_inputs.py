"""Spikes and timed arrays that differ between instances, against a stock network for each."""

import brian2
import numpy as np
import pytest
from brian2 import (
    PoissonInput,
    TimedArray,
    ms,
    mV,
    second,
)

from neuromodels.errors import DeclarationError, UnsupportedFeature
from neuromodels.simulation import Batch, Emulation
from simulation.networks.inputs import COURSE, DURATION, PLACES, SPIKES, network_with_inputs


def stock(duration=DURATION, **declared) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    brian2.prefs.codegen.target = "numpy"
    net = network_with_inputs(**declared)
    net.run(duration, namespace={})
    return np.array(net["cells"].v), np.array(net["seen"].i), np.array(net["seen"].t)


def assert_like_stock(batch: Batch, instance: int, found) -> None:
    v, i, t = found
    np.testing.assert_allclose(batch["cells.v"][instance] / mV, v * 1e3, rtol=1e-9)
    spikes = batch.spikes("seen", instance)
    np.testing.assert_array_equal(spikes["i"], i)
    np.testing.assert_allclose(spikes["t"] / second, t, atol=1e-12)


@pytest.fixture(scope="module")
def batch() -> Batch:
    made = Batch(network_with_inputs(), 3, dtype="float64", namespace={})
    made.record([0, 1, 2])
    return made


def test_each_instance_has_its_own_spikes_and_courses(batch: Batch) -> None:
    batch.restart()
    batch["cells.course"], batch["cells.places"] = COURSE, PLACES
    batch.set_spikes("source", *zip(*SPIKES, strict=True))
    for _ in range(2):
        batch.run(DURATION)
        for k in range(3):
            own = {"course": COURSE[k], "places": PLACES[k], "spikes": SPIKES[k]}
            assert_like_stock(batch, k, stock(**own))
        np.testing.assert_array_equal(batch["cells.course"], COURSE)
        np.testing.assert_array_equal(batch["cells.places"], PLACES)
        batch["cells.course"] = COURSE[1]  # since the run began: restart takes it back
        batch.restart()


def test_other_spikes_of_the_same_number_build_nothing(batch: Batch) -> None:
    batch.restart()
    batch["cells.course"], batch["cells.places"] = COURSE[1], PLACES[1]
    batch.set_spikes("source", *SPIKES[0])
    batch.run(DURATION)
    built = batch.report.builds
    batch.restart()
    batch.set_spikes("source", *SPIKES[2])
    batch.run(DURATION)
    assert batch.report.builds == built
    found = stock(course=COURSE[1], places=PLACES[1], spikes=SPIKES[2])
    assert_like_stock(batch, 2, found)


def test_a_period_stays() -> None:
    declared = {"period": 5 * ms, "spikes": SPIKES[0]}
    batch = Batch(network_with_inputs(**declared), 2, dtype="float64", namespace={})
    batch.record([0, 1])
    own = [SPIKES[0], ([1, 0], [0, 4.5] * ms)]
    batch.set_spikes("source", *zip(*own, strict=True))
    batch.run(DURATION)
    for k, spikes in enumerate(own):
        assert_like_stock(batch, k, stock(**{**declared, "spikes": spikes}))


def test_candidates_have_courses_of_their_own() -> None:
    batch = Batch(network_with_inputs(), 1, dtype="float64", namespace={})
    rows, streams = [2, 0, 1, 1], np.arange(4)
    values = {"cells.course": COURSE, "cells.places": PLACES}
    found = batch.trials(DURATION, ["cells.v"], streams=streams, values=values, rows=rows)
    for episode, row in enumerate(rows):
        v, _, _ = stock(course=COURSE[row], places=PLACES[row])
        np.testing.assert_allclose(found["cells.v"][episode], v, rtol=1e-9)
    np.testing.assert_array_equal(batch["cells.course"][0], COURSE[0])


@pytest.mark.parametrize("device", ["cpp", Emulation(4)], ids=["cpp", "emulation"])
def test_candidates_share_lists_of_spikes(device: str | Emulation) -> None:
    batch = Batch(network_with_inputs(), 1, dtype="float64", namespace={}, device=device)
    batch.set_spikes("source", *zip(*SPIKES, strict=True), [0])
    rows, lists = [1, 0, 2, 1], [2, 0, 2]
    values = {"source": lists, "cells.k": [[1.0], [2.0], [3.0]]}
    found = batch.trials(DURATION, ["cells.v"], streams=np.arange(4), values=values, rows=rows)
    for episode, row in enumerate(rows):
        v, _, _ = stock(spikes=SPIKES[lists[row]])
        np.testing.assert_allclose(found["cells.v"][episode], v, rtol=1e-9)
    for wrong, told in (
        ([0, 3, 1], r"\[0, 3\)"),
        ([0, 1], "as many rows"),
        ([0.5] * 3, "integers"),
    ):
        given = {**values, "source": wrong}
        with pytest.raises(DeclarationError, match=told):
            batch.trials(DURATION, ["cells.v"], streams=np.arange(4), values=given, rows=rows)
    plain = batch.trials(DURATION, ["cells.v"], streams=[0], values={"source": 1})["cells.v"]
    np.testing.assert_allclose(plain[0], stock(spikes=SPIKES[1])[0], rtol=1e-9)


def test_lists_without_a_choice_are_refused() -> None:
    batch = Batch(network_with_inputs(), 1, namespace={})
    batch.set_spikes("source", *zip(*SPIKES, strict=True), [2])
    with pytest.raises(DeclarationError, match="share wiring, delays and spikes"):
        batch.trials(DURATION, ["cells.v"], streams=[0])
    with pytest.raises(DeclarationError, match=r"1 numbers in \[0, 3\)"):
        batch.set_spikes("source", *zip(*SPIKES, strict=True), [3])


def test_a_kernel_has_own_spikes_and_common_courses() -> None:
    batch = Batch(network_with_inputs(), 3, dtype="float64", namespace={}, device=Emulation(4))
    batch.record([0, 1, 2])
    batch["cells.course"] = COURSE[1]
    batch.set_spikes("source", *zip(*SPIKES, strict=True))
    batch.run(DURATION)
    for k in range(3):
        assert_like_stock(batch, k, stock(course=COURSE[1], spikes=SPIKES[k]))
    with pytest.raises(UnsupportedFeature, match="device='cpp'"):
        batch["cells.course"] = COURSE


def test_spikes_of_a_network_that_has_run() -> None:
    """Those of the network's own list that are past stay past."""
    first, second_list = SPIKES[0], ([0, 1, 0], [13, 14, 16] * ms)
    net = network_with_inputs(spikes=first)
    net.run(DURATION, namespace={})
    batch = Batch(net, 2, dtype="float64", namespace={})
    batch.set_spikes("source", *second_list)
    batch.run(DURATION)
    np.testing.assert_array_equal(batch.spikes("seen", 0)["i"], second_list[0])
    net["source"].set_spikes(*second_list)
    net.run(DURATION, namespace={})
    np.testing.assert_allclose(batch["cells.v"][1], net["cells"].v, rtol=1e-9)


def noise_of(batch: Batch) -> PoissonInput:
    """Return the Poisson input, whose name Brian2 has numbered."""
    return next(obj for obj in batch._network.objects if isinstance(obj, PoissonInput))


WRONG = {
    "read_only": (lambda b: b.__setitem__("source.spike_time", [1] * ms), "set_spikes"),
    "stale": (lambda b: b["source.neuron_index"], "set_spikes"),
    "constant": (lambda b: b.__setitem__("cells.tau", 3 * ms), "Declare it in the equations"),
    "poisson_input": (lambda b: b[f"{noise_of(b).name}.rate"], "PoissonGroup"),
    "unused": (lambda b: b.__setitem__("cells.idle", COURSE), "use the timed array"),
    "unit": (lambda b: b.__setitem__("cells.course", COURSE / mV), "unit"),
    "shape": (lambda b: b.__setitem__("cells.course", COURSE[:, :3]), "shape"),
    "number": (lambda b: b.__setitem__("cells.course", 3 * mV), "shape"),
    "group": (lambda b: b.set_spikes("cells", [0], [1] * ms), "SpikeGeneratorGroup"),
    "name": (lambda b: b.set_spikes("sourc", [0], [1] * ms), "source"),
    "neuron": (lambda b: b.set_spikes("source", [2], [1] * ms), r"\[0, 2\)"),
    "half": (lambda b: b.set_spikes("source", [0.5], [1] * ms), "integers"),
    "no_unit": (lambda b: b.set_spikes("source", [0], [1]), "times"),
    "late": (lambda b: b.set_spikes("source", [0], [-1] * ms), "lie in"),
    "nan": (lambda b: b.set_spikes("source", [0], [np.nan] * ms), "lie in"),
    "twice": (lambda b: b.set_spikes("source", [0, 0], [1, 1.1] * ms), "once"),
    "lengths": (lambda b: b.set_spikes("source", [0, 1], [1] * ms), "as many times"),
    "lists": (lambda b: b.set_spikes("source", [[0]], [[1] * ms]), "3 instances"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_differ_is_refused(batch: Batch, wrong: str) -> None:
    use, told = WRONG[wrong]
    batch.restart()
    with pytest.raises(DeclarationError, match=told):
        use(batch)


def test_spikes_cannot_change_after_a_run(batch: Batch) -> None:
    batch.restart()
    batch.run(1 * ms)
    with pytest.raises(DeclarationError, match="restart"):
        batch.set_spikes("source", *SPIKES[0])


@pytest.fixture(scope="module", autouse=True)
def idle(batch: Batch) -> None:
    """Give the network a Poisson input, and its cells a timed array that they do not use."""
    batch.groups["cells"].namespace["idle"] = TimedArray(COURSE[0], dt=1 * ms)
    batch._network.add(PoissonInput(batch.groups["cells"], "v", 1, 1 / second, 1 * mV))
