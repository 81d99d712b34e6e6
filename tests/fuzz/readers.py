"""What reads files that anybody may have written: bytes go in, and a value or a message comes out.

Each reader of `READERS` takes a folder and the bytes of one file in it.
"""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import numpy as np
from bad_input import GOOD, TEXTS

from fuzz.budget import no_longer_than
from fuzz.checkout import faked, prepare
from fuzz.terminal import assert_one_screen
from neuromodels.errors import NeuromodelsError, on_one_screen
from neuromodels.exploration.network_file.reading import read_network_study
from neuromodels.files import arrays_of_bytes, read_arrays, read_json
from neuromodels.store.checkpoints import Checkpoint, Checkpoints
from neuromodels.store.ledger import Ledger
from neuromodels.store.lock import owner_of
from neuromodels.store.store import StoredRun
from neuromodels.store.sweeps import StoredSweep
from neuromodels.study.file import read_declaration
from neuromodels.study.sweep import read_declared
from neuromodels.tasks.arrays import array_task
from neuromodels.tasks.arrays.idx import read_idx
from neuromodels.tasks.arrays.npz import read_trial_arrays

Reader = Callable[[Path, bytes], None]
KEY, SEAL = b"k" * 32, 32
LONGEST = 10.0
"""Seconds that a reader may take."""


def study_file(folder: Path, content: bytes) -> None:
    """Read a study file."""
    path = folder / "study.toml"
    path.write_bytes(content)
    read_declared(path)


def ledger(folder: Path, content: bytes) -> None:
    """Read every row of a ledger."""
    path = folder / "ledger.sqlite"
    path.write_bytes(content)
    opened = Ledger(path, read_only=True)
    try:
        for run in opened.runs():
            opened.generations(run.condition, run.seed)
        opened.tests("curve")
        opened.tests("final")
    finally:
        opened.close()


def arrays(folder: Path, content: bytes) -> None:
    """Read a solution."""
    path = folder / "solution.npz"
    path.write_bytes(content)
    read_arrays(path)


def checkpoint(folder: Path, content: bytes) -> None:
    """Read a checkpoint that the folder's own key has sealed."""
    kept = Checkpoints(folder, "digest", KEY)
    kept.path("plastic", 1).write_bytes(content + kept._seal(content))
    kept.read("plastic", 1)


def stored_study(folder: Path, content: bytes) -> None:
    """Read the study of a run."""
    (folder / "study.json").write_bytes(content)
    run = StoredRun(folder)
    _ = run.study, run.name


def stored_sweep(folder: Path, content: bytes) -> None:
    """Read the settings of a sweep."""
    (folder / "sweep.json").write_bytes(content)
    sweep = StoredSweep(folder)
    _ = [setting.study for setting in sweep.settings]


def table(folder: Path, content: bytes) -> None:
    """Read a JSON file, and a lock."""
    path = folder / "lock"
    path.write_bytes(content)
    owner_of(path)
    read_json(path)


def task_arrays(folder: Path, content: bytes) -> None:
    """Read the arrays of a task, and make the task."""
    path = folder / "data.npz"
    path.write_bytes(content)
    array_task(read_trial_arrays(str(path)), "values")


def packed_images(folder: Path, content: bytes) -> None:
    """Read a gzipped idx file."""
    path = folder / "images.gz"
    path.write_bytes(content)
    read_idx(path, 3, "data", "Take another file.")


def spike_lists(folder: Path, content: bytes) -> None:
    """Read the spikes that a network's study file names."""
    (folder / "spikes.npz").write_bytes(content)
    (folder / "net.py").write_text("def build():\n    return 1\n")
    (folder / "study.toml").write_text(SPIKES)
    read_network_study(read_declaration(folder / "study.toml"))


SPIKES = """\
[network]
build = "net.py:build"
duration = "1 s"
[parameters]
stimulus = { address = "source", choices = { file = "spikes.npz", unit = "ms" } }
[measures]
rate = { measure = "Rate", group = "source" }
[sweep]
grid = { stimulus = [0] }
"""


READERS: dict[str, Reader] = {
    made.__name__: made
    for made in (
        *(study_file, ledger, arrays, checkpoint, stored_study, stored_sweep, table),
        *(task_arrays, packed_images, spike_lists),
    )
}


def _arrays_of_tasks() -> list[bytes]:
    """Return files of arrays: with labels, and packed with targets and a mask."""
    labelled, targeted = io.BytesIO(), io.BytesIO()
    shown = np.ones((2, 3, 1))
    np.savez(labelled, inputs=shown, labels=[0, 1], test=[0, 1], classes=3)
    np.savez_compressed(targeted, inputs=shown, targets=shown, mask=shown[..., 0])
    return [labelled.getvalue(), targeted.getvalue()]


def _lists_of_spikes() -> list[bytes]:
    """Return files with one list, and with three of which one is empty."""
    one, three = io.BytesIO(), io.BytesIO()
    np.savez(one, indices=[0, 1], times=[2.0, 3.0])
    np.savez(three, indices=[0, 1], times=[2.0, 3.0], lists=[0, 2], count=3)
    return [one.getvalue(), three.getvalue()]


def examples() -> dict[str, list[bytes]]:
    """Return bytes for each reader that it reads, and for study files some that it refuses."""
    with tempfile.TemporaryDirectory() as name, chdir(name), faked():
        here = Path(name)
        prepare(here)
        (run,) = here.glob("runs/one")
        (newest,) = run.glob("checkpoints/plastic-seed1.npz")
        solutions = [path.read_bytes() for path in run.glob("*/plastic-seed1.npz")]
        study = (run / "study.json").read_bytes()
        sweep = (here / "runs/swept/sweep.json").read_bytes()
        own = Checkpoints(here, "digest", KEY)
        content = newest.read_bytes()[:-SEAL]
        own.write("plastic", 1, Checkpoint(3, arrays_of_bytes(content, newest)))
        return {
            "study_file": [
                text.encode("utf-8", "replace") for text in (GOOD, *TEXTS) if len(text) < 4000
            ],
            "ledger": [(run / "ledger.sqlite").read_bytes()],
            "arrays": solutions,
            "checkpoint": [own.path("plastic", 1).read_bytes()[:-SEAL]],
            "stored_study": [study],
            "stored_sweep": [sweep],
            "task_arrays": _arrays_of_tasks(),
            "packed_images": [gzip.compress(b"\0\0\x08\x03\0\0\0\1\0\0\0\1\0\0\0\2ab", mtime=0)],
            "spike_lists": _lists_of_spikes(),
            "table": [study, sweep, b'{"pid": 1, "host": "here", "boot": "x", "began": 1}'],
        }


def judge(reader: Reader, folder: Path, content: bytes) -> None:
    """Let a reader read, and check what it says."""
    try:
        with no_longer_than(LONGEST):
            reader(folder, content)
    except NeuromodelsError as error:
        assert_one_screen(on_one_screen(f"neuromodels: {error}"))
