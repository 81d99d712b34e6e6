"""Classic networks in Brian2 equation strings, declared once for every route.

A declaration makes one `Network` on whatever device is active and draws nothing but who connects
to whom, from a seed of its own: all routes and all runs share that.  What differs between runs
(membrane potentials, conductances, weights at the start) is in `Example.start`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    Synapses,
    cm,
    defaultclock,
    ms,
    msiemens,
    mV,
    nS,
    pA,
    pF,
    siemens,
    uF,
    um,
)

DT = 0.1 * ms
WIRING_SEED = 2007
CONNECTED = 0.02
BIN = 2e-3  # seconds


@dataclass(frozen=True)
class Example:
    """One network and what a benchmark must know of it.

    Parameters
    ----------
    reference
        Where the equations were published.
    declare
        Makes the network; its spike monitor is called ``spikes``.
    seconds, quick_seconds
        Simulated time of the full benchmark and of a quick look.
    populations
        Name -> first neuron and last neuron + 1, as the monitor counts them.
    start
        Values at the start, drawn anew in every run: address -> Brian2 expression.
    weight
        Address of the plastic weight, if there is one.
    """

    name: str
    reference: str
    declare: Callable[[], Network]
    seconds: float
    quick_seconds: float
    populations: dict[str, tuple[int, int]]
    start: dict[str, str] = field(default_factory=dict)
    weight: str | None = None

    def summary(
        self, neurons: np.ndarray, times: np.ndarray, weights: np.ndarray | None, seconds: float
    ) -> dict[str, float]:
        """Reduce the spikes (index, time in s) and final weights of a run to what is compared.

        Synchrony is the Fano factor of the spikes that all neurons fire in 2 ms: unlike the rates,
        it shows the delays.
        """
        found = {}
        for name, (first, last) in self.populations.items():
            within = np.count_nonzero((neurons >= first) & (neurons < last))
            found[f"rate of {name} (Hz)"] = within / (last - first) / seconds
        counts, _ = np.histogram(times, round(seconds / BIN), (0, seconds))
        found["synchrony"] = counts.var() / counts.mean()
        if weights is not None:
            found["mean weight"] = float(np.mean(weights))
            found["spread of weights"] = float(np.std(weights))
        return found


def random_pairs(rng: np.random.Generator, n_pre: int, n_post: int) -> dict[str, np.ndarray]:
    """Connect each pair with the same probability; sources in order, as ``connect(p=...)`` does."""
    pairs = n_pre * n_post
    enough = int(pairs * CONNECTED + 10 * np.sqrt(pairs * CONNECTED))  # ten standard deviations
    chosen = np.cumsum(rng.geometric(CONNECTED, enough)) - 1  # the gaps between them are geometric
    pre, post = np.divmod(chosen[chosen < pairs], n_post)
    return {"i": pre, "j": post}


def without_self(pairs: dict[str, np.ndarray], first: int = 0) -> dict[str, np.ndarray]:
    """Drop connections of a neuron to itself; `first` is the source's index in the target."""
    kept = pairs["i"] + first != pairs["j"]
    return {side: ends[kept] for side, ends in pairs.items()}


# -- STDP ---------------------------------------------------------------------------

STDP_CONSTANTS = {
    "tau_m": 20 * ms,
    "V_rest": -70 * mV,
    "E_ex": 0 * mV,
    "V_t": -54 * mV,
    "V_reset": -60 * mV,
    "tau_ex": 5 * ms,
    "g_max": 0.015,
    "tau_plus": 20 * ms,
    "tau_minus": 20 * ms,
    "A_plus": 0.005,
    "A_minus": 0.00525,
}
STDP_INPUTS, STDP_RATE = 1000, 15 * Hz
STDP_NEURON = """
dv/dt = (V_rest - v + g_ex*(E_ex - v))/tau_m : volt
dg_ex/dt = -g_ex/tau_ex : 1
"""
STDP_SYNAPSE = """
w : 1
dP/dt = -P/tau_plus : 1 (event-driven)
dM/dt = -M/tau_minus : 1 (event-driven)
"""
STDP_PRE = """
g_ex_post += w
P += A_plus*g_max
w = clip(w + M, 0, g_max)
"""
STDP_POST = """
M -= A_minus*g_max
w = clip(w + P, 0, g_max)
"""


def stdp() -> Network:
    """Declare one neuron whose 1,000 Poisson inputs compete."""
    defaultclock.dt = DT
    inputs = PoissonGroup(STDP_INPUTS, STDP_RATE, name="inputs", namespace={})
    neuron = NeuronGroup(
        1,
        STDP_NEURON,
        threshold="v > V_t",
        reset="v = V_reset",
        method="euler",
        name="neuron",
        namespace=STDP_CONSTANTS,
    )
    synapses = Synapses(
        inputs,
        neuron,
        STDP_SYNAPSE,
        on_pre=STDP_PRE,
        on_post=STDP_POST,
        method="exact",
        name="synapses",
        namespace=STDP_CONSTANTS,
    )
    synapses.connect()
    neuron.v = STDP_CONSTANTS["V_rest"]
    monitor = SpikeMonitor(neuron, name="spikes")
    return Network(inputs, neuron, synapses, monitor, name="stdp")


# -- CUBA ---------------------------------------------------------------------------

CUBA_CONSTANTS = {
    "tau_m": 20 * ms,
    "tau_e": 5 * ms,
    "tau_i": 10 * ms,
    "E_L": -49 * mV,
    "V_t": -50 * mV,
    "V_reset": -60 * mV,
    "w_e": 1.62 * mV,
    "w_i": -9 * mV,
}
CUBA_SIZES = {"excitatory": 3200, "inhibitory": 800}
CUBA_NEURON = """
dv/dt = (E_L - v + g_e + g_i)/tau_m : volt (unless refractory)
dg_e/dt = -g_e/tau_e : volt
dg_i/dt = -g_i/tau_i : volt
"""
LONGEST_DELAY = 5 * ms


def cuba() -> Network:
    """Declare the balanced network with current synapses."""
    defaultclock.dt = DT
    cells = NeuronGroup(
        sum(CUBA_SIZES.values()),
        CUBA_NEURON,
        threshold="v > V_t",
        reset="v = V_reset",
        refractory=5 * ms,
        method="exact",
        name="cells",
        namespace=CUBA_CONSTANTS,
    )
    on_pre = {"excitatory": "g_e_post += w_e", "inhibitory": "g_i_post += w_i"}
    return _balanced(cells, CUBA_SIZES, on_pre, CUBA_CONSTANTS, "cuba")


def cuba_delays() -> Network:
    """Declare the same network with a delay of its own for every synapse."""
    network = cuba()
    rng = np.random.default_rng(WIRING_SEED + 1)
    for name in CUBA_SIZES:
        drawn = rng.uniform(DT / ms, LONGEST_DELAY / ms, len(network[name]))
        network[name].delay = drawn * ms
    return network


def _balanced(cells, sizes: dict[str, int], on_pre: dict, constants: dict, name: str) -> Network:
    """Connect excitatory and inhibitory neurons of one group to the whole group."""
    rng = np.random.default_rng(WIRING_SEED)
    made, first = [cells, SpikeMonitor(cells, name="spikes")], 0
    for kind, size in sizes.items():
        synapses = Synapses(
            cells[first : first + size],
            cells,
            on_pre=on_pre[kind],
            name=kind,
            namespace=constants,
        )
        synapses.connect(**without_self(random_pairs(rng, size, len(cells)), first))
        made.append(synapses)
        first += size
    return Network(*made, name=name)


# -- COBAHH -------------------------------------------------------------------------

AREA = 20000 * um**2
COBAHH_CONSTANTS = {
    "C": 1 * uF / cm**2 * AREA,
    "g_L": 5e-5 * siemens / cm**2 * AREA,
    "E_L": -60 * mV,
    "g_Na": 100 * msiemens / cm**2 * AREA,
    "E_Na": 50 * mV,
    "g_K": 30 * msiemens / cm**2 * AREA,
    "E_K": -90 * mV,
    "V_T": -63 * mV,
    "tau_e": 5 * ms,
    "tau_i": 10 * ms,
    "E_e": 0 * mV,
    "E_i": -80 * mV,
    "w_e": 6 * nS,
    "w_i": 67 * nS,
}
COBAHH_NEURON = """
dv/dt = (g_L*(E_L - v) + g_e*(E_e - v) + g_i*(E_i - v) + I_Na + I_K)/C : volt
I_Na = g_Na*m**3*h*(E_Na - v) : amp
I_K = g_K*n**4*(E_K - v) : amp
u = (v - V_T)/mV : 1
dm/dt = a_m*(1 - m) - b_m*m : 1
dh/dt = a_h*(1 - h) - b_h*h : 1
dn/dt = a_n*(1 - n) - b_n*n : 1
a_m = 1.28/exprel((13 - u)/4)/ms : Hz
b_m = 1.4/exprel((u - 40)/5)/ms : Hz
a_h = 0.128*exp((17 - u)/18)/ms : Hz
b_h = 4/(1 + exp((40 - u)/5))/ms : Hz
a_n = 0.16/exprel((15 - u)/5)/ms : Hz
b_n = 0.5*exp((10 - u)/40)/ms : Hz
dg_e/dt = -g_e/tau_e : siemens
dg_i/dt = -g_i/tau_i : siemens
"""


def cobahh() -> Network:
    """Declare the balanced network of Hodgkin-Huxley neurons with conductance synapses."""
    defaultclock.dt = DT
    cells = NeuronGroup(
        sum(CUBA_SIZES.values()),
        COBAHH_NEURON,
        threshold="v > -20*mV",
        refractory=3 * ms,
        method="exponential_euler",
        name="cells",
        namespace=COBAHH_CONSTANTS,
    )
    on_pre = {"excitatory": "g_e_post += w_e", "inhibitory": "g_i_post += w_i"}
    return _balanced(cells, CUBA_SIZES, on_pre, COBAHH_CONSTANTS, "cobahh")


# -- inhibitory plasticity ----------------------------------------------------------

VOGELS_CONSTANTS = {
    "C": 200 * pF,
    "g_L": 10 * nS,
    "E_L": -60 * mV,
    "V_t": -50 * mV,
    "V_reset": -60 * mV,
    "tau_e": 5 * ms,
    "tau_i": 10 * ms,
    "E_e": 0 * mV,
    "E_i": -80 * mV,
    "I_b": 200 * pA,
    "g_e_bar": 0.3 * nS,
    "g_i_bar": 3 * nS,
    "tau_x": 20 * ms,
    "eta": 0.005,
    "w_max": 30.0,
    "depression": 2 * 5 * Hz * 20 * ms,  # 2 x target rate x tau_x
}
VOGELS_SIZES = {"excitatory": 8000, "inhibitory": 2000}
VOGELS_NEURON = """
dv/dt = (g_L*(E_L - v) + g_e*(E_e - v) + g_i*(E_i - v) + I_b)/C : volt (unless refractory)
dg_e/dt = -g_e/tau_e : siemens
dg_i/dt = -g_i/tau_i : siemens
"""
VOGELS_SYNAPSE = """
w : 1
dx/dt = -x/tau_x : 1 (event-driven)
dy/dt = -y/tau_x : 1 (event-driven)
"""
VOGELS_PRE = """
x += 1
w = clip(w + eta*(y - depression), 0, w_max)
g_i_post += w*g_i_bar
"""
VOGELS_POST = """
y += 1
w = clip(w + eta*x, 0, w_max)
"""


def vogels() -> Network:
    """Declare the network whose inhibition learns to balance excitation."""
    defaultclock.dt = DT
    cells = NeuronGroup(
        sum(VOGELS_SIZES.values()),
        VOGELS_NEURON,
        threshold="v > V_t",
        reset="v = V_reset",
        refractory=5 * ms,
        method="euler",
        name="cells",
        namespace=VOGELS_CONSTANTS,
    )
    n_e = VOGELS_SIZES["excitatory"]
    excitatory, inhibitory = cells[:n_e], cells[n_e:]
    static = {
        "ee_ei": (excitatory, cells, "g_e_post += g_e_bar"),
        "ii": (inhibitory, inhibitory, "g_i_post += g_i_bar"),
    }
    rng = np.random.default_rng(WIRING_SEED)
    made = [cells, SpikeMonitor(cells, name="spikes")]
    for name, (source, target, on_pre) in static.items():
        synapses = Synapses(source, target, on_pre=on_pre, name=name, namespace=VOGELS_CONSTANTS)
        synapses.connect(**without_self(random_pairs(rng, len(source), len(target))))
        made.append(synapses)
    plastic = Synapses(
        inhibitory,
        excitatory,
        VOGELS_SYNAPSE,
        on_pre=VOGELS_PRE,
        on_post=VOGELS_POST,
        method="exact",
        name="plastic",
        namespace=VOGELS_CONSTANTS,
    )
    plastic.connect(**random_pairs(rng, len(inhibitory), len(excitatory)))
    return Network(*made, plastic, name="vogels")


# -- all of them --------------------------------------------------------------------

BALANCED = {"excitatory": (0, 3200), "inhibitory": (3200, 4000)}
CUBA_START = {"cells.v": "V_reset + rand()*(V_t - V_reset)"}
ALL = (
    Example(
        "stdp",
        "Song, Miller & Abbott 2000",
        stdp,
        seconds=50,
        quick_seconds=2,
        populations={"neuron": (0, 1)},
        start={"synapses.w": "rand()*g_max"},
        weight="synapses.w",
    ),
    Example(
        "cuba",
        "Vogels & Abbott 2005; Brette et al. 2007, benchmark 2",
        cuba,
        seconds=10,
        quick_seconds=0.2,
        populations=BALANCED,
        start=CUBA_START,
    ),
    Example(
        "cobahh",
        "Brette et al. 2007, benchmark 3",
        cobahh,
        seconds=1,
        quick_seconds=0.05,
        populations=BALANCED,
        start={
            "cells.v": "E_L + 5*mV*(randn() - 1)",
            "cells.g_e": "clip(40 + 15*randn(), 0, 1000)*nS",
            "cells.g_i": "clip(200 + 120*randn(), 0, 1000)*nS",
        },
    ),
    Example(
        "vogels",
        "Vogels, Sprekeler et al. 2011",
        vogels,
        seconds=2,
        quick_seconds=0.1,
        populations={"excitatory": (0, 8000), "inhibitory": (8000, 10000)},
        start={"cells.v": "E_L + rand()*(V_t - E_L)", "plastic.w": "2.5*rand()"},
        weight="plastic.w",
    ),
    Example(
        "cuba_delays",
        "as cuba, every synapse with a delay of 0.1 to 5 ms",
        cuba_delays,
        seconds=10,
        quick_seconds=0.2,
        populations=BALANCED,
        start=CUBA_START,
    ),
)
EXAMPLES = {example.name: example for example in ALL}
