"""Scripts with Python code in the loop; what the code saw is given away with the numbers."""

from collections.abc import Callable, Iterator

import numpy as np
from brian2 import (
    BrianObject,
    Clock,
    EventClock,
    EventMonitor,
    Network,
    NetworkOperation,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    linked_var,
    ms,
    network_operation,
    run,
    second,
)

from simulation.devices import numbers
from simulation.networks.neurons import TAU
from simulation.outcomes import Outcome

Story = Callable[[], Iterator[Outcome]]

#: By name: scripts that yield all numbers of a network, and what its Python code saw.
STORIES: dict[str, Story] = {}

SPAN = 14 * ms


def story(function: Story) -> Story:
    """Enter a script into the list, under its own name."""
    STORIES[function.__name__] = function
    return function


class Fed:
    """Neurons that excite each other late, all monitors, and a list of what Python code sees."""

    def __init__(self, **options) -> None:
        self.cells = NeuronGroup(
            6,
            "dv/dt = (drive + extra - v)/tau : 1\ndrive : 1 (constant)\nextra : 1\n"
            "level : 1 (shared)\nk : integer\ndouble_v = 2*v : 1",
            threshold="v > 1",
            reset="v = level*0.1",
            method="exact",
            name="cells",
            namespace=TAU,
            **options,
        )
        self.synapses = Synapses(
            self.cells, self.cells, "w : 1", on_pre="v_post += w", name="syn", namespace={}
        )
        self.synapses.connect(condition="i != j")
        self.synapses.delay = 0.7 * ms
        self.synapses.w = "0.01*(i + 1)"
        self.cells.drive = "1.1 + 0.2*i"
        self.spikes = SpikeMonitor(self.cells, variables="v", name="spikes")
        self.trace = StateMonitor(self.cells, ["v", "extra"], record=[0, 4], name="trace")
        self.rate = PopulationRateMonitor(self.cells[:3], name="rate")
        self.seen: list[float] = []

    def network(self, *operations: BrianObject) -> Network:
        """Return the network, with operations."""
        monitors = (self.spikes, self.trace, self.rate)
        return Network(self.cells, self.synapses, *monitors, *operations, name="fed")

    def see(self, *values: object) -> None:
        """Note what Python code sees."""
        self.seen += [float(value) for value in np.concatenate([np.ravel(v) for v in values])]

    def told(self, network: Network) -> Outcome:
        """Return all numbers, and what was seen."""
        return numbers(network) | {"seen": np.array(self.seen)}


@story
def input_every_five_milliseconds() -> Iterator[Outcome]:
    """Injected by a function of the time; two pieces, of which the second one is odd."""
    fed = Fed()

    @network_operation(dt=5 * ms, name="inject")
    def inject(t):
        fed.cells.extra[:3] = 0.5 * (1 + np.sin(t / ms))
        fed.cells.v += 0.05
        fed.see(t / ms, defaultclock.t / ms, network.t / ms, fed.cells.t / ms)

    network = fed.network(inject)
    for span in (SPAN, 0.63 * SPAN):
        network.run(span)
        yield fed.told(network)


@story
def weights_change_on_a_condition() -> Iterator[Outcome]:
    """Once enough spikes were counted; monitors are read in every way."""
    fed = Fed()

    @network_operation(dt=1 * ms, name="teach")
    def teach():
        count, spikes = fed.spikes.num_spikes, fed.spikes
        fed.see(count, len(spikes.t), spikes.count[:], spikes.t[-2:] / ms, spikes.v[-2:])
        fed.see(len(fed.trace.t), fed.trace.v[1][-3:], fed.trace[4].extra[-1:], fed.rate.rate / 1e3)
        if count > 4:
            fed.synapses.w["i < 3"] = "w*0.9 + 0.001*j"
            fed.synapses.w[2, :] = 0.03
            fed.cells.level = 0.1 * count

    network = fed.network(teach)
    for _ in range(2):
        network.run(SPAN)
        yield fed.told(network)


@story
def every_slot_and_order() -> Iterator[Outcome]:
    """In each step, in several slots, with orders, by function, method and object."""
    fed = Fed()

    def noting(place: float) -> Callable[[], None]:
        def note() -> None:
            fed.see(place, fed.cells.v[:2], fed.cells.spikes, fed.cells.k)
            if place == 3:
                fed.see(fed.cells.double_v[5])
            fed.cells.v[::2] += place * 1e-3
            fed.cells.k[fed.cells.spikes] += 1

        return note

    slots = ("start", "before_groups", "after_thresholds", "synapses", "before_resets", "end")
    operations = [
        NetworkOperation(noting(k), when=slot, order=order, name=f"in_{slot}_{order + 1}")
        for k, (slot, order) in enumerate((slot, order) for slot in slots for order in (-1, 1))
    ]
    network = fed.network(*operations)
    for _ in range(2):
        network.run(0.2 * SPAN)
        yield fed.told(network)


@story
def several_clocks() -> Iterator[Outcome]:
    """Slow, fast, odd and of single moments; neurons have a step of their own."""
    fed = Fed(dt=0.25 * ms)
    clock = Clock(0.3 * ms, name="third")

    def noting(factor: float) -> Callable[[object], None]:
        def note(t) -> None:
            fed.see(t / ms, network.t / ms, fed.cells.t / ms, clock.t / ms, fed.cells.v)
            fed.cells.extra = factor + fed.cells.extra / 2

        return note

    moments = EventClock(times=[1, 2.5, 2.55, 9] * ms, name="moments")
    network = fed.network(
        NetworkOperation(noting(0.1), dt=0.1 * ms, when="end", name="fast"),
        NetworkOperation(noting(0.2), clock=clock, name="slow"),
        NetworkOperation(noting(0.3), clock=moments, when="after_groups", name="seldom"),
        run_at_moments(fed),
    )
    for span in (0.5 * SPAN, 0.31 * SPAN):
        network.run(span)
        yield fed.told(network)


def run_at_moments(fed: Fed) -> BrianObject:
    """Let text of Brian2 run at a few moments, beside Python code."""
    return fed.cells.run_at("v = v*0.9", times=[1, 3] * ms, name="moved")


@story
def stopped_inside() -> Iterator[Outcome]:
    """The step is ended, other operations of it still run, and the next run goes on."""
    fed = Fed()

    @network_operation(dt=0.5 * ms, name="stopping")
    def stopping(t):
        fed.see(t / ms)
        if t > 3 * ms and len(fed.seen) % 3 == 0:
            network.stop()

    @network_operation(dt=0.5 * ms, when="end", name="late")
    def late():
        fed.see(fed.cells.v)

    network = fed.network(stopping, late)
    for _ in range(4):
        network.run(SPAN)
        yield fed.told(network)


def failing_in(slot: str) -> Iterator[Outcome]:
    """Raise an error in a slot, twice; the next run does the broken step again, as Brian2 does."""
    fed, calls = Fed(), []

    @network_operation(when=slot, name="failing")
    def failing(t):
        calls.append(1)
        fed.see(t / ms, fed.cells.v)
        fed.cells.v[1] += 0.01
        if len(calls) in (23, 31):
            raise ZeroDivisionError("by hand")

    network = fed.network(failing)
    for _ in range(3):
        try:
            network.run(0.2 * SPAN)
        except ZeroDivisionError as error:
            fed.see(len(str(error)))
        yield fed.told(network)


@story
def failing_first() -> Iterator[Outcome]:
    """Before anything else of the step."""
    yield from failing_in("start")


@story
def failing_last() -> Iterator[Outcome]:
    """Behind all that the next run does again, spikes that have left included."""
    yield from failing_in("end")


@story
def failing_without_a_list() -> Iterator[Outcome]:
    """Nothing but Python code asks who has fired; the list outlives an error, not a run."""
    cells = NeuronGroup(
        4,
        "dv/dt = 1/tau : 1",
        threshold="v > 0.1*(i + 1)",
        reset="v = 0",
        method="euler",
        name="cells",
        namespace=TAU,
    )
    seen: list[float] = []

    @network_operation(name="looking")
    def looking(t) -> None:
        seen.extend([float(t / ms), len(cells.spikes), sum(cells.spikes)])
        if len(seen) == 3 * 41:
            raise LookupError

    network = Network(cells, looking)
    for _ in range(3):
        try:
            network.run(2.1 * ms)
        except LookupError:
            seen.append(-1)
        yield numbers(network) | {"seen": np.array(seen)}


@story
def added_between_runs() -> Iterator[Outcome]:
    """An operation comes, is switched off and goes."""
    fed = Fed()
    network = fed.network()
    network.run(0.4 * SPAN)
    yield fed.told(network)

    @network_operation(dt=1 * ms, name="guest")
    def guest():
        fed.see(fed.cells.v)
        fed.cells.v *= 0.9

    network.add(guest)
    network.run(0.4 * SPAN)
    yield fed.told(network)
    guest.active = False
    network.run(0.2 * SPAN)
    guest.active = True
    network.run(0.2 * SPAN)
    yield fed.told(network)
    network.remove(guest)
    network.run(0.4 * SPAN)
    yield fed.told(network)


@story
def magic() -> Iterator[Outcome]:
    """Found by Brian2 itself, like everything else of the script."""
    cells = NeuronGroup(3, "dv/dt = (2 - v)/tau : 1", method="exact", name="found", namespace=TAU)
    seen = []

    @network_operation(dt=1 * ms, name="found_too")
    def found_too(t):
        seen.append(float(cells.v[0]))
        cells.v = "v*0.5 + 0.1*i"

    run(0.5 * SPAN)
    run(0.5 * SPAN)
    yield {"v": cells.v[:].copy(), "seen": np.array(seen)}


class Homeostat(BrianObject):
    """An object of a user, with Python code before, in and after a run."""

    add_to_magic_network = True

    def __init__(self, fed: Fed):
        super().__init__(dt=2 * ms, when="before_synapses", name="homeostat")
        self.fed = fed

    def before_run(self, run_namespace):
        super().before_run(run_namespace)
        self.fed.cells.extra = "extra + 0.1*i"

    def run(self):
        self.fed.see(self.fed.cells.v, self.fed.spikes.num_spikes)
        self.fed.synapses.w *= 0.95

    def after_run(self):
        super().after_run()
        self.fed.see(self.fed.cells.v)
        self.fed.cells.v[3] = 0.5


@story
def object_of_a_user() -> Iterator[Outcome]:
    """A class of one's own, with all three methods."""
    fed = Fed()
    network = fed.network(Homeostat(fed))
    for _ in range(2):
        network.run(0.5 * SPAN)
        yield fed.told(network)


@story
def kept_arrays_and_parts() -> Iterator[Outcome]:
    """An array that was taken before the run, a subgroup, a sample out of turn, stored states."""
    fed = Fed()
    kept, part = fed.cells.v[:], fed.cells[2:5]

    @network_operation(dt=0.7 * ms, name="keeping")
    def keeping(t):
        fed.see(kept, part.v, part.spikes if len(part) else 0)
        kept[5] = 0.2
        part.v = "v + 0.01*i"
        part.drive[1] = 1.5
        if 3 * ms < t < 4 * ms:
            network.store("inside")
        if 5 * ms < t < 6 * ms and len(fed.trace.t):
            fed.trace.record_single_timestep()

    network = fed.network(keeping)
    network.run(0.6 * SPAN)
    yield fed.told(network)
    network.restore("inside")
    network.run(0.4 * SPAN)
    yield fed.told(network)


@story
def generated_spikes_and_events() -> Iterator[Outcome]:
    """Lists of this step's events, custom ones included, in three slots; sums and links."""
    given = SpikeGeneratorGroup(3, [0, 1, 2, 2], [0.3, 0.5, 0.5, 1.2] * ms, name="given")
    other = NeuronGroup(3, "y : 1", name="other")
    cells = NeuronGroup(
        3,
        "dv/dt = -v/tau : 1\nx : 1\ntotal : 1\nseen_y : 1 (linked)",
        events={"big": "v > 0.4"},
        threshold="v > 0.9",
        reset="v = 0",
        method="exact",
        name="cells",
        namespace=TAU,
    )
    cells.seen_y = linked_var(other, "y")
    cells.run_on_event("big", "x += 1")
    synapses = Synapses(
        given,
        cells,
        "w : 1\ntotal_post = w*v_post : 1 (summed)",
        on_pre="v += w",
        on_post="w *= 1.1",
        name="syn",
        namespace={},
    )
    synapses.connect()
    synapses.w = 0.25
    events = EventMonitor(cells, "big", variables="v", name="events")
    seen: list[float] = []

    def look() -> None:
        seen.extend([len(given.spikes), sum(given.spikes), len(events.t), *events.count])
        seen.extend([*cells.x, *cells.total, *cells.seen_y])
        other.y = "y + 0.1*i"

    slots = ("start", "after_thresholds", "end")
    looks = [NetworkOperation(look, when=slot, name=f"look_{slot}") for slot in slots]
    network = Network(given, other, cells, synapses, events, *looks)
    network.run(2 * ms)
    yield numbers(network) | {"seen": np.array(seen)}


@story
def weights_stored_in_another_order() -> Iterator[Outcome]:
    """All-to-all onto few neurons, and a network that the code runs beside its own."""
    many = NeuronGroup(
        40,
        "dv/dt = (1.5 - v)/tau : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name="many",
        namespace=TAU,
    )
    many.v = "i*0.02"
    few = NeuronGroup(3, "dv/dt = -v/tau : 1", method="exact", name="few", namespace=TAU)
    synapses = Synapses(
        many,
        few,
        "w : 1\nflag : boolean\nn : integer\ndx/dt = -x/tau : 1 (clock-driven)",
        on_pre="v_post += w; x += 1; n += 1",
        method="exact",
        delay=0.5 * ms,
        name="syn",
        namespace=TAU,
    )
    synapses.connect()
    synapses.w = "0.01*i + 0.001*j"
    beside = NeuronGroup(
        2, "dv/dt = -v/tau : 1", dt=0.2 * ms, method="exact", name="beside", namespace=TAU
    )
    beside.v = 1
    inner, seen = Network(beside, name="inner"), []

    @network_operation(dt=1 * ms, name="mixing")
    def mixing() -> None:
        seen.extend([*synapses.w[5, :], *synapses.x[7, :], *synapses.n[3:9], *beside.v])
        synapses.w[5, 1] += 0.1
        synapses.x["j == 2"] = 0.5
        synapses.flag = "n > 1"
        synapses.n[:] -= 1
        inner.run(0.4 * ms, namespace={})

    network = Network(many, few, synapses, mixing, name="outer")
    network.run(12 * ms)
    yield numbers(network) | {"seen": np.array(seen)}


@story
def stopped_in_the_last_step() -> Iterator[Outcome]:
    """Where the time is that of the next step, not the end of the run."""
    cells = NeuronGroup(1, "dv/dt = 1/second : 1", method="euler", name="cells", namespace={})
    slow = NeuronGroup(
        1, "du/dt = 1/second : 1", dt=0.3 * ms, method="euler", name="slow", namespace={}
    )
    calls: list[float] = []

    @network_operation(name="stopping")
    def stopping(t) -> None:
        calls.append(float(t / ms))
        if len(calls) in (11, 20):
            network.stop()

    network = Network(cells, slow, stopping)
    for span in (1.05, 0.9, 0.4):
        network.run(span * ms, namespace={"second": second})
        yield numbers(network) | {"seen": np.array(calls)}


@story
def alone() -> Iterator[Outcome]:
    """Nothing but Python code."""
    seen = []
    operation = NetworkOperation(lambda: seen.append(1), dt=2 * ms, name="only")
    network = Network(operation)
    network.run(SPAN)
    yield numbers(network) | {"seen": np.array(seen), "t": np.array(network.t / second)}
