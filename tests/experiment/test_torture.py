"""A study over two workers whose processes are killed at random ends as an undisturbed one.

The default is short. The full version: ``NEUROMODELS_KILLS=20 pytest tests/test_torture.py``;
`NEUROMODELS_KILL_SEED` draws other moments and victims.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest
from hanging import no_longer_than
from marked import environment, new_mark, vanish, workers

KILLS = int(os.environ.get("NEUROMODELS_KILLS", "2"))
SEED = int(os.environ.get("NEUROMODELS_KILL_SEED", "1"))
STUDY = f"""
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
generations = {10 + 5 * KILLS}
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
        out, err = self.driver.communicate(timeout=300)
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
    with no_longer_than(120 + 30 * KILLS, request.config):
        yield


@pytest.mark.slow
def test_kills_at_random_change_no_number(tmp_path):
    """A driver or a worker is killed each time that some progress was made."""
    (tmp_path / "calm").mkdir()
    (tmp_path / "torn").mkdir()
    calm, torn = Torment(tmp_path / "calm"), Torment(tmp_path / "torn")
    calm.start()
    calm.finish()

    draw = random.Random(SEED)
    victims = ["driver", "worker"] * (KILLS // 2) + ["worker"] * (KILLS % 2)
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

    assert vanish(torn.mark, 5), "workers outlive their driver"
    assert not list(torn.folder.rglob("*.part"))
    torn.assert_every_file_is_whole()
    assert numbers(torn.folder) == numbers(calm.folder)
    assert sorted(path.name for path in (tmp_path / "torn").iterdir()) == ["run", "tortured.toml"]
