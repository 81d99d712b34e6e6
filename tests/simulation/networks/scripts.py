"""Ordinary Brian2 scripts: each gives its network away whenever its numbers shall be compared.

A script knows nothing of the device that it runs on, and ends in the same numbers on every one.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from brian2 import (
    EventMonitor,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    magic_network,
    ms,
    mV,
    run,
    seed,
)

from simulation.networks.neurons import TAU, lif
from simulation.networks.synapses import STDP, cells, generator

Script = Callable[[], Iterator[Network]]

SCRIPTS: dict[str, Script] = {}


def script(function: Script) -> Script:
    """Enter a script into the list, under its own name."""
    SCRIPTS[function.__name__] = function
    return function


def late_pair(delay="0.4*ms*i + 0.1*ms*j") -> list:
    """Return a source, a target that it reaches late, and what lies between.

    Synapses do not change: where delays shrink, two spikes reach one synapse in one step, and
    stock Brian2 with numpy would change it only once.
    """
    source, target = generator("early", 5), cells("later", 18)
    synapses = Synapses(
        source,
        target,
        "w : 1",
        on_pre="v_post += w*(1 + 0.5*cos(t/ms))",
        name="way",
        namespace={"ms": ms},
    )
    synapses.connect()
    synapses.delay, synapses.w = delay, "0.1*i + 0.01*j"
    trace = StateMonitor(target, "v", record=[0, 17], name="later_trace")
    return [source, target, synapses, trace]


@script
def set_in_every_way() -> Iterator[Network]:
    """By expression, condition, index, slice and part, before, between and after runs."""
    group = NeuronGroup(
        8,
        "dv/dt = (drive - v)/tau : volt\ndrive : volt (constant)\nn : integer\nflag : boolean\n"
        "level : 1 (shared)",
        threshold="v > 1*mV",
        reset="v = 0*mV; n += 1",
        method="exact",
        name="group",
        namespace={**TAU, "mV": mV},
    )
    synapses = Synapses(
        group,
        group,
        "w : volt\nk : integer",
        on_pre="v_post += w; k += 1",
        name="within",
        namespace={"mV": mV},
    )
    synapses.connect(condition="i != j")
    network, part = Network(group, synapses), group[4:]
    group.v, group.drive = "0.1*i*mV", "(1 + 0.2*i)*mV"
    group.drive[3:5] = 3 * mV
    group.v["i % 3 == 0"] = "0.5*mV - v"
    group.v[[1, 7]] = [0.3, -0.2] * mV
    synapses.w = "(0.1*i - 0.05*j)*mV"
    synapses.w[2, :] = 0.01 * mV
    network.run(0 * ms)
    yield network
    network.run(15 * ms)
    yield network
    group.v["v > 0.3*mV and n < 2"] = "v/2 + 0.01*mV*i"
    group.n[2:6] += 5
    group.flag, group.level = "v > 0.2*mV", 2.5
    part.v = "0.1*mV*i + 0.01*mV*n"
    synapses.w["i < j"] = "w + 0.02*mV*k"
    synapses.k[3:9] = np.arange(6)
    network.run(10 * ms)
    group.v_ = np.linspace(0, 1e-3, 8)
    yield network
    network.run(5 * ms)
    yield network


@script
def other_steps() -> Iterator[Network]:
    """Another time step in each run, while spikes are under way."""
    group = lif("stepping", 5, 1.4, dt=0.1 * ms)
    network = Network(late_pair(), group)
    for step in (0.1, 0.05, 0.1):
        defaultclock.dt, group.clock.dt = step * ms, step * ms / 2
        network.run(6 * ms)
        yield network


@script
def switched_off() -> Iterator[Network]:
    """Neurons, synapses, a pathway, a monitor and an operation are off for a run each."""
    source, target = lif("busy_in", 6, 1.6), lif("busy_out", 5, 1.2)
    level = NeuronGroup(5, "level : 1\nn : integer", name="busy_level", namespace={})
    total = Synapses(
        source,
        level,
        "w : 1\nlevel_post = w*v_pre : 1 (summed)",
        on_pre="w += 0.1; n_post += 1",
        delay=1 * ms,
        name="busy_sum",
        namespace={},
    )
    synapses = Synapses(
        source,
        target,
        "w : 1",
        on_pre="v_post += w",
        on_post="w += 0.01",
        delay={"pre": 2 * ms},
        name="busy_w",
        namespace={},
    )
    synapses.connect()
    total.connect(condition="i >= j")
    synapses.w, total.w = "0.02*i", "0.1*(i - j)"
    code = target.run_regularly("drive *= 1.01", dt=1 * ms, name="busy_code")
    spikes = SpikeMonitor(source, name="busy_spikes")
    network = Network(source, target, level, synapses, total, spikes)
    for each in (source, synapses.pre, total, spikes, code, target, level):
        each.active = False
        network.run(9 * ms)
        each.active = True
        yield network
    network.run(9 * ms)
    yield network


@script
def other_delays() -> Iterator[Network]:
    """Delays grow, shrink, become one or several, while spikes are under way."""
    objects = late_pair(delay="1.5*ms + 0.1*ms*i")
    network, synapses = Network(objects), objects[2]
    own = np.linspace(0, 9, 90) * ms
    for delay in ("5*ms + 0.3*ms*j", 0.7 * ms, "0.2*ms*i", 0 * ms, own, 2 * ms):
        network.run(3 * ms)
        yield network
        synapses.delay = delay
    network.run(12 * ms)
    yield network


@script
def magic() -> Iterator[Network]:
    """No network is made, names and the namespace are those of the script."""
    tau, goal = 8 * ms, 1.5
    group = NeuronGroup(
        4,
        "dv/dt = (goal - v)/tau : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name="magic_group",
    )
    synapses = Synapses(group, group, on_pre="v_post += 0.02", name="magic_synapses")
    synapses.connect(j="(i + 1) % N_post")
    spikes = SpikeMonitor(group, name="magic_spikes")
    group.v = "0.2*i"
    run(10 * ms)
    yield magic_network
    tau, goal = 4 * ms, 1.2
    run(10 * ms)
    assert spikes.num_spikes > 4
    yield magic_network
    del tau, goal


@script
def taken_out_and_in() -> Iterator[Network]:
    """Objects come and go between runs; connections are added."""
    first = lif("staying", 6, 1.5)
    network = Network(first)
    network.run(5 * ms)
    second = cells("coming", 7)
    synapses = Synapses(first, second, "w : 1", on_pre="v_post += w", name="coming_w", namespace={})
    synapses.connect(i=0, j=[1, 2, 3])
    synapses.w = 0.1
    watch = StateMonitor(second, "v", record=True, name="coming_watch")
    network.add(second, synapses, watch)
    network.run(8 * ms)
    yield network
    synapses.connect(condition="i != 0 and i < j")
    synapses.w["i != 0"] = "0.2 + 0.01*j"
    network.run(8 * ms)
    yield network
    network.remove(watch)
    first.run_regularly("v *= 0.99", name="staying_code")
    network.run(8 * ms)
    yield network


@script
def other_inputs() -> Iterator[Network]:
    """Spikes to come, rates, tables and constants are replaced between runs."""
    space = {"tau": 5 * ms, "tone": TimedArray(np.arange(10.0), dt=1 * ms, name="first_tone")}
    given = SpikeGeneratorGroup(3, [0, 2, 1], [1, 1, 6] * ms, name="given")
    certain = PoissonGroup(3, [1e5, 0, 1e5] * Hz, dt=0.1 * ms, name="sure")
    target = NeuronGroup(
        4, "dv/dt = (tone(t) - v)/tau : 1", method="euler", name="listening", namespace=space
    )
    ways = [
        Synapses(
            source, target, on_pre="v_post += 0.1*(i + 1)", name=f"{source.name}_way", namespace={}
        )
        for source in (given, certain)
    ]
    for way in ways:
        way.connect(condition="i <= j")
    spikes = [SpikeMonitor(source, name=f"{source.name}_seen") for source in (given, certain)]
    network = Network(given, certain, target, ways, spikes)
    network.run(5 * ms)
    yield network
    given.set_spikes([1, 0, 0], [5.5, 7, 9] * ms, period=0 * ms)
    certain.rates = [0, 1e5, 0] * Hz
    space |= {"tau": 3 * ms, "tone": TimedArray([3.0, -2], dt=6 * ms, name="second_tone")}
    target.namespace.update(space)
    network.run(5 * ms)
    yield network
    given.set_spikes([2, 2], [0.2, 0.7] * ms, period=1.1 * ms)
    network.run(5 * ms)
    yield network


@script
def stored_in_memory() -> Iterator[Network]:
    """Two states are kept, one with spikes under way, and both continued twice."""
    network = Network(late_pair())
    network.run(2 * ms)
    network.store("early")
    network.run(3 * ms)
    network.store("later")
    network.run(5 * ms)
    yield network
    for name in ("early", "later", "early"):
        network.restore(name)
        yield network
        network["way"].w += 0.125
        network.run(6 * ms)
        yield network


@script
def stored_in_a_file() -> Iterator[Network]:
    """A network is made anew and continues from what another one had written."""
    with TemporaryDirectory() as folder:
        path = str(Path(folder, "state"))
        first = Network(late_pair(), name="first_net")
        first.run(4 * ms)
        first.store(filename=path)
        first.run(5 * ms)
        yield first
        del first
        again = Network(late_pair(delay=9 * ms), name="second_net")
        again.restore(filename=path)
        yield again
        again.run(5 * ms)
        yield again


@script
def states_as_values() -> Iterator[Network]:
    """States are taken from one network and given to another; a sample is taken in between."""
    network, other = Network(late_pair()), Network(late_pair())
    network.run(5 * ms)
    other.set_states(network.get_states(read_only_variables=False))
    network["later_trace"].record_single_timestep()
    other.run(2 * ms)
    network.run(2 * ms)
    yield network
    yield other


@script
def nothing_to_do() -> Iterator[Network]:
    """Runs of no length, and of less than a step."""
    network = Network(late_pair(), lif("idle", 3, 1.5))
    for duration in (0, 0.03, 0.03, 0.1, 0, 0.06):
        network.run(duration * ms)
        yield network


@script
def all_monitors() -> Iterator[Network]:
    """Every monitor, of groups, parts and synapses, at a step of its own, over several runs."""
    group = NeuronGroup(
        6,
        "dv/dt = (1.3 + 0.1*i - v)/tau : 1\nn : integer",
        threshold="v > 1",
        method="exact",
        reset="v = 0; n += 1",
        events={"low": "v < 0.05"},
        name="seen_by_all",
        namespace=TAU,
    )
    synapses = Synapses(
        group,
        group,
        STDP,
        on_pre="apre += 0.1; w += apost",
        on_post="apost += 0.2; w += apre",
        name="seen_w",
        namespace=TAU,
    )
    synapses.connect(condition="abs(i - j) == 1")
    monitors = [
        SpikeMonitor(group, variables=["n", "v"], name="seen_spikes"),
        SpikeMonitor(group[2:4], record=False, name="seen_count"),
        SpikeMonitor(group, variables="n", when="after_resets", name="seen_resets"),
        EventMonitor(group, "low", name="seen_low"),
        PopulationRateMonitor(group[:5], name="seen_rate"),
        StateMonitor(group, ["v", "n"], record=[5, 0], dt=0.3 * ms, name="seen_slowly"),
        StateMonitor(synapses, ["w", "apre"], record=synapses[1, :], name="seen_synapses"),
        StateMonitor(group[3:], "v", record=True, when="before_groups", name="seen_part"),
    ]
    network = Network(group, synapses, monitors)
    for duration in (20, 0.1, 13):
        network.run(duration * ms)
        yield network
    assert monitors[0].num_spikes == monitors[2].num_spikes > 10


@script
def drawn_at_set_up() -> Iterator[Network]:
    """Who is connected, and how, is drawn by numpy on either device."""
    seed(4)
    source, target = lif("drawing_in", 12, 1.4), cells("drawing_out", 9)
    synapses = Synapses(
        source, target, "w : 1", on_pre="v_post += w", name="drawing_w", namespace={"ms": ms}
    )
    synapses.connect(p=0.4)
    synapses.w, synapses.delay, source.v = "randn()", "rand()*3*ms", "rand()"
    network = Network(source, target, synapses)
    network.run(12 * ms)
    yield network


@script
def at_times_and_events() -> Iterator[Network]:
    """Code at given times and on events of the user's, over several runs."""
    group = lif("timely", 5, 1.3, events={"high": "v > 0.8"})
    group.run_on_event("high", "v += 0.001")
    group.run_at("v *= 0.5", times=[0, 1.05, 5, 7.2, 20] * ms, name="timely_code")
    network = Network(group, EventMonitor(group, "high", name="timely_high"))
    for duration in (5, 2.2, 8):
        network.run(duration * ms)
        yield network


@script
def two_networks() -> Iterator[Network]:
    """Two networks on one clock, each at a time of its own."""
    first, other = Network(late_pair()), Network(lif("other", 3, 1.5, refractory="1*ms + i*ms"))
    for duration in (3, 1.3):
        first.run(duration * ms)
        other.run(5 * ms)
        yield first
        yield other


@script
def parts_and_types() -> Iterator[Network]:
    """Code of a part of a group, and whole numbers of every size."""
    group = NeuronGroup(
        9,
        "dv/dt = (1.3 - v)/tau : 1\nlarge : integer\nsmall : integer\nflag : boolean",
        dtype={"large": np.int64, "small": np.int16},
        threshold="v > 1 - 0.05*i",
        method="exact",
        reset="v = 0; large += 2000000000; small -= 300; flag = not flag",
        name="typed",
        namespace=TAU,
    )
    code = group[2:6].run_regularly("v = 0.9*v + 0.01*i; small += i", name="typed_code")
    network = Network(group, code)
    for _ in range(2):
        network.run(15 * ms)
        yield network
