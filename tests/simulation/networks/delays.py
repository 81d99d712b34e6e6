"""Small networks whose spikes take time to arrive."""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
)

from simulation.networks.cases import Case, case
from simulation.networks.neurons import TAU, lif
from simulation.networks.synapses import STDP, cells, generator

#: A weight that keeps when spikes arrived, so that a wrong moment or order shows in it.
MS = {"ms": ms}
ARRIVAL = "v_post += w; w = 0.9*w + 0.05*cos(2*t/ms)"


@case
def late_all_to_all() -> Case:
    """One delay for all, given when the synapses are made."""
    source, target = generator("delayed_in", 6), cells("delayed_out", 21)
    synapses = Synapses(
        source, target, "w : 1", on_pre=ARRIVAL, delay=1.3 * ms, name="delayed", namespace=MS
    )
    synapses.connect()
    synapses.w = "0.05 + 0.01*i - 0.002*j"
    trace = StateMonitor(synapses, "w", record=[0, 50, 125], name="delayed_trace")
    return Case(
        Network(source, target, synapses, trace),
        15 * ms,
        ("delayed.w", "delayed_out.v"),
        {"delayed.w": np.linspace(-0.2, 0.3, 126)},
    )


@case
def late_many_to_few() -> Case:
    """One delay each way, set after connecting; stored with the sources side by side."""
    source, one, four = lif("late_many", 40, 1.2), lif("late_one", 1, 1.1), lif("late_four", 4, 1.2)
    rules = {"on_pre": "v_post += 0.01*w; w *= 0.99", "on_post": "w += 0.05 - 0.01*v_pre"}
    pairs = []
    for target in (one, four):
        synapses = Synapses(
            source, target, "w : 1", **rules, name=f"to_{target.name}", namespace={}
        )
        synapses.connect()
        synapses.w = "0.3 + 0.01*i - 0.05*j"
        synapses.pre.delay, synapses.post.delay = 0.7 * ms, 2.2 * ms
        pairs.append(synapses)
    return Case(
        Network(source, one, four, *pairs),
        35 * ms,
        ("to_late_one.w", "to_late_four.w", "late_one.v", "late_four.v", "late_many.v"),
        {"to_late_four.w": np.linspace(-0.5, 1.5, 160)},
    )


@case
def late_pairs() -> Case:
    """Listed pairs, some twice; delays of their own there and one delay back."""
    left, right = lif("late_left", 6, 1.2), lif("late_right", 5, 1.35)
    synapses = Synapses(
        left,
        right,
        "dx/dt = -x/tau : 1 (clock-driven)\nw : 1\nn : integer",
        on_pre="x += 1; v_post += 0.02*w",
        on_post="w = w*0.9 - 0.05*x; v_pre -= 0.01*w; n += 1",
        method="exact",
        name="late_listed",
        namespace=TAU,
    )
    synapses.connect(i=[0, 0, 5, 3, 3, 3, 1, 2], j=[4, 0, 1, 2, 2, 0, 4, 3])
    synapses.pre.delay = np.array([1.4, 0, 0.3, 0.3, 2.5, 0.1, 0.9, 0.06]) * ms
    synapses.post.delay = 1.1 * ms
    synapses.w = "0.5 + 0.1*i"
    spikes = SpikeMonitor(right, variables="v", name="late_right_spikes")
    return Case(
        Network(left, right, synapses, spikes),
        50 * ms,
        ("late_listed.w", "late_listed.x", "late_listed.n", "late_left.v", "late_right.v"),
        {"late_listed.w": np.arange(8) * 0.2},
    )


@case
def own_delays() -> Case:
    """Every synapse has its delay, 0 among them: all-to-all, with the longer side first, listed."""
    source, many, few = generator("own_in", 20), cells("own_many", 19), lif("own_few", 3, 3)
    wide = Synapses(source, many, "w : 1", on_pre=ARRIVAL, name="own_wide", namespace=MS)
    to_few = Synapses(
        source, few, "w : 1", on_pre=ARRIVAL, on_post="w *= 0.98", name="own_to_few", namespace=MS
    )
    listed = Synapses(source, many, "w : 1", on_pre=ARRIVAL, name="own_listed", namespace=MS)
    wide.connect()
    to_few.connect()
    listed.connect(condition="(3*i + 5*j) % 4 < 2")
    wide.delay = "0.3*ms*i + 0.1*ms*(j % 5)"
    to_few.delay = "0.4*ms*((2*i + j) % 6)"
    listed.delay = "abs(i - j)*0.25*ms"
    wide.w, to_few.w, listed.w = "0.02*i - 0.001*j", "0.1*j - 0.03*i", "0.01*(i + j)"
    spikes = SpikeMonitor(source, name="own_spikes")
    return Case(
        Network(source, many, few, wide, to_few, listed, spikes),
        14 * ms,
        ("own_wide.w", "own_to_few.w", "own_listed.w", "own_many.v", "own_few.v"),
        {"own_to_few.w": np.linspace(-0.2, 0.2, 60)},
    )


@case
def delay_of_each_pathway() -> Case:
    """Several pathways of both sides: at once, after one delay, after a delay per synapse."""
    source, target = lif("paths_in", 9, 1.3), lif("paths_out", 12, 1.25)
    synapses = Synapses(
        source,
        target,
        "w : 1\nn : integer",
        on_pre={"now": "w += 0.01", "soon": "v_post += 0.02*w; n += 1", "later": "w *= 0.95"},
        on_post={"back": "v_pre += 0.01*w", "echo": "w += 0.002*n"},
        delay={"soon": 1.7 * ms, "echo": 0.4 * ms},
        name="paths",
        namespace={},
    )
    synapses.connect(condition="i != j")
    synapses.later.delay, synapses.back.delay = "0.5*ms + 0.1*ms*j", "0.15*ms*i"
    synapses.later.order, synapses.now.order = 1, 2
    synapses.w = "0.3 + 0.02*j"
    trace = StateMonitor(synapses, ["w", "n"], record=[0, 17, 60], name="paths_trace")
    return Case(
        Network(source, target, synapses, trace),
        40 * ms,
        ("paths.w", "paths.n", "paths_in.v", "paths_out.v"),
        {"paths.n": 2},
    )


@case
def late_subgroups() -> Case:
    """Between parts of groups, with one delay and with a delay per synapse."""
    source, target = lif("late_whole_in", 12, 1.2), cells("late_whole_out", 40)
    dense = Synapses(
        source[3:8],
        target[10:30],
        "w : 1",
        on_pre="v_post += w",
        delay=0.8 * ms,
        name="late_part",
        namespace={},
    )
    listed = Synapses(
        source[6:],
        target[:5],
        "w : 1",
        on_pre="v_post -= w; w *= 1.1",
        name="late_part_listed",
        namespace={},
    )
    backward = Synapses(
        target[:20],
        source[5:9],
        "n : integer",
        on_post="n += 1; v_pre += 0.01*n",
        name="late_part_back",
        namespace={},
    )
    dense.connect()
    listed.connect(condition="i != j")
    backward.connect()
    listed.delay, backward.post.delay = "0.3*ms*i + 1.1*ms*j", "0.2*ms*(i % 4)"
    dense.w, listed.w = "0.1*i - 0.01*j", "0.1 + 0.02*i"
    spikes = SpikeMonitor(source[4:9], name="late_part_spikes")
    return Case(
        Network(source, target, dense, listed, backward, spikes),
        40 * ms,
        ("late_whole_in.v", "late_whole_out.v", "late_part_listed.w", "late_part_back.n"),
    )


@case
def longer_than_a_run() -> Case:
    """Spikes are under way when a run ends: many with one delay, many with delays of their own."""
    source, target = generator("long_in", 5), cells("long_out", 18)
    ring = Synapses(
        source, target, "w : 1", on_pre=ARRIVAL, delay=9.3 * ms, name="long_ring", namespace=MS
    )
    dense = Synapses(
        source, target, "w : 1", on_pre="u_post += w; w += 0.1", name="long_dense", namespace={}
    )
    ring.connect(j="(i + k) % N_post for k in range(3)")
    dense.connect()
    dense.delay = "2*ms*i + 0.7*ms*j"
    ring.w, dense.w = "0.1*i", "0.01*(i + j)"
    spikes = SpikeMonitor(source, name="long_spikes")
    return Case(
        Network(source, target, ring, dense, spikes),
        7 * ms,
        ("long_ring.w", "long_dense.w", "long_out.v", "long_out.u"),
        {"long_ring.w": 0.5},
    )


@case
def late_plasticity() -> Case:
    """Spike-timing-dependent plasticity with axonal and dendritic delays (Song et al. 2000)."""
    source, target = lif("axons", 17, 1.25), lif("dendrites", 19, 1.4)
    rules = {
        "on_pre": "v_post += 0.01*w; apre += 0.1; w = clip(w + apost, 0, 1)",
        "on_post": "apost -= 0.11; w = clip(w + apre, 0, 1)",
    }
    one = Synapses(
        source, target, STDP, **rules, delay={"pre": 1.2 * ms}, name="late_stdp", namespace=TAU
    )
    own = Synapses(source, target, STDP, **rules, name="own_stdp", namespace=TAU)
    one.connect()
    own.connect(condition="(i + j) % 3 == 0")
    own.pre.delay, own.post.delay = "0.1*ms*(i + 1)", "0.05*ms*(i*j % 7)"
    one.w = own.w = "0.5 + 0.01*i - 0.02*j"
    return Case(
        Network(source, target, one, own),
        60 * ms,
        (
            "late_stdp.w",
            "late_stdp.apre",
            "late_stdp.lastupdate",
            "own_stdp.w",
            "own_stdp.apost",
            "own_stdp.lastupdate",
            "dendrites.v",
        ),
        {"dendrites.v": np.zeros(19)},
    )


@case
def late_on_two_clocks() -> Case:
    """Delays count in steps of the clock whose spikes are late."""
    quick = lif("late_quick", 5, 1.3, dt=0.1 * ms)
    tardy = lif("late_tardy", 6, 1.2, dt=0.3 * ms)
    rules = {"on_pre": "v_post += 0.02*w", "on_post": "w += 0.1", "namespace": {}}
    there = Synapses(quick, tardy, "w : 1", **rules, delay=0.5 * ms, name="to_tardy")
    back = Synapses(tardy, quick, "w : 1", **rules, name="to_quick")
    there.connect()
    back.connect()
    there.post.delay, back.pre.delay = 0.5 * ms, "0.2*ms*i"
    there.w = back.w = "0.2*i - 0.1*j"
    spikes = [SpikeMonitor(group, name=f"{group.name}_spikes") for group in (quick, tardy)]
    return Case(
        Network(quick, tardy, there, back, *spikes),
        31 * ms,
        ("to_tardy.w", "to_quick.w", "late_quick.v", "late_tardy.v"),
    )


@case
def late_loop() -> Case:
    """A refractory group that excites itself after a time that grows with distance."""
    group = lif("late_ring", 18, 1.1, refractory=2 * ms)
    synapses = Synapses(
        group,
        group,
        "w : 1",
        on_pre="v_post += w",
        on_post="w *= 0.97",
        name="late_around",
        namespace={},
    )
    synapses.connect(condition="i != j")
    synapses.delay = "0.35*ms*abs(i - j)"
    synapses.w = "0.05/(1 + abs(i - j))"
    spikes = SpikeMonitor(group, name="late_ring_spikes")
    return Case(
        Network(group, synapses, spikes),
        40 * ms,
        ("late_ring.v", "late_around.w"),
        {"late_around.w": 0.01},
    )


@case
def several_contacts() -> Case:
    """Several synapses per pair that know their number, each later than the one before."""
    source = SpikeGeneratorGroup(4, [0, 1, 3, 1, 2], [0.2, 0.2, 1, 1.7, 4] * ms, name="contact_in")
    target = NeuronGroup(3, "dv/dt = -v/tau : 1", method="exact", name="contact_out", namespace=TAU)
    synapses = Synapses(
        source,
        target,
        "w : 1",
        on_pre="v_post += w*(k + 1); w *= 0.5",
        multisynaptic_index="k",
        name="contacts",
        namespace={},
    )
    synapses.connect(i=[0, 1, 2, 3, 1], j=[0, 1, 1, 2, 2], n=3)
    synapses.connect(i=1, j=1, n=2)
    synapses.delay, synapses.w = "0.1*ms + 0.6*ms*k", "1 + k + 0.1*i"
    trace = StateMonitor(target, "v", record=True, name="contact_trace")
    return Case(
        Network(source, target, synapses, trace),
        7 * ms,
        ("contacts.w", "contacts.k"),
        {"contacts.w": np.arange(17) * 0.1},
    )
