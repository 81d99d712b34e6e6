"""Small networks with events of their own, given times, and an order of their own."""

import numpy as np
from brian2 import (
    EventClock,
    EventMonitor,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    linked_var,
    ms,
)

from simulation.networks.cases import Case, case
from simulation.networks.neurons import TAU, lif
from simulation.networks.synapses import cells, generator

TIMES = np.array([0, 0.1, 0.25, 1.7, 3.3, 3.35, 7.9, 12, 19]) * ms


@case
def event_pathways() -> Case:
    """Synapses and monitors of events that are no spikes, at once and late."""
    source = NeuronGroup(
        6,
        "dv/dt = (1.6 - v)/tau : 1\nu : 1",
        threshold="v > 1",
        reset="v = 0.1*i",
        events={"low": "v < 0.55 and u < 4", "rise": "v > 0.7 and v < 0.78"},
        method="exact",
        name="signals",
        namespace=TAU,
    )
    source.run_on_event("low", "u += 0.125")
    source.set_event_schedule("rise", when="before_synapses", order=-1)
    target = cells("hearing", 17)
    low = Synapses(
        source, target, "w : 1", on_pre="v_post += w", on_event="low", name="low_w", namespace={}
    )
    both = Synapses(
        source,
        target,
        "w : 1\nn : integer",
        on_pre={"fired": "v_post -= 0.1*w", "rose": "n += 1"},
        on_event={"fired": "spike", "rose": "rise"},
        delay={"rose": 0.6 * ms},
        name="both_w",
        namespace={},
    )
    low.connect(condition="i != j")
    both.connect()
    low.w, both.w = "0.01*(i + 1)", "0.02*j"
    monitors = [
        EventMonitor(source, "low", variables=["u", "v"], name="low_events"),
        EventMonitor(source[2:5], "rise", name="rise_events"),
        SpikeMonitor(source, name="signal_spikes"),
        PopulationRateMonitor(source, name="signal_rate"),
    ]
    return Case(
        Network(source, target, low, both, *monitors),
        25 * ms,
        ("signals.u", "signals.v", "hearing.v", "both_w.n"),
        {"signals.u": np.zeros(6)},
    )


@case
def events_after_synapses() -> Case:
    """Events that follow from what arrived in the same step, and a reset later in it."""
    source = generator("driving", 4)
    target = NeuronGroup(
        9,
        "dv/dt = -v/tau : 1\nhits : integer",
        events={"hit": "v > 0.6", "weak": "v < 0.1"},
        method="exact",
        name="driven",
        namespace=TAU,
    )
    target.set_event_schedule("hit", when="after_synapses")
    target.run_on_event("hit", "hits += 1; v *= 0.25", when="resets")
    target.run_on_event("weak", "v += 0.05", when="end", order=1)
    synapses = Synapses(
        source, target, on_pre="v_post += 0.11*(1 + (i + j) % 3)", name="drive", namespace={}
    )
    synapses.connect()
    hits = EventMonitor(target, "hit", variables="hits", when="after_resets", name="hit_events")
    return Case(
        Network(source, target, synapses, hits),
        18 * ms,
        ("driven.v", "driven.hits"),
        {"driven.hits": np.arange(9)},
    )


@case
def given_times() -> Case:
    """Code at given times, in neurons and synapses, some of them between two steps."""
    group = NeuronGroup(
        5,
        "dv/dt = (0.5 - v)/tau : 1\nlast : second\ncount : integer",
        method="exact",
        name="timed",
        namespace={**TAU, "ms": ms},
    )
    group.run_at("v += 1 + 0.1*i; last = t; count += 1", times=TIMES, name="timed_kick")
    group.run_at("v *= 0.5", times=[3.3, 7.9, 30] * ms, when="end", name="timed_half")
    group.run_regularly("v += 0.01*count", dt=0.5 * ms, name="timed_code")
    synapses = Synapses(group, group, "w : 1", name="timed_w", namespace={})
    synapses.connect(condition="i < j")
    synapses.run_at(
        "w += v_pre - v_post; w *= 0.99",
        times=[2, 2.05, 11.3] * ms,
        when="start",
        name="timed_learning",
    )
    trace = StateMonitor(group, ["v", "count"], record=True, name="timed_trace")
    return Case(
        Network(group, synapses, trace),
        10 * ms,
        ("timed.v", "timed.last", "timed.count", "timed_w.w"),
        {"timed.count": np.arange(5)},
    )


@case
def watched_at_times() -> Case:
    """Monitors that look at given times, of neurons and of synapses."""
    group = lif("seen", 4, 1.2)
    synapses = Synapses(group, group, "w : 1", on_pre="w += 0.1", name="seen_w", namespace={})
    synapses.connect()
    traces = [
        StateMonitor(
            group, "v", record=[0, 3], clock=EventClock(TIMES, name="looks"), name="seen_trace"
        ),
        StateMonitor(
            synapses,
            "w",
            record=[1, 14],
            when="end",
            clock=EventClock([4.2, 9, 9.05, 24] * ms, name="late_looks"),
            name="seen_w_trace",
        ),
    ]
    return Case(Network(group, synapses, *traces), 13 * ms, ("seen.v", "seen_w.w"))


@case
def only_given_times() -> Case:
    """Nothing happens but at given times."""
    group = NeuronGroup(3, "x : 1", name="rare", namespace={"ms": ms})
    group.run_at("x = 2*x + 1 + t/ms", times=TIMES, name="rare_code")
    return Case(Network(group), 8 * ms, ("rare.x",), {"rare.x": np.arange(3)})


SLOTS = (
    "before_start",
    "after_start",
    "before_groups",
    "groups",
    "after_groups",
    "before_thresholds",
    "after_thresholds",
    "before_synapses",
    "after_synapses",
    "before_resets",
    "after_resets",
    "before_end",
    "end",
    "after_end",
)


@case
def slots() -> Case:
    """Code in every slot of a step, each of which shows in the outcome, and orders within one."""
    group = NeuronGroup(
        4,
        "dv/dt = (2 + 0.1*x - v)/tau : 1\nx : 1",
        threshold="v > 1",
        reset="v = 0; x *= 0.5",
        method="euler",
        name="slotted",
        namespace=TAU,
    )
    for number, when in enumerate(SLOTS, start=1):
        group.run_regularly(f"x = 0.9*x + {number}*0.01*v", when=when, name=f"slot_{when}")
    for order, factor in ((5, 0.9), (-2, 1.1), (0, 0.95)):
        name = f"slotted_order_{order + 2}"
        group.run_regularly(f"x = {factor}*x + 0.1", when="resets", order=order, name=name)
    synapses = Synapses(group, group, on_pre="x_post += 0.3", name="slotted_w", namespace={})
    synapses.connect(j="(i + 1) % N_post")
    traces = [
        StateMonitor(group, "x", record=True, when=when, name=f"see_{when}")
        for when in ("before_synapses", "after_resets")
    ]
    group.v = np.linspace(0, 0.9, 4)
    return Case(
        Network(group, synapses, *traces),
        15 * ms,
        ("slotted.v", "slotted.x"),
        {"slotted.x": np.arange(4) * 0.25},
    )


@case
def own_schedule() -> Case:
    """Resets before synapses, and slots that Brian2 does not have."""
    source, target = lif("planned_in", 6, 1.4), lif("planned_out", 4, 1.3)
    synapses = Synapses(
        source,
        target,
        "w : 1",
        on_pre="v_post += 0.1*v_pre + 0.01",
        on_post="w += v_post",
        name="planned_w",
        namespace={},
    )
    synapses.connect()
    target.run_regularly("drive = 0.999*drive + 0.001*v", when="learn", name="planned_learn")
    target.run_regularly("v *= 0.999", when="before_learn", name="planned_forget")
    spikes = SpikeMonitor(target, variables="v", name="planned_spikes", when="report")
    network = Network(source, target, synapses, spikes)
    network.schedule = [
        "start",
        "learn",
        "thresholds",
        "resets",
        "groups",
        "report",
        "synapses",
        "end",
    ]
    return Case(
        network,
        40 * ms,
        ("planned_in.v", "planned_out.v", "planned_out.drive", "planned_w.w"),
        {"planned_out.drive": np.full(4, 1.5)},
    )


@case
def shared_by_all() -> Case:
    """One number for a group, written by regular code, read by links, synapses and thresholds."""
    boss = NeuronGroup(
        4, "level : 1 (shared)\nn : integer (shared)\nv : 1", name="shared_boss", namespace={}
    )
    boss.run_regularly("level = level*0.9 + 0.1; n += 1", dt=0.5 * ms, name="shared_boss_code")
    group = NeuronGroup(
        5,
        "dv/dt = (1.5 - v)/tau : 1\nheight : 1 (linked)\nother : 1 (linked)",
        threshold="v > height",
        reset="v = 0.1*other",
        method="euler",
        name="shared_group",
        namespace=TAU,
    )
    group.height = linked_var(boss, "level")
    group.other = linked_var(boss, "v", index=[1, 0, 0, 3, 1])
    boss.v = np.arange(4) * 0.5
    synapses = Synapses(
        group, boss, "gain : 1 (shared)", on_pre="v_post += gain*0.1", name="shared_w", namespace={}
    )
    synapses.connect(condition="i % 2 == 0")
    synapses.run_regularly("gain = 1 - gain*0.5", dt=1 * ms, name="shared_w_code")
    boss.level = 0.25
    spikes = SpikeMonitor(group, name="shared_group_spikes")
    return Case(
        Network(boss, group, synapses, spikes),
        20 * ms,
        ("shared_boss.level", "shared_boss.n", "shared_boss.v", "shared_group.v", "shared_w.gain"),
        {"shared_boss.level": 0.6, "shared_w.gain": 2.0},
    )
