"""The members of the task family; to add one, add it here, and its reference to the tests.

They are after tasks of NeuroGym (Molano-Mazon et al. 2022) and of Yang et al. 2019, with two
stimuli, two actions and short trials in place of a ring of directions.  All times are ours [I].
"""

from neuromodels.tasks.family.member import Member

YANG = "Yang et al. 2019, Nat Neurosci 22:297"
NEUROGYM = "NeuroGym, Molano-Mazon et al. 2022"
TO_THE_END = (2, 5)
"""Phases of a stimulus that stays until the trial is over."""

GO = Member(
    "go",
    "do what the stimulus says, while it is shown",
    f"Go of {YANG}",
    "one == 0",
    first=TO_THE_END,
)
ANTI_GO = Member(
    "anti_go",
    "do the opposite of what the stimulus says",
    f"Anti of {YANG}",
    "one == 1",
    first=TO_THE_END,
)
DELAYED_GO = Member(
    "delayed_go",
    "do what the stimulus said, after a delay",
    f"Dly Go of {YANG}",
    "one == 0",
)
MATCH = Member(
    "match",
    "are the stimuli of two modalities, shown together, alike?",
    f"DelayMatchSample of {NEUROGYM}, without the delay",
    "one == two",
    first=TO_THE_END,
    second=TO_THE_END,
    second_in="1",
)
DELAYED_MATCH = Member(
    "delayed_match",
    "is the stimulus like the one before the delay?",
    f"DelayMatchSample of {NEUROGYM}; DMS of {YANG}",
    "one == two",
    second=TO_THE_END,
)
DELAYED_NONMATCH = Member(
    "delayed_nonmatch",
    "is the stimulus unlike the one before the delay?",
    f"DNMS of {YANG}",
    "one != two",
    second=TO_THE_END,
)
COMPARISON = Member(
    "comparison",
    "was the first stimulus stronger than the second?",
    f"DelayComparison of {NEUROGYM}",
    "one > two",
    second=(2, 3),
    says="rate",
)
CONTEXT_1 = Member(
    "context_1",
    "do what the first of two modalities says",
    f"Ctx DM 1 of {YANG}",
    "one == 0",
    first=TO_THE_END,
    second=TO_THE_END,
    second_in="1",
)
CONTEXT_2 = Member(
    "context_2",
    "do what the second of two modalities says",
    f"Ctx DM 2 of {YANG}",
    "two == 0",
    first=TO_THE_END,
    second=TO_THE_END,
    second_in="1",
)
CONTEXT_CUED = Member(
    "context_cued",
    "do what the modality says that this trial's cue asks for",
    f"ContextDecisionMaking of {NEUROGYM}",
    "(three == 0 and one == 0) or (three == 1 and two == 0)",
    first=TO_THE_END,
    second=TO_THE_END,
    asked=TO_THE_END,
    second_in="1",
)
INTERVAL = Member(
    "interval",
    "was the first stimulus longer than the second?",
    f"IntervalDiscrimination of {NEUROGYM}",
    "one > two",
    second=(2, 3),
    says="length",
)
RECALL = Member(
    "recall",
    "of two stimuli in a row, what did the one say that is asked for?",
    "our own; sequence recall with a cue for the place",
    "(three == 0 and one == 0) or (three == 1 and two == 0)",
    second=(1, 2),
    asked=(3, 5),
)
REVERSAL = Member(
    "reversal",
    "which action does each stimulus ask for? both turn in the middle",
    f"ReversalLearning of {NEUROGYM}",
    "(one + mapping + turned) % 2 == 0",
    first=TO_THE_END,
    turns=True,
)
ASSOCIATION = Member(
    "association",
    "which action does each of four stimuli ask for? drawn anew in each episode",
    "our own; arbitrary association, two stimuli for each action",
    "floor(mapping/2**(one + 2*two)) % 2 == 0",
    first=TO_THE_END,
    first_in="two",
)

MEMBERS = (
    *(GO, ANTI_GO, DELAYED_GO, MATCH, DELAYED_MATCH, DELAYED_NONMATCH, COMPARISON),
    *(CONTEXT_1, CONTEXT_2, CONTEXT_CUED, INTERVAL, RECALL, REVERSAL, ASSOCIATION),
)
"""In the order of their numbers, from 0; channels of the context follow it."""
