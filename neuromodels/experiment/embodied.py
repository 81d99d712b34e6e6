"""Networks that move bodies of an outside simulator, one control step of all trials at a time.

A step: observations and goals into the input channels, one step of every network (or several with
the channels held, where the task says so), the read-out times ``slope`` clipped to the range of
actions, one step of every body.  A trial draws its goal from its noise stream and begins where the
simulator begins under the same number, so that all candidates, conditions and methods see the same
trials.  A trial whose body has fallen earns nothing more, as if it stood still.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from neuromodels import tasks
from neuromodels.experiment.compiled import (
    Experiment,
    batch_of,
    circuit_of,
    network_of,
    recording_of,
    values_of,
)
from neuromodels.simulation import Batch
from neuromodels.simulation.device.library import core_count
from neuromodels.simulation.network.assembly import Assembly
from neuromodels.study.conditions import controlled
from neuromodels.study.outcome import Outcome
from neuromodels.study.study import Study
from neuromodels.tasks.bodies import Body, World, open_world
from neuromodels.tasks.bodies.mujoco_worlds import is_lost
from neuromodels.tasks.embodied import EmbodiedTask

OpenWorld = Callable[[Body, int], World]


class Nerves:
    """What lies between networks and bodies: here nothing that changes anything."""

    def seen(self, shown: np.ndarray) -> np.ndarray:
        """Return what reaches the channels of what is shown, (n, channels)."""
        return shown

    def done(self, actions: np.ndarray) -> np.ndarray:
        """Return what becomes of actions, (n, actions); all of them, moved or not."""
        return actions


WiredBy = Callable[[np.ndarray], Nerves]
"""Noise streams of trials -> what lies between their networks and bodies."""

MOST_AT_ONCE = 1024
"""Networks that are held at the same time; more trials wait for the next turn."""


def is_embodied(study: Study) -> bool:
    """Whether an outside simulator moves the body of a study's task."""
    return isinstance(tasks.CATALOG[study.task.name], EmbodiedTask)


def experiment_of(study: Study, condition: str) -> Experiment:
    """Return the experiment of a condition, with a simulator where its task needs one."""
    kind = EmbodiedExperiment if is_embodied(study) else Experiment
    return kind(study, condition)


def trial_of(study: Study, condition: str, vector: np.ndarray, stream: int) -> dict:
    """Return the arrays of one trial with monitors, see `evaluation.recording_of`."""
    record = embodied_recording if is_embodied(study) else recording_of
    return record(study, condition, vector, stream)


def motion_of(
    study: Study, condition: str, made: Assembly, batch: Batch, open_world: OpenWorld = open_world
) -> Motion | None:
    """Return what moves the bodies of a batch's trials; None where its own program does."""
    if not is_embodied(study):
        return None
    terms = Terms.of(study, condition, made)
    world = open_world(terms.body, study.device.threads or core_count())
    return Motion(terms, batch, world, world.begin(batch.streams))


@dataclass(frozen=True)
class Terms:
    """What all trials of a condition have in common.

    Parameters
    ----------
    steps
        Of the body in a trial; the network may have several steps in each.
    slope
        The read-out is multiplied by this before it is clipped to +-1.
    """

    body: Body
    made: Assembly
    steps: int
    slope: float

    @classmethod
    def of(cls, study: Study, condition: str, made: Assembly) -> Terms:
        """Return those of a condition of a study."""
        task = tasks.CATALOG[study.task.name]
        assert isinstance(task, EmbodiedTask)
        parameters, _ = controlled(task, study.task.parameters, condition)
        steps = task.number(task.decisions, parameters)
        return cls(task.moved, made, steps, float(parameters["slope"]))

    @property
    def dt(self) -> Any:
        """What passes for the network in a step of the body, with its unit."""
        return self.made.duration / self.steps

    @property
    def seconds(self) -> float:
        """The same as a plain number."""
        return self.made.seconds / self.steps


class Motion:
    """Trials under way: a network and a body each.

    Parameters
    ----------
    batch
        At least as many networks as there are trials, back at the start, with their coefficients.
    states
        First states of the bodies, (n, positions + velocities).
    nerves
        What lies between the networks and the bodies.

    Attributes
    ----------
    gained
        Sum of rewards so far, (n,).
    infinite, over
        Trials with a number that is none, and those that the network's health ended, (n,).
    spikes, lived
        Spikes per neuron, where they are counted, and steps until a trial's end, (n,).
    running
        Numbers of the trials that have not ended.
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
        self.world_seconds = 0.0

    @property
    def scores(self) -> np.ndarray:
        """What the steps so far add to the scores, (n,)."""
        return self.gained / self.terms.steps

    def run(self, steps: int) -> None:
        """Run all trials on for some steps, or to their end."""
        for _ in range(steps):
            if self.running.size:
                self.step()

    def step(self) -> None:
        """Let every network see, decide and learn, and every body move."""
        outputs = self._decided()
        running = self.running
        wanted = np.clip(self.terms.slope * outputs, -1, 1)
        actions = self.nerves.done(wanted)[running]
        began = perf_counter()
        after = self.world.step(self.states[running], actions)
        self.world_seconds += perf_counter() - began
        body, lost = self.terms.body, is_lost(after)
        rewards = body.reward(self.states[running], after, actions, self.goals[running])
        self.gained[running[~lost]] += rewards[~lost]
        self.states[running[~lost]] = after[~lost]
        self.infinite[running[lost]] = True
        self.running = running[~lost & body.is_upright(after)]

    def _decided(self) -> np.ndarray:
        """Run the networks for a step of the body; return their read-outs, (n, actions)."""
        batch, made, count = self.batch, self.terms.made, len(self.states)
        shown = np.zeros((batch.instances, self.terms.body.channels))
        shown[:count] = self.nerves.seen(self.terms.body.shown(self.states, self.goals))
        batch["input.u"] = shown
        batch.run(self.terms.dt)
        outputs = np.asarray(batch["output.o"], dtype=float)[:count]
        self.lived[self.running] += 1
        if made.spikes:
            counted = np.asarray(batch[made.spikes])[:count, 0]
            self.spikes[self.running] = counted[self.running]
        self._end(~np.isfinite(outputs).all(axis=1), self.infinite)
        self._end(np.asarray(batch[made.over])[:count, 0] != 0, self.over)
        return outputs

    def _end(self, ended: np.ndarray, kind: np.ndarray) -> None:
        """End those of the running trials that have failed."""
        now = self.running[ended[self.running]]
        kind[now] = True
        self.running = self.running[~ended[self.running]]


class EmbodiedExperiment(Experiment):
    """The network of one condition, and the bodies that it moves.

    Parameters
    ----------
    study
        Its task is an `EmbodiedTask`.
    condition
        As for `Experiment`.
    open_world
        Returns the simulator of a body, given it and a number of threads.

    Attributes
    ----------
    world
        The simulator.
    wired_by
        Returns what lies between the networks and the bodies of some trials.

    Raises
    ------
    DeclarationError
        Where the simulator is not installed.
    """

    def __init__(
        self, study: Study, condition: str = "plastic", open_world: OpenWorld = open_world
    ):
        super().__init__(study, condition)
        self._study = study
        self._terms = Terms.of(study, condition, self._assembly)
        threads = study.device.threads or core_count()
        self.world = open_world(self._terms.body, threads)
        self.wired_by: WiredBy = lambda streams: Nerves()
        self.steps_lived = 0
        """Control steps of all bodies so far."""
        self._world_seconds = self._seconds = 0.0

    @property
    def body(self) -> Body:
        """What is moved."""
        return self._terms.body

    def evaluate(self, xs: np.ndarray, streams: np.ndarray) -> Outcome:
        """Run every candidate on every trial.

        Parameters
        ----------
        xs
            Vectors of coefficients, shape (candidates, d).
        streams
            Noise-stream ids, shape (trials,), uint64: all candidates see the same trials.
        """
        began = perf_counter()
        count, trials = len(xs), len(streams)
        streams = np.asarray(streams, dtype=np.uint64)
        values = values_of(self.circuit, self._assembly, xs)
        first = self.world.begin(streams)
        everyone = np.arange(count * trials)
        parts = [
            self._run(values, everyone[start : start + MOST_AT_ONCE], trials, streams, first)
            for start in range(0, len(everyone), MOST_AT_ONCE)
        ]
        self._seconds += perf_counter() - began
        scores, rates, infinite, over = (
            np.concatenate(each).reshape(count, trials) for each in zip(*parts, strict=True)
        )
        measures = {"rate": rates} if self._assembly.spikes else {}
        failed = self._failed(infinite, over, measures.get("rate"))
        scores = np.where(failed, np.nan, scores)
        return Outcome(-scores, scores, failed, measures)

    def _run(
        self,
        values: Mapping[str, np.ndarray],
        chosen: np.ndarray,
        trials: int,
        streams: np.ndarray,
        first: np.ndarray,
    ) -> tuple[np.ndarray, ...]:
        """Run some of all pairs of candidate and trial; return what came of each."""
        width = self._widened(len(chosen))
        # networks without a body repeat the first; nobody looks at them
        rows = np.concatenate([chosen, np.full(width - len(chosen), chosen[0])])
        batch = self._batch
        batch.restart()
        batch.streams = streams[rows % trials]
        nerves = self.wired_by(streams[chosen % trials])
        for address, numbers in values.items():
            batch[address] = numbers[rows // trials]
        motion = Motion(self._terms, batch, self.world, first[chosen % trials], nerves)
        motion.run(self._terms.steps)
        self._world_seconds += motion.world_seconds
        self.steps_lived += int(motion.lived.sum())
        rates = motion.spikes / np.maximum(motion.lived * self._terms.seconds, 1e-9)
        return motion.scores, rates, motion.infinite, motion.over

    def _widened(self, count: int) -> int:
        """Return how many networks there are, at least so many."""
        if self._batch.instances < count:
            self._batch = batch_of(self._assembly, self._study, count)
        return self._batch.instances

    @property
    def report(self) -> dict[str, float]:
        """As for `Experiment`, and the seconds of all evaluations and of the simulator therein."""
        spent = {"total_seconds": self._seconds, "world_seconds": self._world_seconds}
        return {**super().report, **spent}


def embodied_recording(
    study: Study,
    condition: str,
    vector: np.ndarray,
    stream: int,
    open_world: OpenWorld = open_world,
) -> dict[str, np.ndarray]:
    """Run one trial with monitors and return what they saw.

    Returns
    -------
    dict of ndarray
        As `evaluation.recording_of`, up to the trial's end; of the body, at its own steps,
        ``"items.goal"``, ``"items.state"`` (positions and velocities, steps) and
        ``"items.reward"`` (1, steps).
    """
    circuit = circuit_of(study, condition)
    made = network_of(study, condition, circuit, with_monitors=True)
    batch = batch_of(made, study)
    batch.streams = streams = np.array([stream], dtype=np.uint64)
    for address, values in values_of(circuit, made, vector).items():
        batch[address] = values[0]
    terms = Terms.of(study, condition, made)
    world = open_world(terms.body, 1)
    motion = Motion(terms, batch, world, world.begin(streams))
    states: list[np.ndarray] = []
    gained = [0.0]
    while motion.running.size and len(states) < terms.steps:
        motion.step()
        states.append(motion.states[0].copy())
        gained.append(motion.gained[0])
    first = np.asarray(batch[next(iter(made.initial))])[0]
    found = {"items": first, "items.goal": motion.goals}
    found |= {"items.state": np.array(states).T, "items.reward": np.diff(gained)[None]}
    watched = [population.name for population in circuit.populations]
    for name in [*watched, *(projection.name for projection in circuit.projections)]:
        samples = batch.samples(f"watch_{name}")
        found["t"] = np.asarray(samples.pop("t"))
        found |= {f"{name}.{variable}": np.asarray(x) for variable, x in samples.items()}
    return found
