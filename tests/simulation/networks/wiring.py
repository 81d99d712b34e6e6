"""Small networks wired in unusual ways, and functions that need others."""

import numpy as np
from brian2 import (
    BinomialFunction,
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    check_units,
    implementation,
    ms,
)

from simulation.networks.cases import Case, case
from simulation.networks.neurons import TAU, lif
from simulation.networks.synapses import cells, generator


@case
def modulated() -> Case:
    """Spikes of a third group change the weights of synapses, at once, late, and backwards."""
    source, target, teacher = generator("taught_in", 4), lif("taught", 5, 1.2), generator("tell", 3)
    synapses = Synapses(
        source, target, "w : 1\ng : 1", on_pre="v_post += w*g", name="taught_w", namespace={}
    )
    synapses.connect(condition="i != j")
    synapses.w, synapses.g = "0.02*(i + 1)", 1
    rule = Synapses(
        teacher, synapses, "rate : 1", on_pre="w_post *= 1 + rate", name="teach", namespace={}
    )
    rule.connect()
    rule.rate = "0.01*(i - 1) + 0.001*j"
    late = Synapses(teacher, synapses, on_pre="g_post += 0.01*i", name="teach_late", namespace={})
    late.connect(i=[0, 2, 1, 2], j=[0, 15, 7, 3])
    # by no name: Brian2 2.11.0 would give these delays to other synapses
    late.pre.variables["delay"].set_value(0.4e-3 * np.array([0, 2, 1, 2]))
    return Case(
        Network(source, target, teacher, synapses, rule, late),
        20 * ms,
        ("taught_w.w", "taught_w.g", "taught.v"),
        {"taught_w.g": np.linspace(0.5, 1.5, 16)},
    )


@case
def gated() -> Case:
    """Synapses as a source, and sums into synapses from neurons, in both directions."""
    source, target, gates = generator("gate_in", 5), cells("gate_out", 4), cells("gates", 3)
    synapses = Synapses(
        source, target, "w : 1\nopen : 1", on_pre="v_post += w*open", name="gated_w", namespace={}
    )
    synapses.connect(condition="(i + j) % 2 == 0")
    control = Synapses(
        gates,
        synapses,
        "c : 1\nopen_post = c*v_pre : 1 (summed)\nu_pre = 0.1*w_post : 1 (summed)",
        name="gating",
        namespace={},
    )
    control.connect(j="k for k in range(N_post) if (k + i) % 3 != 0")
    synapses.run_regularly("w += 0.01*open - 0.001*w", dt=0.3 * ms, name="gated_code")
    synapses.w, control.c, gates.v = "1 + 0.1*i", "0.2 + 0.1*i - 0.05*(j % 4)", [1, -0.5, 2]
    trace = StateMonitor(synapses, ["open", "w"], record=[0, 3, 9], name="gated_trace")
    return Case(
        Network(source, target, gates, synapses, control, trace),
        12 * ms,
        ("gated_w.w", "gated_w.open", "gates.u", "gate_out.v"),
        {"gating.c": 0.3},
    )


@case
def sums_into_parts() -> Case:
    """Sums into parts of a group that do not overlap, out of parts, all-to-all and listed."""
    left = cells("sum_parts_in", 24)
    right = NeuronGroup(
        30,
        "dv/dt = (inflow - v)/tau : 1\ninflow : 1",
        method="euler",
        name="sum_parts_out",
        namespace=TAU,
    )
    text = "g : 1\ninflow_post = g*v_pre : 1 (summed)"
    first = Synapses(left[:20], right[2:7], text, name="into_first", namespace={})
    second = Synapses(left[4:], right[7:25], text, name="into_second", namespace={})
    third = Synapses(left[1:9], right[25:], text, name="into_third", namespace={})
    back = Synapses(
        left[5:8], right[20:], "u_pre = v_post*(j + 1) : 1 (summed)", name="out_of", namespace={}
    )
    for each in (first, second, back):
        each.connect()
    third.connect(condition="i != 2*j")
    first.g, second.g, third.g = "0.1*(i - j)", "0.02*j - 0.01*i", "1 + i"
    left.v = np.linspace(-1, 2, 24)
    return Case(
        Network(left, right, first, second, third, back),
        8 * ms,
        ("sum_parts_out.v", "sum_parts_out.inflow", "sum_parts_in.u"),
        {"into_third.g": 0.25},
    )


@case
def generated_pairs() -> Case:
    """Pairs listed by a rule that leads out of the group at its ends, and pairs given twice."""
    source, target = generator("near_in", 8), cells("near_out", 7)
    near = Synapses(source, target, "w : 1", on_pre="v_post += w", name="nearest", namespace={})
    near.connect(j="i + k for k in range(-2, 3) if k != 0", skip_if_invalid=True)
    twice = Synapses(
        source,
        target,
        "w : 1",
        on_pre="u_post += w; w *= 0.9",
        name="twice",
        namespace={},
        multisynaptic_index="copy",
    )
    twice.connect(i="2*j + k for k in range(2)", skip_if_invalid=True, n=2)
    near.w, twice.w = "0.1*(j - i)", "0.1 + 0.01*j + 0.2*copy"
    return Case(
        Network(source, target, near, twice),
        14 * ms,
        ("nearest.w", "twice.w", "twice.copy", "near_out.v", "near_out.u"),
        {"twice.w": 0.15},
    )


@implementation("cpp", "double soft_step(double x) { return x > 0 ? x : 0.1*x; }")
@check_units(x=1, result=1)
def soft_step(x):
    return np.where(x > 0, x, 0.1 * x)


@implementation(
    "cpp",
    "double soft_sum(double x, double y) { return soft_step(x) + 0.5*soft_step(-y); }",
    dependencies={"soft_step": soft_step},
)
@check_units(x=1, y=1, result=1)
def soft_sum(x, y):
    return soft_step(x) + 0.5 * soft_step(-y)


@case
def functions_of_functions() -> Case:
    """A function of the user's that calls another one, in neurons and on synapses."""
    space = {"soft_sum": soft_sum, "soft_step": soft_step, **TAU}
    group = NeuronGroup(
        6,
        "dv/dt = (soft_sum(v, 2*v - 1) - soft_step(v))/tau : 1",
        threshold="soft_step(v) > 0.9",
        reset="v = -soft_step(v)",
        method="rk2",
        name="soft",
        namespace=space,
    )
    synapses = Synapses(
        group,
        group,
        "w : 1",
        on_pre="v_post += 0.1*soft_sum(w, 1 - w)",
        name="soft_w",
        namespace=space,
    )
    synapses.connect()
    synapses.w, group.v = "0.2*(i - j)", np.linspace(-1, 1.2, 6)
    return Case(Network(group, synapses), 12 * ms, ("soft.v",), {"soft.v": np.linspace(1, 2, 6)})


@case
def steps_of_time() -> Case:
    """Times as whole numbers of steps, on a clock of another step than that of the code."""
    space = {"ms": ms, "rest": 2.3 * ms}
    group = NeuronGroup(
        5,
        "since : second\nn : integer\nlate : integer\nflag : boolean",
        dt=0.2 * ms,
        threshold="timestep(t - since, dt) >= 7 + i",
        reset="since = t; n += 1",
        name="counting",
        namespace=space,
    )
    group.run_regularly(
        "late = timestep(rest, dt) + timestep(i*0.3*ms, dt) + timestep(t, dt)",
        dt=0.2 * ms,
        name="counting_code",
    )
    group.run_regularly("flag = timestep(t, 1*ms) % 3 == 0", dt=0.5 * ms, name="counting_flag")
    spikes = SpikeMonitor(group, name="counting_spikes")
    return Case(
        Network(group, spikes),
        12 * ms,
        ("counting.since", "counting.n", "counting.late", "counting.flag"),
        {"counting.since": np.arange(5) * 0.4 * ms},
    )


@case
def certain_inputs() -> Case:
    """Random numbers that have only one value: every input spikes in every step, or none does."""
    group = cells("fed", 5)
    part = group[1:4]
    always = BinomialFunction(3, 1.0, name="always_three")
    never = BinomialFunction(7, 0.0, name="never_any")
    drawing = NeuronGroup(
        4,
        "x : 1\nk : integer",
        name="drawing",
        namespace={"always_three": always, "never_any": never},
    )
    drawing.run_regularly(
        "x += always_three()*i + never_any() + poisson(0); k += poisson(0*x)", name="drawing_code"
    )
    inputs = [
        PoissonInput(group, "v", 4, 10000 * Hz, weight=0.01),
        PoissonInput(part, "u", 9, 10000 * Hz, weight="0.1*v + 0.01*i", when="end", order=2),
        PoissonInput(group, "v", 5, 0 * Hz, weight=1),
    ]
    return Case(
        Network(group, drawing, *inputs),
        3 * ms,
        ("fed.v", "fed.u", "drawing.x", "drawing.k"),
        {"fed.u": np.arange(5)},
    )
