"""What a decoder reads from states of inputs that it was not fitted to, beside two controls.

A network without noise answers the same input with the same state. A decoder that was fitted to
some trials of an input then knows the others by heart, whatever a state says. So all trials of an
input lie in one fold, and every reading comes with what the same decoder reads from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neuromodels.analysis.held_out import (
    DECODERS,
    FOLDS,
    Splitter,
    UndecodableError,
    fold_count,
    read_held_out,
    splits_of,
)
from neuromodels.analysis.intervals import mean_interval

MOST_DRAWS, ENOUGH = 5, 80
"""Draws of a control: so many that they have `ENOUGH` inputs together, or the most."""
HASHED, SHUFFLED = "random-hash control", "shuffled control"
"""What tables call the controls."""


@dataclass(frozen=True, eq=False)
class Decoding:
    """What was read from states, and what the same decoder read from its two controls.

    No number of it goes into a table or a file alone: `rows` and `arrays` hold the controls, too.

    Parameters
    ----------
    decoder
        Its name in `DECODERS`.
    folds
        Parts of the inputs.
    trials, left_out
        States that were used, and others that had a number that is not finite.
    read
        Fraction of the states of an input from which each target is read right, (inputs, m). NaN
        for a target that cannot be decoded.
    hashed
        The same where the state of an input is a random vector that depends on the input alone.
        It says nothing of inputs that were left out: more than chance is a fault of the method.
    shuffled
        The same where the targets are permuted among the inputs.
    reasons
        Why a target cannot be decoded, (m,) texts; empty where it can.
    """

    decoder: str
    folds: int
    trials: int
    left_out: int
    read: np.ndarray
    hashed: np.ndarray
    shuffled: np.ndarray
    reasons: tuple[str, ...]

    @property
    def inputs(self) -> int:
        """Inputs that differ, each of which is held out once."""
        return len(self.read)

    @property
    def accuracy(self) -> np.ndarray:
        """Fraction read right of each target, (m,), where every input counts alike."""
        return _over_inputs(self.read)

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """Return accuracy and controls by target, (m,) each, and how many inputs and folds."""
        parts = {"": self.read, "_hashed": self.hashed, "_shuffled": self.shuffled}
        found = {name + end: _over_inputs(part) for end, part in parts.items()}
        counts = {"_inputs": self.inputs, "_folds": self.folds, "_left_out": self.left_out}
        return found | {name + end: np.array(count) for end, count in counts.items()}

    def rows(self, label: str) -> dict[str, dict[str, Any]]:
        """Return three quantities of a table: means over targets, with intervals over inputs.

        Parameters
        ----------
        label
            What the table calls the reading; the controls are called after it.
        """
        about = {
            "interval_over": "inputs",
            "inputs": self.inputs,
            "folds": self.folds,
            "decoder": self.decoder,
            "left_out": self.left_out,
            "reason": self.reason,
        }
        parts = {"": self.read, f", {HASHED}": self.hashed, f", {SHUFFLED}": self.shuffled}
        return {label + end: {**_mean(part), **about} for end, part in parts.items()}

    @property
    def reason(self) -> str:
        """Why some or all targets are not in the mean, with their number; else empty."""
        lacking = [reason for reason in self.reasons if reason]
        causes = ", ".join(dict.fromkeys(lacking))
        return f"{len(lacking)} of {len(self.reasons)} not decoded: {causes}" if lacking else ""


def decode(
    states: np.ndarray,
    targets: np.ndarray,
    inputs: np.ndarray,
    rng: np.random.Generator,
    decoder: str = "ridge",
    folds: int | Splitter = FOLDS,
    draws: int | None = None,
) -> Decoding:
    """Read targets from the states of inputs that the decoder was not fitted to.

    Parameters
    ----------
    states
        One row per trial, or per step of a trial, (trials, n).
    targets
        Classes to be read, (trials,) or (trials, m); the same in all trials of an input.
    inputs
        What a trial was shown, (trials,) or (trials, k). Equal rows are one input.
    rng
        Draws the folds and the controls.
    decoder
        ``"ridge"`` and ``"logistic"``: scikit-learn's ``RidgeClassifier`` and
        ``LogisticRegression`` with their default penalties, after ``StandardScaler``; classes
        count alike. ``"nearest_mean"``: ``NearestCentroid`` on the states as they are.
    folds
        A number: the inputs of each class are dealt evenly to so many folds. Or a splitter of
        scikit-learn that keeps groups together.
    draws
        Times that each control is drawn; its numbers are means. None: once, and up to `MOST_DRAWS`
        times where there are few inputs.

    Returns
    -------
    Decoding
        A target of one class, too few inputs, or states that never differ have NaN and a reason.

    Raises
    ------
    ValueError
        When shapes or names do not fit, an input has several targets, or a splitter parts it.
    """
    if decoder not in DECODERS:
        raise ValueError(f"decode.decoder: must be one of {', '.join(DECODERS)}; got {decoder!r}.")
    trials = _trials_of(states, targets, inputs)
    draws = draws or int(np.clip(-(-ENOUGH // max(len(trials.targets), 1)), 1, MOST_DRAWS))

    def read(states: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        return _read(states, classes, trials.groups, folds, decoder, rng)

    found, reasons = read(trials.states, trials.targets)
    hashed = [read(trials.hashed(rng), trials.targets)[0] for _ in range(draws)]
    shuffled = [read(trials.states, trials.shuffled(rng))[0] for _ in range(draws)]
    parts = fold_count(folds, trials.groups)
    controls = (np.mean(hashed, axis=0), np.mean(shuffled, axis=0))
    return Decoding(decoder, parts, len(trials.states), trials.left_out, found, *controls, reasons)


@dataclass(frozen=True, eq=False)
class _Trials:
    """States that are finite, (trials, n), which input each is of, and targets, (inputs, m)."""

    states: np.ndarray
    groups: np.ndarray
    targets: np.ndarray
    left_out: int

    def hashed(self, rng: np.random.Generator) -> np.ndarray:
        """Return a random vector in place of each state, the same in all trials of an input."""
        return rng.standard_normal((len(self.targets), self.states.shape[1]))[self.groups]

    def shuffled(self, rng: np.random.Generator) -> np.ndarray:
        """Return the targets, permuted among the inputs."""
        return self.targets[rng.permutation(len(self.targets))]


def _trials_of(states: np.ndarray, targets: np.ndarray, inputs: np.ndarray) -> _Trials:
    rows, classes, shown = (_rows(each) for each in (states, targets, inputs))
    if not len(rows) == len(classes) == len(shown):
        lengths = f"{len(rows)}, {len(classes)} and {len(shown)}"
        raise ValueError(
            f"decode: states, targets and inputs must be of one length; got {lengths}."
        )
    finite = np.isfinite(rows).all(axis=1)
    rows, classes, shown = rows[finite], classes[finite], shown[finite]
    _, first, groups = np.unique(shown, axis=0, return_index=True, return_inverse=True)
    groups = groups.reshape(-1)
    if (classes != classes[first][groups]).any():
        raise ValueError("decode.targets: must be the same in all trials of an input.")
    return _Trials(rows, groups, classes[first], int((~finite).sum()))


def _read(
    states: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    folds: int | Splitter,
    decoder: str,
    rng: np.random.Generator,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return what is read of each target, (inputs, m), and why nothing is."""
    columns = np.full(targets.shape, np.nan)
    reasons = [""] * targets.shape[1]
    for k, target in enumerate(targets.T):
        try:
            splits = splits_of(states, target, groups, folds, rng)
        except UndecodableError as error:
            reasons[k] = str(error)
        else:
            columns[:, k] = read_held_out(states, target, groups, splits, decoder)
    return columns, tuple(reasons)


def _rows(values: np.ndarray) -> np.ndarray:
    """Return values as rows, (trials, k)."""
    array = np.asarray(values)
    return array[:, None] if array.ndim == 1 else array.reshape(len(array), -1)


def _over_inputs(right: np.ndarray) -> np.ndarray:
    """Return means over inputs, (m,); NaN where there are none."""
    return right.mean(axis=0) if len(right) else np.full(right.shape[1], np.nan)


def _mean(right: np.ndarray) -> dict[str, Any]:
    """Return the mean over targets that are read, and its interval over inputs."""
    known = right[:, np.isfinite(right).all(axis=0)] if len(right) else right[:, :0]
    if not known.size:
        return {"value": None, "low": None, "high": None, "kind": "none", "n": len(right)}
    each = known.mean(axis=1)
    found = mean_interval(each)
    low, high = (None, None) if found.kind == "none" else found.ends
    return {"value": float(each.mean()), "low": low, "high": high, "kind": found.kind, "n": found.n}
