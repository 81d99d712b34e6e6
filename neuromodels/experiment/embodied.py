"""Networks that move bodies of an outside simulator, one control step of all trials at a time.

A control step has four parts:

1. Observations and goals go into the input channels.
2. Every network takes one step; where the task asks for several, the channels are held meanwhile.
3. The action is the read-out times ``slope``, clipped to the range of actions.
4. Every body takes one step.

A trial draws its goal from its noise stream; the simulator takes the stream's number as its seed.
So all candidates, conditions and methods see the same trials.  A trial whose body has fallen earns
nothing more, as if it stood still.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter

import numpy as np

from neuromodels.experiment.batches import MOST_AT_ONCE, batch_of, shown_in, values_of
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.motion import Motion, Nerves, OpenWorld, Terms, WiredBy, is_embodied
from neuromodels.simulation.device.library import core_count
from neuromodels.study.outcome import SILENT, Outcome
from neuromodels.study.study import Study
from neuromodels.tasks.bodies import Body, open_world


def experiment_of(study: Study, condition: str) -> Experiment:
    """Return the experiment of a condition, with a simulator where its task needs one."""
    kind = EmbodiedExperiment if is_embodied(study) else Experiment
    return kind(study, condition)


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
        Returns the `Nerves` between networks and bodies, given the noise streams of trials (n,).

    Raises
    ------
    DeclarationError
        Where the simulator is not installed.
    """

    def __init__(
        self, study: Study, condition: str = "plastic", open_world: OpenWorld = open_world
    ):
        super().__init__(study, condition)
        self._terms = Terms.of(study, condition, self._assembly)
        threads = study.device.threads or core_count()
        self.world = open_world(self._terms.body, threads)
        self.wired_by: WiredBy = lambda streams: Nerves()
        self.steps_lived = 0
        """Control steps of all bodies so far."""
        self._world_seconds = self._seconds = 0.0

    @property
    def body(self) -> Body:
        """The body that the networks move."""
        return self._terms.body

    def evaluate(
        self, xs: np.ndarray, streams: np.ndarray, inputs: np.ndarray | None = None
    ) -> Outcome:
        """Run every candidate on every trial.

        Parameters
        ----------
        xs
            Vectors of coefficients, shape (candidates, d).
        streams
            Noise-stream ids, shape (trials,), uint64: all candidates see the same trials.
        inputs
            None: goals are drawn, and nobody can choose them.

        Raises
        ------
        DeclarationError
            Where inputs are chosen all the same.
        """
        shown_in(self._assembly, inputs)
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
        scores, rates, infinite, over, *fired = (
            np.concatenate(column).reshape(count, trials) for column in zip(*parts, strict=True)
        )
        measures = {"rate": rates} if self._assembly.spikes else {}
        for name, flags in zip(self._assembly.flags, fired, strict=True):
            measures[SILENT + name] = 1.0 - flags
        failed = self._failure_kinds(infinite, over, scores, measures.get("rate"))
        scores = np.where(failed, np.nan, scores)
        return Outcome(-scores, scores, failed, measures)

    def _run(
        self,
        values: Mapping[str, np.ndarray],
        pairs: np.ndarray,
        trials: int,
        streams: np.ndarray,
        first: np.ndarray,
    ) -> tuple[np.ndarray, ...]:
        """Run pairs of candidate and trial, given by number.

        Return scores, rates, two kinds of failures, and whether each hidden population fired.
        """
        width = self._grow_to(len(pairs))
        # spare networks repeat the first pair; their results are not used
        rows = np.concatenate([pairs, np.full(width - len(pairs), pairs[0])])
        batch = self._batch
        batch.restart()
        batch.streams = streams[rows % trials]
        nerves = self.wired_by(streams[pairs % trials])
        for address, numbers in values.items():
            batch[address] = numbers[rows // trials]
        motion = Motion(self._terms, batch, self.world, first[pairs % trials], nerves)
        motion.run(self._terms.steps)
        self._world_seconds += motion.world_seconds
        self.steps_lived += int(motion.lived.sum())
        rates = motion.spikes / np.maximum(motion.lived * self._terms.seconds, 1e-9)
        return motion.scores, rates, motion.infinite, motion.over, *motion.has_fired.values()

    def _grow_to(self, count: int) -> int:
        """Have at least `count` networks; return how many there are."""
        if self._batch.instances < count:
            self._batch = batch_of(self._assembly, self._study, count)
        return self._batch.instances

    @property
    def report(self) -> dict[str, float]:
        """As for `Experiment`, and the seconds of all evaluations and of the simulator therein."""
        spent = {"total_seconds": self._seconds, "world_seconds": self._world_seconds}
        return {**super().report, **spent}
