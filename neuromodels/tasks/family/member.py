"""What a member of the task family is: what a trial shows when, and which answer is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from neuromodels.errors import DeclarationError

PHASES = 5
"""Of a trial: three for stimuli, one to decide, one in which action and reward are told."""
NEVER = (0, 0)
"""Phases of a stimulus that is not shown."""

Phases = tuple[int, int]


@dataclass(frozen=True)
class Member:
    """One task of the family.

    Parameters
    ----------
    name, about, source
        For lists. `source` says after which task it is defined.
    answer
        When the first action is right: a condition on what the trial has drawn.  ``one`` and
        ``two`` are the two stimuli, ``three`` is which of them is asked for, all 0 or 1; of graded
        stimuli ``one`` and ``two`` are different grades, 1 to 3.  ``mapping`` and ``turned`` are as
        in the module `neuromodels.tasks.family.family`.
    first, second, asked
        First phase, and first one that is over, of both stimuli and of the cue that says ``three``.
    says
        How a stimulus is told apart: by its ``"place"``, that is which of two groups of channels is
        active, or by its ``"rate"`` or its ``"length"``, which have grades and only one group.
    first_in, second_in
        Modality of each stimulus, an expression: 0 or 1.
    turns
        Whether its right answers turn in the middle of an episode.

    Raises
    ------
    DeclarationError
        Where a stimulus or a cue is shown before or behind the trial.
    """

    name: str
    about: str
    source: str
    answer: str
    first: Phases = (0, 1)
    second: Phases = NEVER
    asked: Phases = NEVER
    says: Literal["place", "rate", "length"] = "place"
    first_in: str = "0"
    second_in: str = "0"
    turns: bool = False

    def __post_init__(self) -> None:
        for field in ("first", "second", "asked"):
            begin, end = getattr(self, field)
            if not 0 <= begin <= end <= PHASES:
                must = f"phases must lie from 0 to {PHASES}, in order"
                raise DeclarationError(f"Member.{self.name}.{field}", must, (begin, end))

    @property
    def is_graded(self) -> bool:
        """Whether its stimuli have grades."""
        return self.says != "place"
