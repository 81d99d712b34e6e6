"""The text of code objects of neurons: state updates, thresholds, resets, generated spikes."""

from __future__ import annotations

from neuromodels.simulation.arrays.index_tables import updated_wiring
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import fired_name, local_name
from neuromodels.simulation.capture.translation import Block, array_name, clock_name
from neuromodels.simulation.source.blocks import vectorises
from neuromodels.simulation.source.clocks import now_of
from neuromodels.simulation.source.lines import Lines
from neuromodels.simulation.source.loops import Loops
from neuromodels.simulation.source.plan import Plan, count_of, is_masked


def render_state_update(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Advance equations by a step, or set initial values."""
    block = code.vector
    if not (block.reads or block.statements):
        return loops.scalars(code)
    wiring = updated_wiring(code, plan.layout)
    if wiring is None:
        return [*loops.scalars(code), *loops.neurons(block, count_of(code), [])]
    return [*loops.scalars(code), *loops.synapses(wiring).all_synapses(block, [])]


def render_threshold(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Find the neurons that fire."""
    space = array_name(code.options["eventspace_variable"])
    fired = [f"{fired_name(space)}[_idx] = {local_name('_cond')};"]
    lines = [*loops.scalars(code), *loops.neurons(code.vector, count_of(code), fired)]
    if space in plan.listed:
        lines += loops.list_events(space, count_of(code))
    if code.options["_uses_refractory"]:
        lines += _refractory_lines(code, space, loops)
    return lines


def _refractory_lines(code: Captured, space: str, loops: Loops) -> Lines:
    """Silence the neurons that fired: they are few, and the loop over all stays simple."""
    inactive, last = (array_name(code.variables[k]) for k in ("not_refractory", "lastspike"))
    now = f"{clock_name(code.clock)}_t[0]"
    silenced = [f"{inactive}[{space}[_k]] = 0;", f"{last}[{space}[_k]] = {now};"]
    visit = loops.visits(Block(), "_k", f"{space}[{count_of(code)}]", silenced)
    return [*loops.barrier, *visit]


def render_reset(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Change the neurons that fired."""
    space, count = array_name(code.options["eventspace_variable"]), count_of(code)
    head = ["const int32_t _vectorisation_idx = _idx;"]
    if space in plan.listed and not is_masked(code):
        pick = f"const int32_t _idx = {space}[_k];"
        body = [pick, *head, *code.vector.lines]
        loop = loops.visits(code.vector, "_k", f"{space}[{count}]", body)
    else:
        masked = [f"if ({fired_name(space)}[_idx]) {{", [*head, *code.vector.lines], "}"]
        safe = vectorises(code.vector, ["_idx"])
        loop = loops.visits(code.vector, "_idx", count, masked, vector=safe)
    return [*loops.scalars(code), *loop]


def render_spike_generator(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Fire the neurons whose time has come."""
    names = ("_spikespace", "neuron_index", "_timebins", "_period_bins", "_lastindex")
    space, neuron, bins, period, last = (array_name(code.variables[k]) for k in names)
    lines: Lines = [
        f"const int64_t _period = {period}[0];",
        f"int64_t _bin = {now_of(code)};",
        "int32_t _count = 0;",
        "if (_period > 0) {",
        [
            "_bin %= _period;",
            f"if ({last}[0] > 0 && {bins}[{last}[0] - 1] >= _bin) {last}[0] = 0;",
        ],
        "}",
        f"for (int32_t _k = {last}[0]; _k < {plan.layout.arrays[bins].size}; _k++) {{",
        [f"if ({bins}[_k] > _bin) break;", f"{space}[_count++] = {neuron}[_k];"],
        "}",
        f"{space}[{count_of(code)}] = _count;",
        f"{last}[0] += _count;",
    ]
    return loops.alone(lines)
