"""Solutions beside the chosen one: a diverse archive and a pareto front, scored on fresh trials."""

from __future__ import annotations

import numpy as np

from neuromodels.experiment.evolution import Evolution
from neuromodels.experiment.scoring import score_vectors, scores_per_trial
from neuromodels.search.pareto import nondominated, spread
from neuromodels.seeding import trial_streams


def others_of(evolution: Evolution) -> dict[str, np.ndarray]:
    """Return what a search found beside its solution, as arrays of the solution's file.

    Returns
    -------
    dict of ndarray
        ``archive`` (k, d), ``archive_generations`` and ``archive_scores`` (k,);
        of a search with several goals also ``front`` (m, d), ``front_losses`` (m, goals),
        ``front_scores`` (m,) and ``front_goals``, sorted by the first goal.
    """
    archive = _score_archive(evolution) if len(evolution.archive.scores) else {}
    return {**archive, **_score_front(evolution)} if evolution.objective.pareto else archive


def with_best_of_front(
    centres: np.ndarray, generations: np.ndarray, others: dict[str, np.ndarray], last: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the finalists and the best member of the front, as centres need not lie on the front.

    The generation of that member is not known; the last one stands for it.
    """
    if not len(others.get("front", ())):
        return centres, generations
    best = others["front"][int(np.argmax(others["front_scores"]))]
    return np.vstack([centres, best]), np.append(generations, last)


def _score_archive(evolution: Evolution) -> dict[str, np.ndarray]:
    archive = evolution.archive
    outcome = score_vectors(evolution.experiment, archive.centres, _streams(evolution, "archive"))
    return {
        "archive": archive.centres,
        "archive_generations": archive.generations,
        "archive_scores": scores_per_trial(outcome).mean(axis=1),
    }


def _score_front(evolution: Evolution) -> dict[str, np.ndarray]:
    """Score the front again on fresh trials; a member that was only lucky drops out."""
    study = evolution.session.study
    xs, values = evolution.pareto.front()
    if not len(xs):
        return {}
    xs = xs[spread(values, study.test.front)]
    outcome = score_vectors(evolution.experiment, xs, _streams(evolution, "front"))
    losses = study.objective.losses(outcome, study.failures)
    kept = np.flatnonzero(nondominated(losses) & outcome.ran.any(axis=1))
    kept = kept[np.lexsort(losses[kept].T[::-1])]
    return {
        "front": xs[kept],
        "front_losses": losses[kept],
        "front_scores": scores_per_trial(outcome).mean(axis=1)[kept],
        "front_goals": np.array(study.objective.goals, dtype=str),
    }


def _streams(evolution: Evolution, name: str) -> np.ndarray:
    return trial_streams(evolution.seed, evolution.session.study.test.curve_trials, name)
