"""Workers: the same bits from any number of them, and what happens when one is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Timer

import dask
import numpy as np
import pytest
from fake_experiment import TABLE, FakeExperiment, catalogs
from lost_experiment import (
    BREAKS,
    FILLS,
    GROWS,
    HANGS,
    KILLS,
    KILLS_ONCE,
    RAISES,
    TAKES,
    LostExperiment,
)
from marked import MARK, environment, marked, new_mark, vanish

import neuromodels.distribution.crew
import neuromodels.distribution.experiment
from neuromodels.cli import main
from neuromodels.distribution import DistributedExperiment, local_workers, scheduler_at
from neuromodels.distribution.crew import Crew
from neuromodels.distribution.worker import check_files, digest_of
from neuromodels.errors import BuildError, DeclarationError, SimulationError
from neuromodels.evaluation import Experiment, recording_of
from neuromodels.seeding import generator, trial_streams
from neuromodels.study import CircuitChoice, RuleChoice, Study, TaskChoice
from neuromodels.studyfile import study_of

pytestmark = pytest.mark.skipif(
    not os.environ.get("NEUROMODELS_WORKERS"),
    reason="distribution over workers is not finished: set NEUROMODELS_WORKERS=1 to try it",
)

STREAMS = trial_streams(1, 6)
REAL = Study(
    name="small",
    task=TaskChoice("sequence_copy", {"length": 3, "latency": 2}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=8),
)


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
    study = replace(study_of(TABLE, "table", catalogs()), question=str(tmp_path))

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
    assert found.failures == expected.failures


def assert_failed_alone(found, xs, failed):
    """Check that one candidate is NaN and all others are as if evaluated here."""
    others = np.arange(len(xs)) != failed
    expected = FakeExperiment().evaluate(xs, STREAMS)
    np.testing.assert_array_equal(found.losses[others], expected.losses[others])
    np.testing.assert_array_equal(found.scores[others], expected.scores[others])
    assert np.isnan(found.losses[failed]).all()
    assert np.isnan(found.scores[failed]).all()
    assert found.failures == len(STREAMS)


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
    report = there.report
    assert (report["threads"], report["workers"]) == (2, 2), "one core each"
    assert report["builds"] + report["cache_hits"] == 2, "built once per process"


@pytest.mark.parametrize("chunks", [1, 2, 7, 33])
def test_results_do_not_depend_on_the_chunks(workers, monkeypatch, chunks):
    there = workers.build(REAL, "plastic")
    xs = vectors(33, there.dimension)
    expected = there.evaluate(xs, STREAMS)
    monkeypatch.setattr(
        neuromodels.distribution.experiment, "chunks_for", lambda candidates, workers: chunks
    )
    assert_same(there.evaluate(xs, STREAMS), expected)


def test_more_workers_get_more_chunks_but_not_without_end():
    chunks_for = neuromodels.distribution.experiment.chunks_for
    assert [chunks_for(257, n) for n in (1, 2, 8, 16, 64, 500)] == [4, 8, 32, 32, 64, 257]
    assert chunks_for(1, 8) == 1


def test_a_trial_is_recorded_on_a_worker(workers):
    x = vectors(1, Experiment(REAL).dimension)[0]
    found, expected = workers.record(REAL, "plastic", x, 7), recording_of(REAL, "plastic", x, 7)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


# -- lost workers -------------------------------------------------------------------------------


def test_a_worker_that_dies_is_replaced_and_its_chunk_evaluated_again(lost, said):
    experiment, xs = lost(), with_deeds(20, k3=KILLS_ONCE)
    assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))
    assert "evaluating candidates 3 to 5 of 20 again" in " ".join(said)
    assert "counts as failed" not in " ".join(said)


def test_a_candidate_that_kills_every_worker_fails_alone(lost, said):
    xs = with_deeds(20, k8=KILLS)
    assert_failed_alone(lost().evaluate(xs, STREAMS), xs, 8)
    assert sum("Candidate 8 of 20 counts as failed" in each for each in said) == 1
    assert sum("counts as failed" in each for each in said) == 1


def test_a_candidate_that_hangs_fails_alone(lost, said):
    xs = with_deeds(9, k8=HANGS)
    start = time.monotonic()
    assert_failed_alone(lost(seconds=1.0).evaluate(xs, STREAMS), xs, 8)
    assert time.monotonic() - start < 60
    assert any("took longer than 1 s" in each for each in said)


def test_chunks_that_are_only_too_large_become_smaller(lost, said):
    """Each candidate takes a while; a chunk of them takes longer than is allowed."""
    experiment, xs = lost(seconds=1.5), with_deeds(9, k0=TAKES, k1=TAKES, k2=TAKES)
    expected = FakeExperiment().evaluate(xs, STREAMS)
    assert_same(experiment.evaluate(xs, STREAMS), expected)
    assert any("took longer than 1.5 s; evaluating candidates 0 to 2 of 9" in each for each in said)
    said.clear()
    assert_same(experiment.evaluate(xs, STREAMS), expected)
    assert said == []


def test_a_worker_that_is_stopped_is_replaced(lost, said):
    """Not a call that hangs but a process: nothing in it can notice."""
    with dask.config.set({"distributed.scheduler.worker-ttl": "2s"}), local_workers(1) as alone:
        experiment, xs = lost(alone.crew), vectors(6)
        (pid,) = alone.crew.client.run(os.getpid).values()
        os.kill(pid, signal.SIGSTOP)
        assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))
        assert set(alone.crew.client.run(os.getpid).values()) != {pid}


def test_a_worker_that_nobody_replaces_is_replaced(lost, said):
    """The nanny of a worker is given up when the replacement takes too long."""
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "50ms"}),
        local_workers(1) as alone,
    ):
        experiment, xs = lost(alone.crew), vectors(6)
        (pid,) = alone.crew.client.run(os.getpid).values()
        os.kill(pid, signal.SIGKILL)
        assert_same(experiment.evaluate(xs, STREAMS), FakeExperiment().evaluate(xs, STREAMS))


def test_a_candidate_without_memory_fails_alone(lost, said):
    xs = with_deeds(20, k19=FILLS)
    assert_failed_alone(lost().evaluate(xs, STREAMS), xs, 19)
    assert any("Candidate 19 of 20" in each for each in said)


def test_a_worker_over_its_memory_is_replaced(lost):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, memory_limit="600MB", dashboard_address=":0",
            silence_logs=50, scheduler_kwargs={"allowed_failures": 0},
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        xs = with_deeds(1, k0=GROWS)
        found = lost(Crew(client, alike=True)).evaluate(xs, STREAMS)
    assert found.failures == len(STREAMS)


def test_when_no_candidate_survives_the_run_is_given_up(lost):
    xs = with_deeds(8, **{f"k{k}": FILLS for k in range(8)})
    with pytest.raises(SimulationError, match=r"over 5 of 8 and no other.*more memory"):
        lost().evaluate(xs, STREAMS)


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


def test_unlike_machines_are_told_once(workers, monkeypatch):
    """The last bits of a result depend on processor and compiler."""
    machines = {"old processor, g++ 12", "new processor, g++ 14"}
    monkeypatch.setattr(
        neuromodels.distribution.crew, "machines_of", lambda client, workers: machines
    )
    said = []
    crew = Crew(workers.crew.client, said.append)
    assert (crew.count(), crew.count()) == (2, 2)
    assert len(said) == 1
    assert "new processor, g++ 14; old processor, g++ 12" in said[0]


def test_without_distributed_the_extra_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "distributed", None)
    study = Path(__file__).parent.parent / "studies" / "pdlf_copy_quick.toml"
    assert main(["run", str(study), "--workers", "2"]) == 2
    assert 'pip install "neuromodels[cluster]"' in capsys.readouterr().err


def test_no_time_is_too_little(lost):
    with pytest.raises(DeclarationError, match="a chunk must get more than 0; got 0"):
        lost(seconds=0)


def test_no_worker_is_too_few():
    with pytest.raises(DeclarationError, match="at least 1; got 0"), local_workers(0):
        pass


def test_a_worker_that_read_another_text_is_refused(tmp_path):
    path = tmp_path / "my_rules.py"
    path.write_text("A = 1")
    check_files({str(path): digest_of(str(path))})
    path.write_text("A = 2")
    with pytest.raises(SimulationError, match=r"must have read the same .*my_rules\.py"):
        check_files({str(path): digest_of(str(path))})
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
            [sys.executable, "-m", "dask", *command], env=environment(mark, **more), cwd=tmp_path,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(done)
        return done

    file = tmp_path / "scheduler.json"
    process = start(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--dashboard-address", ":0", "--scheduler-file", str(file),
    )  # fmt: skip
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
    monkeypatch.setattr(neuromodels.distribution.crew, "LOOK_EVERY", 0.1)
    Timer(0.5, add_worker).start()
    patience = dask.config.set({"distributed.comm.timeouts.connect": "3s"})
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


def test_a_scheduler_that_does_not_answer_is_one_message():
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(SimulationError, match=r"must answer.*got 'tcp://127.0.0.1:1'.*dask sched"),
        scheduler_at("tcp://127.0.0.1:1"),
    ):
        pass


# -- processes and files ------------------------------------------------------------------------


def test_workers_leave_nothing_behind(tmp_path, monkeypatch):
    mark = new_mark()
    monkeypatch.setenv(MARK, mark)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ZeroDivisionError), local_workers(3):
        1 / (len(marked(mark)) < 3)
    assert vanish(mark, 5)
    assert not list(tmp_path.iterdir())


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


def test_an_interrupt_from_the_terminal_stops_after_the_generation(tmp_path):
    """The terminal interrupts every process in the foreground, workers included."""
    (tmp_path / "long.toml").write_text(STUDY)
    mark = new_mark()
    run = subprocess.Popen(
        [*CLI, "run", "long.toml", "--workers", "2", "--out", "here"], cwd=tmp_path, text=True,
        env=environment(mark), start_new_session=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    checkpoint = tmp_path / "here" / "checkpoints" / "plastic-seed1.npz"
    while not checkpoint.exists():
        assert run.poll() is None, run.communicate()
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "neuromodels resume here" in out
    assert "note:" not in out, "no worker was lost"
    assert "Traceback" not in err
    assert vanish(mark, 5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "long.toml"]
