"""One of many binary tasks in each episode, on the same channels: learn it from reward.

An episode draws its task out of `tasks`, and has `trials` trials of it.  Each trial shows one or
two stimuli, some after a delay, and is answered by one of two actions.  The network learns within
the episode: the read-out is told what it did (an efference copy), and the modulatory neurons hear
whether it was right, 1 or -1, as in `cue_bandit`.  The score counts the second half of an episode.

    channels  4 for each of four stimuli (two modalities with two each), 4 for "go", 2 for each of
              two cues that say what is asked for, 1 for each task: the context, active all the time
    trial     5 phases of 100 ms: 0, 1, 2 stimuli and delays; 3 "go": the mean of ``a0 - a1`` and a
              jitter of the trial choose the action; 4 "go", efference copy and reward

What each task shows, and its right answers, are declared in `neuromodels.tasks.family.members`.
At the end of a trial membranes, traces and eligibilities are erased, so that a trial does not see
what the one before has shown.  Weights stay.

Between the trials `switch` and `back` an episode may turn to another task, drawn as the first one.
With ``held_out = 1`` tasks are drawn out of `withheld`, which no search sees.

Drawn for an episode: ``mapping``, of `association` the stimuli that ask for the second action, two
of four, bit by bit, and of `reversal` its lowest bit; ``turn``, the first trial in which `reversal`
has turned: the middle, give or take `spread`.  ``turned`` is 1 from there on.

A family of tasks with a context cue [P]; their binary form, timing, rates and all numbers [I].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.tasks.base import Task
from neuromodels.tasks.encoding import POISSON, POISSON_MODEL
from neuromodels.tasks.family.member import PHASES, Member
from neuromodels.tasks.family.members import MEMBERS, NEUROGYM, YANG
from neuromodels.tasks.inputs import Inputs

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
    terms = [f"int({number} == {k})*({value})" for k, value in enumerate(values) if f"{value}" != "0"]
    return " + ".join(terms) or "0"


def _choices(searched: Sequence[int], withheld: Sequence[int]) -> np.ndarray:
    """Return both counts, and the numbers of the members: a table, so that one program serves all."""
    numbers = [len(searched), len(withheld), *searched, *withheld]
    return np.array(numbers + [0] * (2 + len(MEMBERS) - len(numbers)), dtype=float)


def _episode_start() -> dict[str, str]:
    """Return the draws of an episode, out of the table of `_choices`."""
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


def _trial_start() -> dict[str, str]:
    """Return the draws of a trial, and what follows from them."""
    ends = {f"{k}_ends": _of_each(getattr(m, k)[1] * PHASE for m in MEMBERS) for k in SHOWN}
    return {
        "member": f"(1 - {AWAY})*first_task + {AWAY}*other_task",
        "turned": "int(i >= turn)",
        "jitter": "explore*randn()",
        "given": "0",
        **{coin: "int(rand() < 0.5)" for coin in ("coin1", "coin2", "three")},
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
NAMES = tuple(member.name for member in MEMBERS)


@dataclass(frozen=True, eq=False)
class FamilyTask(Task):
    """The family, of which an episode draws a member.

    Parameters
    ----------
    searched, withheld
        Names of the members that a search may see, and of those that it never does.
    """

    searched: tuple[str, ...] = NAMES
    withheld: tuple[str, ...] = ()

    @property
    def options(self) -> Mapping[str, tuple[str, ...]]:
        """What a study says beside the parameters: names of members, with spaces between them."""
        return {"tasks": (), "withheld": ()}

    def with_options(self, options: Mapping[str, str]) -> Task:
        """Return the family with some members, all but the withheld ones where none is named.

        Raises
        ------
        DeclarationError
            Where a member does not exist, is named twice, or none is left.
        """
        if strange := [name for name in options if name not in self.options]:
            must = f"options are {', '.join(self.options)}"
            raise DeclarationError(f"Task.{self.name}", must, strange[0])
        withheld = _named(options, "withheld")
        given = _named(options, "tasks") or tuple(n for n in NAMES if n not in withheld)
        if both := [name for name in given if name in withheld]:
            must = "must be other tasks than those in tasks"
            raise DeclarationError(f"Task.{self.name}.withheld", must, both[0])
        if not given:
            must = "must leave a task to searches"
            raise DeclarationError(f"Task.{self.name}.withheld", must, " ".join(withheld))
        return family(given, withheld)

    def inputs(self, parameters: Mapping[str, float]) -> Inputs:
        """Return how many tasks searches see, and how many they do not; an episode shows one."""
        return Inputs(len(self.searched), len(self.withheld), "place")

    def refusal(self, parameters: Mapping[str, float]) -> str:
        """Return why all parameters together are not possible, empty where they are."""
        if parameters["held_out"] and not self.withheld:
            return "held_out asks for tasks kept from searches; name some in withheld"
        if parameters["switch"] and len(self.withheld if parameters["held_out"] else self.searched) < 2:
            return "switch needs two tasks or more to draw from"
        return super().refusal(parameters)


def _named(options: Mapping[str, str], option: str) -> tuple[str, ...]:
    """Return the members that an option names."""
    names = tuple(options.get(option, "").replace(",", " ").split())
    for n, name in enumerate(names):
        where = f"Task.{FAMILY_NAME}.{option}"
        if name not in NAMES:
            close = get_close_matches(name, NAMES, 1)
            cure = f"Did you mean {close[0]!r}?" if close else ""
            raise DeclarationError(where, f"tasks are {', '.join(NAMES)}", name, cure)
        if name in names[:n]:
            raise DeclarationError(where, "must name each task once", name)
    return names


FAMILY_NAME = "family"


def family(searched: Sequence[str] = NAMES, withheld: Sequence[str] = ()) -> FamilyTask:
    """Return the task whose episodes draw one of some members.

    Parameters
    ----------
    searched, withheld
        Names of members that a search may see, and of those that it never does.
    """
    numbers = [[NAMES.index(name) for name in names] for names in (searched, withheld)]
    return FamilyTask(
        name=FAMILY_NAME,
        summary="do the binary task that an episode draws out of a family, learned from reward",
        # trials of an episode; first trial of another task and of the first one again (0: none);
        # whether tasks are drawn out of the withheld ones; reversal around the middle; Hz
        parameters={
            "trials": 40,
            "switch": 0,
            "back": 0,
            "held_out": 0,
            "spread": 2,
            "active": 80.0,
            "noise": 5.0,
            "explore": 0.1,
            "slope": 1.0,
        },
        steps=f"trials*{LENGTH}",
        items="trials",
        item_model=ITEM_MODEL,
        item_start={**_episode_start(), **_trial_start()},
        # sums over all trials read these: a trial that is not present says 0
        item_step=ITEM_STEP,
        body=BODY,
        channels=FIRST_CONTEXT + len(MEMBERS),
        groups=(*[COPIES] * STIMULI, GO_CHANNELS, 2 * CUE_CHANNELS, len(MEMBERS)),
        trace="xt",
        stimulus_model=f"cue : 1    # all that the trial shows\n{POISSON_MODEL}",
        stimulus=STIMULUS,
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
            closing = {SCORED}
            loss += closing*(clip(-slope*target, 0, inf) + log(1 + exp(-abs(slope*target))))
            correct += closing*int(target > 0)
        """,
        constants={"choices": _choices(*numbers)},
        outputs=2,
        between=f"(timestep(t, dt) + 1) % {LENGTH} == 0",
        step=STEP_MS / 1000,
        unseen={"held_out": 1} if withheld else {},
        requires=(
            "trials >= 2 and held_out in (0, 1) and explore > 0"
            f" and 0 < active and active + noise <= {1000 // STEP_MS} and spread < trials//2"
            " and ((switch, back) == (0, 0) or 0 < switch < back < trials)"
        ),
        score_name="Fraction of right actions, second half",
        scores=(0.0, 1.0),
        chance=0.5,
        reference=f"after {YANG}, and {NEUROGYM}; binary form and numbers ours",
        searched=tuple(searched),
        withheld=tuple(withheld),
    )


FAMILY = family(NAMES[:-1], NAMES[-1:])
"""As it stands in the catalog, with one task withheld; a study names its own."""
