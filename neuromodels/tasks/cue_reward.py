"""Find the rewarded one of four cues by trial and error, within an episode.

An episode draws four random binary cues of 20 bits; one of them, without any mark, is the target.
Each trial shows two of the four, in two of four slots, then a go signal, during which the network
answers whether the target was among them (the mean of ``a0 - a1``); in the slot after that it is
told whether it was right, by a reward or a punishment, and what it answered.  Nothing else says
which cue the target is: it has to be inferred from rewards, and kept.

After the cue-reward association of Backpropamine's code [C], which stands here for SpikePropamine's
unknown second temporal task (a substitute; arXiv:2106.02681).  Spikes, the slots of 50 ms, two
channels for the sign of the reward and exactly two cues per trial are ours [I].
"""

from neuromodels.tasks.base import Task
from neuromodels.tasks.encoding import POISSON, POISSON_MODEL

CUES, BITS = 4, 20
GO, REWARDED, PUNISHED, YES, NO = range(BITS, BITS + 5)
STEP_MS, SLOT = 5, 10
"""Milliseconds of a step; steps of a slot."""
SHOWING = 4
"""Slots in which cues may be shown; go and reward follow."""
LENGTH = (SHOWING + 2) * SLOT
"""Steps of a trial."""

IN_TRIAL = f"(timestep(t, dt) % {LENGTH})"
BEGINS = f"int({IN_TRIAL} == 0)"
SLOT_NOW = f"floor({IN_TRIAL}/{SLOT})"
_PAIRS = [(k, j) for k in range(SHOWING) for j in range(k + 1, SHOWING)]


def _draw_below(several: int) -> str:
    """Return the expression that draws a whole number from 0 to `several` - 1."""
    return f"clip(int({several}*rand()), 0, {several - 1})"


def _slot_of(which: int) -> str:
    """Return the expression of the slot of the sooner or later cue, from the number of the pair."""
    return " + ".join(f"{pair[which]}*int(pair == {n})" for n, pair in enumerate(_PAIRS))


def _if_now(which: int) -> str:
    """Return 1 while the first or second cue of a trial is shown, else 0."""
    return f"int({SLOT_NOW} == {_slot_of(which)})"


CUE_REWARD = Task(
    name="cue_reward",
    summary="was the rewarded one among two cues? learned from rewards within an episode",
    # trials of an episode; none; Hz of a channel that is on, beside the noise of all; of the loss
    parameters={"trials": 20, "prelude": 0, "active": 40.0, "noise": 10.0, "slope": 1.0},
    steps=f"{LENGTH}*trials",
    items=str(CUES),
    item_model="\n".join(
        [f"bit_{k} : 1" for k in range(BITS)]
        + ["sooner : 1 (shared)", "later : 1 (shared)", "pair : 1 (shared)", "now : 1 (shared)"]
        + ["heard : 1", "margin : 1", "said : 1", "reward : 1"]
    ),
    item_start={f"bit_{k}": "int(rand() < 0.5)" for k in range(BITS)},
    # cue 0 is the target: the bits of all four are drawn alike
    item_step=f"""
        sooner = sooner + {BEGINS}*({_draw_below(CUES)} - sooner)
        later = later + {BEGINS}*((sooner + 1 + {_draw_below(CUES - 1)}) % {CUES} - later)
        pair = pair + {BEGINS}*({_draw_below(len(_PAIRS))} - pair)
        now = {_if_now(0)}*(sooner + 1) + {_if_now(1)}*(later + 1) - 1
    """,
    body=f"""
        going = int({SLOT_NOW} == {SHOWING})
        told = int({IN_TRIAL} >= {LENGTH - SLOT} - 1 and {IN_TRIAL} < {LENGTH} - 1)
        heard = heard*int({IN_TRIAL} >= {SHOWING * SLOT}) + going*(a0 - a1)/{SLOT}
        margin = heard*(2*int(sooner == 0 or later == 0) - 1)
        said = told*(int(heard > tie) - int(heard < -tie))
        reward = told*(2*int(margin > tie) - 1)
    """,
    channels=BITS + 5,
    groups=(BITS, 1, 2, 2),
    trace="xt",
    stimulus_model=f"cue : 1    # 1 where this channel is driven\n{POISSON_MODEL}",
    stimulus=f"rate = noise + cue*active\n{POISSON}",
    shown="int(i == now_pre)*("
    + " + ".join(f"bit_{k}_pre*int(j == {k})" for k in range(BITS))
    + f") + int(i == 0)*(int(j == {GO})*int({SLOT_NOW} == {SHOWING})"
    f" + int(j == {REWARDED})*int(reward_pre > 0) + int(j == {PUNISHED})*int(reward_pre < 0)"
    f" + int(j == {YES})*int(said_pre > 0) + int(j == {NO})*int(said_pre < 0))",
    asked="margin_pre*int(i == 0)",
    score_model="""
        target  : 1    # evidence for the right answer
        loss    : 1
        correct : 1
    """,
    score=f"""
        closing = int({IN_TRIAL} == {LENGTH - SLOT // 2})/trials
        loss += closing*(clip(-slope*target, 0, inf) + log(1 + exp(-abs(slope*target))))
        correct += closing*(int(target > tie) + 0.5*int(abs(target) <= tie))
    """,
    # what a leaky read-out keeps of older input is no answer
    constants={"tie": 1e-6},
    outputs=2,
    step=STEP_MS / 1000,
    settling="0",
    requires="trials >= 1 and prelude == 0 and active > 0",
    score_name="Fraction of trials answered right",
    scores=(0.0, 1.0),
    chance=0.5,
    reference="after the cue-reward task of Miconi et al. 2019, ICLR (public code); a substitute",
)
