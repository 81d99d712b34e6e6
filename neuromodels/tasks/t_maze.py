"""T-maze with permuted sensors: N training trials, then a test (Meta-SpikePropamine).

A rodent passes cues on the left and right wall, waits, and turns at the junction to the side that
had more of them.  Which sensory neurons see the left wall is drawn anew in every episode: an
evolved weight cannot know it.  In a training trial a teacher says at the junction what would have
been right; in the test it is silent, so the network must have learned within the episode.

    channels  0-19 sensory, 20-29 junction ("recall"), 30-39 noise, 40 and 41 teacher: left, right
    trial     `cues` periods of a pause and a cue; `delay`; `decision` at the junction

Poisson spikes; cues and junction at `active` Hz, the teacher at `teaching` Hz, the noise channels
at `background` Hz, every channel at `noise` Hz in addition.  In each trial a side is favoured with
probability `favoured`; the label is the side that had more cues.  The answer is the mean of y0 - y1
over the whole test, or, with ``whole = 0``, over the decision: then the network must remember the
cues over the delay, too.  The last step of each trial, in which membranes and traces are erased,
counts as 0.

N training trials and a test, sensory permutation, cues on two walls [P, a figure]; timing, rates,
noise, groups of ten and favoured side [C], the public evidence accumulation task of e-prop; a
permutation per episode, 20 sensory neurons, the teacher, the whole test as answer [I].
"""

from neuromodels.tasks.base import Task
from neuromodels.tasks.encoding import POISSON, POISSON_MODEL

SENSORY, WALL, MOST_CUES = 20, 10, 15
"""Sensory neurons, those that see one wall, and how many cues there may be."""
STEP_MS = 5

LENGTH = f"(cues*period + delay + decision)//{STEP_MS}"
"""Steps of a trial."""
NOW = f"(timestep(t, dt) % ({LENGTH}))*{STEP_MS}"
"""Time since the trial began, ms."""
TRIAL = f"timestep(t, dt)//({LENGTH})"
DECIDING = f"int({NOW} >= cues*period + delay)"
SHOWING = f"int({NOW} < cues*period and {NOW} % period >= period - shown_for)"


def _bit(number: str, place: str) -> str:
    """Return the expression of one binary digit of a number."""
    return f"floor({number}/2**{place}) % 2"


def _split() -> dict[str, str]:
    """Return draws of which ten of the twenty sensory neurons see the left wall, all alike.

    Neuron k is taken with the probability of what is still to take over what is still to come;
    ``left1``, ``left2``, ... count those taken.
    """
    draws = {}
    for k in range(SENSORY):
        before = f"left{k}" if k else "0"
        taken = f"int({SENSORY - k}*rand() < {WALL} - {before})"
        draws[f"left{k + 1}"] = f"{before} + {taken}"
    return draws


SPLIT = _split()
_ORDER = " + ".join(f"(left{k + 1} - {f'left{k}' if k else '0'})*{2**k}" for k in range(SENSORY))
CUES = {f"cue{k}": f"int(rand() < chance and {k} < cues)" for k in range(MOST_CUES)}
_WALLS = " + ".join(f"cue{k}*{2**k}" for k in range(MOST_CUES))
_LEFTS = " + ".join(CUES)

T_MAZE = Task(
    name="t_maze",
    summary="turn to the side with more cues; which sensors see which side is new in each episode",
    # ms; Hz
    parameters={
        "training": 1,
        "cues": 7,
        "period": 150,
        "shown_for": 100,
        "delay": 1050,
        "decision": 150,
        "active": 40.0,
        "background": 10.0,
        "teaching": 200.0,
        "noise": 0.0,
        "favoured": 0.7,
        "permuted": 1,
        "whole": 1,
        "slope": 10.0,
    },
    steps=f"(training + 1)*({LENGTH})",
    items="training + 1",
    item_model="\n".join(
        [f"{name} : 1 (shared)" for name in SPLIT]
        + [f"{name} : 1" for name in CUES]
        + [
            "sides : 1 (shared)    # bit k: sensory neuron k sees the left wall",
            "chance : 1            # of a cue to be on the left",
            "walls : 1             # bit k: cue k is on the left",
            "label : 1             # 1: more on the left",
        ]
    ),
    item_start={
        **SPLIT,
        "sides": f"permuted*({_ORDER}) + (1 - permuted)*{2**WALL - 1}",
        "chance": "0.5 + (favoured - 0.5)*(2*int(rand() < 0.5) - 1)",
        **CUES,
        "walls": _WALLS,
        "label": f"int(2*({_LEFTS}) > cues)",
    },
    channels=SENSORY + 22,
    groups=(SENSORY, 10, 10, 1, 1),
    trace="xt",
    stimulus_model=f"cue : 1    # 1 where this channel is driven\n{POISSON_MODEL}",
    stimulus=(
        f"rate = noise + cue*(active + (teaching - active)*int(i >= 40))"
        f" + background*int(i >= 30 and i < 40)\n{POISSON}"
    ),
    shown=(
        f"int(i == {TRIAL})*("
        f"int(j < {SENSORY})*{SHOWING}*int({_bit('sides_pre', 'j')}"
        f" == {_bit('walls_pre', f'floor({NOW}/period)')})"
        f" + {DECIDING}*int(j >= {SENSORY} and j < 30)"
        f" + {DECIDING}*int(i < training and j >= 40)*int(label_pre == 41 - j))"
    ),
    taught=f"int(i == {TRIAL} and i < training)*{DECIDING}*(2*int(label_pre == 1 - j) - 1)",
    asked=f"label_pre*int(i == training and i == {TRIAL})",
    score_model="""
        target   : 1
        evidence : 1    # mean of y0 - y1 in the test
        wrong    : 1
        loss     : 1
        correct  : 1
    """,
    score=f"""
        heard = int({TRIAL} == training)*(whole + (1 - whole)*{DECIDING})
        window = decision + whole*(cues*period + delay)
        evidence += heard*(y0 - y1)*{STEP_MS}/window
        wrong = slope*evidence*(1 - 2*target)
        finished = int(timestep(t, dt) == (training + 1)*({LENGTH}) - 1)
        loss = finished*(clip(wrong, 0, inf) + log(1 + exp(-abs(wrong))))
        correct = finished*(int(wrong < -tie) + 0.5*int(abs(wrong) <= tie))
    """,
    # what a leaky read-out keeps of the last cue over a delay is no answer
    constants={"tie": 1e-6},
    outputs=2,
    between=f"(timestep(t, dt) + 1) % ({LENGTH}) == 0",
    step=STEP_MS / 1000,
    requires=(
        f"cues % 2 == 1 and cues <= {MOST_CUES} and period >= shown_for > 0 and decision > 0"
        f" and permuted in (0, 1) and whole in (0, 1) and 0.5 <= favoured <= 1"
        f" and (period % {STEP_MS}, shown_for % {STEP_MS}) == (0, 0)"
        f" and (delay % {STEP_MS}, decision % {STEP_MS}) == (0, 0)"
    ),
    score_name="Fraction of tests answered right",
    scores=(0.0, 1.0),
    chance=0.5,
    reference="after Schmidgall & Hays 2023, 10.3389/fnins.2023.1183321; protocol inferred",
)
