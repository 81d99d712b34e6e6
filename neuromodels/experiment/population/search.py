"""Searches of many forms at once: all of their candidates are one batch in every generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.population.forms import Form
from neuromodels.rules import CATALOG
from neuromodels.search.optimizers import make_optimizer
from neuromodels.seeding import generator, seed_of, trial_streams
from neuromodels.study.outcome import Outcome
from neuromodels.study.study import Study


@dataclass(frozen=True)
class Search:
    """One rule to be found: a form under a seed."""

    form: Form
    seed: int


@dataclass(frozen=True, eq=False)
class Found:
    """What searches found.

    Parameters
    ----------
    vectors
        Centres of the last generation, (searches, d): 0 at the coefficients of absent terms.
    free
        Which numbers were searched, (searches, d).
    evaluations
        Trials of each search.
    """

    vectors: np.ndarray
    free: np.ndarray
    evaluations: int


def free_numbers(experiment: Experiment, study: Study, form: Form) -> np.ndarray:
    """Return which numbers of the network's vector a form searches, (d,).

    What belongs to the neurons is searched in every form. Of the rule's coefficients those are
    that the rule still has without the absent terms.
    """
    whole = CATALOG[study.rule.name]
    kept = {c.name for c in whole.with_options({"terms": " ".join(form.terms)}).coefficients}
    gone = {c.name for c in whole.coefficients} - kept
    free = np.zeros(experiment.dimension, dtype=bool)
    for label, place in experiment.slices.items():
        free[place] = label.rpartition(".")[2] not in gone
    return free


def search_forms(
    experiment: Experiment,
    study: Study,
    searches: Sequence[Search],
) -> Found:
    """Search all forms side by side, each with an optimizer and trials of its own.

    A search is the same to the bit whichever others run beside it.
    """
    plan = study.search
    free = np.array([free_numbers(experiment, study, each.form) for each in searches])
    optimizers = [
        make_optimizer(
            plan.optimizer,
            experiment.centre[row],
            experiment.sigma[row],
            plan.candidates,
            seed_of(each.seed, "population", each.form.name) % 2**32,
            dict(plan.options),
        )
        for each, row in zip(searches, free, strict=True)
    ]
    for generation in range(plan.generations):
        asked = [optimizer.ask() for optimizer in optimizers]
        xs = np.concatenate([_whole(experiment, *each) for each in zip(asked, free, strict=True)])
        streams = _streams(searches, plan.trials, "population", generation)
        streams = np.repeat(streams, plan.candidates, axis=0)
        losses = _losses(experiment, study, xs, streams).reshape(len(searches), -1)
        for optimizer, x, loss in zip(optimizers, asked, losses, strict=True):
            optimizer.tell(x, loss)
    centres = [optimizer.recommend()[None] for optimizer in optimizers]
    vectors = [_whole(experiment, *each)[0] for each in zip(centres, free, strict=True)]
    return Found(np.array(vectors), free, plan.generations * plan.candidates * plan.trials)


def _losses(
    experiment: Experiment, study: Study, xs: np.ndarray, streams: np.ndarray
) -> np.ndarray:
    """Return what each candidate is ranked by, (candidates,); each search counts by itself."""
    outcome = experiment.evaluate(xs, streams)
    width = study.search.candidates
    parts = (_part(outcome, slice(at, at + width)) for at in range(0, len(xs), width))
    return np.concatenate(
        [study.objective.losses(part, study.failures)[:, 0] for part in parts], dtype=float
    )


def _part(outcome: Outcome, rows: slice) -> Outcome:
    measures = {name: values[rows] for name, values in outcome.measures.items()}
    return Outcome(outcome.losses[rows], outcome.scores[rows], outcome.failed[rows], measures)


def random_vectors(experiment: Experiment, found: Found, searches: Sequence[Search]) -> np.ndarray:
    """Return rules drawn where each search began, (searches, d)."""
    vectors = np.tile(experiment.centre, (len(searches), 1))
    for vector, free, each in zip(vectors, found.free, searches, strict=True):
        rng = generator(each.seed, "population", "random", each.form.name)
        vector[free] += experiment.sigma[free] * rng.standard_normal(int(free.sum()))
    return vectors


def shuffled_vectors(
    experiment: Experiment, found: Found, searches: Sequence[Search]
) -> np.ndarray:
    """Return found rules whose numbers have changed places among those searched, (searches, d)."""
    vectors = found.vectors.copy()
    for vector, free, each in zip(vectors, found.free, searches, strict=True):
        rng = generator(each.seed, "population", "shuffled", each.form.name)
        vector[free] = rng.permutation(vector[free])
    return vectors


def _whole(experiment: Experiment, part: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Return vectors of the network, (n, d), from the free numbers of a form."""
    whole = np.tile(experiment.centre, (len(part), 1))
    whole[:, free] = part
    return whole


def _streams(searches: Sequence[Search], trials: int, *names: object) -> np.ndarray:
    return np.stack([trial_streams(each.seed, trials, *names) for each in searches])
