"""Probes of learning, flexibility, generalisation and adaptability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from neuromodels.analysis.cognition.adaptability import area_under_doses, recovery
from neuromodels.analysis.cognition.generalisation import generalisation
from neuromodels.analysis.cognition.learning import normalised_gain, switch_cost
from neuromodels.analysis.learning import means_around, trials_to_criterion
from neuromodels.measures.battery.probe import (
    Curves,
    Probe,
    Values,
    drawing,
    drawn_curve,
    mean_of_known,
    of_curve,
    of_mean,
)
from neuromodels.measures.injury import Injury, rewards_of, wounded_steps
from neuromodels.measures.outcomes import outcomes_of
from neuromodels.measures.quantities import Quantity, Solution
from neuromodels.measures.reversal import WINDOW
from neuromodels.study.study import Study
from neuromodels.tasks import Task

EXAMPLES = {"shots": (1, 5), "training": (1, 4)}
"""Parameters that count examples within an episode, and the few and the many that are compared."""
NOISES = (0.0, 5.0, 10.0, 20.0, 40.0)
"""Hz of noise beyond the study's own."""
DAMAGES = (0.0, 0.1, 0.2, 0.4, 0.8)
"""Shares of all weights that are lost for a whole trial."""


# -- performance --------------------------------------------------------------------------------


def _performance(solution: Solution, curves: Curves) -> Values:
    """Return the score, on held-out inputs where the study keeps some."""
    return {"score": of_mean(_score(solution, solution.inputs), drawing(solution, "score"))}


# -- learning and flexibility -------------------------------------------------------------------


def _earns(study: Study, task: Task) -> str:
    return "" if task.rewarded else "its task rewards no trials"


def _reward(solution: Solution, curves: Curves) -> Values:
    """Return how fast rewards are learned from, and what their reversal costs."""
    found = outcomes_of(solution)
    trials = trials_to_criterion(found.right, end=found.turn)
    rng = drawing(solution, "reward")
    values = {"trials to criterion": mean_of_known(trials, rng)}
    if (found.turn < found.right.shape[1]).all():
        before, after = means_around(found.right, found.turn, WINDOW)
        values["switch cost"] = of_mean(switch_cost(before, after), rng)
    return values


def _counts_examples(study: Study, task: Task) -> str:
    named = set(EXAMPLES) & set(task.parameters)
    if not named:
        return "its episodes have no number of examples"
    own = task.with_defaults(study.task.parameters)
    return "" if all(own[name] for name in named) else "its study shows no examples"


def _examples(solution: Solution, curves: Curves) -> Values:
    """Return what more examples within an episode teach."""
    parameter = next(name for name in EXAMPLES if name in solution.task.parameters)
    scores = curves.scores(solution, parameter, EXAMPLES[parameter])
    rng = drawing(solution, "examples")
    return {"few-shot gain": of_curve(scores, lambda curve: normalised_gain(*curve), rng)}


# -- generalisation -----------------------------------------------------------------------------


def _holds_out(study: Study, task: Task) -> str:
    is_kept = study.test.inputs == "held out"
    return "" if is_kept else 'it keeps no inputs from its searches ([test] inputs = "held out")'


def _held_out(solution: Solution, curves: Curves) -> Values:
    """Return which part of the score on searched inputs held-out ones keep."""
    searched, held_out = (_score(solution, inputs) for inputs in (None, solution.inputs))
    chance = solution.task.chance or 0.0
    rng = drawing(solution, "held out")
    scores = np.array([held_out, searched])
    return {
        "generalisation": of_curve(
            scores, lambda curve: generalisation(curve[0], curve[1], chance), rng
        )
    }


def _score(solution: Solution, inputs: np.ndarray | None) -> np.ndarray:
    trials = replace(solution, inputs=inputs).episodes()
    trials.run(trials.steps)
    return trials.score()


# -- adaptability -------------------------------------------------------------------------------


def _always(study: Study, task: Task) -> str:
    return ""


def _damage(solution: Solution, curves: Curves) -> Values:
    """Return which part of the score is kept, over shares of weights that are lost."""
    whole, _, _ = wounded_steps(solution)
    lesions = [Injury(share, 0, whole) if share else None for share in DAMAGES]
    scores = np.array([rewards_of(solution, lesion).sum(axis=1) for lesion in lesions])
    return {"area under doses": _area(solution, DAMAGES, scores, "damage", "share of weights lost")}


def _hears_noise(study: Study, task: Task) -> str:
    return "" if "noise" in task.parameters else "its task has no 'noise'"


def _noise(solution: Solution, curves: Curves) -> Values:
    """Return which part of the score is kept, over noise beyond the study's own."""
    own = solution.task.with_defaults(solution.study.task.parameters)["noise"]
    scores = curves.scores(solution, "noise", [own + more for more in NOISES])
    return {"area under doses": _area(solution, NOISES, scores, "noise", "Hz of noise added")}


def _area(
    solution: Solution, doses: Sequence[float], scores: np.ndarray, probe: str, dose: str
) -> Quantity:
    chance, places = solution.task.chance or 0.0, np.array(doses)
    rng = drawing(solution, probe)
    area = of_curve(scores, lambda curve: area_under_doses(places, curve, chance), rng)
    return {**area, **drawn_curve(dose, doses, scores)}


def _acts(study: Study, task: Task) -> str:
    return "" if task.acts else "its task gives no reward in every step"


def _regrowth(solution: Solution, curves: Curves) -> Values:
    """Return which part of what an injury takes comes back, between its two anchors."""
    whole, first, last = wounded_steps(solution)
    injuries = (Injury(1.0, first, last), Injury(1.0, first, whole), None)
    scores = [rewards_of(solution, injury)[:, last:].sum(axis=1) for injury in injuries]
    rng = drawing(solution, "regrowth")
    return {"recovery": of_curve(np.array(scores), lambda curve: recovery(*curve), rng)}


PROBES = (
    Probe("score", ("score",), _always, _performance),
    Probe("reward", ("trials to criterion", "switch cost"), _earns, _reward),
    Probe("examples", ("few-shot gain",), _counts_examples, _examples),
    Probe("held out", ("generalisation",), _holds_out, _held_out),
    Probe("damage", ("area under doses",), _always, _damage),
    Probe("noise", ("area under doses",), _hears_noise, _noise),
    Probe("regrowth", ("recovery",), _acts, _regrowth),
)
