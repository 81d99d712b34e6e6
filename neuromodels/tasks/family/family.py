"""One of many binary tasks in each episode, on the same channels: learn it from reward.

An episode draws its task out of `tasks`, and has `trials` trials of it.  Each trial shows one or
two stimuli, some after a delay, and is answered by one of two actions.  The network learns within
the episode: the read-out is told what it did (an efference copy), and the modulatory neurons hear
whether it was right, 1 or -1, as in `cue_bandit`.  The score counts the second half of an episode.

    channels  4 for each of four stimuli (two modalities with two each), 1 for "go", 2 for each of
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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from neuromodels.errors import DeclarationError
from neuromodels.tasks.base import Task
from neuromodels.tasks.encoding import POISSON_MODEL
from neuromodels.tasks.family.equations import (
    BODY,
    COPIES,
    CUE_CHANNELS,
    FIRST_CONTEXT,
    GO_CHANNELS,
    ITEM_MODEL,
    ITEM_STEP,
    LENGTH,
    SCORE,
    SCORE_MODEL,
    STEP_MS,
    STIMULI,
    STIMULUS,
    choices_of,
    episode_start,
    trial_start,
)
from neuromodels.tasks.family.members import MEMBERS, NEUROGYM, YANG
from neuromodels.tasks.inputs import Inputs

FAMILY_NAME = "family"
NAMES = tuple(member.name for member in MEMBERS)
# trials of an episode; first trial of another task and of the first one again (0: none); whether
# tasks are drawn out of the withheld ones; trials around the middle where a reversal may be; Hz
PARAMETERS = {
    "trials": 40,
    "switch": 0,
    "back": 0,
    "held_out": 0,
    "spread": 2,
    "active": 80.0,
    "noise": 5.0,
    "explore": 0.1,
    "slope": 1.0,
}
REQUIRES = (
    "trials >= 2 and held_out in (0, 1) and explore > 0"
    f" and 0 < active and active + noise <= {1000 // STEP_MS} and spread < trials//2"
    " and ((switch, back) == (0, 0) or 0 < switch < back < trials)"
)


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
        drawn = self.withheld if parameters["held_out"] else self.searched
        if parameters["switch"] and len(drawn) < 2:
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
        parameters=PARAMETERS,
        steps=f"trials*{LENGTH}",
        items="trials",
        item_model=ITEM_MODEL,
        item_start={**episode_start(), **trial_start()},
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
        score_model=SCORE_MODEL,
        score=SCORE,
        constants={"choices": choices_of(*numbers)},
        outputs=2,
        between=f"(timestep(t, dt) + 1) % {LENGTH} == 0",
        step=STEP_MS / 1000,
        unseen={"held_out": 1},
        requires=REQUIRES,
        score_name="Fraction of right actions, second half",
        scores=(0.0, 1.0),
        chance=0.5,
        reference=f"after {YANG}, and {NEUROGYM}; binary form and numbers ours",
        searched=tuple(searched),
        withheld=tuple(withheld),
    )


FAMILY = family(NAMES[:-1], NAMES[-1:])
"""As it stands in the catalog, with one task withheld; a study names its own."""
