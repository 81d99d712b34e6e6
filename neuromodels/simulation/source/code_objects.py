"""The text of all code objects of a network: each by the renderer of its template."""

from __future__ import annotations

from collections.abc import Callable

from neuromodels.simulation.capture.capture import Captured, unknown_template
from neuromodels.simulation.source.clocks import Clockwork, now_of
from neuromodels.simulation.source.draw_sites import complete
from neuromodels.simulation.source.lines import Lines
from neuromodels.simulation.source.loops import Loops, Scope
from neuromodels.simulation.source.monitor_code import (
    render_rate_monitor,
    render_spike_monitor,
    render_state_monitor,
)
from neuromodels.simulation.source.neuron_code import (
    render_reset,
    render_spike_generator,
    render_state_update,
    render_threshold,
)
from neuromodels.simulation.source.plan import Plan
from neuromodels.simulation.source.synapse_code import render_pathway, render_summed_variable

Renderer = Callable[[Captured, Plan, Loops], Lines]

#: By Brian2's name for the kind of code object.
RENDERERS: dict[str, Renderer] = {
    "stateupdate": render_state_update,
    "threshold": render_threshold,
    "reset": render_reset,
    "summed_variable": render_summed_variable,
    "synapses": render_pathway,
    "spikegenerator": render_spike_generator,
    "spikemonitor": render_spike_monitor,
    "statemonitor": render_state_monitor,
    "ratemonitor": render_rate_monitor,
}


def renderer_of(code: Captured) -> Renderer:
    """Return what renders a code object.

    Raises
    ------
    UnsupportedFeature
        Where nothing does; names the object.
    """
    if code.template not in RENDERERS:
        raise unknown_template(code.name, code.template)
    return RENDERERS[code.template]


def step_scopes(
    plan: Plan, loops: Loops, clockwork: Clockwork, profiled: bool = False
) -> list[Scope]:
    """Return what a step runs, in schedule order."""
    scopes = []
    for number, code in enumerate(plan.captured):
        body = complete(code, renderer_of(code)(code, plan, loops), now_of(code))
        if profiled:
            body = [f"const Stopwatch _watch(run.profile + {number});", *body]
        scopes.append(Scope(f"{_condition(code, clockwork)}{{  // {code.name}", body))
    return scopes


def start_lines(plan: Plan, loops: Loops) -> Lines:
    """Return what sets initial values, each if the run asks for it."""
    lines: Lines = []
    for number, code in enumerate(plan.initialisers):
        body = complete(code, render_state_update(code, plan, loops), "int64_t(-1)")
        head = f"if (run.initialisers >> {number} & 1) {{  // {code.name}"
        lines += Scope(head, [*body, *loops.barrier]).lines
    return lines


def _condition(code: Captured, clockwork: Clockwork) -> str:
    """Return what stands before the scope of a code object that does not run in every step."""
    due = clockwork.condition(code.clock)
    conditions = [due] if due else []
    if code.template.endswith("monitor"):
        conditions.append("_slot >= 0")
    return f"if ({' && '.join(conditions)}) " if conditions else ""
