"""One search: generation after generation, each stored before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np

from neuromodels.experiment.events import (
    Event,
    GenerationDone,
    Listener,
    Notice,
    Scored,
    SearchStarted,
)
from neuromodels.experiment.scoring import (
    ExperimentLike,
    mean_loss,
    score_vectors,
    scores_per_trial,
    summarise,
)
from neuromodels.search.archive import Archive, Patience
from neuromodels.search.finalists import Finalists
from neuromodels.search.optimizers import OPTIMIZERS, Optimizer, make_optimizer
from neuromodels.search.pareto import ParetoSearch
from neuromodels.seeding import generator, seed_of, trial_streams
from neuromodels.store.checkpoints import Checkpoint
from neuromodels.store.records import GenerationRecord, TestRecord
from neuromodels.store.store import Store
from neuromodels.study.outcome import Outcome
from neuromodels.study.study import Study


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
        """Hand the store's pending notices to the listener, then an event."""
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
    in_stages
        What does so in each stage of the plan; their vectors are those of `experiment`.
    """

    def __init__(
        self,
        session: Session,
        condition: str,
        seed: int,
        experiment: ExperimentLike,
        in_stages: Sequence[ExperimentLike] = (),
    ):
        self.session = session
        self.condition, self.seed = condition, seed
        self.experiment = experiment
        self._in_stages = (*in_stages, experiment)
        study = session.study
        self.plan, self.objective = study.search, study.objective
        self.generation = self.restart = 0
        self.has_reached = False
        self.optimizer = self._fresh_optimizer()
        self.finalists = Finalists(study.test.finalists, experiment.dimension)
        self.archive = Archive(study.test.archive, experiment.sigma, study.test.archive_margin)
        self.patience = Patience(self.plan.patience)
        self.pareto = ParetoSearch(experiment.dimension, len(self.objective.goals))

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
        while not self.is_done:
            self._advance()
            self.session.check_stop()
        self._test_last_centre()

    def _test_last_centre(self) -> None:
        """Add the point of the learning curve that a larger budget, taken back, had left out."""
        ledger, last = self.session.store.ledger, self.plan.generations
        points = {
            p.generation for p in ledger.tests("curve", self.condition) if p.seed == self.seed
        }
        if self.generation == last and last not in points:
            test = self._test_centre()
            ledger.add(test)
            self.session.tell(Scored(test))

    @property
    def is_done(self) -> bool:
        """Whether the budget is spent or the target reached."""
        return self.has_reached or self.generation >= self.plan.generations

    def _advance(self) -> None:
        if self.patience.is_over:
            self._begin_anew()
        if self.plan.begins_stage(self.generation):
            self._begin_stage()
        record = self._one_generation()
        self.generation += 1
        tests = [self._test_centre()] if self._is_test_point() else []
        store = self.session.store
        store.ledger.add(record, *tests)
        if self._is_checkpoint():
            last = self.session.stop() or self.is_done
            store.checkpoint(self.condition, self.seed, self._checkpoint(), durable=last)
        self.session.tell(
            GenerationDone(record, self.plan.generations, dict(self.experiment.report))
        )
        for test in tests:
            self.session.tell(Scored(test))

    def _one_generation(self) -> GenerationRecord:
        start = perf_counter()
        centre = np.asarray(self.optimizer.recommend(), dtype=float)
        if self.generation == 0:
            self._keep(centre)
        xs = self.optimizer.ask()
        asked = perf_counter()
        # the name holds no condition: all candidates and conditions see the same sequences
        stage = self.plan.stage_at(self.generation)
        trials = self.plan.all_stages[stage].trials
        streams = trial_streams(self.seed, trials, "search", self.generation)
        outcome = self._in_stages[stage].evaluate(np.vstack([xs, centre]), streams)
        values = self.objective.losses(outcome, self.session.study.failures)
        evaluated = perf_counter()
        losses = self._one_loss_each(xs, values[:-1], outcome)
        self.optimizer.tell(xs, self._to_tell(losses, values[:-1], outcome))
        end = perf_counter()
        searching = (asked - start) + (end - evaluated)
        best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
        return self._record(outcome, values[:, 0], best, max(end - start, 1e-9), searching)

    def _to_tell(self, losses: np.ndarray, values: np.ndarray, outcome: Outcome) -> np.ndarray:
        """Return what the optimizer learns from: one loss each (n,), or all goals (n, goals)."""
        if not OPTIMIZERS[self.plan.optimizer].is_told_goals:
            return losses
        return np.where(outcome.ran.any(axis=1)[: len(values), None], values, np.nan)

    def _one_loss_each(self, xs: np.ndarray, values: np.ndarray, outcome: Outcome) -> np.ndarray:
        """Return one loss of each candidate, by which the best is known; NaN where it failed."""
        if not self.objective.pareto:
            return values[:, 0]
        within = self.objective.violations(outcome) == 0
        return self.pareto.losses(xs, values, (outcome.ran.any(axis=1) & within)[: len(xs)])

    def _record(
        self, outcome: Outcome, losses: np.ndarray, best: int, seconds: float, searching: float
    ) -> GenerationRecord:
        scores = scores_per_trial(outcome).mean(axis=1)
        losses = np.where(outcome.ran.any(axis=1), losses, np.nan)
        return GenerationRecord(
            self.condition,
            self.seed,
            self.generation,
            centre_loss=_or_none(losses[-1]),
            centre_score=float(scores[-1]),
            best_loss=_or_none(losses[best]),
            best_score=float(scores[best]),
            mean_loss=mean_loss(outcome.losses[:-1]),
            failures=outcome.failures,
            seconds=seconds,
            optimizer_share=searching / seconds,
            instances_per_second=outcome.losses.size / seconds,
            restart=self.restart,
            **outcome.counts,
        )

    def _is_test_point(self) -> bool:
        every, last = self.session.study.test.every, self.plan.generations
        return self.generation % every == 0 or self.generation == last

    def _is_checkpoint(self) -> bool:
        is_due = self.generation % self.plan.checkpoint_every == 0
        return is_due or self.is_done or self.session.stop()

    def _test_centre(self) -> TestRecord:
        centre = self.centre
        trials = self.session.study.test.curve_trials
        streams = trial_streams(self.seed, trials, "curve", self.generation)
        outcome = score_vectors(self.experiment, centre[None], streams)
        score = summarise(outcome)
        if self.generation % self.session.study.test.every == 0:
            self._keep(centre)
            # the last centre is scored again anyway, and a search that is extended later must
            # not depend on where it ended first
            self.finalists.add(centre, self.generation, score.score)
            self.archive.add(centre, self.generation, score.score)
            self.patience.see(score.score)
            self.has_reached = 0 < self.plan.target <= score.score
        return TestRecord(self.condition, self.seed, "curve", self.generation, **asdict(score))

    def _keep(self, centre: np.ndarray) -> None:
        """Store a centre for pictures; no result depends on it."""
        store, every = self.session.store, self.session.study.test.every
        store.keep_centre(self.condition, self.seed, self.generation, centre, every)

    @property
    def centre(self) -> np.ndarray:
        """The centre of the search, (d,)."""
        return np.array(self.optimizer.recommend(), dtype=float)

    def _begin_anew(self) -> None:
        """Restart a stuck search elsewhere; the archive keeps what it found so far."""
        self.restart += 1
        self.optimizer = self._fresh_optimizer()
        self.patience.begin_anew()
        self.session.tell(
            Notice(
                f"{self.condition}, seed {self.seed}: no better score in {self.plan.patience} test"
                f" points; beginning anew elsewhere at generation {self.generation}."
            )
        )

    def _begin_stage(self) -> None:
        """Begin a new optimizer at the centre where the task changes; on more trials it goes on."""
        number = self.plan.stage_at(self.generation)
        before, now = self.plan.all_stages[number - 1 : number + 1]
        if dict(before.task) != dict(now.task):
            names = ("optimizer", self.condition, "stage", number)
            self.optimizer = self._optimizer_at(self.centre, *names)
        task = ", ".join(f"{key} {value:g}" for key, value in now.task.items())
        self.session.tell(
            Notice(
                f"{self.condition}, seed {self.seed}: stage {number + 1} of"
                f" {len(self.plan.all_stages)} begins at generation {self.generation}, on"
                f" {task or 'the task of the study'}, with {now.trials:,} trials."
            )
        )

    def _fresh_optimizer(self) -> Optimizer:
        start = self.session.store.start(self.condition, self.seed)
        centre = self.experiment.centre if start is None else start
        names: tuple[str | int, ...] = ("optimizer", self.condition)
        if self.restart:
            # drawn as random rules are, from where the search starts
            names = (*names, self.restart)
            draw = generator(self.seed, "restart", *names[1:])
            centre = centre + self.experiment.sigma * draw.standard_normal(centre.size)
        return self._optimizer_at(centre, *names)

    def _optimizer_at(self, centre: np.ndarray, *names: str | int) -> Optimizer:
        """Return a new optimizer at a centre; its samples are the stream of these names."""
        # nevergrad's generators take 32 bits
        seed = seed_of(self.seed, *names) % 2**32
        plan, sigma = self.plan, self.experiment.sigma
        return make_optimizer(
            plan.optimizer, centre, sigma, plan.candidates, seed, dict(plan.options)
        )

    def _checkpoint(self) -> Checkpoint:
        kept = {
            f"{name}/{key}": array
            for name, part in self._checkpoint_parts().items()
            for key, array in part.dump().items()
        }
        kept |= {"restart": np.array(self.restart), "reached": np.array(self.has_reached)}
        return Checkpoint(self.generation, self.optimizer.dump(), self.finalists.dump(), kept)

    def _checkpoint_parts(self) -> dict[str, Archive | Patience | ParetoSearch]:
        return {"archive": self.archive, "patience": self.patience, "pareto": self.pareto}

    def _load_parts(self, checkpoint: Checkpoint) -> None:
        self.restart = int(checkpoint.kept.get("restart", 0))
        self.has_reached = bool(checkpoint.kept.get("reached", False))
        for name, part in self._checkpoint_parts().items():
            if state := checkpoint.part(name):  # older checkpoints have none
                part.load(state)

    def _restore(self) -> None:
        store = self.session.store
        checkpoint, warning = store.resume_point(self.condition, self.seed)
        if warning:
            self.session.tell(Notice(warning))
        if checkpoint:
            self.generation = checkpoint.generation
            self.optimizer.load(dict(checkpoint.optimizer))
            self.finalists.load(checkpoint.finalists)
            self._load_parts(checkpoint)
        # the checkpoint is the truth: what the ledger has beyond it is computed again
        store.ledger.rewind(self.condition, self.seed, self.generation)


def _or_none(loss: float) -> float | None:
    return float(loss) if np.isfinite(loss) else None
