"""Instances are independent of each other, of their number and of how they are run."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Quantity, ms, mV

from neuromodels.errors import DeclarationError, SimulationError
from neuromodels.simulation import Batch
from neuromodels.simulation.device.state import State
from simulation.networks.catalog import CATALOG
from simulation.networks.noisy import ADDRESSES, noisy_network

GAINS = np.linspace(1, 3, 64)
DURATION = 6 * ms


def noisy(instances: int, **options) -> Batch:
    return Batch(noisy_network(), instances, namespace={}, **{"seed": 5, **options})


def ran(streams: np.ndarray, dtype: str = "float32", **options) -> dict[str, np.ndarray]:
    """Run instances whose gain and stream belong together."""
    batch = noisy(len(streams), streams=streams, dtype=dtype, **options)
    batch["cells.gain"] = np.repeat(GAINS[streams, None], 19, axis=1)
    batch["dense_w.rate"] = 0.01 * GAINS[streams]
    batch.run(DURATION)
    return {address: np.array(batch[address]) for address in ADDRESSES}


@pytest.fixture(scope="module", params=["float32", "float64"])
def everybody(request: pytest.FixtureRequest) -> tuple[str, dict[str, np.ndarray]]:
    return request.param, ran(np.arange(64), request.param, threads=1)


@pytest.mark.parametrize("streams", [[17], [3, 0, 63], list(range(63, -1, -1))])
@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_same_bits_whatever_the_batch(everybody, streams: list[int], threads: int) -> None:
    """Neither order, number of instances nor threads change a bit."""
    dtype, reference = everybody
    for address, values in ran(np.array(streams), dtype, threads=threads).items():
        np.testing.assert_array_equal(values, reference[address][streams], err_msg=address)


def test_instances_differ(everybody) -> None:
    """What is compared above is not trivially equal."""
    for values in everybody[1].values():
        assert len(np.unique(values, axis=0)) == 64


@pytest.mark.parametrize("name", ["adaptive_exponential", "event_driven", "many_to_few"])
def test_parameters_equal_single_runs(name: str) -> None:
    case = CATALOG[name]()
    parameter = {"adaptive_exponential": "adex.drive", "event_driven": "stdp.w"}.get(
        name, "to_four.w"
    )
    values = np.array(Batch(case.network, 1, dtype="float64", namespace={})[parameter])
    varied = values * np.array([[1.0], [0.5], [1.25]])
    together = Batch(case.network, 3, dtype="float64", namespace={})
    together[parameter] = varied
    together.run(case.duration)
    for k in range(3):
        alone = Batch(CATALOG[name]().network, 1, dtype="float64", namespace={})
        alone[parameter] = varied[k]
        alone.run(case.duration)
        for address in case.compared:
            np.testing.assert_array_equal(together[address][k], alone[address][0])


def test_equal_streams_see_equal_noise() -> None:
    batch = noisy(4, streams=[8, 3, 8, 3])
    batch.run(DURATION)
    for address in ADDRESSES:
        values = np.array(batch[address])
        np.testing.assert_array_equal(values[:2], values[2:])
        assert not np.array_equal(values[0], values[1])


def test_seeds_differ() -> None:
    first, again, other = noisy(2), noisy(2), noisy(2, seed=6)
    for batch in (first, again, other):
        batch.run(DURATION)
    np.testing.assert_array_equal(first["cells.v"], again["cells.v"])
    assert np.all(np.array(first["cells.v"]) != np.array(other["cells.v"]))


def test_two_runs_equal_one() -> None:
    """Noise goes on where it stopped."""
    once, twice = noisy(3), noisy(3)
    once.run(2 * DURATION)
    twice.run(DURATION)
    twice.run(DURATION)
    for address in ADDRESSES:
        np.testing.assert_array_equal(once[address], twice[address])
    np.testing.assert_array_equal(once.spikes("cells")["t"], twice.spikes("cells")["t"])


# ----------------------------------------------------------------------------------------- trials


def test_trials_equal_run() -> None:
    batch = noisy(5)
    batch.initialise("cells.v", "0.1*randn()")
    found = batch.trials(DURATION, ADDRESSES, streams=np.arange(5))
    batch.run(DURATION)
    for address in ADDRESSES:
        np.testing.assert_array_equal(found[address], batch[address])


def test_trials_take_the_rows_of_their_candidates() -> None:
    batch, streams, rows = noisy(1), np.array([4, 4, 9, 4]), np.array([1, 0, 1, 1])
    weights = np.random.default_rng(0).normal(size=(2, 57))
    values = {"narrow_w.w": weights, "dense_w.rate": np.array([0.0, 0.1])}
    found = batch.trials(DURATION, ADDRESSES, streams=streams, values=values, rows=rows)
    for trial, (stream, row) in enumerate(zip(streams, rows, strict=True)):
        alone = noisy(1, streams=[stream])
        alone["narrow_w.w"], alone["dense_w.rate"] = weights[row], values["dense_w.rate"][row]
        alone.run(DURATION)
        for address in ADDRESSES:
            np.testing.assert_array_equal(found[address][trial], alone[address][0])


def test_trials_start_from_values_set_after_an_expression() -> None:
    """The initial state is what was set last, whether as numbers or as an expression."""
    batch = noisy(1)
    batch.initialise("dense_w.w", "rand()")
    batch["narrow_w.w"] = np.full(57, 3.0)
    found = batch.trials(0 * ms, ["narrow_w.w"], streams=np.arange(2))
    np.testing.assert_array_equal(found["narrow_w.w"], 3.0)


def test_trials_refuse_values_of_instances() -> None:
    """Which instance's value would an episode take?"""
    batch = noisy(2)
    batch["dense_w.rate"] = np.array([0.0, 0.1])
    with pytest.raises(DeclarationError, match="differ between instances"):
        batch.trials(DURATION, ["cells.v"], streams=np.arange(5))


def test_trials_leave_the_instances_alone() -> None:
    batch = noisy(2)
    batch.run(DURATION)
    before = np.array(batch["cells.v"])
    batch.trials(DURATION, ["cells.v"], streams=np.arange(7))
    np.testing.assert_array_equal(batch["cells.v"], before)


@pytest.mark.parametrize(
    "wrong", [{"rows": np.array([0, 2])}, {"rows": np.array([0, -1])}, {"rows": np.array([0])}]
)
def test_trials_refuse_rows_that_are_not_there(wrong: dict) -> None:
    with pytest.raises(DeclarationError, match="rows"):
        noisy(1).trials(
            DURATION,
            ["cells.v"],
            streams=np.arange(2),
            values={"dense_w.rate": np.zeros(2)},
            **wrong,
        )


# ------------------------------------------------------------------------------- initial values


def test_initialise_draws_from_each_stream() -> None:
    batch = noisy(4, streams=[1, 2, 1, 3])
    batch.initialise("narrow_w.w", "0.2*randn() + i")
    drawn = np.array(batch["narrow_w.w"])
    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert len(np.unique(drawn[[0, 1, 3]])) == 3 * 57
    assert np.abs(drawn[0].reshape(19, 3).mean(axis=1) - np.arange(19)).max() < 0.8


def test_initialise_several_builds_once() -> None:
    batch = noisy(3)
    batch.initialise("dense_w.w", "rand()")
    batch.initialise("narrow_w.w", "rand()")
    batch.initialise("cells.v", "0.25 + 0.5*rand()")
    batch.run(DURATION)
    assert batch.report.builds + batch.report.cache_hits == 1


def test_initialise_after_a_run_keeps_the_rest() -> None:
    batch = noisy(3)
    batch.run(DURATION)
    before = np.array(batch["dense_w.w"])
    batch.initialise("cells.v", "0.25")
    np.testing.assert_array_equal(batch["cells.v"], 0.25)
    np.testing.assert_array_equal(batch["dense_w.w"], before)


# ------------------------------------------------------------------------------------- values


def test_changing_values_never_builds() -> None:
    batch = noisy(3)
    batch.run(DURATION)
    builds = batch.report.builds + batch.report.cache_hits
    batch["cells.gain"], batch["cells.jump"], batch["cells.bias"] = 1.0, 3 * mV, np.zeros(3)
    batch["dense_w.w"] = np.ones((3, 95))
    batch.run(DURATION)
    bias = {"cells.bias": np.zeros(2)}
    batch.trials(DURATION, ["cells.v"], streams=np.arange(3), values=bias, rows=[0, 1, 1])
    assert batch.report.builds + batch.report.cache_hits == builds == 1


def test_trials_refuse_values_that_differ_between_instances() -> None:
    batch = noisy(3)
    batch["cells.bias"] = np.arange(3.0)
    with pytest.raises(DeclarationError, match="must not differ between instances"):
        batch.trials(DURATION, ["cells.v"], streams=np.arange(3))


def test_a_value_set_after_an_initial_expression_holds_in_trials() -> None:
    batch = noisy(3)
    batch.initialise("cells.v", "0.25")
    batch["cells.v"] = 0.75
    found = batch.trials(0 * DURATION, ["cells.v"], streams=np.arange(2))
    np.testing.assert_array_equal(found["cells.v"], 0.75)


@pytest.mark.parametrize("live", [False, True])
def test_set_and_get(live: bool) -> None:
    batch = noisy(3, dtype="float64")
    if live:
        batch.run(DURATION)
    rng = np.random.default_rng(2)
    for address in ("cells.v", "narrow_w.w", "loop_w.w", "dense_w.w"):
        size = np.array(batch[address]).shape[1]
        for shape in ((3, size), (size,)):
            values = rng.normal(size=shape)
            batch[address] = values
            np.testing.assert_array_equal(batch[address], np.broadcast_to(values, (3, size)))
    batch["cells.bias"] = np.array([1.0, 2, 3])
    np.testing.assert_array_equal(batch["cells.bias"], [[1], [2], [3]])


def test_units_are_kept() -> None:
    batch = noisy(2)
    batch["cells.jump"] = 2.5 * mV
    assert isinstance(batch["cells.jump"], Quantity)
    np.testing.assert_allclose(batch["cells.jump"] / mV, 2.5, rtol=1e-6)


def test_transposed_weights_keep_the_order_of_brian() -> None:
    """`narrow_w` is stored column by column; nobody sees it."""
    network = noisy_network()
    batch = Batch(network, 2, namespace={})
    np.testing.assert_array_equal(batch["narrow_w.w"][1], network["narrow_w"].w[:])
    np.testing.assert_array_equal(
        batch["narrow_w.w"][0], network["narrow_w"].i[:] + 10 * network["narrow_w"].j[:]
    )


def test_same_network_built_again_is_found() -> None:
    """Building a network twice in one process gives the same source and the same noise."""
    networks = [noisy_network(), noisy_network()]
    first, second = (Batch(network, 2, seed=9, namespace={}) for network in networks)
    first.run(DURATION)
    second.run(DURATION)
    assert second.report.cache_hits == 1
    np.testing.assert_array_equal(first["cells.v"], second["cells.v"])


def unnamed_parts() -> Network:
    group = NeuronGroup(4, "x : 1", dt=0.2 * ms, name="walkers", namespace={})
    group.run_regularly("x += randn()", dt=0.2 * ms)
    group.run_regularly("x *= 0.9", dt=0.4 * ms)
    return Network(group)


def test_noise_does_not_depend_on_other_networks() -> None:
    """Names that Brian2 numbers itself do not reach the noise."""
    networks = [unnamed_parts(), unnamed_parts()]
    batches = [Batch(network, 2, namespace={}) for network in networks]
    for batch in batches:
        batch.run(2 * ms)
    np.testing.assert_array_equal(batches[0]["walkers.x"], batches[1]["walkers.x"])
    assert batches[1].report.cache_hits == 1


def test_starts_where_the_network_stands() -> None:
    """A network that has run before goes on at its own time."""
    case, stock = CATALOG["refractory_time"](), CATALOG["refractory_time"]()
    for each in (case, stock):
        each.network.run(each.duration, namespace={})
    batch = Batch(case.network, 1, dtype="float64", namespace={})
    batch.run(case.duration)
    stock.network.run(case.duration, namespace={})
    np.testing.assert_allclose(batch["lazy.v"][0], stock.network["lazy"].v[:], rtol=1e-9)


def test_memory_is_estimated_before_it_is_taken() -> None:
    state = State(noisy(1)._instances.layout, instances=10**12)
    with pytest.raises(SimulationError, match="would fit"):
        state.allocate()


WRONG = {
    "unknown group": ("cels.v", 1.0, "cells"),
    "unknown variable": ("cells.gian", 1.0, "gain"),
    "no variable": ("cells", 1.0, "group.variable"),
    "wrong unit": ("cells.jump", 3 * ms, "unit"),
    "no unit": ("cells.jump", 3.0, "unit"),
    "unit too many": ("cells.v", 3 * mV, "unit"),
    "wrong shape": ("cells.v", np.zeros((3, 18)), r"\(3, 19\)"),
    "wrong instances": ("cells.v", np.zeros((2, 19)), r"\(3, 19\)"),
    "read-only": ("cells.i", np.arange(19), "read-only"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_values_are_refused(wrong: str) -> None:
    address, values, told = WRONG[wrong]
    batch = noisy(3)
    before = [np.array(batch[known]) for known in ADDRESSES]
    with pytest.raises(DeclarationError, match=told):
        batch[address] = values
    for known, kept in zip(ADDRESSES, before, strict=True):
        np.testing.assert_array_equal(batch[known], kept)


@pytest.mark.parametrize(
    "options",
    [{"streams": [1, 2]}, {"streams": 3}, {"dtype": "float16"}, {"threads": 0}, {"instances": 0}],
)
def test_wrong_choices_are_refused(options: dict) -> None:
    with pytest.raises(DeclarationError, match=f"Batch.{next(iter(options))}"):
        noisy(**{"instances": 3, **options})


def test_records_of_an_instance_that_was_not_chosen() -> None:
    batch = noisy(3)
    batch.record([2])
    batch.run(DURATION)
    assert len(batch.spikes("cell_spikes", 2)["i"]) > 0
    with pytest.raises(DeclarationError, match="must be recorded"):
        batch.spikes("cell_spikes", 0)


@pytest.mark.parametrize("name", ["real", "uniform", "normal", "run", "block"])
def test_names_of_the_generated_source_are_free(name: str) -> None:
    text = f"d{name}/dt = (1 - {name})/tau + 0*xi*tau**-0.5 : 1"
    group = NeuronGroup(3, text, name="named", method="euler", namespace={"tau": 5 * ms})
    batch = Batch(Network(group), 2, namespace={})
    batch.initialise(f"named.{name}", "0*rand() + 0*randn()")
    batch.run(5 * ms)
    np.testing.assert_allclose(batch[f"named.{name}"], 1 - (1 - 0.02) ** 50, rtol=1e-5)


@pytest.mark.parametrize(("expression", "value"), [("sqrt(-1)", np.nan), ("1e300*1e300", np.inf)])
def test_numbers_without_digits(expression: str, value: float) -> None:
    batch = Batch(Network(NeuronGroup(3, "v : 1", name="odd", namespace={})), 2, namespace={})
    batch.initialise("odd.v", expression)
    np.testing.assert_array_equal(batch["odd.v"], np.full((2, 3), value))
