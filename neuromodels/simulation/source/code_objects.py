"""The text of all code objects of a network: each by the renderer of its template."""

from __future__ import annotations

from collections.abc import Callable

from neuromodels.simulation.capture.capture import Captured, unknown_template
from neuromodels.simulation.capture.python_code import OPERATION
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
from neuromodels.simulation.source.stops import render_operation
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
    OPERATION: render_operation,
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
    plan: Plan, loops: Loops, clockwork: Clockwork, profiled: bool = False, noted: bool = False
) -> list[Scope]:
    """Return what a step runs, in schedule order; `noted`: and notes which object that is."""
    scopes = []
    for number, code in enumerate(plan.captured):
        body = complete(code, renderer_of(code)(code, plan, loops), now_of(code))
        if profiled and code.template != OPERATION:  # Python looks at a watch of its own
            body = [f"const Stopwatch _watch(run.profile + {number});", *body]
        if noted:
            body = [f"*_running = {number};", *body]
        scopes.append(Scope(f"{_condition(code, clockwork)}{{  // {code.name}", body))
    return scopes


def start_lines(plan: Plan, loops: Loops, noted: bool = False) -> Lines:
    """Return what sets initial values: the expressions that the run asks for, in its order."""
    cases: Lines = []
    for number, code in enumerate(plan.initialisers):
        lines = render_state_update(code, plan, loops)
        body = complete(code, lines, "int64_t(-1)", "uint32_t(run.draw_noises[nm_draw])")
        head = f"if (run.draw_numbers[nm_draw] == {number}) {{  // {code.name}"
        note = [f"*_running = {len(plan.captured) + number};"] if noted else []
        cases += Scope(head, [*note, *body, *loops.barrier]).lines
    head = "for (int64_t nm_draw = 0; nm_draw < run.draws; nm_draw++) {"
    return Scope(head, cases).lines if cases else []


def _condition(code: Captured, clockwork: Clockwork) -> str:
    """Return what stands before the scope of a code object that does not run in every step."""
    due = clockwork.condition(code.clock)
    conditions = [due] if due else []
    if code.template.endswith("monitor"):
        conditions.append("_slot >= 0")
    return f"if ({' && '.join(conditions)}) " if conditions else ""
