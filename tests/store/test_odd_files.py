"""Files of a run that are no files, or hold what no release ever wrote: one message, and soon."""

import io
import json
import os
import sqlite3
import zipfile

import numpy as np
import pytest

from neuromodels.errors import DamagedRun, StorageError
from neuromodels.files import arrays_to_bytes, read_arrays, read_json
from neuromodels.store.checkpoints import Checkpoint, Checkpoints
from neuromodels.store.ledger import Ledger
from neuromodels.store.lock import owner_of
from neuromodels.store.provenance import sessions_in
from neuromodels.store.records import TestRecord

KEY = b"k" * 32


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


def checkpoint(path):
    kept = Checkpoints(path.parent, "digest", KEY)
    path.rename(kept.path("plastic", 1))
    kept.read("plastic", 1)


def ledger(path):
    Ledger(path, read_only=True).close()


@pytest.mark.parametrize("make", [pipe, endless])
@pytest.mark.parametrize("read", [read_json, read_arrays, checkpoint, ledger])
def test_a_pipe_or_a_device_is_not_waited_for(tmp_path, make, read):
    path = tmp_path / "file"
    make(path)
    with pytest.raises(StorageError, match="no file"):
        read(path)


def test_a_lock_that_is_a_pipe_or_names_no_process_has_no_owner(tmp_path):
    pipe(tmp_path / "pipe")
    assert owner_of(tmp_path / "pipe") == ""
    for pid in (float("inf"), -1, 10**30, None, "x"):
        (tmp_path / "lock").write_text(json.dumps({"pid": pid, "host": "here"}))
        owner_of(tmp_path / "lock")
    (tmp_path / "lock").write_text('{"pid": Infinity, "host": "here"}')
    assert owner_of(tmp_path / "lock") == ""


# -- archives of which single bytes are others --------------------------------------------------


def with_header(header):
    """Return an archive whose one array has a header of ours."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        text = header.encode().ljust(117) + b"\n"
        content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
        archive.writestr("vector.npy", content)
    return buffer.getvalue()


def changed(content, mark, place, value):
    """Return an archive in which a byte behind each mark of zip is another."""
    made, start = bytearray(content), content.find(mark)
    while start >= 0:
        made[start + place] = value
        start = content.find(mark, start + 1)
    return bytes(made)


WHOLE = arrays_to_bytes({"vector": np.arange(4.0)})
ENTRY, LISTED = b"PK\x03\x04", b"PK\x01\x02"
ARCHIVES = {
    "newer zip": changed(WHOLE, LISTED, 6, 250),
    "patched": changed(WHOLE, LISTED, 8, 32),
    "encrypted": changed(changed(WHOLE, ENTRY, 6, 1), LISTED, 8, 1),
    "unknown compression": changed(changed(WHOLE, ENTRY, 8, 77), LISTED, 10, 77),
    "no text": with_header("{'descr': '<f8', 'shape': \x00"),
    "open text": with_header("{'descr': '<f8, 'shape': (3,)}"),
    "no table": with_header("(" * 100),
    "another type": with_header("{'descr': 7, 'fortran_order': False, 'shape': (3,)}"),
    "too large": with_header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**15},)}}"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_damaged_archive_is_one_message(tmp_path, name):
    path = tmp_path / "solution.npz"
    path.write_bytes(ARCHIVES[name])
    with pytest.raises(StorageError, match=r"solution.npz: cannot be read: \S"):
        read_arrays(path)


def test_a_checkpoint_in_a_damaged_archive_gives_way_to_the_one_before(tmp_path):
    kept = Checkpoints(tmp_path, "digest", KEY)
    for generation in (3, 4):
        kept.write("plastic", 1, Checkpoint(generation, {"centre": np.zeros(3)}))
    path = kept.path("plastic", 1)
    content = changed(path.read_bytes()[:-32], LISTED, 6, 250)
    path.write_bytes(content + kept._seal(content))
    found, warning = kept.read("plastic", 1)
    assert found.generation == 3
    assert "Going on from generation 3" in warning


def test_an_archive_without_what_is_needed_is_another_file(tmp_path):
    path = tmp_path / "solution.npz"
    path.write_bytes(arrays_to_bytes({"t": np.zeros(3)}))
    assert list(read_arrays(path)) == ["t"]
    with pytest.raises(DamagedRun, match="no array 'vector'"):
        read_arrays(path, "vector")


@pytest.mark.parametrize("sessions", [True, 3, {"a": 1}, "abc", [1], [None], [{"packages": 3}]])
def test_sessions_of_another_kind_are_one_message(tmp_path, sessions):
    path = tmp_path / "provenance.json"
    path.write_text(json.dumps({"sessions": sessions}))
    with pytest.raises(DamagedRun, match="must hold a list of sessions"):
        sessions_in(path)


# -- ledgers whose pages are whole --------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.sqlite"
    made = Ledger(path)
    made.add(TestRecord("plastic", 1, "final", 6, 10, 0.5, 0.4, 0.6, None))
    made.close(finished=True)
    return path


def changed_cell(path, column, value):
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE tests SET {column} = ?", (value,))
    connection.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [("score", "half"), ("trials", ""), ("seed", 1.5), ("failures", b"\x00"), ("loss", "nan")],
)
def test_a_value_of_another_type_is_damage(path, column, value):
    changed_cell(path, column, value)
    opened = Ledger(path, read_only=True)
    with pytest.raises(DamagedRun, match=f"its column {column} holds"):
        opened.tests("final")
    opened.close()


def test_whole_numbers_may_stand_for_numbers(path):
    changed_cell(path, "score", 1)
    changed_cell(path, "rate", None)
    opened = Ledger(path, read_only=True)
    (row,) = opened.tests("final")
    opened.close()
    assert (row.score, row.rate) == (1.0, None)


def test_a_schema_that_is_no_text_is_damage(path):
    content = path.read_bytes()
    assert b"tablerunsruns" in content
    path.write_bytes(content.replace(b"tablerunsruns", b"tablerun\x99run\x99"))
    with pytest.raises(DamagedRun, match=r"damaged|malformed"):
        Ledger(path, read_only=True)
