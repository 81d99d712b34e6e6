"""How to search: which optimizer, how many candidates, trials and generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neuromodels.search.checks import check_candidates, checked_count, completed_options
from neuromodels.search.optimizers import checked_info


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

    Raises
    ------
    DeclarationError
        An unknown optimizer or option, or a number out of range.
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

    def __post_init__(self) -> None:
        info = checked_info(self.optimizer)
        check_candidates(info, self.candidates)
        completed_options(info, self.options)
        for name in ("trials", "generations", "checkpoint_every"):
            checked_count(f"SearchPlan.{name}", getattr(self, name), 1)
        checked_count("SearchPlan.patience", self.patience, 0)
