"""Decoders of scikit-learn, read on inputs that were held out when they were fitted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from warnings import catch_warnings, filterwarnings

import numpy as np

FOLDS = 4
"""Parts of the inputs; each is read by a decoder that was fitted to the others."""
DECODERS = ("ridge", "logistic", "nearest_mean")
Splits = list[tuple[np.ndarray, np.ndarray]]
"""Rows to fit to and rows to read, fold by fold."""


class Splitter(Protocol):
    """A splitter of scikit-learn that keeps groups together, such as ``GroupKFold(5)``."""

    def split(self, X: Any, y: Any, groups: Any) -> Iterable[tuple[np.ndarray, np.ndarray]]:
        """Return the rows to fit to and the rows to read, fold by fold."""
        ...

    def get_n_splits(self, *, groups: Any) -> int:
        """Return the number of folds."""
        ...


class UndecodableError(Exception):
    """Nothing can be read, for the reason that it names."""


def read_held_out(
    states: np.ndarray, target: np.ndarray, groups: np.ndarray, splits: Splits, decoder: str
) -> np.ndarray:
    """Return how often the class of each input is read from its states, (inputs,).

    Parameters
    ----------
    states
        One row per trial, (trials, n).
    target
        Class of each input, (inputs,), whole numbers.
    groups
        Which input each trial was shown, (trials,), from 0 to inputs - 1.
    splits
        As `splits_of` makes them.
    decoder
        A name in `DECODERS`.
    """
    from sklearn.model_selection import cross_val_predict  # takes a second

    kept = _one_of_equals(states, groups)
    states, of_rows, number = states[kept], groups[kept], np.cumsum(kept) - 1
    inside = [(number[fit][kept[fit]], number[test][kept[test]]) for fit, test in splits]
    pipeline, weighted = _pipeline_of(decoder)
    weights = {f"{step}__sample_weight": 1 / np.bincount(of_rows)[of_rows] for step in weighted}
    with catch_warnings():
        # of the nearest mean; only its other priors divide by them
        filterwarnings("ignore", "self.within_class_std_dev_ has at least 1 zero")
        said = cross_val_predict(pipeline, states, target[of_rows], cv=inside, params=weights)
    return np.bincount(of_rows, said == target[of_rows]) / np.bincount(of_rows)


def splits_of(
    states: np.ndarray,
    target: np.ndarray,
    groups: np.ndarray,
    folds: int | Splitter,
    rng: np.random.Generator,
) -> Splits:
    """Return which trials a decoder is fitted to, and which it reads, in each fold.

    Raises
    ------
    UndecodableError
        When a class or an input is missing that fitting needs.
    ValueError
        When a splitter parts the trials of an input.
    """
    if len(np.unique(target)) < 2:
        raise UndecodableError("one class only")
    if (states == states[0]).all():
        raise UndecodableError("the states never differ")
    if isinstance(folds, int):
        splits = _dealt(target, groups, folds, rng)
    else:
        splits = _splits_by(folds, states, target, groups)
    if any(len(np.unique(target[groups[fit]])) < len(np.unique(target)) for fit, _ in splits):
        raise UndecodableError("one input only shows a class")
    return splits


def fold_count(folds: int | Splitter, groups: np.ndarray) -> int:
    """Return into how many parts the inputs are divided."""
    return folds if isinstance(folds, int) else folds.get_n_splits(groups=groups)


def _dealt(target: np.ndarray, groups: np.ndarray, folds: int, rng: np.random.Generator) -> Splits:
    """Return folds to which the inputs of each class are dealt evenly.

    Few inputs, parted without regard to their classes, leave fewer of a class to fit to where more
    of it are to be read.  In many dimensions a decoder then reads random vectors below chance.
    """
    if len(target) < folds:
        raise UndecodableError(f"{len(target)} inputs for {folds} folds")
    order = rng.permutation(len(target))
    order = order[np.argsort(target[order], kind="stable")]
    fold = np.empty(len(target), dtype=int)
    fold[order] = np.arange(len(target)) % folds
    of_rows = fold[groups]
    return [(np.flatnonzero(of_rows != k), np.flatnonzero(of_rows == k)) for k in range(folds)]


def _splits_by(
    splitter: Splitter, states: np.ndarray, target: np.ndarray, groups: np.ndarray
) -> Splits:
    try:
        splits = [(fit, test) for fit, test in splitter.split(states, target[groups], groups)]
    except ValueError as error:  # it has no other way to say that there are too few inputs
        raise UndecodableError(str(error).rstrip(".")) from error
    if any(np.isin(groups[test], groups[fit]).any() for fit, test in splits):
        name = type(splitter).__name__
        raise ValueError(f"decode.folds: must keep the trials of an input together; got {name}.")
    return splits


def _one_of_equals(states: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return which rows count: one where all trials of an input are equal, else all of them."""
    first = np.unique(groups, return_index=True)[1]
    differs = (states != states[first[groups]]).any(axis=1)
    kept = (np.bincount(groups, differs) > 0)[groups]
    kept[first] = True
    return kept


def _pipeline_of(decoder: str) -> tuple[Any, tuple[str, ...]]:
    """Return a decoder, and which of its steps weigh their rows."""
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    if decoder == "nearest_mean":
        return Pipeline([("read", NearestCentroid())]), ()
    models = {"ridge": RidgeClassifier, "logistic": LogisticRegression}
    chosen = models[decoder](class_weight="balanced", max_iter=1000)
    return Pipeline([("scale", StandardScaler()), ("read", chosen)]), ("scale", "read")
