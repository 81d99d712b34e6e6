"""Cues and their labels, learnt within a trial (PDLF, arXiv:2308.12063, ``CueRewardTask``).

Each trial draws four random binary cues of 14 features; a cue's label is its number, which the
cue does not betray.  Every step shows one cue, drawn anew, each feature with Gaussian noise and cut
at 0.5 again.  In the first half its label is shown as well; in the second the network must say it.

Protocol from the released code and notebook; there is no published figure of it.  There the label
comes in "an extra channel"; here each class has one, since a number in one channel would say more
about some labels than about others.  ``slope`` scales the read-out in the loss, as in copying.
"""

from neuromodels.tasks.base import Task

CLASSES, FEATURES = 4, 14
OUTPUTS = [f"y{k}" for k in range(CLASSES)]


def _largest(names: list[str]) -> str:
    """Return an expression of the largest of several numbers."""
    first, *others = names
    for name in others:
        first = f"clip({first}, {name}, inf)"
    return first


CUE_LABEL = Task(
    name="cue_label",
    summary="four random cues with their labels, then the noisy cues alone: say the label",
    parameters={"steps": 32, "noise": 0.0, "slope": 1.0},
    steps="steps",
    requires="steps >= 2",
    items=str(CLASSES),
    item_model="\n".join([*(f"bit_{k} : 1" for k in range(FEATURES)), "now : 1 (shared)"]),
    item_start={f"bit_{k}": "int(rand() < 0.5)" for k in range(FEATURES)},
    item_step=f"now = clip(int({CLASSES}*rand()), 0, {CLASSES - 1})",
    channels=FEATURES + CLASSES + 1,
    stimulus_model="""
        cue : 1    # the feature, or the label's sign, that is shown now
        u   : 1    # features, labels, "answer" flag
    """,
    stimulus=f"""
        answering = int(timestep(t, dt) >= steps/2)
        feature = int(cue + noise*randn() > 0.5)
        labelled = int(i >= {FEATURES} and i < {FEATURES + CLASSES})*(1 - answering)
        u = feature*int(i < {FEATURES}) + cue*labelled + answering*int(i == {FEATURES + CLASSES})
    """,
    shown="int(i == now_pre)*("
    + " + ".join(f"bit_{k}_pre*int(j == {k})" for k in range(FEATURES))
    + f" + int(j == {FEATURES} + i))",
    asked="i*int(i == now_pre)",
    outputs=CLASSES,
    score_model="""
        target  : 1
        loss    : 1
        correct : 1
    """,
    score=f"""
        share = int(timestep(t, dt) >= steps/2)/(steps - ceil(steps/2))
        top = {_largest(OUTPUTS)}
        total = {" + ".join(f"exp(slope*({y} - top))" for y in OUTPUTS)}
        said = {" + ".join(f"{y}*int(target == {k})" for k, y in enumerate(OUTPUTS))}
        ties = {" + ".join(f"int({y} >= top)" for y in OUTPUTS)}
        loss += share*(log(total) - slope*(said - top))
        correct += share*int(said >= top)/ties
    """,
    score_name="Fraction of labels said",
    scores=(0.0, 1.0),
    chance=1 / CLASSES,
    reference="Shen et al. 2023, arXiv:2308.12063; protocol from the released code",
)
