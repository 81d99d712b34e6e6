"""Commented beginnings of a study, a rule, a task and a network; each runs as it is."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from neuromodels.errors import DeclarationError
from neuromodels.files import writing

STUDY = """\
# NAME: one question. `neuromodels run NAME.toml` answers it in less than a minute.
# `neuromodels list rules|neurons|tasks|optimizers` shows what may stand here.
name = "NAME"
question = "Can an evolved PDLF rule recall three bits after a delay of two steps?"
seeds = [1, 2]                  # independent searches; intervals are over them
conditions = ["plastic", "random"]   # also: fixed, frozen, reset

[task]
name = "sequence_copy"          # or "my_task.py:MY_TASK", a file beside this one
length = 3
latency = 2

[circuit]
hidden = 16
neuron = "ternary_lif"

[rule]
name = "pdlf"                   # or "my_rule.py:MY_RULE", a file beside this one
pdp_side = "post"

[rule.coefficients.eta]
default = 1.0                   # where the search starts; eta multiplies the other numbers
# per = "projection"            # synapse, pre, post or projection: how many numbers it stands for
# scale = "log"                 # linear or log
# low = 0.001
# high = 10.0
[rule.coefficients.D]
sigma = 0.004                   # first spread of the search; a large drift wipes out memories
# frozen = 0.0                  # left out of the search, keeps this value

[search]
optimizer = "pgpe"
candidates = 64                 # per generation
trials = 32                     # sequences per candidate
generations = 150               # may grow later: neuromodels resume RUN --extend 500
options = { relative_rate = 0.25 }   # a step in units of sigma
# start = "runs/NAME-..."       # begin from the solutions of another run

[test]
trials = 2000                   # fresh sequences behind every final score
every = 50                      # generations between two points of the learning curve
curve_trials = 256

# Several settings in one command, here 2 x 2, each with all seeds:
# [sweep]
# "search.options.relative_rate" = [0.25, 0.5]
# "circuit.hidden" = [16, 32]
"""

RULE = '''\
"""NAME: a plasticity rule in Brian2's words.

Name it in a study file that lies beside this one:

    [rule]
    name = "NAME.py:CONSTANT"
"""

from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule

CONSTANT = PlasticityRule(
    name="NAME",
    summary="Hebbian growth with a decay: dw = eta*(x*y - decay*w)",
    # variables of a synapse, as Brian2 equations; the weight is w
    model="w : 1",
    # statements for every synapse in every step; x and y are the traces of the pre- and the
    # postsynaptic neuron, eta and decay the coefficients below
    each_step="w += eta*(x*y - decay*w) + start",
    coefficients=(
        # per: one number per synapse, pre, post (neuron) or projection
        Coefficient("eta", default=0.1, low=1e-3, high=1.0, scale="log", per="projection"),
        Coefficient("decay", default=0.1, low=0.0, high=1.0, per="projection"),
        # weights begin at zero, so something has to tell the synapses apart
        Coefficient("start", default=0.0, per="synapse", sigma=0.1),
    ),
    # "p8": weights of a projection are divided by their 8-norm in every step; or "none"
    normalisation="p8",
    reference="your own",
)
'''

TASK = '''\
"""NAME: a task whose whole course is Brian2 equations.

Name it in a study file that lies beside this one:

    [task]
    name = "NAME.py:CONSTANT"

One bit is shown for `length` steps, `delay` steps of silence follow, then the network says
whether it was 1.
"""

from neuromodels.tasks import Task

CONSTANT = Task(
    name="NAME",
    summary="show one bit, wait `delay` steps, recall it",
    # numbers with their defaults; a whole default allows whole numbers only. The condition
    # `frozen` needs `length` and `prelude`: silence before the trial, as long as what is shown
    parameters={"length": 1, "delay": 2, "prelude": 0},
    # the length of a trial in steps
    steps="prelude + length + delay + 1",
    # what a trial draws from its own noise: how many items, their variables, and each's draw
    items="1",
    item_model="bit : 1",
    item_start={"bit": "int(rand() < 0.5)"},
    # input channels: their variables, and the statements that set the signal u in every step;
    # i is the channel, t the time, timestep(t, dt) the step
    channels=2,
    stimulus_model="""
        cue : 1    # what is shown now
        u   : 1    # channel 0: the bit as -1 or +1, channel 1: "now answer"
    """,
    stimulus="""
        now = timestep(t, dt) - prelude
        showing = int(now >= 0 and now < length)
        asking = int(now == length + delay)
        u = (2*cue - showing)*int(i == 0) + asking*int(i == 1)
    """,
    # what an item puts into the channels' cue, and into the score's target
    shown="bit_pre*int(timestep(t, dt) >= prelude and timestep(t, dt) < prelude + length)",
    asked="bit_pre*int(timestep(t, dt) == prelude + length + delay)",
    # the score: its variables, and the statements that update them from the read-out y;
    # `loss` is searched, `correct` is the score between 0 and 1
    score_model="""
        target  : 1
        loss    : 1
        correct : 1
    """,
    score="""
        asking = int(timestep(t, dt) == prelude + length + delay)
        loss += asking*(1/(1 + exp(-y)) - target)**2
        correct += asking*int((y > 0 and target > 0.5) or (y <= 0 and target < 0.5))
    """,
    # first step of the delay and the first after it
    delay=("prelude + length", "prelude + length + delay"),
    # steps of silence in which the rule runs before the condition `frozen` switches it off
    settling="length",
    reference="your own",
)
'''

NETWORK = """\
# NAME: one question about a network of your own, which NAME.py builds.
# `neuromodels check NAME.toml` builds it; `neuromodels run NAME.toml` answers the question.
name = "NAME"
question = "How do inhibition and drive change the rate?"

[network]
build = "NAME.py:build"         # a function in a file beside this one
duration = "500 ms"
transient = "100 ms"            # at the beginning; no measure counts it

[parameters]                    # a name of yours, and the address of what may change
g = "g"                         # a constant that the equations find around the groups
drive = { address = "cells.drive", low = "10 mV", high = "20 mV" }

[measures]
rate = { measure = "Rate", group = "exc" }
cv = { measure = "IntervalCV", group = "exc" }
v = "mean(cells.v)"             # mean, std, sum, min, max over neurons and time

[sweep]                         # or [fit], [sensitivity], [infer]
grid = { g = [1, 3, 5], drive = ["12 mV", "16 mV"] }
repeats = 5
"""

NETWORK_CODE = '''\
"""NAME: 100 neurons, a fifth of them inhibitory."""

from brian2 import Network, NeuronGroup, Synapses, ms, mV


def build():
    g = 3.0
    cells = NeuronGroup(
        100,
        """dv/dt = (drive - v)/(20*ms) + 5*mV*xi/sqrt(20*ms) : volt (unless refractory)
        drive : volt (shared, constant)""",
        threshold="v > 15*mV",
        reset="v = 0*mV",
        refractory=2*ms,
        method="euler",
        name="cells",
    )
    exc, inh = cells[:80], cells[80:]
    excitation = Synapses(exc, cells, on_pre="v_post += 0.3*mV")
    inhibition = Synapses(inh, cells, on_pre="v_post -= g*0.3*mV")
    excitation.connect(p=0.1)
    inhibition.connect(p=0.1)
    cells.drive = 14*mV
    cells.v = "rand()*15*mV"
    return Network(cells, excitation, inhibition)
'''

TEMPLATES = {
    "study": {".toml": STUDY},
    "rule": {".py": RULE},
    "task": {".py": TASK},
    "network": {".toml": NETWORK, ".py": NETWORK_CODE},
}
"""By kind: the files that are written, the one that is told first, by their suffixes."""


def write_template(kind: str, name: str, folder: Path) -> tuple[Path, str]:
    """Write the beginning of something of a user's own; return its path and what to do with it.

    Parameters
    ----------
    kind
        ``study``, ``rule``, ``task`` or ``network``.
    name
        Of the file without its suffix, and of what it declares.

    Raises
    ------
    DeclarationError
        When the name cannot be one, or the file is there already.
    """
    _check(kind, name)
    files = {folder / f"{name}{suffix}": text for suffix, text in TEMPLATES[kind].items()}
    path, constant = next(iter(files)), name.upper()
    for each in files:
        if each.exists():
            raise _there_already(each)
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        for each, text in files.items():
            _write(each, text.replace("NAME", name).replace("CONSTANT", constant))
    if kind in ("study", "network"):
        return path, f"neuromodels run {path}"
    return path, f"neuromodels run STUDY.toml --set '{kind}={{name=\"{path}:{constant}\"}}'"


def _write(path: Path, text: str) -> None:
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise _there_already(path) from None


def _there_already(path: Path) -> DeclarationError:
    return DeclarationError(str(path), "is there already", cure="Choose another name or --folder.")


def _check(kind: str, name: str) -> None:
    if kind == "study":
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name, re.ASCII):
            raise DeclarationError(
                "new study", "the name must be letters, digits, '_', '-' or '.'", name
            )
    elif not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise DeclarationError(
            f"new {kind}", "the name must be letters, digits and '_', not first a digit", name
        )
