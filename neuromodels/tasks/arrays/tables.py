"""Tables of features as trials: ``(X, y)`` as scikit-learn has them, each feature a channel."""

from __future__ import annotations

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.tasks.arrays.trial_arrays import NUMBERS, OWNER, TrialArrays


def from_X_y(
    X: object,
    y: object,
    *,
    steps: int = 10,
    lowest: float = 0.0,
    highest: float = 100.0,
    regression: bool = False,
    test: object = None,
) -> TrialArrays:
    """Return trials that hold the features of a row for some steps.

    Each feature goes linearly from `lowest` to `highest`, from its least to its greatest value in
    the rows that are not marked as `test`; beyond these it is cut off. A feature that is the same
    in all of them is `lowest`.

    Parameters
    ----------
    X
        Features, shape (trials, features).
    y
        With classes: the class of each row, numbers or words, shape (trials,). They are numbered in
        sorted order, as ``numpy.unique`` has them.
    steps
        Steps in which the features are shown.
    lowest, highest
        What the channels get, in Hz where the inputs are rates.
    regression
        Whether `y` is a number for each row, shape (trials,), or several, (trials, outputs): they
        are the targets in each step.
    test
        Which rows no search may see, shape (trials,); None: the study says how many.

    Raises
    ------
    DeclarationError
        Where these do not fit together, or features are no finite numbers.
    """
    features = np.asarray(X)
    if features.ndim != 2 or features.dtype.kind not in NUMBERS:
        got = f"an array of type {features.dtype} and shape {features.shape}"
        raise DeclarationError("from_X_y.X", "must be numbers, (trials, features)", got)
    if not np.isfinite(features).all():
        raise DeclarationError("from_X_y.X", "must be finite", "nan or inf", "Fill the gaps first.")
    if not isinstance(steps, int) or steps < 1:
        raise DeclarationError("from_X_y.steps", "must be a whole number > 0", steps)
    if not lowest < highest:
        raise DeclarationError("from_X_y.lowest", "must be below highest", (lowest, highest))
    marks = None if test is None else np.asarray(test)
    known = features if marks is None else features[_seen(marks, len(features))]
    levels = lowest + (highest - lowest) * _scaled(features.astype(float), known.astype(float))
    inputs = np.repeat(levels[:, None], steps, axis=1)
    if regression:
        return TrialArrays(inputs, targets=_targets(y, steps), test=marks)
    told = np.asarray(y)
    if told.dtype.kind not in NUMBERS + "US":
        raise DeclarationError("from_X_y.y", "must be numbers or words", told.dtype)
    names, labels = np.unique(told, return_inverse=True)
    return TrialArrays(inputs, labels.reshape(told.shape), test=marks, classes=len(names))


def _seen(marks: np.ndarray, rows: int) -> np.ndarray:
    """Return which rows a search may see."""
    if marks.shape != (rows,) or not (marks == 0).any():
        must = f"must mark some of the {rows} rows, one truth value for each"
        raise DeclarationError(f"{OWNER}.test", must, marks.shape)
    return marks == 0


def _scaled(features: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return features from 0 to 1 over the range of the known ones."""
    low, high = known.min(axis=0), known.max(axis=0)
    span = np.where(high > low, high - low, np.inf)
    return ((features - low) / span).clip(0, 1)


def _targets(y: object, steps: int) -> np.ndarray:
    told = np.asarray(y)
    told = told[:, None] if told.ndim == 1 else told
    if told.ndim != 2:
        raise DeclarationError("from_X_y.y", "must be (trials,) or (trials, outputs)", told.shape)
    return np.repeat(told[:, None], steps, axis=1)
