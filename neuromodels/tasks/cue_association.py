"""Noisy cue association: which side showed more cues, a second or more ago (SpikePropamine).

Cues flash on the left or the right, then nothing does, then a go signal asks which side had more of
them.  Forty channels spike at random, ten per group: left cues, right cues, go signal, and noise
that never stops.  Nothing in the input tells a side when the answer is due, and membranes forget in
20 ms: whatever bridges the delay is a memory.

That such a task is among the paper's is inferred from a figure of the follow-up paper [I].  The
protocol is that of e-prop's public code [C]: seven cues of 100 ms, a gap of 50 ms before each, each
on the likelier side with probability 0.7, 1,050 ms without cues, 150 ms in which the mean of the
read-out is the answer; cues and go signal 40 Hz, noise group 10 Hz.  Ours [I] are extra noise on
all channels, between `noise` and ``noise + noise_spread`` Hz, drawn for each trial, and `dropout`,
the probability that a cue stays dark, which still counts in the answer.

There is one read-out, since two classes need no more than a difference.  The loss is the
cross-entropy of ``slope`` times its mean.  Where that is below `TIE` nothing is said, which is half
right: of the last cue a leaky read-out keeps 1e-23 over the delay, and its sign for ever.
"""

from neuromodels.tasks.base import Task
from neuromodels.tasks.encoding import POISSON, POISSON_MODEL

MS = 5
"""Length of a step, ms."""
SIZE = 10
"""Channels of a group: left cues, right cues, go signal, noise."""
GAP, PERIOD, WINDOW = 50 // MS, 150 // MS, 150 // MS
"""Steps before a cue, from one cue to the next, and of the answer."""
TIE = 1e-3
CUED = f"(prelude + {PERIOD}*cues)"
ASKED = f"({CUED} + delay//{MS})"
NOW = "timestep(t, dt)"
BEGUN = f"({NOW} - prelude - {PERIOD}*i)"
"""Steps since the period of cue ``i`` began."""

CUE_ASSOCIATION = Task(
    name="cue_association",
    summary="say which side showed more of `cues` noisy cues, `delay` ms after the last",
    # a whole number; ms; probability; steps of silence before the first cue; Hz of cues and go
    # signal, of the noise group, of all channels, and how much more of these at most; probability
    parameters={
        "cues": 7,
        "delay": 1050,
        "lead": 0.7,
        "prelude": 0,
        "cue_rate": 40.0,
        "background": 10.0,
        "noise": 0.0,
        "noise_spread": 0.0,
        "dropout": 0.0,
        "slope": 1.0,
    },
    steps=f"{ASKED} + {WINDOW}",
    items="cues",
    item_model="""
        likelier : 1 (shared)    # side, 1: left, -1: right
        level    : 1 (shared)    # extra noise of this trial, Hz
        side     : 1
        first    : 1             # channel of its side
        seen     : 1             # 0 where it stays dark
        extra    : 1             # its part of the extra noise, Hz
    """,
    item_start={
        "likelier": "2*int(rand() < 0.5) - 1",
        "side": "likelier*(2*int(rand() < lead) - 1)",
        "level": "noise + noise_spread*rand()",
        "first": f"{SIZE}*int(side < 0)",
        "seen": "int(rand() >= dropout)",
        "extra": "level/cues",
    },
    channels=4 * SIZE,
    groups=(SIZE,) * 4,
    stimulus_model="cue : 1    # Hz of cues and extra noise\n" + POISSON_MODEL,
    stimulus=f"""
        going = int({NOW} >= {ASKED})*int(i >= {2 * SIZE} and i < {3 * SIZE})
        rate = cue + cue_rate*going + background*int(i >= {3 * SIZE})
        {POISSON}
    """,
    shown=f"""extra_pre + cue_rate*seen_pre*int({BEGUN} >= {GAP} and {BEGUN} < {PERIOD})
        *int(j >= first_pre and j < first_pre + {SIZE})""",
    asked="side_pre",
    score_model="""
        target  : 1    # left cues less right cues
        said    : 1    # mean of the read-out while it is asked
        loss    : 1
        correct : 1
    """,
    score=f"""
        said += y*int({NOW} >= {ASKED})/{WINDOW}
        margin = slope*said*(int(target > 0) - int(target < 0))
        loss = clip(-margin, 0, inf) + log(1 + exp(-abs(margin)))
        correct = int(margin > {TIE}) + 0.5*int(abs(margin) <= {TIE})
    """,
    delay=(CUED, ASKED),
    settling="0",
    requires=f"cues % 2 == 1 and delay % {MS} == 0 and lead <= 1 and dropout <= 1"
    " and cue_rate + background + noise + noise_spread <= 200",
    trace="xt",
    step=MS / 1000,
    score_name="fraction of trials answered correctly",
    scores=(0.0, 1.0),
    chance=0.5,
    reference="after Schmidgall et al. 2021, arXiv:2106.02681; protocol of Bellec et al. 2020,"
    " Nature Communications 11:3625 (released code)",
)
