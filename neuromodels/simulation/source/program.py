"""Captured code objects into one C++ source: for each instance, for each step, all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np

from neuromodels.simulation.arrays.layout import Array, Layout
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.source.clocks import Clockwork
from neuromodels.simulation.source.code_objects import start_lines, step_scopes
from neuromodels.simulation.source.core_loops import CoreLoops
from neuromodels.simulation.source.lines import Lines, indented
from neuromodels.simulation.source.plan import Plan, counter_lines, plan_of
from neuromodels.simulation.source.stops import (
    closing_lines,
    declaration,
    opening_lines,
    way_back,
)

#: The files that every program begins with.
SECTIONS = (
    "mathlib",
    "run",
    "guard",
    "process",
    "random",
    "randoms",
    "draws",
    "arithmetic",
    "functions",
    "times",
)


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
        noted = bool(self.plan.support.source)  # only functions of a user can go wrong
        scopes = step_scopes(self.plan, loops, clockwork, profiled, noted)
        states = [array.name for array in layout.states]
        run = [
            *_opening(self.plan, clockwork),
            *opening_lines(self.plan),
            *(["volatile int32_t* const _running = &nm_guarded->object;"] if noted else []),
            *start_lines(self.plan, loops, noted),
            *clockwork.loop([*way_back(self.plan), *loops.in_turn(scopes, states)]),
            *closing_lines(self.plan),
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
        *declaration(plan),
        *plan.support.source,
        "",
        "static void simulate(const Run& run, int64_t instance, char* block) {",
        run,
        "}",
        *_finite(plan.layout.states),
        *_entry(plan.layout.block_bytes, plan.support.data),
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
    table = f"(const {type_}*)run.tables[{number}]"
    if not array.is_common:  # else its size stays out of the source
        table += f" + {row} * {array.size}"
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


def _course(number: int, name: str, values: np.ndarray) -> str:
    """Point at the values of a timed array: an instance may have its own row of them."""
    row = f"(run->data_rows[{number}] ? run->data_rows[{number}][i] : 0)"
    return f"{name} = run->data[{number}] + {row} * {values.size};"


def _entry(block_bytes: int, data: Mapping[str, np.ndarray]) -> Lines:
    size = max(block_bytes, 64)
    copy = "memcpy(run->output_data[k] + i * run->output_bytes[k], block + run->output_offsets[k],"
    return [
        "",
        "struct Share { const Run* run; int64_t first, last; char* scratch; };",
        "static __attribute__((noinline)) void simulate_all(void* given) {",
        [
            "const Share share = *(const Share*)given;",
            "const Run* const run = share.run;",
            "for (int64_t i = share.first; i < share.last; i++) {",
            [
                f"char* block = share.scratch ? share.scratch : run->blocks + i * {size};",
                *(_course(k, *item) for k, item in enumerate(data.items())),
                "simulate(*run, i, block);",
                "if (run->failed) run->failed[i] = !finite(block);",
                "for (int64_t k = 0; k < run->outputs; k++)",
                [copy, ["run->output_bytes[k]);"]],
            ],
            "}",
        ],
        "}",
        'extern "C" int64_t neuromodels_run(const Run* run, int64_t first, int64_t last) {',
        [
            "FlushDenormals _flush;",
            f"char* scratch = run->blocks ? 0 : (char*)aligned_alloc(64, {size});",
            f"if (!run->blocks && !scratch) return -(int64_t){size};",
            f"if (scratch) memset(scratch, 0, {size});",
            "Share share = {run, first, last, scratch};",
            "const int64_t outcome = nm_attempt(simulate_all, &share);",
            "free(scratch);",
            "return outcome;",
        ],
        "}",
    ]
