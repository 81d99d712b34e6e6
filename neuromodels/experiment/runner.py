"""Run or resume a study: its searches, then the controls derived from them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import asdict
from functools import partial

import numpy as np

from neuromodels import tasks
from neuromodels.analysis.intervals import mean_interval
from neuromodels.experiment.events import (
    Building,
    Listener,
    Notice,
    Scored,
    Scoring,
    SearchStarted,
    ignore,
)
from neuromodels.experiment.evolution import Evolution, Session, Stopped
from neuromodels.experiment.front_and_archive import others_of, with_best_of_front
from neuromodels.experiment.scoring import (
    ExperimentLike,
    Score,
    Trials,
    check_dimension,
    check_same_coefficients,
    final_trials,
    losses_per_candidate,
    score_vectors,
    score_within,
    scores_per_trial,
    shuffled_for,
    summarise,
)
from neuromodels.experiment.shared_search import SharedSearches
from neuromodels.experiment.side_by_side import Job, SideBySide
from neuromodels.experiment.warm_start import keep_starts
from neuromodels.search.plan import Stage
from neuromodels.seeding import generator, trial_streams
from neuromodels.store.finished import finished_keys
from neuromodels.store.records import RunRecord, TestRecord
from neuromodels.store.shared_search import take_over
from neuromodels.store.store import Store
from neuromodels.study.conditions import CONDITIONS, SEARCH_OF, SEARCHED, check_condition
from neuromodels.study.limits.demand import updated_in_a_step
from neuromodels.study.outcome import Outcome
from neuromodels.study.stages.studies import study_of_stage
from neuromodels.study.study import Study

Build = Callable[[Study, str], ExperimentLike]
Record = Callable[[Study, str, np.ndarray, int], dict[str, np.ndarray]]
RECORDED = "plastic"
"""The condition of which every seed's solution gets one recorded trial, for pictures."""
MOST_RECORDED = 2**24
"""Steps times synapses and neurons beyond which no trial is recorded: it would take gigabytes."""


def build_experiment(study: Study, condition: str) -> ExperimentLike:
    """Build the network of a condition for this machine; imports Brian2."""
    from neuromodels.experiment.embodied import experiment_of

    experiment = experiment_of(study, condition)
    experiment.check_size()
    return experiment


def record_trial(
    study: Study, condition: str, vector: np.ndarray, stream: int
) -> dict[str, np.ndarray]:
    """Return the arrays of one trial with monitors; imports Brian2."""
    from neuromodels.experiment.recording import trial_of

    return trial_of(study, condition, vector, stream)


def is_recorded(study: Study) -> bool:
    """Whether a trial is short enough to be recorded with all its weights."""
    task = study.task_out_of(tasks.CATALOG)
    steps = task.number(task.steps, task.with_defaults(study.task.parameters))
    return steps * updated_in_a_step(study, task) <= MOST_RECORDED


class Runner:
    """Runs what a store does not yet hold of a study.

    Parameters
    ----------
    store
        An open store of the same study.
    build
        Makes the experiment of a condition; each is made once and shared by the seeds.
    record
        Runs one trial of a solution with monitors.
    listener
        Gets every event.
    stop
        Whether the user wants to stop; asked after every generation.
    side_by_side
        How many searches run at once; by default one after the other.
    shared
        Searches beside this run that it may take over.

    Raises
    ------
    DeclarationError
        Where the study names a condition that there is not.
    """

    def __init__(
        self,
        study: Study,
        store: Store,
        *,
        build: Build = build_experiment,
        record: Record = record_trial,
        listener: Listener = ignore,
        stop: Callable[[], bool] = lambda: False,
        side_by_side: SideBySide | None = None,
        shared: SharedSearches | None = None,
    ):
        for name in study.conditions:  # an unknown one would be left out
            check_condition(name, "Study.conditions")
        self.study = study
        self.store = store
        self._side_by_side = side_by_side or SideBySide()
        self._session = Session(study, store, listener, stop)
        self._build, self._record = build, record
        self._shared = shared
        self._experiments: dict[tuple[str, tuple], ExperimentLike] = {}

    def run(self) -> bool:
        """Run everything that is missing; return False when the user stopped it."""
        try:
            keep_starts(self.study, self.store)
            if not self._side_by_side.run(self._missing()):
                return False
            if RECORDED in self.study.tested and is_recorded(self.study):
                self._record_trials()
        except Stopped:
            return False
        return True

    def _missing(self) -> list[list[Job]]:
        """Return what is to be run: one chain, or one per search and what needs its solution."""
        chains: dict[object, list[Job]] = defaultdict(list)
        finished = finished_keys(self.store.ledger, self.study.to_table())
        for seed in self.study.seeds:
            for condition in self.study.tested:
                search = SEARCH_OF.get(condition, condition)
                if (condition, seed) not in finished or self._lacks_solution(search, seed):
                    chain = None if self._side_by_side.most == 1 else (seed, search)
                    chains[chain].append(partial(self._run_or_stop, condition, seed))
        return list(chains.values())

    def _run_or_stop(self, condition: str, seed: int) -> bool:
        try:
            self._run_one(condition, seed)
        except Stopped:
            return False
        return True

    def _lacks_solution(self, condition: str, seed: int) -> bool:
        return condition in SEARCHED and self.store.solution(condition, seed) is None

    def _run_one(self, condition: str, seed: int) -> None:
        if condition in SEARCHED and self._take_over(condition, seed):
            return
        experiment = self._experiment(condition)
        row = self.store.ledger.run(condition, seed)
        if row is None or row.status != "finished":  # a search that is extended keeps its score
            self.store.ledger.add(self._row(condition, seed, experiment, "unfinished"))
        if condition in SEARCHED:
            check_dimension(condition, experiment.dimension)
            in_stages = self._experiments_of_stages(condition, experiment)
            evolution = Evolution(self._session, condition, seed, experiment, in_stages)
            evolution.run()
            score, generation = self._finish_search(evolution)
        elif condition in SEARCH_OF:
            score, generation = self._test_solution(condition, seed, experiment)
        else:
            score, generation = self._test_random_rules(condition, seed, experiment)
        record = TestRecord(condition, seed, "final", generation, **asdict(score))
        row = self._row(condition, seed, experiment, "finished")
        self.store.ledger.finish(row, record, _followers_of(condition, self.study.tested))
        self._session.tell(Scored(record))

    def _take_over(self, condition: str, seed: int) -> bool:
        """Take a search that has not begun from another setting; return whether there is one."""
        ledger = self.store.ledger
        if self._shared is None or ledger.generations(condition, seed):
            return False
        found = self._shared.find(condition, seed)
        if found is None:
            return False
        source, search = found
        followers = _followers_of(condition, self.study.tested)
        take_over(self.store, search, source, followers)
        done = search.rows.run
        place = f"{condition}, seed {seed}"
        self._session.tell(Notice(f"{place}: the same search as in {source}, taken from there."))
        self._session.tell(
            SearchStarted(condition, seed, done.generations, done.generations, done.dimension)
        )
        self._session.tell(Scored(search.rows.final))
        return True

    def _record_trials(self) -> None:
        for seed in self.study.seeds:
            if self.store.recording(RECORDED, seed) is not None:
                continue
            self._session.check_stop()
            solution = self.store.solution(RECORDED, seed)
            assert solution is not None, "its search is finished"
            # the first trial of a stream of its own: nobody chose it
            (stream,) = trial_streams(seed, 1, "recording")
            arrays = self._record(self.study, RECORDED, solution["vector"], int(stream))
            self.store.write_recording(RECORDED, seed, arrays)

    def _experiment(self, condition: str, stage: Stage | None = None) -> ExperimentLike:
        """Return the experiment of a condition, in the study itself or in a stage of its search."""
        built = CONDITIONS[condition].built_as
        changes = dict(stage.task) if stage else {}
        key = built, tuple(sorted(changes.items()))
        with self._side_by_side.in_turn():
            if key not in self._experiments:
                self._session.tell(Building(built))
                study = study_of_stage(self.study, stage) if stage and changes else self.study
                self._experiments[key] = self._build(study, built)
            return self._experiments[key]

    def _experiments_of_stages(
        self, condition: str, experiment: ExperimentLike
    ) -> list[ExperimentLike]:
        """Return the experiment of each stage, built before the first generation."""
        found = [self._experiment(condition, stage) for stage in self.study.search.stages]
        for stage, each in zip(self.study.search.stages, found, strict=True):
            check_same_coefficients(stage, each.slices, experiment.slices)
        return found

    def _row(self, condition: str, seed: int, experiment: ExperimentLike, status: str) -> RunRecord:
        """Return where a condition under a seed stands and what it cost so far."""
        rows = self.store.ledger.generations(condition, seed)
        rates = [row.instances_per_second for row in rows]
        report, built = experiment.report, self._reports_of(condition)
        return RunRecord(
            condition,
            seed,
            status,
            dimension=experiment.dimension,
            generations=len(rows),
            seconds=sum(row.seconds for row in rows),
            builds=sum(int(each.get("builds", 0)) for each in built),
            cache_hits=sum(int(each.get("cache_hits", 0)) for each in built),
            instances_per_second=float(np.median(rates)) if rates else 0.0,
            synapse_updates_per_second=float(report.get("synapse_updates_per_second", 0.0)),
            bytes=int(report.get("bytes", 0)),
            threads=int(report.get("threads", 0)),
        )

    def _reports_of(self, condition: str) -> list[dict]:
        """Return the reports of all experiments of a condition, those of its stages included."""
        name = CONDITIONS[condition].built_as
        return [each.report for (built, _), each in [*self._experiments.items()] if built == name]

    # -- final scores ---------------------------------------------------------------------------

    def _finish_search(self, evolution: Evolution) -> tuple[Score, int]:
        """Choose among the finalists on fresh streams, then score the choice on others."""
        condition, seed, experiment = evolution.condition, evolution.seed, evolution.experiment
        self._session.tell(Scoring(condition, seed))
        last = evolution.generation
        others = others_of(evolution)
        centres, generations = evolution.finalists.with_last(evolution.centre, last)
        centres, generations = with_best_of_front(centres, generations, others, last)
        fresh = Trials(trial_streams(seed, self.study.test.trials, "finalists"))
        outcome = self._score(experiment, centres, condition, seed, fresh)
        means = scores_per_trial(outcome).mean(axis=1)
        chosen = _first_of(means, outcome.losses, generations)
        score = self._final_score(condition, seed, experiment, centres[chosen])
        arrays = {
            "vector": centres[chosen],
            "generation": generations[chosen],
            "finalists": centres,
            "finalist_generations": generations,
            "finalist_scores": means,
            **others,
            **_names_and_bounds(experiment.slices),
        }
        self._keep_solution(condition, seed, arrays)
        return score, int(generations[chosen])

    def _keep_solution(self, condition: str, seed: int, arrays: dict[str, np.ndarray]) -> None:
        """Store a solution; what was made of another one before is forgotten first."""
        before = self.store.solution(condition, seed)
        if before is None or not np.array_equal(before["vector"], arrays["vector"]):
            self.store.remove_recording(condition, seed)
            for measured in (condition, *_followers_of(condition, self.study.tested)):
                self.store.remove_measures(measured, seed)
        self.store.write_solution(condition, seed, arrays)

    def _test_solution(
        self, condition: str, seed: int, experiment: ExperimentLike
    ) -> tuple[Score, int]:
        self._session.tell(Scoring(condition, seed))
        solution = self.store.solution(SEARCH_OF[condition], seed)
        assert solution is not None, "the search comes first"
        vector = shuffled_for(condition, seed, solution)
        score = self._final_score(condition, seed, experiment, vector)
        return score, int(solution["generation"])

    def _test_random_rules(
        self, condition: str, seed: int, experiment: ExperimentLike
    ) -> tuple[Score, int]:
        """Score rules drawn from where the search starts; the interval is over rules."""
        self._session.tell(Scoring(condition, seed))
        rules = self.study.test.random_rules
        draws = generator(seed, "random rules").standard_normal((rules, experiment.dimension))
        xs = experiment.centre + experiment.sigma * draws
        trials = final_trials(self.study, seed, math.ceil(self.study.test.trials / rules))
        between = self._between_parts(condition, seed, len(trials.streams))
        outcome = score_vectors(experiment, xs, trials.streams, between, trials.inputs)
        scores = scores_per_trial(outcome)
        per_rule, exact = scores.mean(axis=1), all(map(trials.is_exact, scores))
        self.store.write_solution(condition, seed, {"vectors": xs, "scores": per_rule})
        interval, score = mean_interval(per_rule), float(per_rule.mean())
        return score_within(interval, score, outcome, trials.shown, exact), 0

    def _final_score(
        self, condition: str, seed: int, experiment: ExperimentLike, vector: np.ndarray
    ) -> Score:
        # all conditions of a seed are scored on the same sequences
        trials = final_trials(self.study, seed, self.study.test.trials)
        outcome = self._score(experiment, vector[None], condition, seed, trials)
        return summarise(outcome, trials)

    def _score(
        self, experiment: ExperimentLike, xs: np.ndarray, condition: str, seed: int, trials: Trials
    ) -> Outcome:
        between = self._between_parts(condition, seed, len(trials.streams))
        return score_vectors(experiment, xs, trials.streams, between, trials.inputs)

    def _between_parts(self, condition: str, seed: int, trials: int) -> Callable[[int], None]:
        """Return what tells how far a scoring is, and ends it when the session is to stop."""

        def between(done: int) -> None:
            if done < trials:
                self._session.tell(Scoring(condition, seed, done, trials))
            self._session.check_stop()

        return between


def _followers_of(search: str, tested: Collection[str]) -> tuple[str, ...]:
    """Return the conditions that test the solution of a search."""
    return tuple(each for each in {*SEARCH_OF, *tested} if SEARCH_OF.get(each) == search)


def _first_of(scores: np.ndarray, losses: np.ndarray, generations: np.ndarray) -> int:
    """Return the best score; of equals the lower loss, then the later generation."""
    return int(np.lexsort((-generations, losses_per_candidate(losses), -scores))[0])


def _names_and_bounds(slices: dict[str, slice]) -> dict[str, np.ndarray]:
    """Return the names and bounds of the parts of a vector as arrays."""
    return {
        "names": np.array(list(slices), dtype=str),
        "starts": np.array([part.start for part in slices.values()], dtype=np.int64),
        "stops": np.array([part.stop for part in slices.values()], dtype=np.int64),
    }
