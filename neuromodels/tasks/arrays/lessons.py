"""Lessons out of a data set: trials that teach some of its samples and then ask for others.

A lesson is a trial of many presentations (`neuromodels.tasks.arrays.presentations`). The samples of
a data set are divided once. Lessons of searches teach the first part and ask for the second, the
validation samples. Lessons of tests teach the first part and ask for the samples that the data set
marks as tests, which no search sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.seeding import generator
from neuromodels.tasks.arrays.trial_arrays import TrialArrays

Order = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""From the labels of the samples that may be taught to the places of those taught, in order."""


def lessons(
    samples: TrialArrays,
    order: Order,
    *,
    asked: int = 100,
    searched: int = 20,
    tested: int = 10,
    validation: float = 0.2,
    classes: Sequence[int] = (),
    seed: int = 1,
) -> TrialArrays:
    """Return trials that teach samples of a data set and then ask for others.

    Parameters
    ----------
    samples
        The data set, with labels and with marks of the samples for tests.
    order
        Which samples a lesson teaches, and in which order: `mixed`, `few_shot`, `in_blocks`.
    asked
        How many samples a lesson asks for, as many of each class as there can be.
    searched, tested
        How many lessons there are for searches and for tests.
    validation
        Share of the samples without a mark that lessons of searches ask for and nobody teaches.
    classes
        Labels of the samples that are asked for; empty: all.
    seed
        Of what is drawn.

    Raises
    ------
    DeclarationError
        Where samples have no labels or no marks, or there are too few of them.
    """
    _check(samples, asked, searched, tested, validation)
    labels, test = samples.labels, samples.test
    assert labels is not None
    assert test is not None
    rng = generator(seed, "lessons", "division")
    known = rng.permutation(np.flatnonzero(test == 0))
    held = round(validation * len(known))
    parts = {"searched": known[:held], "tested": np.flatnonzero(test == 1)}
    rows = []
    for part, count in (("searched", searched), ("tested", tested)):
        pool = _of_classes(parts[part], labels, classes)
        for number in range(count):
            drawn = generator(seed, "lessons", part, number)
            taught = known[held:][order(labels[known[held:]], drawn)]
            rows.append((taught, _evenly(pool, labels, asked, drawn)))
    return replace(
        samples,
        shown=np.array([np.concatenate(row) for row in rows]),
        taught=np.array([np.arange(len(a) + len(b)) < len(a) for a, b in rows]),
        test=np.repeat([False, True], [searched, tested]),
    )


def mixed(count: int) -> Order:
    """Return the order that teaches `count` samples of all classes, each a new one if it can."""
    return partial(_mixed, count)


def few_shot(shots: int) -> Order:
    """Return the order that teaches some samples of each class, the classes in turn."""
    return partial(_few_shot, shots)


def in_blocks(tasks: Sequence[Sequence[int]], count: int, *, interleaved: bool = False) -> Order:
    """Return the order that teaches two tasks or more, one after the other or interleaved.

    Parameters
    ----------
    tasks
        Labels of each task.
    count
        How many samples of each task.
    interleaved
        Whether the same samples come mixed: the control of the blocks.
    """
    return partial(_in_blocks, tasks, count, interleaved)


def _mixed(count: int, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return drawn_without_return(np.arange(len(labels)), count, rng)


def _few_shot(shots: int, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kinds = np.unique(labels)
    each = [drawn_without_return(np.flatnonzero(labels == k), shots, rng) for k in kinds]
    return np.concatenate([rng.permutation(turn) for turn in np.array(each).T])


def _in_blocks(
    tasks: Sequence[Sequence[int]],
    count: int,
    interleaved: bool,
    labels: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    blocks = [
        drawn_without_return(np.flatnonzero(np.isin(labels, list(task))), count, rng)
        for task in tasks
    ]
    places = np.concatenate(blocks)
    return rng.permutation(places) if interleaved else places


def drawn_without_return(pool: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return members of a pool in random order; none comes again before all have come.

    Raises
    ------
    DeclarationError
        Where the pool is empty.
    """
    if not len(pool):
        must = "must have a sample of each class that a lesson needs"
        raise DeclarationError("lessons.samples", must, "none")
    rounds = -(-count // len(pool))
    return np.concatenate([rng.permutation(pool) for _ in range(rounds)])[:count]


def _of_classes(pool: np.ndarray, labels: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    return pool[np.isin(labels[pool], list(classes))] if len(classes) else pool


def _evenly(
    pool: np.ndarray, labels: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Return members of a pool, as many of each class as there can be, in random order."""
    mixed_pool = rng.permutation(pool)
    kinds, places = np.unique(labels[mixed_pool], return_inverse=True)
    rank = np.zeros(len(pool), dtype=int)
    for kind in range(len(kinds)):
        rank[places == kind] = np.arange((places == kind).sum())
    return rng.permutation(mixed_pool[np.argsort(rank, kind="stable")[:count]])


def _check(samples: TrialArrays, asked: int, searched: int, tested: int, validation: float) -> None:
    if samples.labels is None or samples.test is None or samples.shown is not None:
        must = "must be a data set with labels and with marks of the samples for tests"
        raise DeclarationError("lessons.samples", must, "other arrays")
    for name, value in (("asked", asked), ("searched", searched), ("tested", tested)):
        if not isinstance(value, int) or value < 1:
            raise DeclarationError(f"lessons.{name}", "must be a whole number > 0", value)
    known = int((samples.test == 0).sum())
    held = round(validation * known) if 0 < validation < 1 else 0
    if not 0 < held < known:
        must = f"must be a share that leaves samples on both sides of {known:,}"
        raise DeclarationError("lessons.validation", must, validation)
    fewest = min(held, samples.marked)
    if asked > fewest:
        must = f"must be at most the samples for validation and for tests, {fewest:,}"
        raise DeclarationError("lessons.asked", must, asked, "Ask for fewer, or hold more back.")
