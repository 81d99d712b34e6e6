"""Optuna's samplers on places between 0 and 1, also where some axes have steps only."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError, StorageError, pip_command, said_by
from neuromodels.search.checks import check_told, nearest_name
from neuromodels.search.ranking import is_informative
from neuromodels.seeding import seed_of

WHERE = "fit.optimizer"
PREFIX = "optuna:"
#: Samplers that no search can use: parents of others, and those that need to know the space.
OTHERS = ("Base", "Grid", "BruteForce", "PartialFixed")


@dataclass(frozen=True)
class Axis:
    """One number that is searched.

    Parameters
    ----------
    name
        What Optuna's storage calls it.
    low, high
        Its bounds as the storage shows them.
    is_log
        Whether places go along the logarithm.
    choices
        The only values there are; empty: all between the bounds.
    """

    name: str
    low: float
    high: float
    is_log: bool = False
    choices: Sequence[float] = ()

    @property
    def is_ordered(self) -> bool:
        """Whether choices are steps of one quantity."""
        return list(self.choices) == sorted(self.choices)


def optuna_here() -> Any:
    """Return the package.

    Raises
    ------
    DeclarationError
        Where it is not installed.
    """
    if find_spec("optuna") is None:
        cure = f"Install it: {pip_command('optuna')}."
        raise DeclarationError(WHERE, "needs the package optuna, which is not installed", cure=cure)
    import optuna

    return optuna


class OptunaOptimizer:
    """One of Optuna's samplers, a generation at a time.

    A new sampler is made for each generation, with a seed of its own: what it knows are the trials
    so far. So a state is the list of all trials, and it is taken back by asking for them again.

    Parameters
    ----------
    sampler
        Its name in ``optuna.samplers``.
    axes
        What is searched.
    candidates
        Per generation.
    seed
        Of the samplers.
    options
        Arguments of the sampler.
    storage, study
        Where each trial is kept for others to look at, and under which name; empty: nowhere.
    """

    def __init__(
        self,
        sampler: str,
        axes: Sequence[Axis],
        candidates: int,
        seed: int,
        options: Mapping[str, Any] | None = None,
        storage: str = "",
        study: str = "fit",
    ):
        self.name, self.axes, self.seed = f"{PREFIX}{sampler}", list(axes), seed
        self.dimension, self.candidates = len(self.axes), candidates
        self._optuna, self._options = optuna_here(), dict(options or {})
        self._kind = self._sampler_class(sampler)
        self._xs, self._losses = np.zeros((0, self.dimension)), np.zeros(0)
        self._asked: list[Any] = []
        with self._quiet():
            self._study = self._optuna.create_study(sampler=self._sampler(0))
        self._shown = self._opened(storage, study) if storage else None

    # ----------------------------------------------------------------------------------- sampler

    def _sampler_class(self, name: str) -> type:
        samplers = self._optuna.samplers
        known = [n for n in dir(samplers) if n.endswith("Sampler") and not n.startswith(OTHERS)]
        if name not in known:
            near = nearest_name(name, known) or nearest_name(f"{name}Sampler", known)
            cure = f"{near}Known: {', '.join(known)}."
            raise DeclarationError(WHERE, "must be a sampler of Optuna", name, cure)
        return getattr(samplers, name)

    def _sampler(self, generation: int) -> Any:
        options = dict(self._options)
        if self._kind.__name__ == "TPESampler":  # it is asked for many before it is told
            options = {"constant_liar": True, **options}
        seed = seed_of(self.seed, "optuna", generation) % 2**32
        try:
            return self._kind(seed=seed, **options)
        except (TypeError, ValueError, ImportError) as error:
            told = f"Optuna must take them; it says {said_by(error)}"
            raise DeclarationError("fit.options", told, self._options) from None

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Keep Optuna's reports of single trials from the screen during the block."""
        logging = self._optuna.logging
        before = logging.get_verbosity()
        logging.set_verbosity(logging.WARNING)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
                yield
        finally:
            logging.set_verbosity(before)

    # -------------------------------------------------------------------------------- the search

    def ask(self, n: int | None = None) -> np.ndarray:
        """Return candidates, shape (n, d), each number between 0 and 1."""
        n = self.candidates if n is None else n
        with self._quiet():
            self._study.sampler = self._sampler(len(self._losses) // max(n, 1))
            self._asked = [self._study.ask() for _ in range(n)]
            return np.array([[self._place(t, a) for a in self.axes] for t in self._asked])

    def _place(self, trial: Any, axis: Axis) -> float:
        count = len(axis.choices)
        if not count:
            return trial.suggest_float(axis.name, 0.0, 1.0)
        if axis.is_ordered:
            return (trial.suggest_int(axis.name, 0, count - 1) + 0.5) / count
        return (trial.suggest_categorical(axis.name, list(range(count))) + 0.5) / count

    def tell(self, xs: np.ndarray, losses: np.ndarray) -> None:
        """Learn from the candidates (n, d) that `ask` returned last; failed ones are the worst."""
        xs, losses = np.asarray(xs, dtype=float), np.asarray(losses, dtype=float)
        check_told(self.name, self.dimension, xs, losses)
        if len(xs) != len(self._asked):
            told = "xs must be the candidates that ask returned last"
            raise DeclarationError(f"{self.name}.tell", told, f"{len(xs)} candidates")
        finite = np.isfinite(losses)
        worst = losses[finite].max() + (np.ptp(losses[finite]) or 1) if finite.any() else None
        failed = self._optuna.trial.TrialState.FAIL
        with self._quiet():
            for trial, loss in zip(self._asked, losses, strict=True):
                value = float(loss) if np.isfinite(loss) else worst
                state = failed if value is None else None
                self._study.tell(trial, value, state=state)
        self._asked = []
        self._xs, self._losses = np.vstack([self._xs, xs]), np.append(self._losses, losses)
        self._show()

    def recommend(self) -> np.ndarray:
        """Return the best candidate so far, or the middle where there is none."""
        if not len(self._losses) or not is_informative(self._losses):
            return np.full(self.dimension, 0.5)
        return self._xs[np.argmin(np.where(np.isfinite(self._losses), self._losses, np.inf))]

    def dump(self) -> dict[str, np.ndarray]:
        """Return all trials so far."""
        return {"xs": self._xs, "losses": self._losses}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Ask for the trials of a dumped state again, and tell their losses.

        Raises
        ------
        StorageError
            Where the same questions have other answers now.
        """
        xs, losses = state["xs"], state["losses"]
        for first in range(0, len(losses), self.candidates):
            part = slice(first, first + self.candidates)
            if not np.array_equal(self.ask(), xs[part]):
                told = "the candidates must be those that this version of Optuna asks for"
                raise StorageError(f"{self.name}.load", told, cure="Begin in another folder.")
            self.tell(xs[part], losses[part])

    # --------------------------------------------------------------------------------- a storage

    def _opened(self, storage: str, study: str) -> Any:
        try:
            with self._quiet():
                return self._optuna.create_study(
                    storage=storage, study_name=study, load_if_exists=True
                )
        except Exception as error:
            told = f"Optuna must be able to open it; it says {said_by(error).splitlines()[0]}"
            raise DeclarationError("fit.storage", told, storage) from None

    def _show(self) -> None:
        """Add the trials that the storage does not have yet."""
        if self._shown is None:
            return
        states = self._optuna.trial.TrialState
        distributions = {axis.name: self._distribution(axis) for axis in self.axes}
        with self._quiet():
            for k in range(len(self._shown.get_trials(deepcopy=False)), len(self._losses)):
                values = zip(self.axes, self._xs[k], strict=True)
                is_finite = bool(np.isfinite(self._losses[k]))
                trial = self._optuna.trial.create_trial(
                    params={axis.name: _value(axis, place) for axis, place in values},
                    distributions=distributions,
                    value=float(self._losses[k]) if is_finite else None,
                    state=states.COMPLETE if is_finite else states.FAIL,
                )
                self._shown.add_trial(trial)

    def _distribution(self, axis: Axis) -> Any:
        kinds = self._optuna.distributions
        if axis.choices:
            return kinds.CategoricalDistribution(list(axis.choices))
        return kinds.FloatDistribution(axis.low, axis.high, log=axis.is_log)


def _value(axis: Axis, place: float) -> float:
    """Return the value at a place, as a storage shows it."""
    if axis.choices:
        return axis.choices[int(place * len(axis.choices))]
    if axis.is_log:
        value = axis.low * (axis.high / axis.low) ** place
    else:
        value = axis.low + place * (axis.high - axis.low)
    return float(np.clip(value, axis.low, axis.high))
