"""Workers: the same bits from any number of them, and what happens when one is lost."""

import asyncio
import contextlib
import gc
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread, Timer

import dask
import numpy as np
import pytest
from experiment.test_torture import numbers
from fake_experiment import TABLE, FakeExperiment, catalogs
from hanging import no_longer_than
from lost_experiment import (
    BREAKS,
    FILLS,
    GROWS,
    HANGS,
    KILLS,
    KILLS_4,
    KILLS_ONCE,
    RAISES,
    SEIZES,
    STOPS,
    TAKES,
    LostExperiment,
)
from marked import MARK, environment, marked, new_mark, vanish
from marked import workers as worker_processes

import neuromodels.experiment.workers.crew
from neuromodels.cli import main
from neuromodels.errors import BuildError, DeclarationError, SimulationError
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.recording import recording_of
from neuromodels.experiment.workers import (
    DistributedExperiment,
    chunks,
    distributed,
    local_processes,
    local_workers,
    pools,
    scheduler_at,
)
from neuromodels.experiment.workers.answers import Answer, Lost
from neuromodels.experiment.workers.chunks import ChunkSizes
from neuromodels.experiment.workers.crew import Crew
from neuromodels.experiment.workers.request_lock import RequestLock
from neuromodels.experiment.workers.worker import check_files
from neuromodels.seeding import generator, trial_streams
from neuromodels.study.file import study_of
from neuromodels.study.objective import Objective, Term
from neuromodels.study.own_files import digest_of
from neuromodels.study.study import CircuitChoice, RuleChoice, Study, TaskChoice

CLI = [sys.executable, "-m", "neuromodels"]
STUDY = """
name = "long"
conditions = ["plastic"]
[task]
name = "sequence_copy"
length = 3
latency = 2
[rule]
name = "pdlf"
[circuit]
hidden = 8
[search]
candidates = 8
trials = 8
generations = 100000
"""
UNIQUE = itertools.count(1)
LIMIT = 600
"""Seconds that a test may take, on a busy machine."""
QUICK = str(Path(__file__).parents[2] / "studies" / "pdlf_copy_quick.toml")
STREAMS = trial_streams(1, 6)
REAL = Study(
    name="small",
    task=TaskChoice("sequence_copy", {"length": 3, "latency": 2}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=8),
)


@pytest.fixture(autouse=True)
def limit(request):
    with no_longer_than(LIMIT, request.config):
        yield


@pytest.fixture(scope="module")
def said():
    """What the workers' driver told the user since the last look."""
    return []


@pytest.fixture(scope="module")
def workers(said):
    with local_workers(2, tell=said.append) as workers:
        yield workers


@pytest.fixture
def lost(workers, said, tmp_path):
    """Make a distributed experiment over which workers can be lost."""
    said.clear()
    workers.crew.client.wait_for_workers(2, timeout=300)  # how work is split depends on them
    study = replace(study_of(TABLE, "table", catalogs()), question=str(tmp_path))
    # workers keep what they have built of a study, the folder for its marks too
    study = replace(study, test=replace(study.test, trials=next(UNIQUE)))

    def make(client=workers.crew, **options):
        return DistributedExperiment(study, "plastic", client, build=LostExperiment, **options)

    return make


def vectors(count, dimension=6):
    return 0.5 * generator(1, "vectors").standard_normal((count, dimension))


def with_deeds(count, **deeds):
    """Return candidates of which some, ``k3=HANGS``, do something."""
    xs = vectors(count)
    for name, deed in deeds.items():
        xs[int(name[1:]), 0] = deed
    return xs


def assert_same(found, expected):
    np.testing.assert_array_equal(found.losses, expected.losses)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.failed, expected.failed)
    assert found.measures.keys() == expected.measures.keys()
    for name, values in expected.measures.items():
        np.testing.assert_array_equal(found.measures[name], values)


def assert_failed_alone(found, xs, failed):
    """Check that one candidate is NaN and all others are as if evaluated here."""
    others = np.arange(len(xs)) != failed
    expected = FakeExperiment().evaluate(xs, STREAMS)
    np.testing.assert_array_equal(found.losses[others], expected.losses[others])
    np.testing.assert_array_equal(found.scores[others], expected.scores[others])
    np.testing.assert_array_equal(found.measures["rate"][others], expected.measures["rate"][others])
    assert np.isnan(found.losses[failed]).all()
    assert np.isnan(found.scores[failed]).all()
    assert np.isnan(found.measures["rate"][failed]).all()
    assert found.counts == {
        "nan": 0,
        "explosion": 0,
        "silence": 0,
        "timeout": len(STREAMS),
        "outside": 0,
    }


# -- the same bits ------------------------------------------------------------------------------


def test_a_network_gives_the_same_bits_as_without_workers(workers):
    here, there = Experiment(REAL), workers.build(REAL, "plastic")
    assert there.dimension == here.dimension
    assert there.slices == here.slices
    np.testing.assert_array_equal(there.centre, here.centre)
    np.testing.assert_array_equal(there.sigma, here.sigma)
    for count in (1, 2, 33):
        xs = vectors(count, here.dimension)
        assert_same(there.evaluate(xs, STREAMS), here.evaluate(xs, STREAMS))
    streams = trial_streams(2, 1000)
    assert_same(there.evaluate(xs[:1], streams), here.evaluate(xs[:1], streams))
    report = there.report
    assert (report["threads"], report["workers"]) == (2, 2), "one core each"
    assert report["builds"] + report["cache_hits"] == 2, "built once per process"


@pytest.mark.parametrize("calls", [1, 2, 7, 33])
def test_results_do_not_depend_on_the_calls(workers, monkeypatch, calls):
    there = workers.build(REAL, "plastic")
    xs = vectors(33, there.dimension)
    expected = there.evaluate(xs, STREAMS)
    monkeypatch.setattr(chunks, "LEAST_SECONDS", 1e-9)
    monkeypatch.setattr(chunks, "calls_for", lambda number, workers: calls)
    assert_same(there.evaluate(xs, STREAMS), expected)


def test_more_workers_get_more_calls_but_not_without_end():
    calls_for = chunks.calls_for
    assert [calls_for(257, n) for n in (1, 2, 8, 16, 64, 500)] == [4, 8, 32, 32, 64, 257]
    assert calls_for(1, 8) == 1


def sizes(split):
    chunks, parts = split
    return [len(xs) for xs in chunks], [len(streams) for streams in parts]


def test_few_candidates_are_split_by_trials():
    """A test of one candidate on many trials must not keep a single worker busy."""
    xs, streams, split = vectors(5), trial_streams(1, 1000), ChunkSizes().split
    assert sizes(split(xs[:1], streams, 1)) == ([1], [250] * 4)
    assert sizes(split(xs[:1], streams, 64)) == ([1], [143] * 6 + [142])
    assert sizes(split(xs, streams, 2)) == ([1] * 5, [1000])
    assert sizes(split(xs, streams, 4)) == ([1] * 5, [334, 333, 333])
    assert sizes(split(xs[:1], streams[:100], 64)) == ([1], [100])


def test_a_call_has_some_work():
    """A tenth of a second is worth five calls, a millisecond a single one."""
    xs, streams, sizes_of_chunks = vectors(64), trial_streams(1, 10), ChunkSizes()
    assert len(sizes_of_chunks.split(xs, streams, 8)[0]) == 32
    sizes_of_chunks.learn([Answer(None, "a", seconds=0.06), Answer(None, "b", seconds=0.04)], 640)
    assert sizes(sizes_of_chunks.split(xs, streams, 8)) == ([13, 13, 13, 13, 12], [10])
    assert len(sizes_of_chunks.split(xs, streams, 2)[0]) == 5
    sizes_of_chunks.learn([Answer(None, "a", seconds=10.0), Lost()], 640)
    assert len(sizes_of_chunks.split(xs, streams, 2)[0]) == 5, "of a part nothing is learnt"
    sizes_of_chunks.learn([Answer(None, "a", seconds=0.001)], 640)
    assert sizes(sizes_of_chunks.split(xs, streams, 8)) == ([64], [10])


def test_a_trial_is_recorded_on_a_worker(workers):
    x = vectors(1, Experiment(REAL).dimension)[0]
    found, expected = workers.record(REAL, "plastic", x, 7), recording_of(REAL, "plastic", x, 7)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


# -- lost workers -------------------------------------------------------------------------------


def test_a_worker_that_dies_is_replaced_and_its_chunk_evaluated_again(
    workers, lost, said, monkeypatch
):
    asked = []
    ask = workers.crew.ask

    def noted(function, parts, work, *, alone=False):
        asked.append((len(parts), [len(xs) for xs, *_ in parts if (xs == KILLS_ONCE).any()], alone))
        return ask(function, parts, work, alone=alone)

    experiment, xs = lost(), with_deeds(20, k3=KILLS_ONCE)
    monkeypatch.setattr(workers.crew, "ask", noted)
    assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))
    assert asked[0] == (8, [3], False)
    # as a whole, while nothing else runs; what else the worker had may be lost as well
    assert (1, [3], True) in asked
    assert {(count, alone) for count, _, alone in asked[1:]} == {(1, True)}
    assert "evaluating candidates 3 to 5 of 20 again" in " ".join(said)
    assert "counts as failed" not in " ".join(said)


def test_a_candidate_gets_three_tries_alone(lost, said):
    """It kills a worker in its chunk, in its chunk alone, and twice all alone."""
    xs = with_deeds(20, k4=KILLS_4)
    found = lost().evaluate(xs, STREAMS)
    assert_same(found, FakeExperiment().evaluate(xs, STREAMS))
    assert "counts as failed" not in " ".join(said)


def test_a_candidate_that_kills_every_worker_fails_alone(lost, said):
    xs = with_deeds(20, k8=KILLS)
    assert_failed_alone(lost().evaluate(xs, STREAMS), xs, 8)
    assert sum("Candidate 8 of 20 counts as failed" in each for each in said) == 1
    assert sum("counts as failed" in each for each in said) == 1


def test_a_candidate_whose_trials_are_split_fails_in_all_of_them(lost, said):
    streams = trial_streams(1, 600)
    found = lost().evaluate(with_deeds(1, k0=KILLS), streams)
    assert found.counts["timeout"] == found.losses.size == 600
    assert sum("Candidate 0 of 1 counts as failed" in each for each in said) == 1
    xs = with_deeds(1, k0=KILLS_ONCE)
    assert_same(lost().evaluate(xs, streams), FakeExperiment().evaluate(xs, streams))


def test_nothing_is_known_of_a_candidate_that_fails_but_that_it_does(workers, lost):
    """What the objective asks for is there, also when nobody has measured it."""
    study = replace(
        study_of(TABLE, "table", catalogs()), objective=Objective({"loss": Term(), "rate": Term()})
    )
    experiment = DistributedExperiment(study, "plastic", workers.crew, build=LostExperiment)
    found = experiment.evaluate(with_deeds(1, k0=FILLS), STREAMS)
    assert study.objective.losses(found, study.failures).tolist() == [[study.failures.timeout]]
    np.testing.assert_array_equal(found.measures["rate"], np.full((1, 6), np.nan))


def test_a_candidate_that_hangs_fails_alone(lost, said):
    xs = with_deeds(9, k8=HANGS)
    start = time.monotonic()
    assert_failed_alone(lost(seconds=0.7).evaluate(xs, STREAMS), xs, 8)
    assert time.monotonic() - start < 1500
    assert any("took longer than 0.7 s" in each for each in said)


def test_chunks_that_are_only_too_large_become_smaller(lost, said):
    """Two candidates take a while each; the chunk of both takes longer than is allowed."""
    experiment, xs = lost(seconds=1.2), with_deeds(20, k0=TAKES, k2=TAKES)
    expected = FakeExperiment().evaluate(xs, STREAMS)
    assert_same(experiment.evaluate(xs, STREAMS), expected)
    assert any(
        "took longer than 1.2 s; evaluating candidates 0 to 2 of 20" in line for line in said
    )
    said.clear()
    assert_same(experiment.evaluate(xs, STREAMS), expected)
    assert said == []


def test_a_worker_that_is_stopped_is_replaced(lost, said, monkeypatch):
    """Not a call that hangs but a process: nothing in it can notice."""
    monkeypatch.setattr(local_processes, "MISSED_AFTER", 2.0)
    # Dask misses none within ten of its workers' signs of life
    monkeypatch.setattr("distributed.scheduler.heartbeat_interval", lambda workers: 0.1)
    with local_workers(1) as alone:
        experiment, xs = lost(alone.crew), vectors(6)
        (pid,) = alone.crew.client.run(os.getpid).values()
        os.kill(pid, signal.SIGSTOP)
        assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))
        assert set(alone.crew.client.run(os.getpid).values()) != {pid}


def give_up(dask_worker):
    """Close the nanny that calls this."""
    dask_worker.loop.add_callback(dask_worker.close)


def test_a_worker_whose_nanny_gave_up_is_replaced(lost, said, monkeypatch):
    """As when there was no memory for its replacement."""
    monkeypatch.setattr(neuromodels.experiment.workers.crew, "LOOK_EVERY", 0.2)
    with local_workers(1) as alone:
        experiment, xs = lost(alone.crew), vectors(6)
        alone.crew.client.run(give_up, nanny=True)
        assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))


def test_a_candidate_without_memory_fails_alone(lost, said):
    xs = with_deeds(20, k19=FILLS)
    assert_failed_alone(lost().evaluate(xs, STREAMS), xs, 19)
    assert any("Candidate 19 of 20" in each for each in said)


def test_a_worker_over_its_memory_is_replaced(lost, monkeypatch):
    monkeypatch.setattr(local_processes, "MEMORY_LIMIT", 600 * 10**6)
    with local_workers(1) as alone:
        found = lost(alone.crew).evaluate(with_deeds(1, k0=GROWS), STREAMS)
    assert found.counts["timeout"] == len(STREAMS)


def test_an_answer_counts_also_when_its_worker_died_since(monkeypatch):
    """The client then says that it is lost, and has it computed again."""
    gathered = Crew._gather

    def lose(crew, futures, seconds):
        values = gathered(crew, futures, seconds)
        for pid in crew.client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)
        while any(future.status == "finished" for future in futures):
            time.sleep(0.01)
        return values

    with local_workers(1) as alone:
        experiment = DistributedExperiment(
            study_of(TABLE, "table", catalogs()), "plastic", alone.crew, build=LostExperiment
        )
        monkeypatch.setattr(Crew, "_gather", lose)
        xs = vectors(6)
        assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))


def test_many_candidates_may_fail_as_long_as_others_do_not(lost, said):
    """One in every chunk, so that the others are evaluated again as well."""
    bad = [0, 3, 6, 9, 12, 14, 16, 18]
    found = lost().evaluate(with_deeds(20, **{f"k{k}": FILLS for k in bad}), STREAMS)
    assert np.flatnonzero(~found.ran.all(axis=1)).tolist() == bad
    assert sum("counts as failed" in each for each in said) == 8


def test_when_no_candidate_survives_the_run_is_given_up(lost):
    xs = with_deeds(8, **{f"k{k}": FILLS for k in range(8)})
    with pytest.raises(SimulationError, match=r"over 5 of 8 and no other.*more memory"):
        lost().evaluate(xs, STREAMS)


# -- nothing waits without end ------------------------------------------------------------------


def test_closing_ends_workers_that_hang(tmp_path, monkeypatch):
    """Asleep, in an endless call that keeps Python's lock, and stopped as by the terminal."""
    mark = new_mark()
    monkeypatch.setenv(MARK, mark)
    study = replace(study_of(TABLE, "table", catalogs()), question=str(tmp_path))
    xs = with_deeds(3, k0=HANGS, k1=SEIZES, k2=STOPS)
    with contextlib.suppress(KeyboardInterrupt), local_workers(3) as workers:
        experiment = DistributedExperiment(study, "plastic", workers.crew, build=LostExperiment)
        hang = {HANGS, SEIZES, STOPS}
        Thread(target=interrupt_once, args=[tmp_path, hang], daemon=True).start()
        try:
            experiment.evaluate(xs, STREAMS)
        finally:
            start = time.monotonic()
    assert time.monotonic() - start < 150
    assert vanish(mark)


def test_closing_ends_a_replacement_that_hangs_as_it_starts(starting, tmp_path, monkeypatch):
    mark = new_mark()
    monkeypatch.setenv(MARK, mark)
    monkeypatch.setattr(local_processes, "CLOSE_WITHIN", 60)  # not by the last resort
    code = "if first == 1: os.kill(os.getpid(), signal.SIGSTOP)"
    with starting(code), local_workers(1) as alone:
        (pid,) = alone.crew.client.run(os.getpid).values()
        os.kill(pid, signal.SIGKILL)
        while len(list(tmp_path.glob("start*"))) < 2:
            time.sleep(0.05)
        start = time.monotonic()
    assert time.monotonic() - start < 150
    assert vanish(mark)


def test_closing_ends_workers_also_when_nobody_listens_to_them(tmp_path, monkeypatch):
    """The thread of scheduler and nannies hangs, as in a call that waits for a broken pipe."""
    mark = new_mark()
    monkeypatch.setenv(MARK, mark)
    monkeypatch.setattr(pools, "LEAVE_WITHIN", 0.5)
    monkeypatch.setattr(local_processes, "CLOSE_WITHIN", 1.0)
    monkeypatch.setattr(local_processes, "GRACE", 0.5)
    wake = Event()
    with local_workers(2) as workers:
        workers.crew.client.loop.add_callback(wake.wait)
    assert vanish(mark)
    # what could not be closed complains as it is collected: here, and not in another test
    monkeypatch.setattr(sys, "unraisablehook", lambda error: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wake.set()
        time.sleep(0.5)
        del workers
        gc.collect()


def test_nobody_is_replaced_at_the_end(monkeypatch):
    """Another thread may look after the workers while they are closed."""
    mark = new_mark()
    monkeypatch.setenv(MARK, mark)
    with local_processes.LocalProcesses(2) as here:
        os.kill(here._keepers[0].pid, signal.SIGSTOP)  # so that the other is closed long before
        closed = asyncio.run_coroutine_threadsafe(here._close(), here._loop)
        while not closed.done():
            here.mend()
            time.sleep(0.05)
        assert vanish(mark, 0)
    here.mend()


def interrupt_once(folder, hang):
    """Do as Ctrl-C once all of some deeds have begun."""
    while {path.name for path in folder.iterdir()} != {f"hangs{deed}" for deed in hang}:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def starting(tmp_path):
    """Let workers run some code as they start; ``first`` is how many did so before."""

    def start(code):
        text = f"""
import os, signal
from pathlib import Path

def dask_setup(worker):
    first = len(list(Path({str(tmp_path)!r}).glob("start*")))
    Path({str(tmp_path)!r}, f"start{{os.getpid()}}").touch()
    {code}
"""
        return dask.config.set({"distributed.worker.preload": [text]})

    return start


def test_a_worker_that_hangs_as_it_starts_is_ended(starting, tmp_path, monkeypatch):
    mark = new_mark()
    monkeypatch.setenv(MARK, mark)
    monkeypatch.setattr(local_processes, "START_WITHIN", 1.5)
    message = r"workers: must start: a worker did not start within 1\.5 s; got 2\. .*Try fewer"
    with (
        starting("os.kill(os.getpid(), signal.SIGSTOP)"),
        pytest.raises(SimulationError, match=message),
        local_workers(2),
    ):
        pass
    assert vanish(mark)


def test_a_worker_that_dies_as_it_starts_is_one_message(starting, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with starting("os._exit(3)"):
        assert main(["run", QUICK, "--workers", "1"]) == 2
    said = capsys.readouterr().err
    assert "Distribution.workers: must start: a worker ended with exit status 3; got 1" in said
    assert "Traceback" not in said


def test_a_replacement_that_hangs_as_it_starts_is_replaced(starting, lost, monkeypatch):
    code = "if first == 1: os.kill(os.getpid(), signal.SIGSTOP)"
    with starting(code), local_workers(1) as alone:
        monkeypatch.setattr(local_processes, "START_WITHIN", 3.0)
        experiment, xs = lost(alone.crew), with_deeds(6, k3=KILLS_ONCE)
        assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))


def test_a_script_without_a_guard_is_told_so(tmp_path):
    """Every worker imports the script, which would start workers in turn."""
    script = tmp_path / "script.py"
    script.write_text(
        "from neuromodels.experiment.workers import local_workers\n"
        "with local_workers(2):\n    pass\n"
    )
    mark = new_mark()
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment(mark),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert 'must be called below `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]
    assert vanish(mark)


def test_workers_of_whom_none_answers_are_not_waited_for(lost, monkeypatch):
    """There is a worker, it is not missed yet, and nothing comes back."""
    monkeypatch.setattr(neuromodels.experiment.workers.crew, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(neuromodels.experiment.workers.crew, "STALLED", 0.5)
    with local_workers(1) as alone:
        experiment = lost(alone.crew, seconds=0.5)
        with pytest.raises(SimulationError, match=r"workers: must answer; for 1 s none did"):
            experiment.evaluate(with_deeds(4, k0=STOPS), STREAMS)


def test_who_must_be_alone_waits_for_others_and_they_for_it():
    lock, log = RequestLock(), []
    inside, leave = Event(), Event()

    def first():
        with lock.shared():
            inside.set()
            leave.wait()
            log.append("first")

    def alone():
        with lock.exclusive():
            time.sleep(0.2)
            log.append("alone")

    def late():
        with lock.shared():
            log.append("late")

    threads = [Thread(target=each, daemon=True) for each in (first, alone, late)]
    threads[0].start()
    inside.wait()
    with lock.shared():
        pass  # several may be inside
    for thread in threads[1:]:
        thread.start()
        time.sleep(0.1)
    assert log == []
    leave.set()
    for thread in threads:
        thread.join(10)
    assert log == ["first", "alone", "late"]


def test_several_may_ask_at_once(workers, lost):
    """A candidate that kills its workers takes nobody with it who asks at the same time."""
    xs, others = with_deeds(8, k3=KILLS), vectors(8)
    found = []

    def ask(experiment):
        found.extend(experiment.evaluate(others, STREAMS) for _ in range(6))

    threads = [Thread(target=ask, args=[lost()], daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert_failed_alone(lost().evaluate(xs, STREAMS), xs, 3)
    for thread in threads:
        thread.join()
    expected = FakeExperiment().evaluate(others, STREAMS)
    assert len(found) == 12
    for outcome in found:
        assert_same(outcome, expected)


# -- errors -------------------------------------------------------------------------------------


def test_an_error_of_ours_is_raised_as_itself_and_names_the_worker(lost):
    with pytest.raises(BuildError, match=r"compiler: must be installed; got 'none'.*\(On worker"):
        lost().evaluate(with_deeds(8, k2=RAISES), STREAMS)


def test_a_mistake_of_ours_keeps_its_traceback(lost):
    with pytest.raises(ZeroDivisionError) as caught:
        lost().evaluate(with_deeds(8, k2=BREAKS), STREAMS)
    assert any(entry.name == "_do" for entry in caught.traceback)


def test_a_network_that_cannot_be_built_is_refused(workers):
    broken = replace(REAL, rule=RuleChoice("pdlf", {"pdp_side": "above"}))
    with pytest.raises(DeclarationError, match=r"pdp_side.*\(On worker"):
        workers.build(broken, "plastic")


def test_a_workers_other_version_is_refused(workers, monkeypatch):
    version = np.__version__
    monkeypatch.setattr(np, "__version__", "1.2.3")
    message = rf"must have numpy 1\.2\.3, as the driver; got '{version} on tls://"
    with pytest.raises(SimulationError, match=message):
        Crew(workers.crew.client).count()


def test_a_worker_that_joins_later_with_another_version_refuses(lost, monkeypatch):
    """Whoever gets work compares the driver's versions with its own."""
    versions = {**distributed.versions_here(), "numpy": "1.2.3"}
    monkeypatch.setattr(distributed, "versions_here", lambda: versions)
    message = rf"must have numpy 1\.2\.3, as the driver; got '{np.__version__} on worker \d+ at "
    with pytest.raises(SimulationError, match=message):
        lost()


def test_unlike_machines_are_told_once(workers, monkeypatch):
    """The last bits of a result depend on processor and compiler."""
    machines = {"old processor, g++ 12", "new processor, g++ 14"}
    monkeypatch.setattr(
        neuromodels.experiment.workers.crew, "machines_of", lambda client, workers: machines
    )
    said = []
    crew = Crew(workers.crew.client, said.append)
    assert (crew.count(), crew.count()) == (2, 2)
    assert len(said) == 1
    assert "new processor, g++ 14; old processor, g++ 12" in said[0]


@pytest.mark.parametrize("where", [["--workers", "2"], ["--scheduler", "tcp://127.0.0.1:1"]])
def test_without_distributed_the_extra_is_named(monkeypatch, tmp_path, capsys, where):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "distributed", None)
    here = "neuromodels.experiment.workers.local_processes"
    monkeypatch.delitem(sys.modules, here, raising=False)
    monkeypatch.delattr(neuromodels.experiment.workers, "local_processes", raising=False)
    assert main(["run", QUICK, *where]) == 2
    assert 'pip install "brian2-neuromodels[cluster]"' in capsys.readouterr().err


def test_no_time_is_too_little(lost):
    with pytest.raises(DeclarationError, match="a chunk must get more than 0; got 0"):
        lost(seconds=0)


def test_no_worker_is_too_few():
    with pytest.raises(DeclarationError, match="at least 1; got 0"), local_workers(0):
        pass


def test_a_worker_that_read_another_text_is_refused(tmp_path):
    path = tmp_path / "my_rules.py"
    path.write_text("A = 1")
    check_files({str(path): digest_of(path)})
    path.write_text("A = 2")
    with pytest.raises(SimulationError, match=r"must have read the same .*my_rules\.py"):
        check_files({str(path): digest_of(path)})
    with pytest.raises(SimulationError, match=r"must have read the same elsewhere\.py"):
        check_files({"elsewhere.py": "0" * 64})


# -- schedulers ---------------------------------------------------------------------------------


@pytest.fixture
def scheduler(tmp_path):
    """Start a scheduler without workers; yield its address and a function that adds one."""
    mark = new_mark()
    started = []

    def start(*command, **more):
        done = subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            env=environment(mark, **more),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(done)
        return done

    file = tmp_path / "scheduler.json"
    process = start(
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--dashboard-address",
        ":0",
        "--scheduler-file",
        str(file),
    )
    while not file.exists() or not file.read_text().strip():
        assert process.poll() is None
        time.sleep(0.05)
    address = json.loads(file.read_text())["address"]
    yield address, process, lambda **more: start("worker", address, "--nthreads", "1", **more)
    for each in started:
        each.kill()
        each.wait()
    assert vanish(mark)


def test_workers_of_a_scheduler(scheduler, lost, monkeypatch):
    address, process, add_worker = scheduler
    said = []
    monkeypatch.setattr(neuromodels.experiment.workers.crew, "LOOK_EVERY", 0.1)
    Timer(0.5, add_worker).start()
    patience = dask.config.set({"distributed.comm.timeouts.connect": "2s"})
    with patience, scheduler_at(address, tell=said.append) as there:
        experiment, xs = lost(there.crew), vectors(9)
        assert said == ["There is no worker; waiting for one."]
        assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))
        found = there.provenance()
        assert (found["scheduler"], found["count"]) == (address, 1)
        assert len(found["machines"]) == 1
        Timer(0.5, process.kill).start()
        with pytest.raises(SimulationError, match=r"Distribution.scheduler: must stay reachable"):
            experiment.evaluate(with_deeds(9, k0=HANGS), STREAMS)
        with pytest.raises(SimulationError, match=r"Distribution.scheduler: must stay reachable"):
            experiment.evaluate(xs, STREAMS)


def test_a_worker_that_lacks_something_is_refused(scheduler, lost, tmp_path):
    address, _, add_worker = scheduler
    (tmp_path / "brian2.py").write_text("raise ModuleNotFoundError(\"No module named 'brian2'\")")
    path = os.pathsep.join([str(tmp_path), environment("")["PYTHONPATH"]])
    add_worker(PYTHONPATH=path)
    message = r"Distribution.worker: must have neuromodels and all it needs; got .brian2 on tcp://"
    with scheduler_at(address) as there, pytest.raises(SimulationError, match=message):
        lost(there.crew)


def test_a_scheduler_that_does_not_answer_is_one_message(tmp_path):
    """The whole program: a connection that was never made must not be waited for at its end."""
    (tmp_path / "long.toml").write_text(STUDY)
    done = subprocess.run(
        [*CLI, "run", "long.toml", "--scheduler", "tcp://127.0.0.1:1"],
        cwd=tmp_path,
        timeout=300,
        env=environment(new_mark(), DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="1s"),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("neuromodels: Distribution.scheduler: must answer: ")
    assert line.endswith("Start it with `dask scheduler`, or take the address from its log.")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://x:1", "must look like tcp://host:8786 or tls://host:8786; got 'http://x:1'"),
        ("localhost", "must look like tcp://host:8786 or tls://host:8786; got 'localhost'"),
        ("tls://x:1", "needs keys that Dask's configuration names; got 'tls://x:1'"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused(address, message):
    with pytest.raises(DeclarationError, match=re.escape(message)), scheduler_at(address):
        pass


def test_a_scheduler_that_is_stopped_is_not_waited_for(scheduler, lost, monkeypatch):
    address, process, add_worker = scheduler
    add_worker()
    with scheduler_at(address) as there:
        experiment = lost(there.crew)
        monkeypatch.setattr(neuromodels.experiment.workers.crew, "ANSWER_WITHIN", 1.0)
        monkeypatch.setattr(pools, "LEAVE_WITHIN", 1.0)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(SimulationError, match="must stay reachable: no answer within 1 s"):
            experiment.evaluate(vectors(4), STREAMS)


# -- processes and files ------------------------------------------------------------------------


def test_workers_leave_nothing_behind(tmp_path, monkeypatch):
    mark = new_mark()
    monkeypatch.setenv(MARK, mark)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZeroDivisionError), local_workers(3):
        1 / (len(marked(mark)) < 3)
    assert vanish(mark)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def long_run(tmp_path):
    """Start a long run on two workers in a folder of its own; yield it and its mark."""
    (tmp_path / "long.toml").write_text(STUDY)
    mark = new_mark()
    run = subprocess.Popen(
        [*CLI, "run", "long.toml", "--workers", "2", "--out", "here"],
        cwd=tmp_path,
        text=True,
        env=environment(mark),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    checkpoint = tmp_path / "here" / "checkpoints" / "plastic-seed1.npz"
    while not checkpoint.exists():
        assert run.poll() is None, run.communicate()
        time.sleep(0.05)
    yield run, mark
    run.kill()
    run.communicate()


def test_an_interrupt_from_the_terminal_stops_after_the_generation(long_run, tmp_path):
    """The terminal interrupts every process in the foreground, workers included."""
    run, mark = long_run
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=300)
    assert run.returncode == 130, err
    assert "neuromodels resume here" in out
    assert "note:" not in out, "no worker was lost"
    assert "Traceback" not in err
    assert vanish(mark)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "long.toml"]


def test_a_second_interrupt_stops_at_once_also_when_workers_hang(long_run):
    run, mark = long_run
    for pid in worker_processes(mark, run.pid):
        os.kill(pid, signal.SIGSTOP)
    os.kill(run.pid, signal.SIGINT)
    time.sleep(0.5)
    os.kill(run.pid, signal.SIGINT)
    _, err = run.communicate(timeout=300)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    assert vanish(mark)


SWEEP = """
[sweep]
"search.options.learning_rate" = [0.01, 0.02, 0.03, 0.04]
"""


def test_the_settings_of_a_sweep_run_side_by_side(tmp_path, capsys):
    study = tmp_path / "swept.toml"
    study.write_text(STUDY.replace("100000", "6") + "[test]\ntrials = 40\nevery = 3\n" + SWEEP)
    here, there = tmp_path / "here", tmp_path / "there"
    assert main(["run", str(study), "--out", str(here)]) == 0
    capsys.readouterr()
    assert main(["run", str(study), "--out", str(there), "--workers", "2"]) == 0
    said = capsys.readouterr().out
    begun = said.index("setting 4 of 4")
    assert said.index(" on 40 fresh trials") > begun, "all begin before the first is done"
    assert "learning_rate-0.03] plastic, seed 1: searching" in said
    runs = [path.name for path in here.iterdir() if path.is_dir()]
    assert len(runs) == 4
    for name in runs:
        assert numbers(there / name) == numbers(here / name)
