"""The text of code objects of synapses: sums over them, and what events do to them."""

from __future__ import annotations

from collections.abc import Callable

from neuromodels.simulation.arrays.delays import Delays, Kind, queue_name
from neuromodels.simulation.arrays.index_tables import summed_side
from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import array_name
from neuromodels.simulation.source import spike_queues
from neuromodels.simulation.source.clocks import now_of
from neuromodels.simulation.source.lines import Lines
from neuromodels.simulation.source.loops import Loops
from neuromodels.simulation.source.plan import Plan


def render_summed_variable(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Add a variable of synapses up in their neurons."""
    wiring = plan.layout.wirings[code.owner.name]
    side = summed_side(code)
    target = array_name(code.options["_target_var"])
    start = code.options["_target_start"]
    sums = loops.synapses(wiring).sum_up(code.vector, target, side, start)
    return [*loops.scalars(code), *sums]


def render_pathway(code: Captured, plan: Plan, loops: Loops) -> Lines:
    """Visit the synapses that hear of an event in this step."""
    delays = plan.layout.delays[code.options["pathway"].name]
    events = EVENTS[delays.kind](code, plan, loops)
    return [*loops.scalars(code), *_carried_events(code, delays, loops), *events]


def _events_at_once(code: Captured, plan: Plan, loops: Loops) -> Lines:
    synapses = loops.synapses(plan.layout.wirings[code.owner.name])
    side = code.options["pathway"].prepost
    return synapses.of_events(code.vector, side, _open_events(code, plan))


def _events_after_common_delay(code: Captured, plan: Plan, loops: Loops) -> Lines:
    synapses = loops.synapses(plan.layout.wirings[code.owner.name])
    pathway, now = code.options["pathway"], now_of(code)
    name = queue_name(pathway.name)
    pushed = spike_queues.push(name, 2, _open_events(code, plan), now)

    def visit(events: Lines) -> Lines:
        return synapses.of_events(code.vector, pathway.prepost, events)

    return loops.arrivals(name, now, [*spike_queues.tidy(name), *pushed], visit)


def _events_after_own_delays(code: Captured, plan: Plan, loops: Loops) -> Lines:
    name, now = queue_name(code.options["pathway"].name), now_of(code)
    start, order, steps = (f"{name}_{table}" for table in ("start", "order", "steps"))
    synapse = f"const int32_t _idx = {order}[_k], _vectorisation_idx = _idx;"
    cursor, events = f"{start}[_source]", _open_events(code, plan)
    lines = [
        *spike_queues.push(name, 3, events, now, cursor),
        *spike_queues.sweep(name, start, steps, now, [synapse, *code.vector.lines]),
    ]
    return loops.alone(lines)


#: By whether a pathway has delays, and whether its synapses share one.
EVENTS: dict[Kind, Callable[[Captured, Plan, Loops], Lines]] = {
    "none": _events_at_once,
    "common": _events_after_common_delay,
    "own": _events_after_own_delays,
}


def _carried_events(code: Captured, delays: Delays, loops: Loops) -> Lines:
    """Deliver the spikes that were under way when the program was built."""
    if not len(delays.carried):
        return []
    lines = spike_queues.deliver_carried(queue_name(delays.name), now_of(code), code.vector.lines)
    return [*loops.alone(lines), *loops.barrier]


def _open_events(code: Captured, plan: Plan) -> Lines:
    """Open a loop over this step's events that concern its pathway, each a ``_source``."""
    pathway = code.options["pathway"]
    wiring = plan.layout.wirings[code.owner.name]
    space = array_name(pathway.source.variables[pathway.eventspace_name])
    first = wiring.pre_start if pathway.prepost == "pre" else wiring.post_start
    size = wiring.size(pathway.prepost)
    total = pathway.source.variables[pathway.eventspace_name].size - 1
    events = [
        f"for (int32_t _event = 0; _event < {space}[{total}]; _event++) {{",
        [f"const int32_t _source = {space}[_event] - {first};"],
    ]
    if size < total:
        events.append([f"if (_source < 0 || _source >= {size}) continue;"])
    return events
