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
    "shown": "(trials, presentations)",
    "taught": "(trials, presentations)",
}
"""What the axes of each array are; where `shown` is given, the first axis of inputs, labels and
mask is that of the samples."""


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
    shown
        Which samples each trial shows, one after the other, whole numbers from 0, shape (trials,
        presentations). Inputs, labels and mask then are those of samples. None: trial k shows the
        inputs k.
    taught
        Whether the read-out is told the label of what is shown, true or false, shape (trials,
        presentations): 1 for its class and -1 for the others, in the steps that count. The other
        presentations are asked, and make the score. Given with `shown`, and only then.
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
    shown: np.ndarray | None = None
    taught: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in AXES:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _numbers(name, value))
        self._check_inputs()
        self._check_answers()
        self._check_mask()
        if self.shown is not None or self.taught is not None:
            check_presentations(self)
        self._check_test()
        if self.told is not None:
            wanted = (*self.shape[:2], self.outputs)
            self._check_length("told", self.told.shape, wanted)
        self._check_types()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of trials, or of samples where `shown` is given, of steps and channels."""
        trials, steps, channels = self.inputs.shape
        return trials, steps, channels

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return len(self.inputs) if self.shown is None else len(self.shown)

    @property
    def presentations(self) -> int:
        """How many samples a trial shows."""
        return 1 if self.shown is None else self.shown.shape[1]

    @property
    def asked(self) -> np.ndarray:
        """How many samples each trial asks for, shape (trials,)."""
        return np.ones(self.trials) if self.taught is None else (1 - self.taught).sum(axis=1)

    @property
    def outputs(self) -> int:
        """Size of the read-out: one for each class, or that of the targets."""
        return self.classes if self.targets is None else self.targets.shape[2]

    @property
    def counted(self) -> np.ndarray:
        """How many steps of each trial, or of each sample, count, shape (trials,)."""
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
        drawn = generator(0, "task arrays", "order").permutation(self.trials)
        return drawn if self.test is None else drawn[np.argsort(self.test[drawn], kind="stable")]

    @cached_property
    def content(self) -> str:
        """Digest of all arrays: their numbers and shapes, however a file keeps them."""
        if self.origin and self.shown is None:
            return self.origin
        total = sha256(f"{self.origin or self.classes}".encode())
        for name in ("shown", "taught") if self.origin else AXES:
            value = getattr(self, name)
            if value is not None:
                total.update(f"\0{name}{value.shape}\0".encode())
                total.update((value + 0.0).astype("<f8").tobytes())
        return total.hexdigest()

    # -------------------------------------------------------------------------------------- checks

    def _check_inputs(self) -> None:
        trials, steps, _ = self.shape
        if 0 in self.inputs.shape:
            refuse("inputs", "must have a trial, a step and a channel", self.inputs.shape)
        if trials * steps > MOST_ROWS:
            must = f"must have at most {MOST_ROWS:,} steps in all trials together"
            refuse("inputs", must, trials * steps, "Take longer steps or fewer trials.")

    def _check_answers(self) -> None:
        if (self.labels is None) == (self.targets is None):
            got = "neither" if self.labels is None else "both"
            refuse("labels", "either labels or targets must be given", got)
        if self.targets is None:
            self._check_labels()
        else:
            self._check_length("targets", self.targets.shape[:2], self.shape[:2])
            if not 1 <= self.targets.shape[2] <= MOST_OUTPUTS:
                must = f"must have from 1 to {MOST_OUTPUTS} outputs"
                refuse("targets", must, self.targets.shape[2])
            if self.classes:
                refuse("classes", "mean nothing without labels", self.classes)

    def _check_labels(self) -> None:
        labels = self.labels
        assert labels is not None
        self._check_length("labels", labels.shape, self.shape[:1])
        if not isinstance(self.classes, int | np.integer) or self.classes < 0:
            refuse("classes", "must be a whole number >= 0", self.classes)
        wrong = labels[(labels != np.floor(labels)) | (labels < 0)]
        if wrong.size:
            refuse("labels", "must be whole numbers from 0 on", float(wrong[0]))
        classes = int(self.classes) or int(labels.max()) + 1
        if labels.max() >= classes:
            must = f"must lie from 0 to {classes - 1}, as there are {classes} classes"
            refuse("labels", must, float(labels.max()))
        if not 2 <= classes <= MOST_OUTPUTS:
            refuse("labels", f"must name from 2 to {MOST_OUTPUTS} classes", classes)
        object.__setattr__(self, "classes", classes)

    def _check_mask(self) -> None:
        if self.mask is None:
            return
        self._check_length("mask", self.mask.shape, self.shape[:2])
        check_truths("mask", self.mask)
        if (self.counted == 0).any():
            trial = int(np.argmin(self.counted))
            refuse("mask", "must leave a step in each trial", f"none in trial {trial}")

    def _check_types(self) -> None:
        if self.types is None:
            return
        self._check_length("types", self.types.shape, self.shape[:2])
        wrong = self.types[~np.isin(self.types, (-1, 0, 1))]
        if wrong.size:
            refuse("types", "must be 1 for real, -1 for false, or 0 for neither", float(wrong[0]))

    def _check_test(self) -> None:
        if self.test is None:
            return
        self._check_length("test", self.test.shape, (self.trials,))
        check_truths("test", self.test)
        if not 0 < self.test.sum() < self.test.size:
            must = "must mark some trials, and leave some to searches"
            refuse("test", must, f"{int(self.test.sum())} of {self.test.size}")

    def _check_length(self, name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
        if found != wanted:
            axes = " and ".join(AXES[name].strip("(),").split(", ")[: len(wanted)])
            whose = "inputs and the read-out" if name == "told" else "inputs"
            must = f"must have as many {axes} as the {whose}, {in_words(wanted)}"
            refuse(name, must, in_words(found))


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
        refuse(name, "must hold real numbers", f"an array of type {found.dtype}")
    axes = AXES[name]
    if found.ndim != axes.count(",") + (not axes.endswith(",)")):
        refuse(name, f"must have the axes {axes}", f"the shape {found.shape}")
    kept = np.array(found, dtype=float, order="C")
    if not np.isfinite(kept).all():
        place = tuple(int(k) for k in np.argwhere(~np.isfinite(kept))[0])
        refuse(name, "must hold finite numbers", f"{kept[place]} at {place}")
    kept.flags.writeable = False
    return kept


def check_truths(name: str, values: np.ndarray) -> None:
    """Refuse what is neither 0 nor 1."""
    wrong = values[(values != 0) & (values != 1)]
    if wrong.size:
        refuse(name, "must be true or false, or 1 and 0", float(wrong[0]))


def in_words(numbers: tuple[int, ...]) -> str:
    return " and ".join(f"{number:,}" for number in numbers)


def check_presentations(arrays: TrialArrays) -> None:
    """Refuse presentations that fit neither the samples nor each other."""
    shown, taught = arrays.shown, arrays.taught
    if shown is None or taught is None:
        refuse(
            "taught", "goes with an array `shown`", f"only {'taught' if shown is None else 'shown'}"
        )
        return
    for name in ("targets", "told"):
        if getattr(arrays, name) is not None:
            refuse(name, "mean nothing beside `shown`", name, "Give labels of the samples.")
    samples = len(arrays.inputs)
    if taught.shape != shown.shape or not shown.size:
        must = f"must have the shape of `shown`, {in_words(shown.shape)}, and a presentation"
        refuse("taught", must, in_words(taught.shape))
    check_truths("taught", taught)
    wrong = shown[(shown != np.floor(shown)) | (shown < 0) | (shown >= samples)]
    if wrong.size:
        refuse("shown", f"must be whole numbers from 0 to {samples - 1}", float(wrong[0]))
    if shown.size > MOST_ROWS:
        refuse("shown", f"must have at most {MOST_ROWS:,} presentations in all", shown.size)
    if (arrays.asked == 0).any():
        trial = int(np.argmin(arrays.asked))
        refuse("taught", "must leave a sample to ask for in each trial", f"none in trial {trial}")
    _check_unseen(arrays, shown, taught)


def _check_unseen(arrays: TrialArrays, shown: np.ndarray, taught: np.ndarray) -> None:
    """Refuse a sample that test trials ask for and other trials show."""
    if arrays.test is None or arrays.test.shape != shown.shape[:1]:
        return
    is_test = arrays.test == 1
    asked = shown[is_test][taught[is_test] == 0]
    if (both := np.intersect1d(asked, shown[~is_test])).size:
        must = "samples that test trials ask for must be in no other trial"
        refuse("test", must, f"sample {int(both[0])}")


def refuse(name: str, must: str, got: object, cure: str = "") -> None:
    raise DeclarationError(f"{OWNER}.{name}", must, got, cure)
