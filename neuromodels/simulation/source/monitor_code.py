"""The text of monitors: spikes, samples and rates."""

from __future__ import annotations

from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.identifiers import local_name
from neuromodels.simulation.capture.translation import array_name, clock_name
from neuromodels.simulation.source.lines import Lines, count_loop
from neuromodels.simulation.source.loops import Loops
from neuromodels.simulation.source.plan import (
    Plan,
    counter_name,
    extra_names,
    sampled_names,
    value_of,
)


def render_spike_monitor(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Write down who fired and when."""
    number = plan.spike_monitors.index(code)
    space = code.options["eventspace_variable"]
    first, last = value_of(code, "_source_start"), value_of(code, "_source_stop")
    names = extra_names(code)
    row = [f"(double)(_idx - {first})", f"{clock_name(code.clock)}_t[0]"]
    row += [f"(double){_recorded_name(name)}" for name in names]
    lines: Lines = [
        *loops.scalars(code),
        f"Events& _events = run.events[{number} * run.slots + _slot];",
        *count_loop(
            "_k",
            f"{array_name(space)}[{space.size - 1}]",
            [
                f"const int32_t _idx = {array_name(space)}[_k], _vectorisation_idx = _idx;",
                f"if (_idx < {first} || _idx >= {last}) continue;",
                *code.vector.lines,
                f"const double _row[{len(row)}] = {{{', '.join(row)}}};",
                f"append(_events, _row, {len(row)});",
            ],
        ),
    ]
    return loops.alone(lines)


def render_state_monitor(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Write down variables of chosen neurons or synapses."""
    indices = code.variables["_indices"]
    body = [
        f"const int32_t _idx = {array_name(indices)}[_i], _vectorisation_idx = _idx;",
        *code.vector.lines,
    ]
    for name in sampled_names(code):
        place = _sample_place(code, plan, name, indices.size)
        body.append(f"{place} + _i] = (double){_recorded_name(name)};")
    if not sampled_names(code):
        return []
    count = f"{counter_name(code)}++;"
    loop = loops.visits(code.vector, "_i", indices.size, body)
    return [*loops.scalars(code), *loop, count]


def render_rate_monitor(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Write down the rate at which neurons fire."""
    space = code.variables["_spikespace"]
    first, last = value_of(code, "_source_start"), value_of(code, "_source_stop")
    within = f"{array_name(space)}[_k] >= {first} && {array_name(space)}[_k] < {last}"
    loop = count_loop("_k", f"{array_name(space)}[{space.size - 1}]", [f"_n += {within};"])
    neurons = value_of(code, "_num_source_neurons")
    rate = f"_n / ({clock_name(code.clock)}_dt[0] * {neurons})"
    place = _sample_place(code, plan, "rate", 1)
    lines: Lines = ["int32_t _n = 0;", *loop, f"{place}] = {rate};", f"{counter_name(code)}++;"]
    return loops.alone(lines)


def _recorded_name(name: str) -> str:
    return local_name(f"_to_record_{name}")


def _sample_place(code: Captured, plan: Plan, name: str, width: int) -> str:
    """Return where this step's sample of a variable begins, up to the index in it."""
    number = next(k for k, (c, n) in enumerate(plan.sampled) if c is code and n == name)
    clock = plan.layout.clocks.index(code.clock)
    steps = f"(run.last_steps[{clock}] - run.first_steps[{clock}])"
    row = f"_slot * {steps} + {counter_name(code)}"
    return f"run.samples[{number}][({row}) * {width}"
