"""The arrays of a task: what is shown in each trial, and what is right; checked when declared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.seeding import generator

NUMBERS = "biuf"
"""Kinds of numpy's types that hold real numbers."""
MOST_ROWS = 2**24
"""Trials times steps: whole numbers beyond it are not exact in single precision."""
MOST_OUTPUTS = 100
"""Classes or outputs: the score has terms for each in its equations."""
OWNER = "ArrayTask"
AXES = {
    "inputs": "(trials, steps, channels)",
    "labels": "(trials,)",
    "targets": "(trials, steps, outputs)",
    "mask": "(trials, steps)",
    "test": "(trials,)",
    "told": "(trials, steps, outputs)",
    "types": "(trials, steps)",
}
"""What the axes of each array are."""


@dataclass(frozen=True, eq=False)
class TrialArrays:
    """Inputs of trials with labels or targets; all arrays are kept in double precision.

    Parameters
    ----------
    inputs
        What the channels get, shape (trials, steps, channels).
    labels
        The class of each trial, whole numbers from 0, shape (trials,).
    targets
        What the read-out should say in each step, shape (trials, steps, outputs). Either `labels`
        or `targets` must be given.
    mask
        Which steps count, true or false, shape (trials, steps); None: all.
    test
        Which trials no search may see, true or false, shape (trials,); None: the study says how
        many, see `ArrayTask`.
    told
        What each read-out is told in each step, shape (trials, steps, outputs), 0 where it is told
        nothing; None: nothing at all. It reaches plasticity alone, see `NeuronModel.taught`.
    types
        The type of the sample in each step, shape (trials, steps): 1 for a real one, -1 for a false
        one, 0 where plasticity that needs a type must rest; None: nobody tells.
    classes
        Number of classes; 0: one more than the largest label.
    origin
        Digest of what the arrays are computed from, where their last digits may differ between
        machines; empty: that of their numbers counts.

    Raises
    ------
    DeclarationError
        Where arrays do not fit together, or hold what no trial may be made of.
    """

    inputs: np.ndarray
    labels: np.ndarray | None = None
    targets: np.ndarray | None = None
    mask: np.ndarray | None = None
    test: np.ndarray | None = None
    classes: int = 0
    origin: str = ""
    told: np.ndarray | None = None
    types: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in AXES:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _numbers(name, value))
        self._check_inputs()
        self._check_answers()
        self._check_mask()
        self._check_test()
        if self.told is not None:
            wanted = (*self.shape[:2], self.outputs)
            self._check_length("told", self.told.shape, wanted)
        self._check_types()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of trials, steps and channels."""
        trials, steps, channels = self.inputs.shape
        return trials, steps, channels

    @property
    def outputs(self) -> int:
        """Size of the read-out: one for each class, or that of the targets."""
        return self.classes if self.targets is None else self.targets.shape[2]

    @property
    def counted(self) -> np.ndarray:
        """How many steps of each trial count, shape (trials,)."""
        trials, steps, _ = self.shape
        return np.full(trials, float(steps)) if self.mask is None else self.mask.sum(axis=1)

    @property
    def marked(self) -> int:
        """How many trials `test` keeps from searches."""
        return 0 if self.test is None else int(self.test.sum())

    @cached_property
    def order(self) -> np.ndarray:
        """The trials in an order drawn once for their number, those that `test` marks last.

        Tests take the last ones, so that the share of a study decides where they begin.
        """
        drawn = generator(0, "task arrays", "order").permutation(self.shape[0])
        return drawn if self.test is None else drawn[np.argsort(self.test[drawn], kind="stable")]

    @cached_property
    def content(self) -> str:
        """Digest of all arrays: their numbers and shapes, however a file keeps them."""
        if self.origin:
            return self.origin
        total = sha256(f"{self.classes}".encode())
        for name in AXES:
            value = getattr(self, name)
            if value is not None:
                total.update(f"\0{name}{value.shape}\0".encode())
                total.update((value + 0.0).astype("<f8").tobytes())
        return total.hexdigest()

    # -------------------------------------------------------------------------------------- checks

    def _check_inputs(self) -> None:
        trials, steps, _ = self.shape
        if 0 in self.inputs.shape:
            _refuse("inputs", "must have a trial, a step and a channel", self.inputs.shape)
        if trials * steps > MOST_ROWS:
            must = f"must have at most {MOST_ROWS:,} steps in all trials together"
            _refuse("inputs", must, trials * steps, "Take longer steps or fewer trials.")

    def _check_answers(self) -> None:
        if (self.labels is None) == (self.targets is None):
            got = "neither" if self.labels is None else "both"
            _refuse("labels", "either labels or targets must be given", got)
        if self.targets is None:
            self._check_labels()
        else:
            self._check_length("targets", self.targets.shape[:2], self.shape[:2])
            if not 1 <= self.targets.shape[2] <= MOST_OUTPUTS:
                must = f"must have from 1 to {MOST_OUTPUTS} outputs"
                _refuse("targets", must, self.targets.shape[2])
            if self.classes:
                _refuse("classes", "mean nothing without labels", self.classes)

    def _check_labels(self) -> None:
        labels = self.labels
        assert labels is not None
        self._check_length("labels", labels.shape, self.shape[:1])
        if not isinstance(self.classes, int | np.integer) or self.classes < 0:
            _refuse("classes", "must be a whole number >= 0", self.classes)
        wrong = labels[(labels != np.floor(labels)) | (labels < 0)]
        if wrong.size:
            _refuse("labels", "must be whole numbers from 0 on", float(wrong[0]))
        classes = int(self.classes) or int(labels.max()) + 1
        if labels.max() >= classes:
            must = f"must lie from 0 to {classes - 1}, as there are {classes} classes"
            _refuse("labels", must, float(labels.max()))
        if not 2 <= classes <= MOST_OUTPUTS:
            _refuse("labels", f"must name from 2 to {MOST_OUTPUTS} classes", classes)
        object.__setattr__(self, "classes", classes)

    def _check_mask(self) -> None:
        if self.mask is None:
            return
        self._check_length("mask", self.mask.shape, self.shape[:2])
        _check_truths("mask", self.mask)
        if (self.counted == 0).any():
            trial = int(np.argmin(self.counted))
            _refuse("mask", "must leave a step in each trial", f"none in trial {trial}")

    def _check_types(self) -> None:
        if self.types is None:
            return
        self._check_length("types", self.types.shape, self.shape[:2])
        wrong = self.types[~np.isin(self.types, (-1, 0, 1))]
        if wrong.size:
            _refuse("types", "must be 1 for real, -1 for false, or 0 for neither", float(wrong[0]))

    def _check_test(self) -> None:
        if self.test is None:
            return
        self._check_length("test", self.test.shape, self.shape[:1])
        _check_truths("test", self.test)
        if not 0 < self.test.sum() < self.test.size:
            must = "must mark some trials, and leave some to searches"
            _refuse("test", must, f"{int(self.test.sum())} of {self.test.size}")

    def _check_length(self, name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
        if found != wanted:
            axes = " and ".join(AXES[name].strip("(),").split(", ")[: len(wanted)])
            whose = "inputs and the read-out" if name == "told" else "inputs"
            must = f"must have as many {axes} as the {whose}, {_in_words(wanted)}"
            _refuse(name, must, _in_words(found))


ARRAYS = (*AXES, "classes")
"""Names of all that a file of trials may hold."""


def _numbers(name: str, value: object) -> np.ndarray:
    """Return an array in double precision that nobody can change.

    Raises
    ------
    DeclarationError
        Where it has other axes, or holds anything but finite numbers.
    """
    found = np.asarray(value)
    if found.dtype.kind not in NUMBERS:
        _refuse(name, "must hold real numbers", f"an array of type {found.dtype}")
    axes = AXES[name]
    if found.ndim != axes.count(",") + (not axes.endswith(",)")):
        _refuse(name, f"must have the axes {axes}", f"the shape {found.shape}")
    kept = np.array(found, dtype=float, order="C")
    if not np.isfinite(kept).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(kept))[0])
        _refuse(name, "must hold finite numbers", f"{kept[place]} at {place}")
    kept.flags.writeable = False
    return kept


def _check_truths(name: str, values: np.ndarray) -> None:
    wrong = values[(values != 0) & (values != 1)]
    if wrong.size:
        _refuse(name, "must be true or false, or 1 and 0", float(wrong[0]))


def _in_words(numbers: tuple[int, ...]) -> str:
    return " and ".join(f"{number:,}" for number in numbers)


def _refuse(name: str, must: str, got: object, cure: str = "") -> None:
    raise DeclarationError(f"{OWNER}.{name}", must, got, cure)
