"""One search: generation after generation, each stored before the next begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np

from neuromodels.events import (
    Event,
    GenerationDone,
    Listener,
    Notice,
    Scored,
    SearchStarted,
)
from neuromodels.scoring import (
    FAILED_LOSS,
    ExperimentLike,
    Finalists,
    OutcomeLike,
    losses_per_candidate,
    mean_loss,
    score_vectors,
    scores_per_trial,
    summarise,
)
from neuromodels.search.optimizer import Optimizer, make_optimizer
from neuromodels.seeding import generator, seed_of, trial_streams
from neuromodels.storage.checkpoints import Checkpoint
from neuromodels.storage.records import GenerationRecord, TestRecord
from neuromodels.storage.store import Store
from neuromodels.study import Study


class Stopped(Exception):
    """The user asked to stop; everything so far is stored."""


@dataclass(frozen=True)
class Session:
    """What every part of a run shares.

    Parameters
    ----------
    listener
        Gets every event.
    stop
        Asked after each generation and between parts of large tests.
    """

    study: Study
    store: Store
    listener: Listener
    stop: Callable[[], bool]

    def tell(self, event: Event) -> None:
        """Hand an event to the listener, and whatever the store has to say before it."""
        for text in self.store.take_notices():
            self.listener(Notice(text))
        self.listener(event)

    def check_stop(self) -> None:
        """Raise `Stopped` when the user asked for it."""
        if self.stop():
            raise Stopped


class Evolution:
    """The search of one condition under one seed.

    Parameters
    ----------
    experiment
        Evaluates vectors; shared by all seeds of a condition.
    """

    def __init__(self, session: Session, condition: str, seed: int, experiment: ExperimentLike):
        self.session = session
        self.condition, self.seed = condition, seed
        self.experiment = experiment
        self.plan = session.study.search
        self.generation = 0
        self.optimizer = self._fresh_optimizer()
        self.finalists = Finalists(session.study.test.finalists, experiment.dimension)

    def run(self) -> None:
        """Search from the last checkpoint to the last generation.

        Raises
        ------
        Stopped
            After the generation in which the user asked for it.
        """
        self._restore()
        self.session.tell(
            SearchStarted(
                self.condition,
                self.seed,
                self.generation,
                self.plan.generations,
                self.experiment.dimension,
            )
        )
        while self.generation < self.plan.generations:
            self._advance()
            self.session.check_stop()

    def _advance(self) -> None:
        record = self._one_generation()
        self.generation += 1
        tests = [self._test_centre()] if self._is_test_point() else []
        store = self.session.store
        store.ledger.add(record, *tests)
        if self._is_checkpoint():
            last = self.session.stop() or self.generation == self.plan.generations
            store.checkpoint(self.condition, self.seed, self._checkpoint(), durable=last)
        self.session.tell(
            GenerationDone(record, self.plan.generations, dict(self.experiment.report))
        )
        for test in tests:
            self.session.tell(Scored(test))

    def _one_generation(self) -> GenerationRecord:
        start = perf_counter()
        centre = np.asarray(self.optimizer.recommend(), dtype=float)
        xs = self.optimizer.ask()
        asked = perf_counter()
        # the name holds no condition: all candidates and conditions see the same sequences
        streams = trial_streams(self.seed, self.plan.trials, "search", self.generation)
        outcome = self.experiment.evaluate(np.vstack([xs, centre]), streams)
        losses = losses_per_candidate(outcome.losses)
        evaluated = perf_counter()
        self.optimizer.tell(xs, losses[:-1])
        end = perf_counter()
        searching = (asked - start) + (end - evaluated)
        return self._record(outcome, losses, end - start, searching)

    def _record(
        self, outcome: OutcomeLike, losses: np.ndarray, seconds: float, searching: float
    ) -> GenerationRecord:
        scores = scores_per_trial(outcome).mean(axis=1)
        best = int(np.argmin(losses[:-1]))
        seconds = max(seconds, 1e-9)
        return GenerationRecord(
            self.condition,
            self.seed,
            self.generation,
            centre_loss=_or_none(losses[-1]),
            centre_score=float(scores[-1]),
            best_loss=_or_none(losses[best]),
            best_score=float(scores[best]),
            mean_loss=mean_loss(outcome.losses[:-1]),
            failures=int(outcome.failures),
            seconds=seconds,
            optimizer_share=searching / seconds,
            instances_per_second=outcome.losses.size / seconds,
        )

    def _is_test_point(self) -> bool:
        every, last = self.session.study.test.every, self.plan.generations
        return self.generation % every == 0 or self.generation == last

    def _is_checkpoint(self) -> bool:
        done = self.generation == self.plan.generations
        return done or self.session.stop() or self.generation % self.plan.checkpoint_every == 0

    def _test_centre(self) -> TestRecord:
        centre = self.centre
        trials = self.session.study.test.curve_trials
        streams = trial_streams(self.seed, trials, "curve", self.generation)
        scores, losses = score_vectors(self.experiment, centre[None], streams)
        rng = generator(self.seed, "bootstrap", "curve", self.condition, self.generation)
        score = summarise(scores[0], losses[0], rng)
        if self.generation % self.session.study.test.every == 0:
            # the last centre is scored again anyway, and a search that is extended later must
            # not depend on where it ended first
            self.finalists.add(centre, self.generation, score.score)
        return TestRecord(self.condition, self.seed, "curve", self.generation, **asdict(score))

    @property
    def centre(self) -> np.ndarray:
        """The centre of the search, (d,)."""
        return np.array(self.optimizer.recommend(), dtype=float)

    def _fresh_optimizer(self) -> Optimizer:
        # nevergrad's generators take 32 bits
        seed = seed_of(self.seed, "optimizer", self.condition) % 2**32
        start = self.session.store.start(self.condition, self.seed)
        return make_optimizer(
            self.plan.optimizer,
            self.experiment.centre if start is None else start,
            self.experiment.sigma,
            self.plan.candidates,
            seed,
            dict(self.plan.options),
        )

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(self.generation, self.optimizer.dump(), self.finalists.dump())

    def _restore(self) -> None:
        store = self.session.store
        recorded = len(store.ledger.generations(self.condition, self.seed))
        checkpoint, warning = store.checkpoints.read(self.condition, self.seed, recorded)
        if warning:
            self.session.tell(Notice(warning))
        if checkpoint:
            self.generation = checkpoint.generation
            self.optimizer.load(dict(checkpoint.optimizer))
            self.finalists.load(checkpoint.finalists)
        # the checkpoint is the truth: what the ledger has beyond it is computed again
        store.ledger.rewind(self.condition, self.seed, self.generation)


def _or_none(loss: float) -> float | None:
    return float(loss) if loss < FAILED_LOSS else None
