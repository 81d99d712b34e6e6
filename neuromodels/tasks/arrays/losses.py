"""The score of a task from arrays as equations: a loss from a short list, or the user's own.

The score's `target` is the number of the trial. What stands for it, in the equations of a user
too, is made in each step:

    mask             1 in steps that count, else 0; in the silence before the trial none counts
    weight           mask over the number of steps of the simulation that count
    last             1 in the last step of the trial, else 0; where a trial shows many samples, 1
                     over the number of those asked in the last step of each
    label, e0, ...   with labels: the class, and each read-out averaged over the steps that count
    wanted0, ...     with targets: what each read-out should say now; `wanted` where there is one
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.tasks.arrays.presentations import NOW, SHOWING, place_of, row_of
from neuromodels.tasks.arrays.trial_arrays import OWNER, TrialArrays

LABELLED: Mapping[str, str] = {
    "cross entropy": "loss = last*(log(total) + slope*(top - own))",
    "squared error": "loss = last*miss",
}
"""Losses of labels; the first is the default."""


def score_of(arrays: TrialArrays, loss: str) -> tuple[str, str]:
    """Return variables and statements of the score.

    Parameters
    ----------
    loss
        A name of the list, statements that update `loss`, or nothing for the first of the list.

    Raises
    ------
    DeclarationError
        Where it is no name and updates nothing, or does not fit the arrays.
    """
    write = _labelled if arrays.targets is None else _targeted
    return write(arrays, loss.strip())


def losses_of(arrays: TrialArrays) -> tuple[str, ...]:
    """Return the names of the losses that fit some arrays, the default first."""
    return tuple(LABELLED if arrays.targets is None else TARGETED)


def answers_of(outputs: int, stem: str = "y") -> list[str]:
    """Return the names of the read-outs in a score, or of what stands beside them."""
    return [stem] if outputs == 1 else [f"{stem}{k}" for k in range(outputs)]


def _before(arrays: TrialArrays) -> list[str]:
    """Return what every score begins with."""
    if arrays.shown is not None:
        return _before_samples(arrays)
    _, steps, _ = arrays.shape
    masked = arrays.mask is not None
    counted = "counted_steps(target*second)" if masked else f"{steps}"
    return [
        f"row = {row_of('target', arrays)}",
        f"mask = {SHOWING}*mask_values(row*second)" if masked else f"mask = {SHOWING}",
        f"weight = mask/({counted}*substeps)",
        f"last = int({NOW} == {steps}*substeps - 1)",
    ]


def _before_samples(arrays: TrialArrays) -> list[str]:
    """Return what a score begins with where a trial shows many samples."""
    steps = arrays.shape[1]
    masked = arrays.mask is not None
    counted = "counted_steps(sample*second)" if masked else f"{steps}"
    return [
        f"place = {place_of('target', arrays)}",
        "sample = shown_values(place*second)",
        f"row = {row_of('target', arrays)}",
        f"asked = {SHOWING}*(1 - taught_values(place*second))",
        f"mask = {SHOWING}*mask_values(row*second)" if masked else f"mask = {SHOWING}",
        f"weight = mask/({counted}*substeps)",
        f"sample_step = {SHOWING}*({NOW} % ({steps}*substeps))",
        f"ends = int(sample_step == {steps}*substeps - 1)",
        "last = ends*asked/asked_samples(target*second)",
    ]


def _labelled(arrays: TrialArrays, loss: str) -> tuple[str, str]:
    """Return the score of classes: the largest mean read-out is the answer."""
    classes = range(arrays.classes)
    squares = " + ".join(f"(e{k} - int(label == {k}))**2" for k in classes)
    several = arrays.shown is not None
    right = "last*int(own == top)/best"
    loss = LABELLED.get(loss or "cross entropy") or _own(loss, arrays)
    lines = [
        *_before(arrays),
        f"label = answer_values({'sample' if several else 'target'}*second)",
        *(_mean_so_far(f"e{k}", f"y{k}", several) for k in classes),
        "top = e0",
        *(f"top = clip(top, e{k}, inf)" for k in classes[1:]),
        f"own = {' + '.join(f'int(label == {k})*e{k}' for k in classes)}",
        f"total = {' + '.join(f'exp(slope*(e{k} - top))' for k in classes)}",
        f"miss = ({squares})/{len(classes)}",
        f"best = {' + '.join(f'int(e{k} == top)' for k in classes)}",
        f"correct = clip(correct + {right}, 0, 1)" if several else f"correct = {right}",
        loss.replace("loss = last", "loss += last") if several else loss,
    ]
    names = ["target", *(f"e{k}" for k in classes), "loss", "correct"]
    return _declared(names), "\n".join(lines)


def _mean_so_far(mean: str, value: str, several: bool) -> str:
    """Return what averages a read-out over the steps that count, of a trial or of each sample."""
    if several:
        return f"{mean} = int(sample_step > 0)*{mean} + weight*{value}"
    return f"{mean} += weight*{value}"


def _targeted(arrays: TrialArrays, loss: str) -> tuple[str, str]:
    """Return the score of a read-out that should follow targets."""
    outputs = arrays.outputs
    pairs = list(zip(answers_of(outputs), answers_of(outputs, "wanted"), strict=True))
    columns = [f"answer_values(row*second, {k})" for k in range(outputs)]
    write = TARGETED.get(loss or "squared error")
    if loss == "cross entropy":
        _check_shares(arrays)
    squares = _mean([f"({y} - {wanted})**2" for y, wanted in pairs])
    lines = [
        *_before(arrays),
        *(f"{wanted} = {column}" for (_, wanted), column in zip(pairs, columns, strict=True)),
        f"missed += weight*{squares}",
        f"correct = clip(1 - missed/{_spread(arrays)!r}, 0, 1)",
        write(pairs) if write else _own(loss, arrays),
    ]
    return _declared(["target", "missed", "loss", "correct"]), "\n".join(lines)


def _squared(pairs: list[tuple[str, str]]) -> str:
    return "loss = missed"


def _absolute(pairs: list[tuple[str, str]]) -> str:
    return f"loss += weight*{_mean([f'abs({y} - {wanted})' for y, wanted in pairs])}"


def _entropy(pairs: list[tuple[str, str]]) -> str:
    """Return the cross entropy of each read-out's sigmoid, and the share on the right side."""
    terms = [
        f"clip(slope*{y}, 0, inf) + log(1 + exp(-abs(slope*{y}))) - slope*{y}*{wanted}"
        for y, wanted in pairs
    ]
    right = [f"int(int({y} > 0) == int({wanted} > 0.5))" for y, wanted in pairs]
    return (
        f"loss += weight*{_mean(terms)}\n"
        f"right += weight*{_mean(right)}\n"
        "correct = clip(right, 0, 1)"
    )


TARGETED: Mapping[str, Callable[[list[tuple[str, str]]], str]] = {
    "squared error": _squared,
    "absolute error": _absolute,
    "cross entropy": _entropy,
}
"""Losses of targets; the first is the default."""


def _mean(terms: list[str]) -> str:
    return f"({' + '.join(f'({term})' for term in terms)})/{len(terms)}"


def _declared(names: list[str]) -> str:
    more = [*names, "right"] if "missed" in names else names
    return "\n".join(f"{name} : 1" for name in more)


def _own(loss: str, arrays: TrialArrays) -> str:
    """Return the statements of a user's own loss."""
    if re.search(r"(?m)^\s*loss\s*[-+*/]?=[^=]", loss):
        return "\n".join(line.strip() for line in loss.splitlines())
    known = ", ".join(losses_of(arrays))
    raise DeclarationError(
        f"{OWNER}.loss",
        f"must be one of {known}, or statements that set `loss`",
        loss,
        "Write for instance 'loss += weight*(y - wanted)**4'.",
    )


def _spread(arrays: TrialArrays) -> float:
    """Return the variance of the targets that count, over which a score is 1 - error."""
    assert arrays.targets is not None
    targets = arrays.targets if arrays.mask is None else arrays.targets[arrays.mask == 1]
    targets = targets.reshape(-1, arrays.outputs)
    return float(targets.var(axis=0).mean() or np.mean(targets**2) or 1.0)


def _check_shares(arrays: TrialArrays) -> None:
    assert arrays.targets is not None
    wrong = arrays.targets[(arrays.targets < 0) | (arrays.targets > 1)]
    if wrong.size:
        must = "targets must lie from 0 to 1 for the cross entropy"
        raise DeclarationError(f"{OWNER}.targets", must, float(wrong[0]))
