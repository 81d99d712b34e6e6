"""Keep a firing rate, whatever drives the network: homeostasis over inputs.

All channels are Poisson trains of one rate, which is drawn anew in each trial, uniformly in its
logarithm.  What counts is how far the read-out's rate in the second half of the trial is from
`goal`; the first half is there to adapt.  The read-out must say how many spikes fell in this
step per neuron, as that of a circuit of excitatory and inhibitory neurons does.  A rate that
follows the input, as in a network with fixed weights, is right in few trials only.

    loss   the squared logarithm of (rate + `least`)/(goal + `least`)
    score  1 - |rate - goal|/goal, at least 0

An inhibitory network that finds its rate, and a rule that does it [P], Vogels et al. 2011 (which
is published with 5 Hz); the search for such a rule by the rate that it leaves behind [P],
Confavreux et al. 2020.  Sizes, inputs that differ between trials, times and form of the loss [I].

The delay of the control conditions is the last step of the first half: `halted` switches the rule
off there, and `reset` erases membranes and traces in it once; what is left of adaptation is in the
weights.  Under `unseen` all inputs are stronger than any in a search.
"""

from neuromodels.tasks.base import Task
from neuromodels.tasks.encoding import POISSON, POISSON_MODEL

CHANNELS, STEP_MS = 32, 2
NOW = "timestep(t, dt)"
HALF = f"(prelude + duration//{2 * STEP_MS})"
"""Step with which the second half begins."""

TARGET_RATE = Task(
    name="target_rate",
    summary="keep excitatory neurons at `goal` Hz, whatever rate the inputs have in this trial",
    # Hz; ms; steps of silence before; Hz of the inputs; Hz; whether inputs are stronger than these
    parameters={
        "goal": 8.0,
        "duration": 4000,
        "prelude": 0,
        "weakest": 10.0,
        "strongest": 40.0,
        "least": 0.1,
        "beyond": 0,
    },
    steps=f"prelude + duration//{STEP_MS}",
    items="1",
    item_model="""
        share : 1    # of the way from the weakest to the strongest, in logarithms
        level : 1    # rate of the inputs, Hz
    """,
    item_start={
        "share": "beyond + (1 - 0.5*beyond)*rand()",
        "level": "weakest*(strongest/weakest)**share",
    },
    channels=CHANNELS,
    stimulus_model="cue : 1    # Hz\n" + POISSON_MODEL,
    stimulus=f"rate = cue\n{POISSON}",
    shown=f"level_pre*int({NOW} >= prelude)",
    asked="goal + 0*share_pre",
    score_model="""
        target  : 1    # Hz
        heard   : 1    # rate so far in the second half, Hz, over its whole length
        loss    : 1
        correct : 1
    """,
    score=f"""
        heard += y*int({NOW} >= {HALF})/(duration/2*ms)*second
        loss = log((heard + least)/(target + least))**2
        correct = clip(1 - abs(heard - target)/target, 0, 1)
    """,
    delay=(f"{HALF} - 1", HALF),
    settling="0",
    requires=f"0 < goal and 0 < weakest <= strongest <= 150 and least > 0"
    f" and duration > 0 and duration % {2 * STEP_MS} == 0 and beyond in (0, 1)",
    unseen={"beyond": 1},
    trace="xt",
    step=STEP_MS / 1000,
    score_name="1 - distance from the target rate over that rate",
    scores=(0.0, 1.0),
    reference="after Confavreux et al. 2020, NeurIPS 33, and Vogels et al. 2011, Science 334:1569",
)
