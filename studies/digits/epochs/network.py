"""A network that learns digits over thousands of samples: three mechanisms on each projection.

    64 channels -> 100 hidden -> 10 read-outs, all spiking, all connected, steps of 1 ms

A sample of training is two phases of 16 ms from the same state and the same input: free, then
taught. In the taught phase an error-sized current nudges the read-outs. A sample of evaluation is
a free phase without plasticity. After each epoch of training comes an evaluation, all in one run.

    w = l1*w1 + l2*w2 + l3*w3                                MPSL (arXiv:2508.13673), Eq. 5
    w1: error-driven three-factor, the forward-in-time stand-in for STBP, in the free phase
    w2: leaky Hebbian, HP's rule (Wu et al. 2022) as a bounded average, in the taught phase
    w3: contrastive with a back-propagating factor q, SBP (Zhang et al. 2021), in both phases

Neuron and sum of mechanisms [P]; strings of all three rules, homeostasis and timing [I].
"""

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, TimedArray, ms, second

CHANNELS, HIDDEN, CLASSES = 64, 100, 10
PHASE = 16
"""Length of a phase, ms and steps."""
TRAINED, EVALUATED = 1069, 364
"""Images of training, a prime, and of each evaluation: validation, then test."""
PHASES = 2 * TRAINED + EVALUATED
"""Phases of an epoch with its evaluation."""

SCHEDULE = """
stride : 1 (shared, constant)
offset : 1 (shared, constant)
first  : 1 (shared, constant)
begun  : 1 (shared)
free   : 1 (shared)
teach  : 1 (shared)
image  : 1 (shared)
"""
SHOWN = """
epoch = begun//phases
now = begun % phases
begun = begun + 1
is_trained = 1 - now//(2*trained)
teach = is_trained*(now % 2)
free = is_trained - teach
place = is_trained*(now//2) + (1 - is_trained)*(now - 2*trained)
stride_now = (stride*(epoch + 1)) % trained
own = (stride_now*place + offset) % trained
image = is_trained*own + (1 - is_trained)*(first + place)
"""
"""Which image a phase shows, where `begun` phases lie before it.

The number of images is a prime, so that each stride is an order of all.
"""
NEURON = f"""
{SCHEDULE}
rho : 1 (shared, constant)
rr  : 1 (shared, constant)
aw  : 1 (shared, constant)
th2 : 1 (shared, constant)
kap : 1 (shared, constant)
v : 1
r : 1
grad : 1
hebb : 1
contrast : 1
"""
FACTORS = """
grad = free*er*int(abs(v - 1) < aw/2)/aw
hebb = tanh(v - th2)
contrast = (teach - free)*r*(1 + kap*(q - 1))
"""
"""What synapses read of their target: its state before the input of this step arrives."""
RATES = """
w1 : 1
w2 : 1
w3 : 1
wsc : 1 (shared, constant)
e1 : 1 (shared, constant)
e2 : 1 (shared, constant)
e3 : 1 (shared, constant)
g2 : 1 (shared, constant)
"""
OF_SYNAPSES = "\n".join(f"l{k} : 1 (shared, constant)" for k in (1, 2, 3))
"""Shares that do not change, one number for each projection."""
OF_TARGETS = (
    "\n".join(f"l{k} : 1\ntoward{k} : 1" for k in (1, 2, 3)) + "\nel : 1 (shared, constant)"
)
"""Shares that are learned, one for each target neuron, and what drives them."""
LEARNING = "\n".join(f"l{k} = clip(l{k} - el*toward{k}, -2, 2)\ntoward{k} = 0" for k in (1, 2, 3))
DRIVING = "\n".join(f"toward{k}_post += w{k}*grad_post" for k in (1, 2, 3))
HOMEOSTASIS = """
theta = clip(theta + teach*0.01*(count - tgt), -0.9, 20)
count = 0
"""
"""The threshold follows the spikes of the free phase when the taught one begins."""
RETROGRADE = """
has_changed = int(total > 0)
q = has_changed*100*changed/(total + (1 - has_changed)) + (1 - has_changed)*q
changed = 0
total = 0
"""
"""q: by how much a neuron's output synapses changed in the last sample, 1 on average."""
JUDGED = """
right = int(now != 2*trained)*(right + was_asked*y*int(beaten < 0.5))
beaten = 0
column = 0
count = 0
"""
NAMED = "y = int(digit_of(image*second) == i % 10)\n"
SCORE = "score = count + int(v >= 1) + 0.4*v/(1 + abs(v))\n"
"""Spikes of a read-out, and its membrane where numbers of spikes are equal."""
END = "timestep(t, dt) % 16 == 15"


def build(images, labels, copies=1, is_learned=False, begin="rand()"):
    """Return the network, before numbers and weights are set.

    Parameters
    ----------
    images
        Those of training, validation and test, in this order, (images, channels) from 0 to 1.
    labels
        Their digits, (images,).
    copies
        Networks side by side, that share all numbers but their weights; for stock Brian2.
    is_learned
        Whether the shares of mechanisms are learned.
    begin
        How full channels are when a sample begins, an expression.
    """
    names = {
        "phases": PHASES,
        "trained": TRAINED,
        "pixels": TimedArray(np.asarray(images, float), dt=1 * second, name="pixels"),
        "digit_of": TimedArray(np.asarray(labels, float), dt=1 * second, name="digit_of"),
    }
    channels = _channels(names, copies, begin)
    hidden = _hidden(names, copies, is_learned)
    output = _output(names, copies, is_learned)
    below = _below(channels, hidden, copies, is_learned)
    above = _above(hidden, output, copies, is_learned)
    return Network(channels, hidden, output, below, above, _rivals(output, copies))


def _channels(names, copies, begin):
    """Return channels that turn pixels into regular spikes; both phases begin alike."""
    group = NeuronGroup(
        CHANNELS * copies,
        f"{SCHEDULE}\ngin : 1 (shared, constant)\nx : 1\nbegin : 1\nfilled : 1",
        threshold="filled >= 1",
        reset="filled -= 1",
        namespace=names,
        name="channels",
        dt=1 * ms,
    )
    drawn = f"begin = teach*begin + (1 - teach)*({begin})\nfilled = begin"
    _each_phase(group, f"{SHOWN}x = pixels(image*second, i % 64)\n{drawn}")
    group.run_regularly("filled += gin*x", when="start", name="channels_step")
    return group


def _hidden(names, copies, is_learned):
    group = NeuronGroup(
        HIDDEN * copies,
        f"""{NEURON}{OF_TARGETS if is_learned else ""}
        tgt : 1 (shared, constant)
        er : 1
        q : 1
        theta : 1
        count : 1
        changed : 1
        total : 1
        """,
        threshold="v >= 1 + theta",
        reset="v -= 1; r += 1 - rr; count += free",
        events={"sampled": f"teach > 0.5 and {END}"},
        namespace=names,
        name="hidden",
        dt=1 * ms,
    )
    group.q = 1
    _each_phase(group, f"{SHOWN}{HOMEOSTASIS}{RETROGRADE}v = 0\nr = 0")
    group.run_regularly("v = v*rho\nr = r*rr", when="start", name="hidden_step")
    _before_synapses(group, is_learned)
    return group


def _output(names, copies, is_learned):
    group = NeuronGroup(
        CLASSES * copies,
        f"""{NEURON}{OF_TARGETS if is_learned else ""}
        gt : 1 (shared, constant)
        y : 1
        er = r - y : 1
        q = 1 : 1
        column : 1
        count : 1
        score : 1
        beaten : 1
        right : 1
        """,
        threshold="v >= 1",
        reset="v -= 1; r += 1 - rr; count += 1",
        events={"judged": f"free + teach < 0.5 and {END}"},
        namespace=names,
        name="output",
        dt=1 * ms,
    )
    _each_phase(group, f"was_asked = 1 - free - teach{SHOWN}{JUDGED}{NAMED}v = 0\nr = 0")
    step = "v = v*rho + gt*teach*(y - r)\nr = r*rr"
    group.run_regularly(step, when="start", name="output_step")
    _before_synapses(group, is_learned, SCORE)
    return group


def _each_phase(group, statements):
    """Run statements when a phase begins, before all else."""
    name = f"{group.name}_phase"
    group.run_regularly(statements, dt=PHASE * ms, when="start", order=-1, name=name)


def _before_synapses(group, is_learned, more=""):
    """Note what synapses read, after thresholds and before any input arrives."""
    learning = LEARNING if is_learned else ""
    statements = f"{learning}{FACTORS}{more}"
    group.run_regularly(statements, when="before_synapses", name=f"{group.name}_factors")


def fused(is_learned):
    """Return the weight of three mechanisms."""
    side = "_post" if is_learned else ""
    return " + ".join(f"l{k}{side}*w{k}" for k in (1, 2, 3))


def _on_pre(is_learned, noted=""):
    """Return what a spike does; all mechanisms read the same activity."""
    return f"""
    w = {fused(is_learned)}
    {DRIVING if is_learned else ""}
    {noted}
    w1 = clip(w1 - e1*grad_post, -2, 2)
    w2 = w2 + e2*teach_post*(g2*hebb_post - w2)
    w3 = clip(w3 + e3*contrast_post, -2, 2)
    v_post += w
    """


def _below(channels, hidden, copies, is_learned):
    synapses = Synapses(
        channels,
        hidden,
        RATES + ("" if is_learned else OF_SYNAPSES),
        on_pre=_on_pre(is_learned),
        namespace={},
        dt=1 * ms,
        name="below",
    )
    _connect(synapses, CHANNELS, HIDDEN, copies)
    return synapses


def _above(hidden, output, copies, is_learned):
    """Return synapses to the read-outs: errors and the nudge come back on them as well."""
    w = fused(is_learned)
    synapses = Synapses(
        hidden,
        output,
        f"""{RATES}{"" if is_learned else OF_SYNAPSES}
        kfb : 1 (shared, constant)
        d3 : 1
        er_pre = ({w})*er_post : 1 (summed)
        """,
        on_pre={
            "pre": _on_pre(is_learned, "before = w3") + "d3 = d3 + w3 - before",
            "tally": "changed_pre += abs(d3)\ncolumn_post += abs(d3)",
            "spread": "total_pre += column_post\nd3 = 0",
        },
        on_post=f"v_pre += kfb*teach_post*({w})",
        on_event={"pre": "spike", "post": "spike", "tally": "sampled", "spread": "sampled"},
        namespace={},
        dt=1 * ms,
        name="above",
    )
    synapses.tally.order, synapses.spread.order = 2, 3
    _connect(synapses, HIDDEN, CLASSES, copies)
    return synapses


def _rivals(output, copies):
    """Return synapses by which read-outs compare their scores."""
    synapses = Synapses(
        output,
        output,
        on_pre="beaten_post += int(i != j)*int(score_pre >= score_post)",
        on_event="judged",
        namespace={},
        dt=1 * ms,
        name="rivals",
    )
    _connect(synapses, CLASSES, CLASSES, copies)
    return synapses


def _connect(synapses, sources, targets, copies):
    """Connect all neurons of each copy."""
    copy, i, j = np.meshgrid(*map(np.arange, (copies, sources, targets)), indexing="ij")
    synapses.connect(i=(copy * sources + i).ravel(), j=(copy * targets + j).ravel())
