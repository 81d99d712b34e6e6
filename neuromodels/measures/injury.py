"""Networks that lose weights or neurons while they act (PDLF, arXiv:2308.12063, Fig. 4).

Every method gets the same wounds at the same time. When a temporary one ends, evolved weights are
given back; plastic weights were lost, and whatever is there afterwards has grown again. Of a weight
``w + alpha*rho`` the part `w` is given back, and `rho` has to grow.

In a network of one's own the projections that the study names as plastic lose their weights. All
else stays: the synapses that nobody marked, and those from the channels and to the read-out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from neuromodels.analysis.recovery import recovered_fraction, recovery_interval, recovery_steps
from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import (
    Examined,
    Measure,
    Quantity,
    Solution,
    mean_of,
    number,
    within,
)
from neuromodels.seeding import generator
from neuromodels.study.circuits import OwnNetwork

if TYPE_CHECKING:
    from neuromodels.experiment.episodes import Episodes

HIDDEN = "hidden"
WOUND = (0.5, 0.55)
"""Part of a trial in which a temporary injury takes all weights: a twentieth."""
SHARES = (0.1, 0.2, 0.3, 0.5, 0.8)
"""Of weights, or of hidden neurons, that a permanent injury takes."""
Unit = Literal["weights", "neurons"]
UNITS: tuple[Unit, ...] = ("weights", "neurons")


@dataclass(frozen=True)
class Injury:
    """What is lost, and when.

    Parameters
    ----------
    share
        Of all weights, or of the hidden neurons, 0 to 1.
    first, last
        Steps between which it is lost, the last exclusive; one that lasts to the end of a trial is
        permanent.
    unit
        ``"weights"`` or ``"neurons"``: all weights of a hidden neuron, into it and out of it.
    is_redrawn
        Whether others are lost in every step, as in the released code.
    """

    share: float
    first: int
    last: int
    unit: Unit = "weights"
    is_redrawn: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise DeclarationError("Injury.share", "must lie between 0 and 1", self.share)
        if not 0 <= self.first <= self.last:
            raise DeclarationError(
                "Injury.first", f"must lie between 0 and last = {self.last}", self.first
            )

    def holds(self, step: int) -> bool:
        """Whether something is lost in a step."""
        return self.first <= step < self.last


def examine(solution: Solution) -> Examined:
    """Return what injuries cost, and how a solution recovers from a temporary one."""
    whole, first, last = wounded_steps(solution)
    intact = rewards_of(solution)
    injured = rewards_of(solution, Injury(1.0, first, last))
    rng = generator(solution.seed, "bootstrap", "injury", solution.condition)
    quantities = _recovery(intact, injured, last, rng)
    arrays = {"intact": intact, "injured": injured, "wound": np.array([first, last])}
    for unit in _units(solution):
        lesions = [Injury(share, 0, whole, unit) for share in SHARES]
        scores = np.array([rewards_of(solution, lesion).sum(axis=1) for lesion in lesions])
        arrays[f"without_{unit}"] = scores
        for share, of_trials in zip(SHARES, scores, strict=True):
            quantities[f"score without {share:.0%} of {unit}"] = mean_of(of_trials)
    return {**arrays, "shares": np.array(SHARES)}, quantities


def _units(solution: Solution) -> tuple[Unit, ...]:
    """Return what lesions take; of a user's neurons nobody knows all synapses."""
    return ("weights",) if isinstance(solution.study.circuit, OwnNetwork) else UNITS


def _recovery(
    intact: np.ndarray, injured: np.ndarray, last: int, rng: np.random.Generator
) -> dict[str, Quantity]:
    """Return quantities of rewards, (trials, steps), of the same trials with and without injury."""
    interval = recovery_interval(intact, injured, last, rng)
    fraction = within(recovered_fraction(intact, injured, last), interval)
    return {
        "score, intact": mean_of(intact.sum(axis=1)),
        "score, all weights lost for a twentieth": mean_of(injured.sum(axis=1)),
        "fraction recovered afterwards": fraction,
        "steps until nine tenths are back": number(recovery_steps(intact, injured, last)),
    }


def wounded_steps(solution: Solution) -> tuple[int, int, int]:
    """Return how many steps a trial has, and the first and last of the temporary injury."""
    from neuromodels.experiment.episodes import steps_of  # imports Brian2

    steps = steps_of(solution.study)
    first, last = (round(part * steps) for part in WOUND)
    return steps, first, last


def rewards_of(solution: Solution, injury: Injury | None = None) -> np.ndarray:
    """Return what each step adds to the score, (trials, steps).

    Parameters
    ----------
    injury
        None: nothing is lost.
    """
    trials = solution.episodes()
    scores = [np.zeros(len(solution.streams))]
    for _ in injured_steps(trials, injury):
        trials.run()
        scores.append(trials.score())
    return np.diff(np.column_stack(scores), axis=1)


def injured_steps(trials: Episodes, injury: Injury | None) -> Iterator[int]:
    """Yield every step with its injury done, before it is run."""
    patient = _Patient(trials)
    masks = _masks_of(trials, injury) if injury else None
    for step in range(trials.steps):
        if masks is not None and masks.injury.holds(step):
            patient.lose(masks.lost())
        elif injury is not None and step == injury.last:
            patient.heal()
        yield step


def _masks_of(trials: Episodes, injury: Injury) -> _Masks:
    extents = {name: trials.extents[name] for name in trials.examined}
    return _Masks(injury, extents, len(trials.batch.streams))


def lost_synapses(
    injury: Injury, extents: Mapping[str, tuple[int, ...]], trials: int
) -> dict[str, np.ndarray]:
    """Return by projection which synapses an injury takes, (trials, synapses)."""
    return _Masks(injury, extents, trials).lost()


class _Masks:
    """Which weights are lost; the same for every method, since nothing of the network enters.

    Parameters
    ----------
    extents
        Source and target neurons of each projection, or the number of its synapses, which has no
        lost neurons then.
    trials
        How many.
    """

    def __init__(self, injury: Injury, extents: Mapping[str, tuple[int, ...]], trials: int):
        self.injury = injury
        self._extents, self._trials = extents, trials
        self._rng = generator(0, "injury", injury.unit)
        self._kept: dict[str, np.ndarray] | None = None

    def lost(self) -> dict[str, np.ndarray]:
        """Return by projection which weights are lost now, (trials, synapses)."""
        if self._kept is None or self.injury.is_redrawn:
            self._kept = self._new()
        return self._kept

    def _new(self) -> dict[str, np.ndarray]:
        if self.injury.unit == "neurons":
            lost = self._lots(self._hidden_neurons())
            return {name: self._around(lost, name) for name in self._extents}
        return {name: self._lots(math.prod(extent)) for name, extent in self._extents.items()}

    def _lots(self, count: int) -> np.ndarray:
        return self._rng.random((self._trials, count)) < self.injury.share

    def _hidden_neurons(self) -> int:
        """Return how many neurons may be lost; without hidden ones these are the channels."""
        leaving = [extent for name, extent in self._extents.items() if self._leaves(name)]
        return leaving[0][0]

    def _leaves(self, name: str) -> bool:
        """Whether a projection leaves the neurons that may be lost."""
        has_hidden = any(other.startswith(f"{HIDDEN}_") for other in self._extents)
        return name.startswith(f"{HIDDEN}_" if has_hidden else "input_")

    def _around(self, lost: np.ndarray, name: str) -> np.ndarray:
        """Return which weights of a projection begin or end at lost neurons, (trials, synapses)."""
        around = np.zeros((self._trials, *self._extents[name]), dtype=bool)
        if self._leaves(name):
            around |= lost[:, :, None]
        if name.endswith(f"_{HIDDEN}"):
            around |= lost[:, None, :]
        return around.reshape(self._trials, -1)


class _Patient:
    """The trials of one solution, and what their weights were before the injury."""

    def __init__(self, trials: Episodes):
        self.trials = trials
        self._whole: dict[tuple[str, str], np.ndarray] = {}

    def lose(self, masks: dict[str, np.ndarray]) -> None:
        """Set lost weights to 0; of what never changes remember what it was."""
        for name, mask in masks.items():
            for variable in self.trials.variables(name):
                present = self.trials.synaptic(name, variable)
                if variable not in self.trials.learned(name):
                    present = self._whole.setdefault((name, variable), np.array(present))
                self.trials.set_synaptic(name, variable, np.where(mask, 0.0, present))

    def heal(self) -> None:
        """Give back what never changes."""
        for (name, variable), values in self._whole.items():
            self.trials.set_synaptic(name, variable, values)


INJURY = Measure(
    name="injury",
    about="How much does a lesion cost, and how fast does the network recover?",
    note="The same wounds for every condition; when a temporary one ends, weights that never"
    " change are given back, plastic ones are not.",
    examine=examine,
)
