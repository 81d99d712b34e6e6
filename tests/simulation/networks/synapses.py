"""Small networks with synapses."""

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    linked_var,
    ms,
    seed,
)

from simulation.networks.cases import Case, case
from simulation.networks.neurons import TAU, lif


def cells(name: str, size: int, **options) -> NeuronGroup:
    """Return leaky integrators that do not fire."""
    return NeuronGroup(
        size, "dv/dt = -v/tau : 1\nu : 1", method="exact", name=name, namespace=TAU, **options
    )


def generator(name: str, size: int, **options) -> SpikeGeneratorGroup:
    """Return a source with irregular spikes, several of them in one step."""
    rng = np.random.default_rng(size)
    neurons, steps = np.divmod(rng.permutation(size * 200)[: size * 20], 200)
    return SpikeGeneratorGroup(size, neurons, (steps + 0.5) * 0.1 * ms, name=name, **options)


@case
def all_to_all() -> Case:
    """Plastic on every spike of the source; spikes of generators are monitored too."""
    source, target = generator("dense_in", 5), lif("dense_out", 18, 1.8)
    synapses = Synapses(
        source,
        target,
        "w : 1\nlow : 1 (constant)",
        name="dense",
        on_pre="v_post += w; w = clip(w - 0.001*i, low, 1)",
        namespace={},
    )
    synapses.connect()
    synapses.w = "0.02 + 0.01*i - 0.001*j"
    synapses.low = "-0.01 + 0.0005*i*j"
    spikes = [SpikeMonitor(group, name=f"{group.name}_spikes") for group in (source, target)]
    trace = StateMonitor(synapses, "w", record=[0, 7, 31], name="dense_trace")
    return Case(
        Network(source, target, synapses, *spikes, trace),
        25 * ms,
        ("dense.w", "dense_out.v"),
        {"dense.w": np.linspace(-0.2, 0.3, 90)},
    )


@case
def listed_pairs() -> Case:
    """Explicit indices, pairs connected twice, both directions and two more pathways."""
    left, right = lif("left", 6, 1.2), lif("right", 5, 1.35)
    synapses = Synapses(
        left,
        right,
        "dx/dt = -x/tau : 1 (clock-driven)\nw : 1\nn : integer",
        on_pre={"first": "x += 1; v_post += 0.02*w", "second": "w += 0.125*x; n += 1"},
        on_post={"back": "w = w*0.9 - 0.05*x; v_pre -= 0.01*w"},
        order=2,
        method="exact",
        name="listed",
        namespace=TAU,
    )
    synapses.connect(i=[0, 0, 5, 3, 3, 3, 1], j=[4, 0, 1, 2, 2, 0, 4])
    synapses.first.order = 1
    synapses.w = "0.5 + 0.1*i"
    rate = PopulationRateMonitor(right, name="right_rate")
    return Case(
        Network(left, right, synapses, rate),
        60 * ms,
        ("listed.w", "listed.x", "listed.n", "left.v", "right.v"),
        {"listed.w": np.arange(7) * 0.2},
    )


STDP = """
w : 1
dapre/dt = -apre/(2*tau) : 1 (event-driven)
dapost/dt = -apost/(3*tau) : 1 (event-driven)
"""


@case
def event_driven() -> Case:
    """Spike-timing-dependent plasticity, all-to-all between groups of unlike size."""
    source, target = lif("pre_cells", 17, 1.25), lif("post_cells", 19, 1.4)
    synapses = Synapses(
        source,
        target,
        STDP,
        name="stdp",
        namespace=TAU,
        on_pre="v_post += 0.01*w; apre += 0.1; w = clip(w + apost, 0, 1)",
        on_post="apost -= 0.11; w = clip(w + apre, 0, 1)",
    )
    synapses.connect()
    synapses.w = "0.5 + 0.01*i - 0.02*j"
    spikes = SpikeMonitor(target, name="post_spikes")
    return Case(
        Network(source, target, synapses, spikes),
        70 * ms,
        ("stdp.w", "stdp.apre", "stdp.lastupdate", "post_cells.v"),
        {"post_cells.v": np.zeros(19)},
        single=False,
    )


@case
def conditions() -> Case:
    """Connected by a condition and by generator syntax, plastic at both ends."""
    source, target = generator("some_in", 8), cells("some_out", 8)
    near = Synapses(
        source,
        target,
        STDP,
        on_pre="v_post += w; apre += 0.2; w += 0.1*apre",
        name="near",
        namespace=TAU,
    )
    near.connect(condition="abs(i - j) <= 1 and i != 3")
    spread = Synapses(source, target, "w : 1", on_pre="u_post += w", name="spread", namespace={})
    spread.connect(j="k for k in range(i, N_post, 3)")
    ring = Synapses(source, target, on_pre="u_post -= 0.1*j", name="ring", namespace={})
    ring.connect(j="(i + 2) % N_post")
    near.w, spread.w = "0.1*(i - j)", "1.0/(1 + i + j)"
    trace = StateMonitor(near, ["w", "apre"], record=[2, 5], name="near_trace")
    return Case(
        Network(source, target, near, spread, ring, trace),
        22 * ms,
        ("near.w", "near.apre", "some_out.v", "some_out.u"),
        {"spread.w": 0.3},
    )


@case
def drawn_connections() -> Case:
    """Connected with a probability."""
    seed(11)
    source, target = lif("drawn_in", 9, 1.3), lif("drawn_out", 20, 0.7)
    synapses = Synapses(
        source,
        target,
        "w : 1",
        on_pre="v_post += w",
        on_post="w *= 0.75",
        name="drawn",
        namespace={},
    )
    synapses.connect(p=0.3)
    synapses.w = "0.25 + 0.01*j"
    spikes = SpikeMonitor(target, name="drawn_spikes")
    return Case(Network(source, target, synapses, spikes), 60 * ms, ("drawn.w", "drawn_out.v"))


@case
def summed_both_ways() -> Case:
    """Sums over the synapses of each target and of each source; listed and all-to-all."""
    left = NeuronGroup(
        6, "dv/dt = (back - v)/tau : 1\nback : 1", method="euler", name="sum_left", namespace=TAU
    )
    right = NeuronGroup(
        4,
        "dv/dt = (inflow - v)/tau : 1\ninflow : 1\nextra : 1",
        method="euler",
        name="sum_right",
        namespace=TAU,
    )
    every = Synapses(
        left,
        right,
        "inflow_post = w*v_pre : 1 (summed)\nback_pre = -w*v_post**2 : 1 (summed)\n"
        "dw/dt = 0.1*v_pre*v_post/tau : 1 (clock-driven)",
        method="euler",
        name="sum_every",
        namespace=TAU,
    )
    every.connect()
    some = Synapses(
        left, right, "extra_post = g*tanh(v_pre) : 1 (summed)\ng : 1", name="sum_some", namespace={}
    )
    some.connect(i=[5, 0, 2, 2], j=[0, 3, 0, 1])
    every.w, some.g = "0.1*i - 0.2*j", "1 + 0.5*i"
    left.v, right.v, right.extra = np.linspace(-1, 2, 6), 0.5, 9
    return Case(
        Network(left, right, every, some),
        12 * ms,
        ("sum_left.v", "sum_left.back", "sum_right.v", "sum_right.extra", "sum_every.w"),
        {"sum_some.g": [1, 2, -3, 4]},
    )


@case
def layer_norm() -> Case:
    """The 8-norm of a layer's weights: sums to each target, summed again to one cell."""
    source = generator("norm_in", 4)
    target = NeuronGroup(
        21,
        "dv/dt = -v/tau : 1\npart : 1\nsum8 : 1 (linked)\nnorm : 1",
        method="exact",
        name="norm_out",
        namespace=TAU,
    )
    layer = NeuronGroup(1, "total : 1", name="norm_layer", namespace={})
    target.sum8 = linked_var(layer, "total")
    synapses = Synapses(
        source,
        target,
        "w : 1\npart_post = w**8 : 1 (summed)",
        on_pre="v_post += w; w += 0.03",
        name="norm_synapses",
        namespace={},
    )
    collect = Synapses(
        target, layer, "total_post = part_pre : 1 (summed)", name="norm_collect", namespace={}
    )
    synapses.connect()
    collect.connect()
    collect.summed_updaters["total_post"].order = 1
    target.run_regularly("norm = (sum8 + 1e-9)**(1.0/8)", when="before_end", name="norm_root")
    synapses.run_regularly("w /= norm_post", when="end", dt=1 * ms, name="norm_code")
    synapses.w = "0.5 + 0.1*i - 0.02*j"
    return Case(
        Network(source, target, layer, synapses, collect),
        15 * ms,
        ("norm_synapses.w", "norm_out.v", "norm_out.part", "norm_layer.total"),
        {"norm_synapses.w": np.linspace(0.1, 0.9, 84)},
    )


@case
def shared_and_constant() -> Case:
    """Scalars of the synapses, constants, and expressions held for a step."""
    source, target = generator("shared_in", 3), cells("shared_out", 16)
    synapses = Synapses(
        source,
        target,
        """dw/dt = (goal - w)*rate : 1 (clock-driven)
        goal = gain*v_post + bias : 1
        held = w*gain + v_post : 1 (constant over dt)
        twice = 2*gain : 1 (shared)
        gain : 1 (shared)
        steps : integer (shared)
        bias : 1 (constant)
        rate : Hz (shared, constant)""",
        on_pre="v_post += 0.1*held + 0.01*twice",
        method="euler",
        name="shared",
        namespace={},
    )
    synapses.connect()
    synapses.run_regularly("gain *= 0.99; steps += 1", dt=0.5 * ms, name="shared_code")
    synapses.gain, synapses.rate, synapses.bias = 1.25, 90 * Hz, "0.1*i - 0.05*j"
    return Case(
        Network(source, target, synapses),
        18 * ms,
        ("shared.w", "shared.gain", "shared.steps", "shared_out.v"),
        {"shared.gain": -0.5},
    )


@case
def subgroups() -> Case:
    """Parts of groups as sources and targets, dense and listed, and monitors of parts."""
    source, target = lif("whole_in", 12, 1.2), cells("whole_out", 40)
    target.v = np.linspace(0, 1, 40)
    dense = Synapses(
        source[3:8],
        target[10:30],
        "w : 1\nu_post = w + v_post : 1 (summed)",
        on_pre="v_post += w",
        name="part_dense",
        namespace={},
    )
    dense.connect()
    listed = Synapses(
        source[6:],
        target[:5],
        "w : 1",
        on_pre="v_post -= w; w *= 1.1",
        name="part_listed",
        namespace={},
    )
    listed.connect(condition="i != j")
    dense.w, listed.w = "0.1*i - 0.01*j", "0.1 + 0.02*i"
    monitors = [
        SpikeMonitor(source[4:9], name="part_spikes"),
        PopulationRateMonitor(source[:5], name="part_rate"),
        StateMonitor(target[8:12], "v", record=[0, 3], name="part_trace"),
    ]
    return Case(
        Network(source, target, dense, listed, *monitors),
        50 * ms,
        ("whole_in.v", "whole_out.v", "whole_out.u", "part_dense.w", "part_listed.w"),
    )


@case
def many_to_few() -> Case:
    """Many sources, one or four targets: stored with the sources side by side."""
    source, one, four = lif("many", 40, 1.2), lif("one", 1, 1.1), lif("four", 4, 1.15)
    rules = {"on_pre": "v_post += 0.01*w; x += 1", "on_post": "w += 0.05*x - 0.01*v_pre"}
    text = "w : 1\ndx/dt = -x/tau : 1 (clock-driven)\ngap = 2*w - x : 1"
    to_one = Synapses(source, one, text, **rules, method="exact", name="to_one", namespace=TAU)
    to_four = Synapses(source, four, text, **rules, method="exact", name="to_four", namespace=TAU)
    monitors = []
    for synapses in (to_one, to_four):
        synapses.connect()
        synapses.w = "0.3 + 0.01*i - 0.05*j"
        monitors += [
            StateMonitor(
                synapses, ["w", "x", "gap"], record=[1, 6, 39], name=f"{synapses.name}_trace"
            )
        ]
    return Case(
        Network(source, one, four, to_one, to_four, *monitors),
        40 * ms,
        ("to_one.w", "to_four.w", "to_four.x", "one.v", "four.v"),
        {"to_four.w": np.linspace(-0.5, 1.5, 160)},
        single=False,
    )


@case
def few_from_many() -> Case:
    """Sums over many sources and over few targets, in both storage orders."""
    many = NeuronGroup(34, "v : 1\nback : 1", name="few_many", namespace={})
    few = NeuronGroup(
        3, "dv/dt = (inflow - v)/tau : 1\ninflow : 1", method="euler", name="few_few", namespace=TAU
    )
    synapses = Synapses(
        many,
        few,
        "w : 1\ninflow_post = w*v_pre : 1 (summed)\nback_pre = w*v_post*(1 + 0.1*j) : 1 (summed)",
        name="few",
        namespace={},
    )
    synapses.connect()
    synapses.run_regularly("w += 0.01*v_pre*v_post - 0.001*j", dt=0.4 * ms, name="few_code")
    many.v, synapses.w = np.linspace(-1, 1, 34), "0.1*j - 0.01*i"
    return Case(
        Network(many, few, synapses),
        10 * ms,
        ("few.w", "few_few.v", "few_many.back"),
        {"few.w": np.sin(np.arange(102))},
    )


@case
def recurrent() -> Case:
    """Synapses of a group onto itself, without the diagonal and with it."""
    group = lif("loop", 18, 1.1)
    text = {"model": "w : 1", "on_post": "w += 0.002", "namespace": {}}
    sparse = Synapses(group, group, on_pre="v_post -= w", name="loop_sparse", **text)
    sparse.connect(condition="i != j")
    dense = Synapses(group, group, on_pre="v_post += 0.3*w*drive_pre", name="loop_dense", **text)
    dense.connect()
    sparse.w, dense.w = "0.01 + 0.001*i", "0.02 - 0.001*j"
    spikes = SpikeMonitor(group, variables="v", when="after_resets", name="loop_spikes")
    return Case(
        Network(group, sparse, dense, spikes),
        45 * ms,
        ("loop.v", "loop_sparse.w", "loop_dense.w"),
        single=False,
    )


@case
def periodic_input() -> Case:
    """A spike generator that repeats, and one that is silent at first."""
    often = SpikeGeneratorGroup(
        4, [0, 3, 1, 0, 2], [0, 0.2, 0.7, 1.1, 1.4] * ms, period=1.5 * ms, name="often"
    )
    late = SpikeGeneratorGroup(2, [1, 0], [6.2, 31] * ms, name="late")
    target = cells("periodic_out", 17)
    synapses = [
        Synapses(
            group,
            target,
            on_pre="v_post += 0.1*(i + 1); u_post += 1",
            name=f"{group.name}_out",
            namespace={},
        )
        for group in (often, late)
    ]
    for each in synapses:
        each.connect()
    spikes = [SpikeMonitor(group, name=f"{group.name}_spikes") for group in (often, late)]
    return Case(
        Network(often, late, target, *synapses, *spikes),
        20 * ms,
        ("periodic_out.v", "periodic_out.u"),
        {"periodic_out.u": np.zeros(17)},
    )


@case
def certain_poisson() -> Case:
    """Poisson neurons that never fire or fire in every step."""
    source = PoissonGroup(5, np.array([0, 1e6, 0, 1e6, 1e6]) * Hz, name="certain")
    formula = PoissonGroup(3, "1e6*Hz*int(t >= 4*ms)*int(i < 2)", name="formula", namespace={})
    target = cells("certain_out", 6)
    synapses = [
        Synapses(
            group,
            target,
            "w : 1",
            on_pre="v_post += w*(j + 1)",
            name=f"{group.name}_w",
            namespace={},
        )
        for group in (source, formula)
    ]
    for each in synapses:
        each.connect(condition="i <= j")
        each.w = "0.01*(1 + i)"
    spikes = [SpikeMonitor(group, name=f"{group.name}_spikes") for group in (source, formula)]
    return Case(
        Network(source, formula, target, *synapses, *spikes),
        8 * ms,
        ("certain_out.v",),
        {"certain.rates": np.array([1e6, 0, 1e6, 0, 0]) * Hz},
    )
