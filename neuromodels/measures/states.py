"""What the hidden neurons of an agent say about its goal (PDLF, arXiv:2308.12063, Fig. 5b).

The traces of the hidden spikes, whether weights change or not: the paper shows traces of one
network beside membrane potentials of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels import tasks
from neuromodels.errors import DeclarationError
from neuromodels.experiment.episodes import Episodes
from neuromodels.study.study import Study
from neuromodels.tasks.goals import TRAINED

HIDDEN, CHANNELS = "hidden", "input"
WINDOW = (0.1, 0.8)
"""Part of a trial that is looked at; published: steps 100 to 800 of 1,000."""
LOOKS = 35
"""How many of its steps at most, evenly spread."""


@dataclass(frozen=True)
class States:
    """Trials of one solution, looked at in some steps.

    Parameters
    ----------
    goals
        Which of the eight trained goals each trial had, (trials,).
    steps
        After which steps, (k,).
    hidden, channels
        Traces of the hidden neurons, and what the network was shown: (trials, k, neurons) each.
    """

    goals: np.ndarray
    steps: np.ndarray
    hidden: np.ndarray
    channels: np.ndarray


def states_of(study: Study, condition: str, vector: np.ndarray, streams: np.ndarray) -> States:
    """Run a solution and keep what its hidden neurons were like.

    Parameters
    ----------
    condition
        ``"plastic"`` or ``"fixed"``.
    vector
        Its coefficients, (d,).
    streams
        Noise streams of fresh trials, (trials,).

    Raises
    ------
    DeclarationError
        When the task draws no goals.
    """
    if "share" not in tasks.CATALOG[study.task.name].item_start:
        raise DeclarationError(f"Task.{study.task.name}", "must draw goals, with their `share`")
    trials = Episodes(study, condition, vector, streams)
    steps = looked_at(trials.steps)
    hidden, channels = [], []
    for step in range(steps[-1] + 1):
        trials.run()
        if step in steps:
            hidden.append(trials.traces(HIDDEN).astype(np.float32))
            channels.append(trials.traces(CHANNELS).astype(np.float32))
    shares = np.asarray(trials.batch["items.share"])[:, 0]
    goals = np.floor(TRAINED * shares).astype(int)
    return States(goals, steps, np.stack(hidden, axis=1), np.stack(channels, axis=1))


def looked_at(steps: int) -> np.ndarray:
    """Return the steps of a trial that are looked at, (k,)."""
    first, last = (int(part * steps) for part in WINDOW)
    return np.unique(np.linspace(first, max(last - 1, first), LOOKS).astype(int))
