"""Captured code objects into one C++ source: for each instance, for each step, all of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from neuromodels.simulation.arrays.layout import Array, Layout
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.source.clocks import Clockwork
from neuromodels.simulation.source.code_objects import start_lines, step_scopes
from neuromodels.simulation.source.core_loops import CoreLoops
from neuromodels.simulation.source.lines import Lines, indented
from neuromodels.simulation.source.plan import Plan, counter_lines, plan_of

#: The files that every program begins with.
SECTIONS = ("mathlib", "run", "process", "random", "randoms", "draws", "functions")


class Program:
    """The source of one network and what its run must be given.

    Parameters
    ----------
    captured
        Code objects in schedule order.
    initialisers
        Code objects that set initial values, evaluated before the first step.
    layout
        Where the network's arrays live; what only this program needs is added in its `plan`.
    real
        ``"float"`` or ``"double"``.
    profiled
        Whether to measure the time that each object takes.
    """

    def __init__(
        self,
        captured: Sequence[Captured],
        initialisers: Sequence[Captured],
        layout: Layout,
        real: str,
        profiled: bool = False,
    ):
        self.plan = plan_of(captured, initialisers, layout, CoreLoops.sums)
        loops = CoreLoops(self.plan.layout)
        clockwork = Clockwork(layout.clocks, loops)
        scopes = step_scopes(self.plan, loops, clockwork, profiled)
        states = [array.name for array in layout.states]
        run = [
            *_opening(self.plan, clockwork),
            *start_lines(self.plan, loops),
            *clockwork.loop(loops.in_turn(scopes, states)),
        ]
        source = "\n".join(indented(_source(self.plan, real, run))) + "\n"
        self.source = clockwork.number_clocks(source)


def section(name: str) -> list[str]:
    """Return the lines of a file that programs share."""
    header = files("neuromodels.simulation.source") / "include" / f"{name}.hpp"
    return header.read_text().splitlines()


def _source(plan: Plan, real: str, run: Lines) -> Lines:
    return [
        f"typedef {real} nm_real;",
        *(line for name in SECTIONS for line in section(name)),
        *(line for text in plan.support.source for line in text.splitlines()),
        "",
        "static void simulate(const Run& run, int64_t instance, char* block) {",
        run,
        "}",
        *_finite(plan.layout.states),
        *_entry(plan.layout.block_bytes, list(plan.support.data)),
    ]


def _opening(plan: Plan, clockwork: Clockwork) -> Lines:
    return [
        "const uint64_t _key = mixed(mixed(run.seed) + run.streams[instance]);",
        "const int32_t _slot = run.recorded ? run.recorded[instance] : -1;",
        *(line for k, array in enumerate(plan.tables) for line in _pointer(k, array)),
        *(_place(array) for array in plan.layout.arrays.values() if array.scratch),
        *clockwork.arrays(),
        *counter_lines(plan),
    ]


def _pointer(number: int, array: Array) -> Lines:
    """Point at an array: its row of a table, or its place in the block after a fresh start."""
    type_ = array.type
    row = f"(run.rows[{number}] ? run.rows[{number}][instance] : 0)"
    table = f"(const {type_}*)run.tables[{number}] + {row} * {array.size}"
    if not array.is_state:
        return [f"const {type_}* __restrict {array.name} = {table};"]
    return [
        f"{type_}* __restrict {array.name} = ({type_}*)(block + {array.offset});",
        f"if (run.fresh) memcpy({array.name}, {table}, {array.bytes});",
    ]


def _place(array: Array) -> str:
    """Point at an array in the block that needs no values to start with."""
    return f"{array.type}* __restrict {array.name} = ({array.type}*)(block + {array.offset});"


def _finite(states: Sequence[Array]) -> Lines:
    """Check every floating-point number of a block."""
    checks = [
        f"finite_all<{array.type}>(block + {array.offset}, {array.size})"
        for array in states
        if array.type in ("nm_real", "double")
    ]
    tests = " && ".join(checks) or "true"
    return ["", "static bool finite(const char* block) {", [f"return {tests};"], "}"]


def _entry(block_bytes: int, data: Sequence[str]) -> Lines:
    size = max(block_bytes, 64)
    copy = "memcpy(run->output_data[k] + i * run->output_bytes[k], block + run->output_offsets[k],"
    return [
        "",
        'extern "C" void neuromodels_run(const Run* run, int64_t first, int64_t last) {',
        [
            *[f"_namespace{name} = run->data[{k}];" for k, name in enumerate(data)],
            "FlushDenormals _flush;",
            f"char* scratch = run->blocks ? 0 : (char*)aligned_alloc(64, {size});",
            f"if (scratch) memset(scratch, 0, {size});",
            "for (int64_t i = first; i < last; i++) {",
            [
                f"char* block = scratch ? scratch : run->blocks + i * {size};",
                "simulate(*run, i, block);",
                "if (run->failed) run->failed[i] = !finite(block);",
                "for (int64_t k = 0; k < run->outputs; k++)",
                [copy, ["run->output_bytes[k]);"]],
            ],
            "}",
            "free(scratch);",
        ],
        "}",
    ]
