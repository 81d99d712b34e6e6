"""Runs whose processes are killed at random end as undisturbed ones, to the bit.

Runs of each kind with the fake network are killed from outside, at any moment. A real one over two
workers loses its driver and its workers. By default a few kills; ``-m strain`` has `KILLS` of each
kind. `NEUROMODELS_KILLS` and `NEUROMODELS_KILL_SEED` draw more, and other moments and victims;
`NEUROMODELS_KILL_LOG` names a file for a line per kill.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress

import numpy as np
import pytest
import tortured_run
from hanging import no_longer_than
from marked import environment, new_mark, vanish, workers
from tortured_run import KINDS, carry_out, run_kind, study_of_kind

from neuromodels.report.run import summary
from neuromodels.store.store import StoredRun

KILLS = int(os.environ.get("NEUROMODELS_KILLS", "20"))
SEED = int(os.environ.get("NEUROMODELS_KILL_SEED", "1"))
STUDY = """
name = "tortured"
seeds = [1]
conditions = ["plastic", "fixed", "reset", "random"]
[task]
name = "sequence_copy"
length = 3
latency = 2
[rule]
name = "pdlf"
[circuit]
hidden = 16
[search]
candidates = 32
trials = 256
generations = 60
[test]
trials = 500
curve_trials = 64
every = 10
random_rules = 8
"""
COST = {
    "seconds",
    "optimizer_share",
    "instances_per_second",
    "synapse_updates_per_second",
    "builds",
    "cache_hits",
    "bytes",
    "threads",
}


class Torment:
    """A run folder, and the process that writes it now."""

    def __init__(self, folder):
        self.folder = folder / "run"
        self.study = folder / "tortured.toml"
        self.study.write_text(STUDY)
        self.mark = new_mark()
        self.driver = None

    def start(self, *options):
        """Run the study, or go on with it."""
        begun = (self.folder / "study.json").exists()
        what = ["resume", self.folder] if begun else ["run", self.study, "--out", self.folder]
        self.driver = subprocess.Popen(
            [sys.executable, "-m", "neuromodels", *map(str, what), *options],
            env=environment(self.mark),
            cwd=self.folder.parent,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_for_progress(self):
        """Wait for one more generation; return whether the driver still runs."""
        before = self.generations()
        while self.driver.poll() is None and self.generations() <= before:
            time.sleep(0.02)
        return self.driver.poll() is None

    def generations(self):
        """Return how many generations are stored."""
        try:
            uri = f"file:{self.folder}/ledger.sqlite?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as ledger:
                return ledger.execute("SELECT count(*) FROM generations").fetchone()[0]
        except sqlite3.Error:
            return 0

    def finish(self):
        """Wait for the end and return what was said."""
        out, err = self.driver.communicate(timeout=900)
        assert self.driver.returncode == 0, err
        assert err == ""
        return out

    def kill_worker(self, draw):
        """Kill a worker, if one has started."""
        found = sorted(workers(self.mark, self.driver.pid))
        if found:
            os.kill(draw.choice(found), signal.SIGKILL)
        return bool(found)

    def kill_driver(self):
        """Kill the driver; check that what it leaves is whole and goes away."""
        self.driver.kill()
        self.driver.communicate()
        assert vanish(self.mark), "workers outlive their driver"
        self.assert_every_file_is_whole()

    def assert_every_file_is_whole(self):
        """Read every file that has its final name."""
        for path in self.folder.rglob("*.npz"):
            with np.load(path) as arrays:
                assert all(arrays[name].size >= 0 for name in arrays.files)
        with closing(sqlite3.connect(self.folder / "ledger.sqlite")) as ledger:
            assert ledger.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def numbers(folder):
    """Return every stored number of a run except what it cost."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
        ledger.row_factory = sqlite3.Row
        tables = ("generations", "tests", "runs")
        rows = [dict(r) for t in tables for r in ledger.execute(f"SELECT * FROM {t}")]
    found = {}
    for path in folder.glob("[sr]*s/*.npz"):
        with np.load(path) as arrays:
            found[path.name] = {name: arrays[name].tobytes() for name in arrays.files}
    kept = [{k: row[k] for k in row.keys() - COST} for row in rows]
    return sorted(kept, key=repr_sorted), found


def repr_sorted(row):
    return repr(sorted(row.items(), key=lambda item: item[0]))


@pytest.fixture(autouse=True)
def limit(request):
    with no_longer_than(600 + 60 * KILLS, request.config):
        yield


CUES = ("before the first generation", "generations", "generations", "final tests")
TIMES = {"run", "seconds_per_generation"}


class Tortured:
    """A run of a kind with the fake network, in a folder, and one that nobody disturbs.

    Parameters
    ----------
    slowness
        Seconds that an evaluation takes.
    """

    def __init__(self, kind, folder, slowness, draw):
        self.kind, self.slowness, self.draw = kind, slowness, draw
        self.place, self.hits, self.lives = folder, [], 0
        self.calm = self._begin("calm")
        run_kind(kind, self.calm)
        self.torn = self._begin("torn0")

    def _begin(self, name):
        """Return a folder to run in, with what the kind needs before."""
        folder = self.place / name / "run"
        folder.parent.mkdir()
        if self.kind == "warm":
            carry_out(study_of_kind("plain", folder, generations=4), folder.parent / "source")
        if self.kind == "extended":
            carry_out(study_of_kind("plain", folder, generations=16), folder)
        return folder

    def live(self, seconds=None, cue=CUES[0]):
        """Run until the end, or until it is killed some seconds after it said a cue.

        Returns whether it was killed.
        """
        self.lives += 1
        command = [sys.executable, tortured_run.__file__, str(self.torn), self.kind]
        process = subprocess.Popen(
            [*command, str(self.slowness)],
            env=environment(new_mark()),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = []
        while seconds is not None and cue not in said[-1:]:
            said.append(process.stdout.readline().strip())
            if not said[-1]:
                break  # it has ended
        if seconds is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.kill()
        out, err = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), err
        if process.returncode:
            self.hits.append(phase_of([*said, *out.split("\n")]))
            note(f"{self.kind}: kill {len(self.hits)} in life {self.lives}: {self.hits[-1]}")
        return process.returncode != 0

    def kill(self, count, longest):
        """Kill it so many times; where it ends before that, another one begins."""
        while len(self.hits) < count:
            if not self.live(self.draw.uniform(0, longest), self.draw.choice(CUES)):
                self.assert_equal()
                self.torn = self._begin(f"torn{self.lives}")
        self.live()
        self.assert_equal()

    def assert_equal(self):
        """Compare every number, and check that nothing is left behind."""
        assert everything(self.torn) == everything(self.calm)
        left = [p for p in self.torn.rglob("*") if p.name.endswith((".part", "-wal", "-shm"))]
        assert not left


def phase_of(lines):
    """Return where a process was whose words these are; half a word at the end does not count."""
    words = [word for word in lines[:-1] if word]
    storing = words.count("+storing") > words.count("-storing")
    phase = [word for word in words if word[0] not in "+-"][-1]
    return f"{phase}, storing" if storing else phase


def note(text):
    """Add a line to the log, where one is wanted."""
    path = os.environ.get("NEUROMODELS_KILL_LOG")
    if path:
        with open(path, "a") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def everything(place):
    """Return all that a run, or every run of a sweep, keeps and reports, except what it cost."""
    return {
        path.parent.relative_to(place): (numbers(path.parent), checkpoints(path), report(path))
        for path in [*place.glob("study.json"), *place.glob("*/study.json")]
    }


def checkpoints(study):
    """Return the newest checkpoint of each search."""
    found = {}
    for path in study.parent.glob("checkpoints/*.npz"):
        if ".previous" not in path.name:
            with np.load(path) as arrays:
                found[path.name] = {name: arrays[name].tobytes() for name in arrays.files}
    return found


def report(study):
    """Return the report of a run as JSON without times and places."""

    def without_cost(value):
        if isinstance(value, dict):
            return {k: without_cost(v) for k, v in value.items() if k not in {*COST, *TIMES}}
        return [without_cost(each) for each in value] if isinstance(value, list) else value

    return json.dumps(without_cost(summary(StoredRun(study.parent))))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "kills"), [("plain", 2), ("extended", 2), ("sweep", 1)])
def test_a_few_kills_at_random_change_no_bit(tmp_path, kind, kills):
    Tortured(kind, tmp_path, 0.001, random.Random(f"{SEED}{kind}")).kill(kills, 0.3)


@pytest.mark.strain
@pytest.mark.parametrize("kind", KINDS)
def test_many_kills_at_random_change_no_bit(tmp_path, kind):
    began = time.monotonic()
    tortured = Tortured(kind, tmp_path, 0.006, random.Random(f"{SEED}{kind}"))
    tortured.kill(KILLS, 1.0)
    note(
        f"{kind}: {KILLS} kills in {tortured.lives} lives, {time.monotonic() - began:.0f} s,"
        f" no difference; {dict(Counter(tortured.hits))}"
    )
    assert len(set(tortured.hits)) >= min(4, KILLS // 4), "kills hit several phases"


@pytest.mark.strain
def test_two_processes_that_resume_at_once_change_no_bit(tmp_path):
    tortured = Tortured("plain", tmp_path, 0.002, random.Random(SEED))
    for _ in range(3):
        pair = [
            subprocess.Popen(
                [sys.executable, tortured_run.__file__, str(tortured.torn), "plain", "0.002"],
                env=environment(new_mark()),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        ends = [(process.communicate()[1], process.returncode) for process in pair]
        assert 0 in [code for _, code in ends]
        assert all(code == 0 or "is in use by" in err for err, code in ends)
    tortured.assert_equal()


@pytest.mark.strain
def test_kills_of_drivers_and_workers_change_no_number(tmp_path):
    """A driver or a worker is killed each time that some progress was made."""
    (tmp_path / "calm").mkdir()
    (tmp_path / "torn").mkdir()
    calm, torn = Torment(tmp_path / "calm"), Torment(tmp_path / "torn")
    calm.start()
    calm.finish()

    draw = random.Random(SEED)
    victims = ["driver", "worker"] * 4
    draw.shuffle(victims)
    torn.start("--workers", "2")
    for victim in victims:
        assert torn.wait_for_progress(), torn.driver.communicate()
        time.sleep(draw.uniform(0, 0.3))
        if victim == "worker":
            assert torn.kill_worker(draw)
        else:
            torn.kill_driver()
            torn.start("--workers", "2")
    torn.finish()

    assert vanish(torn.mark), "workers outlive their driver"
    assert not list(torn.folder.rglob("*part"))
    torn.assert_every_file_is_whole()
    assert numbers(torn.folder) == numbers(calm.folder)
    assert sorted(path.name for path in (tmp_path / "torn").iterdir()) == ["run", "tortured.toml"]
