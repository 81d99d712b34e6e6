"""How to search: which optimizer, how many candidates, trials and generations."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate

from neuromodels.errors import DeclarationError
from neuromodels.search.checks import check_candidates, checked_count, completed_options
from neuromodels.search.optimizers import checked_info


@dataclass(frozen=True)
class Stage:
    """Generations at the beginning of a search, on another task or on fewer trials.

    Parameters
    ----------
    generations
        How many.
    trials
        Episodes per candidate and generation; 0: as many as the plan has.
    task
        Parameters of the task that differ from the study's.

    Raises
    ------
    DeclarationError
        A number out of range.
    """

    generations: int
    trials: int = 0
    task: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked_count("Stage.generations", self.generations, 1)
        checked_count("Stage.trials", self.trials, 0)


@dataclass(frozen=True)
class SearchPlan:
    """The outer loop of a study, as plain values.

    The metadata ``before`` of a field is read by `neuromodels.study.added_keys`.

    Parameters
    ----------
    optimizer
        A name from `OPTIMIZERS`.
    candidates
        Vectors of coefficients per generation; even for antithetic optimizers.
    trials
        Episodes per candidate and generation, each with its own noise stream.
    generations
        How often candidates are asked for, evaluated and told.
    options
        Options of the optimizer that differ from its defaults.
    checkpoint_every
        Generations between two checkpoints.
    start
        Run folder whose solutions the search starts from; empty: the coefficients' defaults.
    patience
        Test points without a better score after which the search begins anew elsewhere; 0: never.
    target
        Score of a test point with which the search ends before its last generation; 0: none.
    stages
        What the first of the generations are; the others are the study's own.

    Raises
    ------
    DeclarationError
        An unknown optimizer or option, a number out of range, or stages that leave the study no
        generation of its own.
    """

    optimizer: str = "pgpe"
    candidates: int = 256
    trials: int = 64
    generations: int = 1000
    options: Mapping[str, float] = field(default_factory=dict)
    checkpoint_every: int = 1
    start: str = field(default="", metadata={"before": ""})
    patience: int = field(default=0, metadata={"before": 0})
    target: float = field(default=0.0, metadata={"before": 0.0})
    stages: tuple[Stage, ...] = field(default=(), metadata={"before": ()})

    def __post_init__(self) -> None:
        info = checked_info(self.optimizer)
        check_candidates(info, self.candidates)
        completed_options(info, self.options)
        for name in ("trials", "generations", "checkpoint_every"):
            checked_count(f"SearchPlan.{name}", getattr(self, name), 1)
        checked_count("SearchPlan.patience", self.patience, 0)
        stages = (replace(stage, trials=stage.trials or self.trials) for stage in self.stages)
        object.__setattr__(self, "stages", tuple(stages))
        self._check_stages()

    def _check_stages(self) -> None:
        if not self.stages:
            return
        if self._begins[-1] >= self.generations:
            raise DeclarationError(
                "SearchPlan.stages",
                f"must be shorter than the search, which has {self.generations:,} generations",
                self._begins[-1],
                "Raise search.generations, or shorten a stage.",
            )
        if self.patience:
            raise DeclarationError(
                "SearchPlan.patience",
                "must be 0 where a search has stages",
                self.patience,
                "A search that begins anew would not go through them again.",
            )

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """The stages and, last, the study's own generations."""
        own = self.generations - (self._begins[-1] if self.stages else 0)
        return (*self.stages, Stage(own, self.trials))

    def stage_at(self, generation: int) -> int:
        """Return the number of a generation's stage, from 0; the last is the study's own."""
        return bisect_right(self._begins, generation)

    def begins_stage(self, generation: int) -> bool:
        """Whether a generation is the first of a stage but for the first stage."""
        return generation in self._begins

    @property
    def _begins(self) -> list[int]:
        """The first generation of every stage but the first."""
        return list(accumulate(stage.generations for stage in self.stages))

    @property
    def trials_per_candidate(self) -> int:
        """Episodes in the whole search for each place among the candidates of a generation."""
        return sum(stage.generations * stage.trials for stage in self.all_stages)
