"""What the hidden neurons of an agent say about its goal (PDLF, arXiv:2308.12063, Fig. 5b).

The traces of the hidden spikes, whether weights change or not: the paper shows traces of one
network beside membrane potentials of the other. In a network of one's own the neurons are those
that its plastic synapses drive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neuromodels.analysis.decoding import Decoding, decode
from neuromodels.analysis.held_out import FOLDS, Splitter
from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import KEPT, Examined, Measure, Solution
from neuromodels.seeding import generator
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
    inputs
        All that was drawn for each trial, such as its goal and where it starts, (trials, items).
    steps
        After which steps, (k,).
    hidden, channels
        Traces of the hidden neurons, and what the network was shown: (trials, k, neurons) each.
    """

    goals: np.ndarray
    inputs: np.ndarray
    steps: np.ndarray
    hidden: np.ndarray
    channels: np.ndarray


def examine(solution: Solution) -> Examined:
    """Return how often the goal is read from hidden neurons, and from what they are shown."""
    states = states_of(solution)
    hidden, channels = readings_of(solution, states)
    kept = np.concatenate(
        [np.flatnonzero(states.goals == goal)[:KEPT] for goal in np.unique(states.goals)]
    )
    arrays = {
        "hidden": states.hidden[kept],
        "goals": states.goals[kept],
        "steps": states.steps,
    }
    arrays |= hidden.arrays("read") | channels.arrays("read_channels")
    quantities = hidden.rows("goals read from the hidden traces of one step")
    return arrays, quantities | channels.rows("goals read from what is shown in that step")


def readings_of(
    solution: Solution,
    states: States,
    decoder: str = "nearest_mean",
    folds: int | Splitter = FOLDS,
) -> tuple[Decoding, Decoding]:
    """Return the goals read from the hidden traces, and from the channels, of single steps.

    All steps of all trials that begin alike and have one goal are one input.

    Parameters
    ----------
    decoder, folds
        See `neuromodels.analysis.decoding.decode`.
    """
    rng = generator(solution.seed, "decoding", "states", solution.condition)
    looks = len(states.steps)
    goals, inputs = np.repeat(states.goals, looks), np.repeat(states.inputs, looks, axis=0)
    first, second = (
        decode(each.reshape(len(goals), -1), goals, inputs, rng, decoder, folds)
        for each in (states.hidden, states.channels)
    )
    return first, second


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
    inputs = np.hstack([np.asarray(trials.batch[item]) for item in trials.items])
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
    return States(goals, inputs, steps, np.stack(hidden, axis=1), np.stack(channels, axis=1))


def observed_steps(steps: int) -> np.ndarray:
    """Return the steps of a trial that are looked at, (k,)."""
    first, last = (int(part * steps) for part in WINDOW)
    return np.unique(np.linspace(first, max(last - 1, first), LOOKS).astype(int))


STATES = Measure(
    name="states",
    about="Do hidden neurons represent the goal?",
    note="By the nearest mean, of trials that begin otherwise; one of eight goals by chance. The"
    " random-hash and shuffled controls have nothing to read.",
    examine=examine,
)
