"""The equations of the task family: what an episode draws, what channels show, what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from neuromodels.tasks.encoding import POISSON
from neuromodels.tasks.family.member import PHASES
from neuromodels.tasks.family.members import MEMBERS

STEP_MS, PHASE_MS = 10, 100
PHASE = PHASE_MS // STEP_MS
"""Steps of a phase."""
LENGTH = PHASES * PHASE
"""Steps of a trial."""
STIMULI, COPIES, GO_CHANNELS, CUE_CHANNELS = 4, 4, 1, 2
"""Stimuli, channels of each, of "go", and of each of two cues."""
GRADES = 3
"""Grades of rate and of length; the highest is the whole."""

TRIAL = f"timestep(t, dt)//{LENGTH}"
NOW = f"(timestep(t, dt) % {LENGTH})"
"""Steps since the trial began."""
GOING = f"int({NOW} >= {3 * PHASE})"
TELLING = f"int({NOW} >= {4 * PHASE})"

# One number says all that a trial shows, so that each channel sums once over the trials: a digit of
# base 4 for the grade of each stimulus, then "go", then the cue (0: none), then the context.
BASE = GRADES + 1
GO_PLACE = BASE**STIMULI
CUE_PLACE = 2 * GO_PLACE
CONTEXT_PLACE = 3 * CUE_PLACE

FIRST_GO = STIMULI * COPIES
FIRST_CUE = FIRST_GO + GO_CHANNELS
FIRST_CONTEXT = FIRST_CUE + 2 * CUE_CHANNELS


def _of_each(values: Iterable[object], number: str = "member") -> str:
    """Return the expression that has one value for each member."""
    terms = [
        f"int({number} == {k})*({value})" for k, value in enumerate(values) if f"{value}" != "0"
    ]
    return " + ".join(terms) or "0"


def choices_of(searched: Sequence[int], withheld: Sequence[int]) -> np.ndarray:
    """Return both counts and the numbers of the members, a table: one program serves all."""
    numbers = [len(searched), len(withheld), *searched, *withheld]
    return np.array(numbers + [0] * (2 + len(MEMBERS) - len(numbers)), dtype=float)


def episode_start() -> dict[str, str]:
    """Return the draws of an episode, out of the table of `choices_of`."""
    turn = "floor(trials/2) + clip(floor((2*spread + 1)*rand()), 0, 2*spread) - spread"
    turns = _of_each((int(member.turns) for member in MEMBERS), "first_task")
    return {
        "before": "held_out*choices(0*second)",
        "count": "choices(held_out*second)",
        # rounding may not carry a draw beyond the last one
        "place": "before + clip(floor(count*rand()), 0, count - 1)",
        "step": "1 + clip(floor((count - 1)*rand()), 0, count - 2)",
        "first_task": "choices((2 + place)*second)",
        "other_task": "choices((2 + before + (place - before + step) % count)*second)",
        "draw": "clip(floor(6*rand()), 0, 5)",
        # 3, 5, 6, 9, 10, 12: two of four bits
        "mapping": "3 + 2*int(draw >= 1) + int(draw >= 2) + 3*int(draw >= 3)"
        " + int(draw >= 4) + 2*int(draw >= 5)",
        "turn": f"trials + ({turns})*({turn} - trials)",
    }


AWAY = "int(switch > 0 and i >= switch and i < back)"
"""Whether a trial is of the other task of an episode."""


def trial_start() -> dict[str, str]:
    """Return the draws of a trial, and what follows from them."""
    ends = {f"{k}_ends": _of_each(getattr(m, k)[1] * PHASE for m in MEMBERS) for k in SHOWN}
    return {
        "member": f"(1 - {AWAY})*first_task + {AWAY}*other_task",
        "turned": "int(i >= turn)",
        "jitter": "explore*randn()",
        "given": "0",
        **dict.fromkeys(("coin1", "coin2", "three"), "int(rand() < 0.5)"),
        "graded": _of_each(int(member.is_graded) for member in MEMBERS),
        "long": _of_each(int(member.says == "length") for member in MEMBERS),
        # of two grades one is in the middle, so that neither stimulus tells the answer alone
        "one": "(1 - graded)*coin1 + graded*(2*coin1 + (1 - coin1)*(1 + 2*coin2))",
        "two": "(1 - graded)*coin2 + graded*(2*(1 - coin1) + coin1*(1 + 2*coin2))",
        **{f"{k}_begins": _of_each(getattr(m, k)[0] * PHASE for m in MEMBERS) for k in SHOWN},
        "first_ends": f"(1 - long)*({ends['first_ends']}) + long*(first_begins + {_length('one')})",
        "second_ends": f"(1 - long)*({ends['second_ends']})"
        f" + long*(second_begins + {_length('two')})",
        "asked_ends": ends["asked_ends"],
        "first_group": _group("one", _of_each(member.first_in for member in MEMBERS)),
        "second_group": _group("two", _of_each(member.second_in for member in MEMBERS)),
        "first_code": _code("one", "first_group"),
        "second_code": _code("two", "second_group"),
        "side": f"2*({_of_each(f'int({member.answer})' for member in MEMBERS)}) - 1",
    }


SHOWN = ("first", "second", "asked")
"""Fields of a member that say when something is shown."""


def _length(stimulus: str) -> str:
    """Return how many steps a stimulus lasts whose length says its grade."""
    return f"floor({stimulus}*{PHASE}/{GRADES})"


def _group(stimulus: str, modality: str) -> str:
    """Return which of the four groups of channels shows a stimulus."""
    return f"2*({modality}) + (1 - graded)*{stimulus}"


def _code(stimulus: str, group: str) -> str:
    """Return a stimulus as a digit of what a trial shows."""
    return f"({GRADES} + graded*(1 - long)*({stimulus} - {GRADES}))*{_power(group)}"


def _power(group: str) -> str:
    """Return `BASE` to the power of a group's number, exact and without a call."""
    steps = [f"{BASE**k - BASE ** (k - 1)}*int({group} >= {k})" for k in range(1, STIMULI)]
    return f"(1 + {' + '.join(steps)})"


ITEM_MODEL = "\n".join(
    [
        "before     : 1 (shared)    # tasks in the list before those that may be drawn",
        "count      : 1 (shared)    # of these",
        "place      : 1 (shared)    # of the task in the list of searched and withheld ones",
        "step       : 1 (shared)    # to the other one",
        "first_task : 1 (shared)    # number of the task",
        "other_task : 1 (shared)    # of that between `switch` and `back`",
        "draw       : 1 (shared)",
        "mapping    : 1 (shared)",
        "turn       : 1 (shared)    # first trial with the other answers",
        "trial      : 1 (shared)",
        "is_told    : 1 (shared)",
        "member     : 1    # number of this trial's task",
        "turned     : 1",
        "coin1      : 1",
        "coin2      : 1",
        "graded     : 1    # whether its stimuli have grades,",
        "long       : 1    # of length",
        "one        : 1    # the first stimulus",
        "two        : 1    # the second one",
        "three      : 1    # which of them is asked for",
        *(f"{name}_begins : 1" for name in SHOWN),
        *(f"{name}_ends   : 1" for name in SHOWN),
        "first_group  : 1    # of channels",
        "second_group : 1",
        "first_code  : 1",
        "second_code : 1",
        "side   : 1    # the right answer: 1, the first action, or -1",
        "jitter : 1    # of the decision",
        "given  : 1    # reward in place of the earned one; 0: none",
        "heard  : 1    # mean of a0 - a1",
        "margin : 1    # of the right action, jitter included",
        "chosen : 1    # the action: 1, -1, or 0 before",
        "right  : 1    # whether it was right",
        "earned : 1    # 1, -1, or 0 before",
        *(f"{name} : 1" for name in ("present", "showing", "copy", "news")),
    ]
)


def _is_shown(name: str) -> str:
    return f"int({NOW} >= {name}_begins and {NOW} < {name}_ends)"


STIMULI_NOW = f"{_is_shown('first')}*first_code + {_is_shown('second')}*second_code"
CUES_NOW = f"{GOING}*{GO_PLACE} + {_is_shown('asked')}*(three + 1)*{CUE_PLACE}"
ITEM_STEP = f"""
    trial = {TRIAL}
    is_told = {TELLING}
    present = int(i == trial)
    showing = present*({STIMULI_NOW} + {CUES_NOW} + (member + 1)*{CONTEXT_PLACE})
    copy = present*is_told*chosen
    news = present*is_told*(given + int(given == 0)*earned)
"""
BODY = f"""
    heard += present*{GOING}*(1 - is_told)*(a0 - a1)/{PHASE}
    closing = present*int({NOW} == {4 * PHASE - 1})
    margin += closing*side*(heard + jitter)
    right += closing*int(margin > 0)
    earned += closing*(2*right - 1)
    chosen += closing*side*earned
"""
STIMULUS = f"""
    grade = floor(cue/{_power(f"floor(i/{COPIES})")}) % {BASE}
    going = floor(cue/{GO_PLACE}) % 2
    asking = floor(cue/{CUE_PLACE}) % 3
    context = floor(cue/{CONTEXT_PLACE})
    shown = int(i < {FIRST_GO})*grade/{GRADES} + int(i >= {FIRST_GO} and i < {FIRST_CUE})*going
    cued = int(i >= {FIRST_CUE} and i < {FIRST_CONTEXT} and asking == 1 + int(i >= {FIRST_CUE + 2}))
    told = int(i >= {FIRST_CONTEXT} and context == i - {FIRST_CONTEXT - 1})
    rate = noise + (shown + cued + told)*active
    {POISSON}
"""
SCORED = f"int({NOW} == {4 * PHASE} and {TRIAL} >= floor(trials/2))/(trials - floor(trials/2))"
SCORE_MODEL = """
    target  : 1    # margin of the right action
    loss    : 1
    correct : 1
"""
SCORE = f"""
    closing = {SCORED}
    loss += closing*(clip(-slope*target, 0, inf) + log(1 + exp(-abs(slope*target))))
    correct += closing*int(target > 0)
"""
