"""Trials sampled from an environment of Gymnasium or NeuroGym, open loop: nobody acts on them.

What the environment shows are the inputs, what should be done are the targets. An environment of
NeuroGym says that itself, as its ground truth; for any other you give a policy to imitate. A body
that the network's own actions move is another thing: see `neuromodels.tasks.embodied`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.seeding import generator, seed_of
from neuromodels.tasks.arrays.trial_arrays import TrialArrays
from neuromodels.tasks.bodies.environments import made_of

WHERE = "from_environment"
LONGEST = 1000
"""Steps after which a trial that has not ended is cut."""
Policy = Callable[[np.ndarray], Any]
Course = tuple[np.ndarray, np.ndarray]
"""Observations (steps, channels) and actions (steps,) or (steps, outputs) of a trial."""


def from_environment(
    environment: Any,
    trials: int,
    *,
    policy: Policy | None = None,
    seed: int = 1,
    answers: Literal["targets", "labels"] = "targets",
    steps: int = LONGEST,
) -> TrialArrays:
    """Return trials of an environment; shorter ones are padded with zeros and masked there.

    Parameters
    ----------
    environment
        An environment of Gymnasium or NeuroGym, or the name of one for ``gymnasium.make``.
    trials
        How many are sampled.
    policy
        What should be done at an observation, ``action = policy(observation)``; it acts while
        trials are sampled. None: the environment has trials with a ground truth, as those of
        NeuroGym do.
    seed
        Of the environment; equal seeds give equal trials.
    answers
        ``"targets"``: the right action in each step, 1 for the chosen one of several and 0 for the
        others. ``"labels"``: the right action at the end of the trial; only the last steps, in
        which it does not change, count.
    steps
        Steps of a trial at most.

    Raises
    ------
    DeclarationError
        Where the environment is not installed, says nothing that can be an array, or has no trials
        and there is no policy.
    """
    if not isinstance(trials, int) or trials < 1:
        raise DeclarationError(f"{WHERE}.trials", "must be a whole number > 0", trials)
    if answers not in ("targets", "labels"):
        raise DeclarationError(f"{WHERE}.answers", "must be targets or labels", answers)
    made = made_of(environment) if isinstance(environment, str) else environment
    choices = _choices(made)
    if answers == "labels" and choices is None:
        cure = "Ask for answers='targets'."
        raise DeclarationError(f"{WHERE}.answers", "need discrete actions", answers, cure)
    courses = [_checked(course, steps) for course in _courses(made, trials, policy, seed, steps)]
    shown, mask = _padded([observations for observations, _ in courses])
    actions = [action for _, action in courses]
    if answers == "labels":
        return _with_labels(shown, actions, choices or 0)
    told, _ = _padded([_one_of(action, choices) for action in actions])
    return TrialArrays(shown, targets=told, mask=None if mask.all() else mask)


def _choices(environment: Any) -> int | None:
    """Return the number of discrete actions, None where actions are numbers."""
    space = getattr(environment, "action_space", None)
    count = getattr(space, "n", None)
    if count is None and not getattr(space, "shape", None):
        must = "actions must be one of several, or a list of numbers"
        raise DeclarationError(WHERE, must, space)
    return None if count is None else int(count)


def _courses(
    environment: Any, trials: int, policy: Policy | None, seed: int, steps: int
) -> list[Course]:
    """Return what is shown and what should be done in each trial."""
    if policy is not None:
        seeds = generator(seed, "environment").integers(2**31, size=trials)
        return [_acted(environment, policy, int(each), steps) for each in seeds]
    own = getattr(environment, "unwrapped", environment)
    if not hasattr(own, "new_trial"):
        cure = "Give a policy: policy=lambda observation: action."
        raise DeclarationError(f"{WHERE}.policy", "must say what is right", "nothing", cure)
    drawn = seed_of(seed, "environment") % 2**31
    environment.reset(seed=drawn)
    if hasattr(own, "seed"):  # of NeuroGym, where `reset` alone does not reach the trials
        own.seed(drawn)
    return [_told(own) for _ in range(trials)]


def _told(environment: Any) -> Course:
    """Return a trial of an environment with a ground truth."""
    environment.new_trial()
    return np.array(environment.ob, dtype=float), np.array(environment.gt)


def _acted(environment: Any, policy: Policy, seed: int, steps: int) -> Course:
    """Return a trial in which a policy acts."""
    observation, _ = environment.reset(seed=seed)
    seen, done = [], []
    for _ in range(steps):
        seen.append(np.asarray(observation, dtype=float).reshape(-1))
        done.append(policy(observation))
        observation, _, ends, is_cut, _ = environment.step(done[-1])
        if ends or is_cut:
            break
    return np.array(seen), np.array(done)


def _checked(course: Course, steps: int) -> Course:
    """Return the first steps of a trial, observations as rows of numbers."""
    observations, actions = course
    if len(observations) != len(actions) or not len(actions):
        told = (len(observations), len(actions))
        raise DeclarationError(WHERE, "a trial must have an action for each observation", told)
    return observations.reshape(len(observations), -1)[:steps], actions[:steps]


def _padded(parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return trials (trials, steps, width) with zeros behind their ends, and where they are."""
    lengths = np.array([len(part) for part in parts])
    whole = np.zeros((len(parts), lengths.max(), parts[0].shape[1]))
    for trial, part in zip(whole, parts, strict=True):
        trial[: len(part)] = part
    return whole, np.arange(lengths.max()) < lengths[:, None]


def _one_of(actions: np.ndarray, choices: int | None) -> np.ndarray:
    """Return actions (steps, outputs): of several, 1 for the chosen one."""
    if choices is None:
        return actions.reshape(len(actions), -1).astype(float)
    return np.eye(choices)[actions.astype(int).reshape(-1)]


def _with_labels(shown: np.ndarray, actions: list[np.ndarray], choices: int) -> TrialArrays:
    """Return trials whose last action is the label, in the steps in which it is the right one."""
    mask = np.zeros(shown.shape[:2], dtype=bool)
    for counts, action in zip(mask, actions, strict=True):
        others = np.nonzero(action != action[-1])[0]
        counts[others.max(initial=-1) + 1 : len(action)] = True
    labels = np.array([int(action[-1]) for action in actions])
    return TrialArrays(shown, labels, mask=mask, classes=choices)
