"""Networks that lose weights or neurons while they act (PDLF, arXiv:2308.12063, Fig. 4).

Every method gets the same wounds at the same time. When a temporary one ends, evolved weights are
given back; plastic weights were lost, and whatever is there afterwards has grown again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.experiment.episodes import Episodes
from neuromodels.seeding import generator
from neuromodels.study.study import Study

HIDDEN = "hidden"


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
    unit: Literal["weights", "neurons"] = "weights"
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


def rewards_of(
    study: Study,
    condition: str,
    vector: np.ndarray,
    streams: np.ndarray,
    injury: Injury | None = None,
) -> np.ndarray:
    """Return what each step adds to the score, (trials, steps).

    Parameters
    ----------
    condition
        ``"plastic"`` or ``"fixed"``.
    vector
        Coefficients of that condition's search, (d,).
    streams
        Noise streams of fresh trials, (trials,).
    injury
        None: nothing is lost.
    """
    trials = Episodes(study, condition, vector, streams)
    scores = [np.zeros(len(streams))]
    for _ in _wounded(trials, injury):
        trials.run()
        scores.append(trials.score())
    return np.diff(np.column_stack(scores), axis=1)


def weights_in(
    steps: Sequence[int],
    study: Study,
    condition: str,
    vector: np.ndarray,
    streams: np.ndarray,
    injury: Injury | None = None,
) -> dict[str, np.ndarray]:
    """Return by projection the weights that act in some steps, (steps, trials, before, behind).

    Parameters
    ----------
    steps
        Which, in any order; each must lie within a trial.
    condition, vector, streams, injury
        As of `rewards_of`.
    """
    trials = Episodes(study, condition, vector, streams)
    found = {}
    for step in _wounded(trials, injury):
        if step in steps:
            found[step] = trials.acting()
        trials.run()
    return {
        name: np.stack([found[step][name].reshape(-1, *shape) for step in steps])
        for name, shape in trials.shapes.items()
    }


def _wounded(trials: Episodes, injury: Injury | None) -> Iterator[int]:
    """Yield every step with its injury done, before it is run."""
    patient = _Patient(trials)
    masks = _Masks(injury, trials.shapes, len(trials.batch.streams)) if injury else None
    for step in range(trials.steps):
        if masks is not None and masks.injury.holds(step):
            patient.lose(masks.drawn())
        elif injury is not None and step == injury.last:
            patient.heal()
        yield step


class _Masks:
    """Which weights are lost; the same for every method, since nothing of the network enters."""

    def __init__(self, injury: Injury, shapes: dict[str, tuple[int, int]], trials: int):
        self.injury = injury
        self._shapes, self._trials = shapes, trials
        self._rng = generator(0, "injury", injury.unit)
        self._kept: dict[str, np.ndarray] | None = None

    def drawn(self) -> dict[str, np.ndarray]:
        """Return by projection which weights are lost now, (trials, synapses)."""
        if self._kept is None or self.injury.is_redrawn:
            self._kept = self._new()
        return self._kept

    def _new(self) -> dict[str, np.ndarray]:
        if self.injury.unit == "neurons":
            lost = self._lots(max(self._hidden(name) for name in self._shapes))
            return {name: self._around(lost, name) for name in self._shapes}
        return {name: self._lots(rows * columns) for name, (rows, columns) in self._shapes.items()}

    def _lots(self, count: int) -> np.ndarray:
        return self._rng.random((self._trials, count)) < self.injury.share

    def _hidden(self, name: str) -> int:
        """Return how many hidden neurons a projection reaches or leaves."""
        rows, columns = self._shapes[name]
        return columns if name.endswith(f"_{HIDDEN}") else rows

    def _around(self, lost: np.ndarray, name: str) -> np.ndarray:
        """Return which weights of a projection end at lost neurons, (trials, synapses)."""
        across = lost[:, None, :] if name.endswith(f"_{HIDDEN}") else lost[:, :, None]
        whole = np.broadcast_to(across, (self._trials, *self._shapes[name]))
        return whole.reshape(self._trials, -1)


class _Patient:
    """The trials of one solution, and what their weights were before the injury."""

    def __init__(self, trials: Episodes):
        self.trials = trials
        self._whole: dict[str, np.ndarray] = {}

    def lose(self, masks: dict[str, np.ndarray]) -> None:
        """Set lost weights to 0; of weights that never change remember what they were."""
        present = self.trials.weights()
        if not self.trials.is_plastic:
            self._whole = present = self._whole or present
        self.trials.set_weights({n: np.where(masks[n], 0.0, w) for n, w in present.items()})

    def heal(self) -> None:
        """Give weights back that never change."""
        self.trials.set_weights(self._whole)
