"""The loop of network and body: what trials of a condition share, and the state of each trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from neuromodels import tasks
from neuromodels.experiment.batches import readouts_of
from neuromodels.simulation import Batch
from neuromodels.simulation.device.library import core_count
from neuromodels.simulation.network.assembly import Assembly
from neuromodels.study.conditions import controlled
from neuromodels.study.study import Study
from neuromodels.tasks.bodies import Body, World, open_world
from neuromodels.tasks.bodies.mujoco_worlds import is_lost
from neuromodels.tasks.embodied import EmbodiedTask

OpenWorld = Callable[[Body, int], World]


class Nerves:
    """Identity mapping between network and body; subclasses add noise or lesions."""

    def sense(self, inputs: np.ndarray) -> np.ndarray:
        """Return what reaches the input channels, (n, channels), of all trials."""
        return inputs

    def act(self, actions: np.ndarray) -> np.ndarray:
        """Return what reaches the motors, (n, actions), of all trials, also of ended ones."""
        return actions


WiredBy = Callable[[np.ndarray], Nerves]
"""Noise streams of trials (n,) -> the nerves between their networks and bodies."""


def is_embodied(study: Study) -> bool:
    """Whether an outside simulator moves the body of a study's task."""
    return isinstance(study.task_out_of(tasks.CATALOG), EmbodiedTask)


def motion_of(
    study: Study,
    condition: str,
    assembly: Assembly,
    batch: Batch,
    open_world: OpenWorld = open_world,
) -> Motion | None:
    """Return the motion of a batch's trials; None for a task without an outside simulator."""
    if not is_embodied(study):
        return None
    terms = Terms.of(study, condition, assembly)
    world = open_world(terms.body, study.device.threads or core_count())
    return Motion(terms, batch, world, world.begin(batch.streams))


@dataclass(frozen=True)
class Terms:
    """What all trials of a condition share.

    Parameters
    ----------
    steps
        Control steps of a trial; the network may take several steps in each.
    slope
        The read-out is multiplied by this before it is clipped to the body's limit.
    """

    body: Body
    assembly: Assembly
    steps: int
    slope: float

    @classmethod
    def of(cls, study: Study, condition: str, assembly: Assembly) -> Terms:
        """Return the terms of a condition of a study."""
        task = study.task_out_of(tasks.CATALOG)
        assert isinstance(task, EmbodiedTask)
        parameters, _ = controlled(task, study.task.parameters, condition)
        steps = task.number(task.decisions, parameters)
        return cls(task.simulated_body, assembly, steps, float(parameters["slope"]))

    @property
    def dt(self) -> Any:
        """Length of a control step in the network's time, a Quantity in s."""
        return self.assembly.duration / self.steps

    @property
    def seconds(self) -> float:
        """Length of a control step as a plain number, s."""
        return self.assembly.seconds / self.steps


class Motion:
    """Running trials, each with a network and a body.

    Parameters
    ----------
    batch
        At least as many networks as there are trials, back at the start, with their coefficients.
    states
        First states of the bodies, (n, positions + velocities).
    nerves
        The mapping between networks and bodies; default: the identity.

    Attributes
    ----------
    gained
        Sum of rewards so far, (n,).
    infinite, over
        Trials with a number that is not finite, and those that a health limit ended, (n,).
    spikes, lived
        Spikes per neuron, where the network counts them, and steps until a trial's end, (n,).
    running
        Indices of the trials that have not ended.
    has_fired
        Whether any neuron fired until a trial's end, by hidden population, (n,).
    """

    def __init__(
        self,
        terms: Terms,
        batch: Batch,
        world: World,
        states: np.ndarray,
        nerves: Nerves | None = None,
    ):
        self.terms, self.batch, self.world = terms, batch, world
        self.nerves = nerves or Nerves()
        self.states = states.copy()
        count = len(states)
        self.goals = np.asarray(batch["items.goal"], dtype=float)[:count, 0]
        self.gained, self.spikes, self.lived = np.zeros((3, count))
        self.infinite, self.over = np.zeros((2, count), dtype=bool)
        self.running = np.arange(count)
        self.has_fired = {name: np.zeros(count, dtype=bool) for name in terms.assembly.flags}
        self.world_seconds = 0.0

    @property
    def scores(self) -> np.ndarray:
        """Scores from the steps so far, (n,): reward divided by the steps of a whole trial."""
        return self.gained / self.terms.steps

    def run(self, steps: int) -> None:
        """Run all trials on for some steps, or to their end."""
        for _ in range(steps):
            if self.running.size:
                self.step()
        self._note_spikes(self.running)

    def step(self) -> None:
        """Run one control step of every network and every body that has not ended."""
        begun = self.running
        outputs = self._decide()
        running = self.running
        limit = self.terms.body.limit
        wanted = np.clip(self.terms.slope * outputs, -limit, limit)
        actions = self.nerves.act(wanted)[running]
        began = perf_counter()
        after = self.world.step(self.states[running], actions)
        self.world_seconds += perf_counter() - began
        body, lost = self.terms.body, is_lost(after)
        rewards = body.reward(self.states[running], after, actions, self.goals[running])
        self.gained[running[~lost]] += rewards[~lost]
        self.states[running[~lost]] = after[~lost]
        self.infinite[running[lost]] = True
        self.running = running[~lost & body.is_upright(after)]
        self._note_spikes(np.setdiff1d(begun, self.running))

    def _decide(self) -> np.ndarray:
        """Run the networks for a step of the body; return their read-outs, (n, actions)."""
        batch, assembly, count = self.batch, self.terms.assembly, len(self.states)
        inputs = np.zeros((batch.instances, self.terms.body.channels))
        inputs[:count] = self.nerves.sense(self.terms.body.inputs(self.states, self.goals))
        batch["input.u"] = inputs
        batch.run(self.terms.dt)
        outputs = readouts_of(batch, "output", "o").astype(float)[:count]
        self.lived[self.running] += 1
        if assembly.spikes:
            counted = np.asarray(batch[assembly.spikes])[:count, 0]
            self.spikes[self.running] = counted[self.running]
        self._end(~np.isfinite(outputs).all(axis=1), self.infinite)
        self._end(np.asarray(batch[assembly.over])[:count, 0] != 0, self.over)
        return outputs

    def _note_spikes(self, trials: np.ndarray) -> None:
        """Note of some trials who has fired: their networks run on after their end."""
        for name, address in self.terms.assembly.flags.items() if trials.size else ():
            self.has_fired[name][trials] = np.any(np.asarray(self.batch[address])[trials], axis=1)

    def _end(self, ended: np.ndarray, kind: np.ndarray) -> None:
        """End those of the running trials that have failed."""
        now = self.running[ended[self.running]]
        kind[now] = True
        self.running = self.running[~ended[self.running]]
