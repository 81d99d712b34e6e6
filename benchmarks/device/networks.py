"""The two benchmark networks in Brian2 equation strings, one copy or many side by side.

`copies=1` is what a user writes and what the batch device multiplies. `copies > 1`
is the best that stock Brian2 can do: the same equations, all copies in one large
network, synapses stored copy after copy.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
from brian2 import Hz, Network, NeuronGroup, Synapses, defaultclock, ms, prefs

RECURRENT_SIZES = {"inputs": 32, "hidden": 64, "output": 4}
RECURRENT_PROJECTIONS = {
    "input_hidden": ("inputs", "hidden"),
    "hidden_hidden": ("hidden", "hidden"),
    "hidden_output": ("hidden", "output"),
}
RECURRENT_CONSTANTS = {
    "tau_m": 20 * ms,
    "tau_s": 5 * ms,
    "tau_tr": 20 * ms,
    "w_max": 0.6,
}
POISSON = """
dtr/dt = -tr/tau_tr : 1
n_spikes : 1
"""
LIF = """
dv/dt = (I - v)/tau_m : 1
dI/dt = -I/tau_s : 1
dtr/dt = -tr/tau_tr : 1
n_spikes : 1
"""
THREE_FACTORS = {
    "shared": "w : 1\na : 1 (shared, constant)\nb : 1 (shared, constant)\nc : 1 (shared, constant)",
    "synapse": "w : 1\na : 1 (constant)\nb : 1 (constant)\nc : 1 (constant)",
    "post": "w : 1",
}
PAIR_RULE = "w = clip(w + a*tr_pre*tr_post + b*tr_pre + c*tr_post, -w_max, w_max)"

PDLF_HIDDEN, PDLF_LENGTH, PDLF_LATENCY = 128, 8, 8
PDLF_RULE = """
w : 1
eta : 1 (constant)
A : 1 (constant)
B : 1 (constant)
C : 1 (constant)
D : 1 (constant)
q2 = 4096*w*w : 1
q4 = q2*q2 : 1
"""
READ_INPUT = """
x = bit_shown*code%2 + flag_shown*int(k < length) + flag_recall*int(k >= length + latency)
code = floor(code/2)
k += 1
"""
FIRE = """
s = sign(v)*int(abs(v) > 0.1)
v = v*int(s == 0)
"""
SCORE = """
z = tanh(yo)
recall = int(k >= length + latency)
target = code%2
loss += recall*(1/(1 + exp(-yo)) - target)**2/length
correct += recall*(1 - abs(int(yo > 0) - target))/length
code -= recall*(code - floor(code/2))
k += 1
"""


@dataclass(frozen=True)
class Shape:
    """Sizes of one copy's projections, in the order they are declared."""

    projections: dict[str, tuple[int, int]]

    @property
    def synapses(self) -> int:
        """Number of plastic synapses of one copy."""
        return sum(prod(shape) for shape in self.projections.values())


def recurrent_shape() -> Shape:
    """Return the projection sizes of the Poisson-driven recurrent network."""
    sizes = RECURRENT_SIZES
    return Shape({n: (sizes[i], sizes[j]) for n, (i, j) in RECURRENT_PROJECTIONS.items()})


def pdlf_shape(hidden: int = PDLF_HIDDEN) -> Shape:
    """Return the projection sizes of the PDLF copy network."""
    return Shape({"input_hidden": (3, hidden), "hidden_output": (hidden, 1)})


def connect_tiled(
    synapses: Synapses, shape: tuple[int, int], copies: int, pre_fastest: bool = False
) -> None:
    """Connect each copy all-to-all to itself; one copy's synapses are contiguous.

    Within a copy the postsynaptic index runs fastest, or the presynaptic one.
    """
    if copies == 1:
        synapses.connect()
        return
    post, pre = np.indices(shape[::-1]).reshape(2, -1)
    if not pre_fastest:
        pre, post = np.indices(shape).reshape(2, -1)
    copy = np.arange(copies)[:, None]
    synapses.connect(i=(copy * shape[0] + pre).ravel(), j=(copy * shape[1] + post).ravel())


def single_precision() -> None:
    """Make Brian2 hold every state variable in float32."""
    prefs.core.default_float_dtype = np.float32


# -- network 1 --------------------------------------------------------------------


def poisson_recurrent(copies: int = 1, coefficients: str = "shared", rate: float = 20.0) -> Network:
    """Build 32 Poisson -> 64 recurrent LIF -> 4 LIF, all synapses plastic.

    Parameters
    ----------
    copies
        Number of copies side by side.
    coefficients
        Where a, b, c of the rule live: "shared" (one number per projection, only
        for one copy), "synapse" (a constant per synapse) or "post" (a constant per
        postsynaptic neuron and projection).
    rate
        Of each Poisson neuron, in Hz.
    """
    defaultclock.dt = 1 * ms
    groups = {name: _population(name, copies, coefficients) for name in RECURRENT_SIZES}
    groups["inputs"].namespace["rate"] = rate * Hz
    synapses = [
        _pair_projection(name, groups, copies, coefficients) for name in RECURRENT_PROJECTIONS
    ]
    return Network(*groups.values(), *synapses)


def _population(name: str, copies: int, coefficients: str) -> NeuronGroup:
    count = RECURRENT_SIZES[name] * copies
    common = {"name": name, "namespace": dict(RECURRENT_CONSTANTS), "method": "exact"}
    if name == "inputs":
        return NeuronGroup(
            count, POISSON, threshold="rand() < rate*dt", reset="tr += 1; n_spikes += 1", **common
        )
    equations = LIF
    if coefficients == "post":
        owned = [p for p, (_, post) in RECURRENT_PROJECTIONS.items() if post == name]
        equations += "".join(f"{x}_{p} : 1 (constant)\n" for p in owned for x in "abc")
    return NeuronGroup(
        count, equations, threshold="v > 1", reset="v = 0; tr += 1; n_spikes += 1", **common
    )


def _pair_projection(name: str, groups: dict, copies: int, coefficients: str) -> Synapses:
    pre, post = RECURRENT_PROJECTIONS[name]
    synapses = Synapses(
        groups[pre],
        groups[post],
        THREE_FACTORS[coefficients],
        on_pre="I_post += w",
        name=name,
        namespace=RECURRENT_CONSTANTS,
    )
    connect_tiled(synapses, recurrent_shape().projections[name], copies)
    rule = PAIR_RULE
    if coefficients == "post":
        for x in "abc":
            rule = rule.replace(f" {x}*", f" {x}_{name}_post*")
    synapses.run_regularly(rule, name=f"{name}_rule")
    return synapses


# -- network 2 --------------------------------------------------------------------


def pdlf_copy(
    copies: int = 1,
    hidden: int = PDLF_HIDDEN,
    length: int = PDLF_LENGTH,
    latency: int = PDLF_LATENCY,
) -> Network:
    """Build the PDLF copy network: 3 inputs -> hidden ternary LIF -> 1 read-out.

    The bits enter as an integer `code` per trial (first bit = lowest); every state
    variable, the step counter `k` included, can be set, so a run can be repeated.
    Layers are divided by their 8-norm at the start of a step (Shen et al. 2023,
    arXiv:2308.12063, with a smooth maximum).
    """
    defaultclock.dt = 20 * ms
    namespace = {"tau": 20 * ms, "length": length, "latency": latency}
    source = _task_input(copies, namespace)
    neurons = _ternary_lif(hidden * copies, namespace)
    output = _read_out(copies, namespace)
    shape = pdlf_shape(hidden).projections
    first = _input_projection(source, neurons, shape["input_hidden"], copies)
    second = _output_projection(neurons, output, shape["hidden_output"], copies)
    # Each input neuron holds its own row's sum; this hands all of them the layer's.
    pool = Synapses(source, source, "total_post = row_pre : 1 (summed)", name="layer_sum")
    connect_tiled(pool, (3, 3), copies)
    _place(pool.summed_updaters["total_post"], "start", 2)
    return Network(source, neurons, output, first, second, pool)


def _place(updater, when: str, order: int) -> None:
    updater.when = when
    updater.order = order


def _task_input(copies: int, namespace: dict) -> NeuronGroup:
    model = """
    x : 1
    k : 1
    code : 1
    row : 1
    total : 1
    gain : 1
    bit_shown : 1 (constant)
    flag_shown : 1 (constant)
    flag_recall : 1 (constant)
    """
    source = NeuronGroup(3 * copies, model, name="source", namespace=namespace)
    for channel, name in enumerate(("bit_shown", "flag_shown", "flag_recall")):
        setattr(source, name, np.tile(np.arange(3) == channel, copies).astype(np.float32))
    source.run_regularly(READ_INPUT, when="start", order=0, name="read_input")
    source.run_regularly(
        "gain = 1/clip(total**0.125/64, 1e-6, 1e30)", when="start", order=3, name="first_gain"
    )
    return source


def _ternary_lif(count: int, namespace: dict) -> NeuronGroup:
    model = """
    dv/dt = (I - v)/tau : 1
    I : 1
    s : 1
    tr : 1
    """
    neurons = NeuronGroup(count, model, method="exact", name="hidden", namespace=namespace)
    neurons.run_regularly(FIRE, when="thresholds", name="fire")
    neurons.run_regularly(
        "tr = tr*exp(-dt/tau) + s*(1 - exp(-dt/tau))", when="resets", name="hidden_trace"
    )
    return neurons


def _read_out(copies: int, namespace: dict) -> NeuronGroup:
    model = """
    yo : 1
    z : 1
    k : 1
    code : 1
    total : 1
    gain : 1
    loss : 1
    correct : 1
    """
    output = NeuronGroup(copies, model, name="output", namespace=namespace)
    output.run_regularly(
        "gain = 1/clip(total**0.125/64, 1e-6, 1e30)", when="start", order=3, name="second_gain"
    )
    output.run_regularly(SCORE, when="resets", name="score")
    return output


def _input_projection(
    source: NeuronGroup, neurons: NeuronGroup, shape: tuple[int, int], copies: int
) -> Synapses:
    model = PDLF_RULE + "row_pre = q4*q4 : 1 (summed)\nI_post = x_pre*w : 1 (summed)"
    synapses = Synapses(source, neurons, model, name="input_hidden")
    # Stock Brian2 adds in memory: neighbours that add to different rows do not wait
    # for each other, which makes this sum twice as fast.
    connect_tiled(synapses, shape, copies, pre_fastest=True)
    _place(synapses.summed_updaters["row_pre"], "start", 1)
    synapses.run_regularly("w *= gain_pre", when="start", order=4, name="first_norm")
    synapses.run_regularly(
        "w += eta*(A*x_pre*(tr_post - C) + B*tr_post + D)", when="end", name="first_rule"
    )
    return synapses


def _output_projection(
    neurons: NeuronGroup, output: NeuronGroup, shape: tuple[int, int], copies: int
) -> Synapses:
    model = PDLF_RULE + "total_post = q4*q4 : 1 (summed)\nyo_post = s_pre*w : 1 (summed)"
    synapses = Synapses(neurons, output, model, name="hidden_output")
    connect_tiled(synapses, shape, copies)
    _place(synapses.summed_updaters["total_post"], "start", 1)
    _place(synapses.summed_updaters["yo_post"], "synapses", 0)
    synapses.run_regularly("w *= gain_post", when="start", order=4, name="second_norm")
    synapses.run_regularly(
        "w += eta*(A*tr_pre*(z_post - C) + B*z_post + D)", when="end", name="second_rule"
    )
    return synapses
