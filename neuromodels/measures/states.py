"""What the hidden neurons of an agent say about its goal (PDLF, arXiv:2308.12063, Fig. 5b).

The traces of the hidden spikes, whether weights change or not: the paper shows traces of one
network beside membrane potentials of the other. In a network of one's own the neurons are those
that its plastic synapses drive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.decoding import nearest_mean
from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import KEPT, Examined, Measure, Solution, mean_of
from neuromodels.tasks.goals import TRAINED

CHANNELS = "input"
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


def examine(solution: Solution) -> Examined:
    """Return how often the goal is read from hidden neurons, and from what they are shown."""
    states = states_of(solution)
    hidden = nearest_mean(states.hidden, states.goals)
    channels = nearest_mean(states.channels, states.goals)
    kept = np.concatenate(
        [np.flatnonzero(states.goals == goal)[:KEPT] for goal in np.unique(states.goals)]
    )
    arrays = {
        "hidden": states.hidden[kept],
        "goals": states.goals[kept],
        "steps": states.steps,
        "read": hidden,
        "read_channels": channels,
    }
    return arrays, {
        "goals read from the hidden traces of one step": mean_of(hidden),
        "goals read from what is shown in that step": mean_of(channels),
    }


def states_of(solution: Solution) -> States:
    """Run a solution and keep what its hidden neurons were like.

    Raises
    ------
    DeclarationError
        When the task draws no goals, or there are no hidden neurons.
    """
    if "share" not in solution.task.item_start:
        name = solution.study.task.name
        raise DeclarationError(f"Task.{name}", "must draw goals, with their `share`")
    trials = solution.episodes()
    if not trials.active:
        raise DeclarationError("circuit.hidden", "must be at least 1: hidden neurons are examined")
    steps = observed_steps(trials.steps)
    hidden, channels = [], []
    for step in range(steps[-1] + 1):
        trials.run()
        if step in steps:
            active = np.hstack([trials.traces(name) for name in trials.active])
            hidden.append(active.astype(np.float32))
            channels.append(trials.traces(CHANNELS).astype(np.float32))
    shares = np.asarray(trials.batch["items.share"])[:, 0]
    goals = np.floor(TRAINED * shares).astype(int)
    return States(goals, steps, np.stack(hidden, axis=1), np.stack(channels, axis=1))


def observed_steps(steps: int) -> np.ndarray:
    """Return the steps of a trial that are looked at, (k,)."""
    first, last = (int(part * steps) for part in WINDOW)
    return np.unique(np.linspace(first, max(last - 1, first), LOOKS).astype(int))


STATES = Measure(
    name="states",
    about="Do hidden neurons represent the goal?",
    note="By the nearest mean of the other half of the trials; one of eight goals by chance.",
    examine=examine,
)
