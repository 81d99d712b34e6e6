"""Small networks of neurons without synapses."""

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    Quantity,
    SpikeMonitor,
    StateMonitor,
    TimedArray,
    check_units,
    implementation,
    linked_var,
    ms,
)

from simulation.networks.cases import Case, case

TAU: dict[str, Quantity] = {"tau": 10 * ms}
LIF = "dv/dt = (drive - v)/tau : 1 (unless refractory)\ndrive : 1 (constant)"


def lif(name: str, size: int, drive: float, **options) -> NeuronGroup:
    """Return neurons that fire regularly, each at its own rate."""
    text = LIF if "refractory" in options else LIF.replace("(unless refractory)", "")
    group = NeuronGroup(
        size,
        text,
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name=name,
        namespace=TAU,
        **options,
    )
    group.drive = np.linspace(drive, drive + 1, size)
    return group


NONLINEAR = "dx/dt = (a*sin(2*pi*f*t) - x**3)/tau : 1\na : 1"
NOISY = "dx/dt = (1.5 - x)/tau + s*x*xi/tau**0.5 : 1\ns : 1"
ADDITIVE = "dx/dt = (1.5 - x)/tau + s*xi/tau**0.5 : 1\ns : 1"
METHODS = {
    "exact": "dx/dt = (y - x)/tau : 1\ndy/dt = -y/(2*tau) : 1",
    "independent": "dx/dt = -x/tau : 1\ndy/dt = (0.5 - y)/(3*tau) : 1",
    "exponential_euler": "dx/dt = (1 - x)*alpha - 2*x*beta : 1\n"
    "alpha = exp(-x)/tau : Hz\nbeta = y/tau : Hz\ny : 1",
    "euler": NONLINEAR,
    "rk2": NONLINEAR,
    "rk4": NONLINEAR,
    "heun": NOISY,
    "milstein": NOISY,
    "euler_noise": ADDITIVE,
}


@case
def state_updaters() -> Case:
    """Every state updater; noise has amplitude 0."""
    groups = []
    space = {"tau": 8 * ms, "f": 30 * Hz}
    for method, text in METHODS.items():
        kind = method.partition("_noise")[0]
        group = NeuronGroup(5, text, method=kind, name=f"by_{method}", namespace=space)
        group.x = np.linspace(0.1, 2, 5)
        groups.append(group)
    for name in ("exact", "independent", "exponential_euler"):
        groups[list(METHODS).index(name)].y = np.linspace(1, 3, 5)
    for name in ("euler", "rk2", "rk4"):
        groups[list(METHODS).index(name)].a = np.linspace(-1, 4, 5)
    watch = StateMonitor(groups[5], "x", record=[0, 3], name="updaters_watch")
    compared = (*(f"{group.name}.x" for group in groups), "by_exact.y", "by_independent.y")
    changes = {"by_rk4.x": np.full(5, 0.7), "by_exact.y": 2.0}
    return Case(Network(*groups, watch), 20 * ms, compared, changes)


@case
def refractory_time() -> Case:
    group = lif("lazy", 7, 1.3, refractory=3 * ms)
    spikes = SpikeMonitor(group, variables=["drive"], name="lazy_spikes")
    rate = PopulationRateMonitor(group, name="lazy_rate")
    trace = StateMonitor(group, ["v", "not_refractory"], record=True, name="lazy_trace")
    compared = ("lazy.v", "lazy.lastspike", "lazy.not_refractory")
    return Case(
        Network(group, spikes, rate, trace), 60 * ms, compared, {"lazy.drive": np.full(7, 2.21)}
    )


@case
def refractory_condition() -> Case:
    """Refractory while a condition holds, and for a time of each neuron's own."""
    wary = NeuronGroup(
        6,
        "dv/dt = (1.7 - v)/tau : 1 (unless refractory)\ndu/dt = -u/(3*tau) : 1\nn : integer",
        threshold="v > 1",
        reset="v = 0; u += 1; n += 1",
        refractory="u > 0.523",
        method="euler",
        name="wary",
        namespace=TAU,
    )
    slow = NeuronGroup(
        6,
        "dv/dt = 1.3/tau : 1\nrest : second",
        threshold="v > 1",
        reset="v -= 1.5",
        refractory="rest + 0.31*ms*i",
        method="euler",
        name="slow",
        namespace=TAU,
    )
    wary.v, slow.rest = np.linspace(0, 0.9, 6), np.linspace(0.55, 9.55, 6) * ms
    spikes = [SpikeMonitor(group, name=f"{group.name}_spikes") for group in (wary, slow)]
    compared = ("wary.v", "wary.u", "wary.n", "slow.v", "slow.lastspike")
    return Case(
        Network(wary, slow, *spikes), 50 * ms, compared, {"slow.rest": np.full(6, 1.25) * ms}
    )


@case
def adaptive_exponential() -> Case:
    group = NeuronGroup(
        5,
        """dv/dt = (-(v - 0.1) + 0.2*exp((v - 1)/0.2) - w + drive)/tau : 1
        dw/dt = (0.4*v - w)/(4*tau) : 1
        drive : 1 (constant)""",
        threshold="v > 1.6",
        reset="v = 0.05\nw += 0.17",
        method="rk2",
        name="adex",
        namespace=TAU,
    )
    group.drive = np.linspace(0.9, 2.3, 5)
    spikes = SpikeMonitor(group, variables="w", name="adex_spikes")
    trace = StateMonitor(group, ["w", "v"], record=[0, 4], dt=1 * ms, name="adex_trace")
    return Case(
        Network(group, spikes, trace), 80 * ms, ("adex.v", "adex.w"), {"adex.w": np.full(5, 0.21)}
    )


@case
def regular_code() -> Case:
    """Several operations in the order of `when` and `order`; integers and booleans."""
    group = NeuronGroup(
        6,
        "x : 1\nk : integer\nflag : boolean\ntotal : 1 (shared)\nbig : integer",
        name="busy",
        namespace={},
    )
    group.run_regularly("x = x*0.9 + i", when="start", order=1, name="busy_first")
    group.run_regularly("x = x + 1; k += 3", when="start", order=0, dt=0.3 * ms, name="busy_zero")
    group.run_regularly("flag = (k % 2 == 0) and not flag", when="end", name="busy_flag")
    group.run_regularly(
        "total = total + 0.25\nx *= 1.5*int(flag) + 0.5", when="end", order=3, name="busy_last"
    )
    group.run_regularly(
        "big = (k*7 - 50) // 3 + (k - 40) % 7", when="after_groups", dt=1 * ms, name="busy_big"
    )
    compared = tuple(f"busy.{name}" for name in ("x", "k", "flag", "total", "big"))
    return Case(Network(group), 11.2 * ms, compared, {"busy.k": np.arange(6), "busy.total": 4.0})


FUNCTIONS = """
ra = x % 0.7 + (-x) % 1.3 + (3*x) // 0.4
rb = abs(x)**1.5 + x**2 - x**5 + 2**x + abs(x)**-0.5 + x**-2
rc = sign(x)*3 + clip(x, -0.5, 0.25) + clip(k, 1, 3)
rd = exp(-x) + exprel(x) + exprel(x*1e-12) + exprel(0*x) + expm1(x) + log(abs(x)) + log1p(x**2)
re = int(x*3.7) + floor(x) + ceil(x) + int(x > 0)*2
rf = sin(x) + cos(x) + tan(x/3) + arcsin(x/9) + arccos(x/9) + arctan(x)
rg = sinh(x) + cosh(x) + tanh(x) + sqrt(abs(x)) + log10(1 + x**2)
rh = 5/k + k/4 + 1/2 + k**2 + (-k) // 3 + (-k) % 3 + k**0.5
x = x + 0.123
"""


@case
def functions() -> Case:
    """Operators and functions, signs of their arguments included."""
    names = ["x", *(f"r{letter}" for letter in "abcdefgh")]
    group = NeuronGroup(
        9, "\n".join(f"{n} : 1" for n in names) + "\nk : integer", name="maths", namespace={}
    )
    group.run_regularly(FUNCTIONS.strip(), name="maths_code")
    group.x, group.k = np.linspace(-3.11, 2.93, 9), np.arange(1, 10)
    compared = tuple(f"maths.{name}" for name in names)
    return Case(Network(group), 1 * ms, compared, {"maths.k": np.arange(9) + 4}, single=False)


@implementation("cpp", "double half_square(double x) { return 0.5*x*x; }")
@check_units(x=1, result=1)
def half_square(x):
    return 0.5 * x * x


@case
def own_functions() -> Case:
    """A function of the user's, with an implementation in C++."""
    group = NeuronGroup(
        4,
        "dv/dt = (half_square(v) - v)/tau : 1",
        method="rk2",
        name="squares",
        namespace={"half_square": half_square, **TAU},
    )
    group.v = np.linspace(0, 1.9, 4)
    return Case(Network(group), 10 * ms, ("squares.v",), {"squares.v": np.arange(4) * 0.25})


@case
def timed_arrays() -> Case:
    """One and two dimensions, with a unit, and one read on two clocks."""
    rng = np.random.default_rng(3)
    space = {
        "tau": 5 * ms,
        "tone": TimedArray(rng.normal(size=30), dt=0.7 * ms, name="tone_values"),
        "grid": TimedArray(rng.normal(size=(12, 6)) * Hz, dt=2 * ms, name="grid_values"),
    }
    fast = NeuronGroup(
        6,
        "dv/dt = (tone(t) - v)/tau + grid(t, i) : 1",
        method="euler",
        name="fast_in",
        namespace=space,
    )
    slow = NeuronGroup(
        6, "v = tone(t + 1*ms) : 1\nlatest : 1", dt=0.35 * ms, name="slow_in", namespace=space
    )
    slow.run_regularly("latest = v + tone(t - 5*ms*i)", dt=0.35 * ms, name="slow_code")
    trace = StateMonitor(slow, "v", record=0, name="slow_trace")
    return Case(Network(fast, slow, trace), 28 * ms, ("fast_in.v", "slow_in.latest"))


@case
def custom_events() -> Case:
    group = NeuronGroup(
        5,
        "dv/dt = 1/tau : 1\nu : 1\nw : 1",
        method="euler",
        name="eventful",
        namespace=TAU,
        threshold="v > 1.053",
        reset="v = 0.1*i",
        events={"half": "v > 0.503 and u < 3", "never": "v > 100"},
    )
    group.run_on_event("half", "u += 0.25; w += v")
    group.run_on_event("never", "w = -1")
    group.set_event_schedule("half", when="after_resets", order=2)
    group.v = np.linspace(0, 0.8, 5)
    spikes = SpikeMonitor(group, name="eventful_spikes")
    compared = ("eventful.v", "eventful.u", "eventful.w")
    return Case(Network(group, spikes), 30 * ms, compared, {"eventful.u": np.zeros(5)})


@case
def linked_variables() -> Case:
    """Linked one to one, by index, and to a group of one."""
    boss = NeuronGroup(1, "dlevel/dt = -level/tau : 1", method="exact", name="boss", namespace=TAU)
    base = NeuronGroup(4, "dv/dt = (i - v)/tau : 1", method="euler", name="base", namespace=TAU)
    base.v, boss.level = np.linspace(0, 1, 4), 3
    follow = NeuronGroup(
        4,
        "same : 1 (linked)\nother : 1 (linked)\nlevel : 1 (linked)\n"
        "dy/dt = (same - 2*other + level - y)/tau : 1",
        method="euler",
        name="follow",
        namespace=TAU,
    )
    follow.same = linked_var(base, "v")
    follow.other = linked_var(base, "v", index=np.array([3, 1, 1, 0]))
    follow.level = linked_var(boss, "level")
    follow.run_regularly("same = same*0.99 + 0.01*y", when="end", name="follow_code")
    return Case(
        Network(boss, base, follow),
        15 * ms,
        ("boss.level", "base.v", "follow.y"),
        {"base.v": np.arange(4.0)},
    )


@case
def subexpressions() -> Case:
    """Evaluated at each use, held for a step, or shared by all."""
    group = NeuronGroup(
        5,
        """dv/dt = (pull + held - v)/tau : 1
        pull = 0.5*v*gain : 1
        held = v*2 - 1 + t/second : 1 (constant over dt)
        gain = level*0.25 : 1 (shared)
        level : 1 (shared)
        last : 1""",
        method="euler",
        name="nested",
        namespace=TAU,
    )
    group.run_regularly("v += 0.5; last = held", dt=2 * ms, name="nested_code")
    pulsing = NeuronGroup(
        2,
        "dv/dt = (pulse - v)/tau : 1\nlevel : 1 (shared)\n"
        "pulse = int(t > 5*ms)*level : 1 (shared, constant over dt)",
        method="exact",
        name="pulsing",
        namespace=TAU,
    )
    pulsing.level = 1.5
    group.v, group.level = np.linspace(-1, 1, 5), 1.5
    trace = StateMonitor(group, ["held", "pull"], record=True, when="end", name="nested_trace")
    shared = StateMonitor(pulsing, ["pulse", "v"], record=0, name="nested_shared")
    return Case(
        Network(group, pulsing, trace, shared),
        13 * ms,
        ("nested.v", "nested.last", "pulsing.v"),
        {"nested.level": -2.0, "pulsing.level": 0.5},
    )


@case
def three_clocks() -> Case:
    """Clocks that do not divide each other, and a duration that none of two divides."""
    steps = {"quick": 0.1 * ms, "middle": 0.3 * ms, "tardy": 0.7 * ms}
    groups = [
        NeuronGroup(
            3,
            "dv/dt = (1.5 - v)/tau : 1",
            threshold="v > 1",
            reset="v = 0.01*i",
            dt=dt,
            method="exact",
            name=name,
            namespace=TAU,
        )
        for name, dt in steps.items()
    ]
    watched = NeuronGroup(
        3, "seen : 1 (linked)\ntotal : 1", name="watched", namespace={}, dt=0.2 * ms
    )
    watched.seen = linked_var(groups[1], "v")
    watched.run_regularly("total += seen + t/second", dt=0.2 * ms, name="watched_code")
    monitors = [SpikeMonitor(group, name=f"{group.name}_spikes") for group in groups]
    rate = PopulationRateMonitor(groups[2], name="tardy_rate")
    trace = StateMonitor(groups[0], "v", record=[1], dt=0.5 * ms, name="quick_trace")
    compared = (*(f"{name}.v" for name in steps), "watched.total")
    return Case(Network(*groups, watched, *monitors, rate, trace), 31 * ms, compared)
