"""What is asked of a battery."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from neuromodels.analysis.cognition import VALUES
from neuromodels.errors import NeuromodelsError
from neuromodels.measures.battery.probe import Probe
from neuromodels.measures.battery.probes import PROBES
from neuromodels.study.limits.demand import check_trials

TRIALS = 500
MOST_WORKERS = 256
ABOVE_0 = "must be a number above 0"
EXAMPLE = "For instance: --margin information=0.5"


@dataclass(frozen=True)
class Request:
    """What is asked of all solutions below a folder.

    Parameters
    ----------
    trials
        Fresh trials per solution and probe.
    only
        Names out of `PROBES`; empty: all that suit the task.
    against
        The setting that all others are compared with; empty: the first.
    workers
        Processes that answer. The values do not depend on it.
    controls
        The setting that gets two columns more: its rules with their numbers shuffled, and rules
        drawn from where its searches begin. Empty: none.
    margins
        Of a value, the largest difference that does not matter; these are tested for equality.
    stuck
        The score below which a search counts as stuck; None: .05 above chance.

    Raises
    ------
    NeuromodelsError
        For a name that does not exist, or a number that cannot be.
    """

    trials: int = TRIALS
    only: Sequence[str] = ()
    against: str = ""
    workers: int = 1
    controls: str = ""
    margins: Mapping[str, float] = field(default_factory=dict)
    stuck: float | None = None

    def __post_init__(self) -> None:
        check_trials("battery --trials", self.trials)
        for name in self.only:
            if name not in PROBES:
                raise NeuromodelsError(
                    "battery --only", f"must be one of {', '.join(PROBES)}", name
                )
        if not 1 <= self.workers <= MOST_WORKERS:
            told = f"must be from 1 to {MOST_WORKERS}"
            raise NeuromodelsError("battery --workers", told, self.workers)
        if self.stuck is not None and not math.isfinite(self.stuck):
            raise NeuromodelsError("battery --stuck", "must be a number", self.stuck)
        for name, margin in self.margins.items():
            _check_margin(name, margin)

    @property
    def probes(self) -> list[Probe]:
        """The probes that are asked."""
        return [PROBES[name] for name in self.only or PROBES]


def margins_from(texts: Sequence[str]) -> dict[str, float]:
    """Read margins as a user writes them: ``information=0.5``.

    Raises
    ------
    NeuromodelsError
        Where one has no number.
    """
    return dict(map(_margin, texts))


def _margin(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        return name, float(number)
    except ValueError:
        raise NeuromodelsError("battery --margin", ABOVE_0, text, EXAMPLE) from None


def _check_margin(name: str, margin: float) -> None:
    if name not in VALUES:
        told = f"must name one of {', '.join(VALUES)}"
        raise NeuromodelsError("battery --margin", told, name, EXAMPLE)
    if not (math.isfinite(margin) and margin > 0):
        raise NeuromodelsError("battery --margin", ABOVE_0, f"{name}={margin}", EXAMPLE)
