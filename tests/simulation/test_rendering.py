"""A layout is finished before anything is rendered from it, and every table of it is read."""

import re
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from brian2 import Network, NetworkOperation, ms
from sampling import some

from neuromodels.errors import UnsupportedFeature
from neuromodels.simulation import Batch
from neuromodels.simulation.arrays.layout import Array, Layout
from neuromodels.simulation.arrays.placement import layout_of
from neuromodels.simulation.capture.capture import TEMPLATES, prepare_run
from neuromodels.simulation.capture.identifiers import global_name
from neuromodels.simulation.capture.python_code import OPERATION
from neuromodels.simulation.device.instances import Instances
from neuromodels.simulation.source.code_objects import RENDERERS
from neuromodels.simulation.source.kernel import Kernel
from neuromodels.simulation.source.program import Program
from simulation.networks.catalog import CATALOG
from simulation.networks.neurons import lif
from simulation.networks.noisy import noisy_network

pytestmark = pytest.mark.filterwarnings("ignore")


def batch_of(name: str) -> Batch:
    case = CATALOG[name]()
    batch = Batch(case.network, 2, dtype="float64", namespace={})
    batch.network = case.network  # code objects know it by weak references only
    return batch


def wired_apart() -> Batch:
    """Return instances with wirings, delays and initial values of their own."""
    network = noisy_network()
    batch = Batch(network, 3, seed=2, dtype="float64", namespace={"ms": ms})
    batch.network = network
    batch.connect("loop_w", condition="i != j", p=0.2)
    batch.initialise("loop_w.w", "0.02*randn()")
    batch.initialise("loop_w_pre.delay", "1.3*rand()*ms")
    return batch


def program_of(held: Instances) -> Program:
    return Program(held.captured, held.initialisers, held.layout, "double")


def kernel_of(held: Instances) -> Kernel:
    sizes = {"shared_limit": 2**17, "most_threads": 128}
    return Kernel(held.captured, held.initialisers, held.layout, "double", **sizes)


def contents(layout: Layout) -> list:
    """Return all that a source could depend on, numbers included."""

    def numbers(array: Array) -> tuple:
        rows = None if array.rows is None else array.rows.tobytes()
        return array.name, array.type, array.offset, array.initial.tobytes(), rows

    arrays = [numbers(array) for array in layout.arrays.values()]
    return [layout.block_bytes, arrays, list(layout.wirings), list(layout.delays), layout.clocks]


BATCHES = {**{name: lambda name=name: batch_of(name) for name in CATALOG}, "apart": wired_apart}
RENDERINGS = {"program": program_of, "kernel": kernel_of}


@pytest.mark.parametrize("name", some(BATCHES, 2))
def test_rendering_leaves_the_layout_as_it_is(name: str) -> None:
    """And whatever was rendered from it before, the source is the same."""
    batch = BATCHES[name]()
    held = batch._instances
    layout, before = held.layout, contents(held.layout)
    first = {kind: render(held).source for kind, render in RENDERINGS.items()}
    again = {kind: render(held).source for kind, render in reversed(RENDERINGS.items())}
    assert again == first
    assert held.layout is layout
    assert contents(layout) == before


@pytest.mark.parametrize("kind", RENDERINGS)
@pytest.mark.parametrize("name", some(BATCHES, 2))
def test_tables_that_a_program_adds_are_read_and_there(name: str, kind: str) -> None:
    """No table is passed for nothing, and no list of synapses is read that is not passed."""
    batch = BATCHES[name]()
    held = batch._instances
    program = RENDERINGS[kind](held)
    words = re.findall(r"\b(?:array|by_pre|by_post|count|flights)_\d\w+", program.source)
    added = [table.name for table in program.plan.tables if table.name not in held.layout.arrays]
    assert all(words.count(table) > 1 for table in added)
    lists = re.compile(r"(by_(pre|post)|flights)_\d\w+_(start|order|steps)$|count_")
    assert {word for word in words if lists.match(word)} <= set(added)


def test_own_wirings_need_tables_of_their_own() -> None:
    """The test above must meet tables, and rows that differ between instances."""
    batch = wired_apart()
    held = batch._instances
    known = held.layout.arrays
    added = [table for table in program_of(held).plan.tables if table.name not in known]
    assert {"count_6loop_w", "flights_10loop_w_pre_order"} <= {a.name for a in added}
    assert all(len(table.rows) == 3 for table in added if "loop_w" in table.name)


def test_a_finished_layout_takes_no_more() -> None:
    layout = batch_of("recurrent")._instances.layout
    with pytest.raises(FrozenInstanceError):
        layout.block_bytes = 0
    with pytest.raises(TypeError):
        layout.arrays["more"] = next(iter(layout.arrays.values()))


def test_a_variable_that_no_code_touches_becomes_a_table_of_another_layout() -> None:
    batch = batch_of("all_to_all")
    held = batch._instances
    before, touched = held.layout, set(held.layout.arrays)
    group, variable = next(
        (name, key)
        for name, owner in batch.groups.items()
        for key in owner.variables
        if key == "N" and global_name("array", name, key) not in touched
    )
    np.testing.assert_array_equal(batch[f"{group}.{variable}"][:, 0], len(batch.groups[group]))
    assert set(before.arrays) == touched
    assert set(held.layout.arrays) == touched | {global_name("array", group, "N")}


def test_every_template_has_a_renderer() -> None:
    assert set(RENDERERS) == {*TEMPLATES, OPERATION}


@pytest.mark.parametrize("has_operation", [False, True])
def test_only_a_program_with_python_code_knows_how_to_stop(has_operation: bool) -> None:
    """All others have the source that they would have if there were no Python code at all."""
    cells = lif("cells", 3, 1.2)
    operations = [NetworkOperation(lambda: None, name="by_hand")] if has_operation else []
    captured = prepare_run(Network(cells, *operations), {}, 1 * ms)
    layout = layout_of(captured, np.dtype("float64"))
    source = Program(captured, [], layout, "double").source
    assert ("nm_halt" in source) == ("HaltingRun" in source) == has_operation


def test_a_template_without_renderer_is_refused() -> None:
    batch = batch_of("recurrent")
    held = batch._instances
    strange = replace(held.captured[0], template="telepathy")
    layout = layout_of([strange], np.dtype("float64"))
    with pytest.raises(UnsupportedFeature, match=r"batch device covers stateupdate.*telepathy"):
        Program([strange], [], layout, "double")
