"""Find by reward which of two actions each cue asks for; it is new in each episode, and turns.

An episode draws which half of the cues asks for the first action, and which for the second: so
neither an evolved weight nor a preference for an action earns anything. Each trial shows a cue.
The mean of ``a0 - a1`` over the decision, and a jitter that the trial draws, choose the action.
The read-out is then told what it did (an efference copy), and the modulatory neurons hear whether
it was right, 1 or -1. Nothing else does: without a third factor nobody can know. In the middle of
an episode all cues turn to the other action.

    channels  5 for each of four cues, Poisson, `active` Hz while the cue is shown, all `noise` Hz
    trial     100 ms of cue and decision; 100 ms of cue and efference copy; `delay` after that copy
              has begun, 100 ms of reward; 100 ms of nothing

With ``delay = 0`` copy and reward come together while the cue is still shown, so that rules
without an eligibility can learn, too. From 100 ms on the reward comes when both are over.

A reward that is given in place of the earned one (`given`, 1 or -1; 0: none) is heard by the
modulatory neurons alone. It changes no score.

A two-armed bandit with cues and reversal is a standard of the field; all numbers are ours [I].
"""

from neuromodels.tasks.base import Task
from neuromodels.tasks.encoding import POISSON, POISSON_MODEL

MOST_CUES, CHANNELS = 4, 5
"""Cues that there may be, and channels of each."""
STEP_MS, PHASE_MS = 5, 100
"""Milliseconds of a step, and of each part of a trial."""
PHASE = PHASE_MS // STEP_MS
"""Steps of each part of a trial."""

LENGTH = f"(({3 * PHASE_MS} + delay)//{STEP_MS})"
"""Steps of a trial."""
TRIAL = f"timestep(t, dt)//{LENGTH}"
NOW = f"(timestep(t, dt) % {LENGTH})"
"""Steps since the trial began."""
DECIDING = f"int({NOW} < {PHASE})"
SHOWING = f"int({NOW} < {2 * PHASE})"
TELLING = f"int({NOW} >= {PHASE} and {NOW} < {2 * PHASE})"
"""While the read-out hears what it did."""
REWARDING = f"int({NOW} >= {PHASE} + delay//{STEP_MS} and {NOW} < {2 * PHASE} + delay//{STEP_MS})"

LEFTS = {
    f"left{k + 1}": (f"left{k} + " if k else "")
    + f"int({k} < cues and (cues - {k})*rand() < cues/2 - {f'left{k}' if k else '0'})"
    for k in range(MOST_CUES)
}
"""How many of the first cues ask for the first action: half of all, drawn one after the other."""
_SIDES = " + ".join(f"(left{k + 1} - {f'left{k}' if k else '0'})*{2**k}" for k in range(MOST_CUES))
_TURN = "reversal + clip(int((2*spread + 1)*rand()), 0, 2*spread) - spread"

CUE_BANDIT = Task(
    name="cue_bandit",
    summary="which of two actions does each cue ask for? only a reward to modulators tells",
    # trials of an episode; where all cues turn, give or take `spread` (0: nowhere); ms; Hz
    parameters={
        "cues": 2,
        "trials": 40,
        "reversal": 20,
        "spread": 2,
        "delay": 0,
        "active": 80.0,
        "noise": 5.0,
        "explore": 0.1,
        "slope": 1.0,
    },
    steps=f"trials*{LENGTH}",
    items="trials",
    item_model="\n".join(
        [f"{name} : 1 (shared)" for name in LEFTS]
        + [f"{name} : 1 (shared)" for name in ("trial", "is_shown", "is_told", "is_rewarded")]
        + [
            "sides  : 1 (shared)    # bit k: cue k asks for the first action, until the turn",
            "turn   : 1 (shared)    # first trial with the other actions",
            "seen   : 1    # number of the cue",
            "side   : 1    # what it asks for: 1, the first action, or -1",
            "jitter : 1    # of the decision",
            "given  : 1    # reward in place of the earned one; 0: none",
            "heard  : 1    # mean of a0 - a1",
            "margin : 1    # of the right action, jitter included",
            "chosen : 1    # the action: 1, -1, or 0 before",
            "right  : 1    # whether it was right",
            "earned : 1    # 1, -1, or 0 before",
            *(f"{name} : 1" for name in ("present", "showing", "copy", "news")),
        ]
    ),
    item_start={
        **LEFTS,
        "sides": _SIDES,
        "turn": f"int(reversal > 0)*({_TURN}) + int(reversal == 0)*trials",
        "seen": "clip(int(cues*rand()), 0, cues - 1)",
        "side": "(2*(floor(sides/2**seen) % 2) - 1)*(1 - 2*int(i >= turn))",
        "jitter": "explore*randn()",
        "given": "0",
    },
    # sums over all trials read these: a trial that is not present says 0
    item_step=f"""
        trial = {TRIAL}
        is_shown = {SHOWING}
        is_told = {TELLING}
        is_rewarded = {REWARDING}
        present = int(i == trial)
        showing = present*is_shown*(seen + 1)
        copy = present*is_told*chosen
        news = present*is_rewarded*(given + int(given == 0)*earned)
    """,
    body=f"""
        heard += present*{DECIDING}*(a0 - a1)/{PHASE}
        closing = present*int({NOW} == {PHASE - 1})
        margin += closing*side*(heard + jitter)
        right += closing*int(margin > 0)
        earned += closing*(2*right - 1)
        chosen += closing*side*earned
    """,
    channels=MOST_CUES * CHANNELS,
    groups=(CHANNELS,) * MOST_CUES,
    trace="xt",
    # the number of the cue that is shown, from 1; 0: none. So each channel compares once in a step,
    # not once for each trial: episodes take two thirds of the time
    stimulus_model=f"cue : 1\n{POISSON_MODEL}",
    stimulus=f"rate = noise + int(floor(i/{CHANNELS}) + 1 == cue)*active\n{POISSON}",
    shown="showing_pre",
    taught="copy_pre*(1 - 2*j)",
    rewarded="news_pre",
    asked="margin_pre*present_pre",
    score_model="""
        target  : 1    # margin of the right action
        loss    : 1
        correct : 1
    """,
    score=f"""
        closing = int({NOW} == {PHASE})/trials
        loss += closing*(clip(-slope*target, 0, inf) + log(1 + exp(-abs(slope*target))))
        correct += closing*int(target > 0)
    """,
    outputs=2,
    step=STEP_MS / 1000,
    requires=(
        f"cues in (2, 4) and trials >= 1 and delay % {STEP_MS} == 0 and explore > 0"
        " and 0 < active and active + noise <= 200"
        " and (reversal == 0 or spread < reversal and reversal + spread < trials)"
    ),
    score_name="Fraction of right actions",
    scores=(0.0, 1.0),
    chance=0.5,
    reference="our own; after two-armed bandits with cues and reversal",
)
