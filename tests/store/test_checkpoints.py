"""Checkpoints: whole or absent, the newest two, nothing pickled."""

import os
import pickle

import numpy as np
import pytest

from neuromodels.errors import DamagedRun, StorageError
from neuromodels.files import arrays_to_bytes, read_arrays
from neuromodels.store.checkpoints import Checkpoint, Checkpoints

KEY = bytes(range(32))


def at(generation):
    return Checkpoint(
        generation,
        {"centre": np.full(3, float(generation)), "state": np.arange(5, dtype=np.uint8)},
        {"scores": np.array([0.5])},
    )


@pytest.fixture
def checkpoints(tmp_path):
    kept = Checkpoints(tmp_path / "checkpoints", "abc", KEY)
    for generation in (1, 2, 3):
        kept.write("plastic", 1, at(generation))
    return kept


def test_what_is_read_is_what_was_written(checkpoints):
    found, warning = checkpoints.read("plastic", 1)
    assert warning == ""
    assert found.generation == 3
    assert found.optimizer["centre"].tolist() == [3, 3, 3]
    assert found.optimizer["state"].dtype == np.uint8
    assert found.finalists["scores"].tolist() == [0.5]


def test_two_are_kept(checkpoints):
    assert len(list(checkpoints.folder.iterdir())) == 2
    assert checkpoints.read("fixed", 1) == (None, "")


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_newest_falls_back_and_says_so(checkpoints, damage):
    path = checkpoints.path("plastic", 1)
    content = bytearray(path.read_bytes())
    place = content.index(np.full(3, 3.0).tobytes())
    content[place] ^= damage == "flip"
    content = {"cut": content[:-200], "empty": b"", "text": b"hello"}.get(damage, content)
    path.write_bytes(content)
    found, warning = checkpoints.read("plastic", 1)
    assert found.generation == 2
    assert "Going on from generation 2" in warning
    assert str(path) in warning


def test_two_damaged_ones_are_refused_and_stay(checkpoints):
    for path in checkpoints.folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(DamagedRun, match="cannot be gone on from") as caught:
        checkpoints.read("plastic", 1)
    assert "from a copy" in str(caught.value)
    assert len(list(checkpoints.folder.iterdir())) == 2


def test_a_checkpoint_of_another_study_is_not_used(checkpoints):
    with pytest.raises(DamagedRun, match="another study"):
        Checkpoints(checkpoints.folder, "other", KEY).read("plastic", 1)


def test_a_checkpoint_of_another_folder_is_not_used(checkpoints):
    with pytest.raises(DamagedRun, match="this run folder did not write it"):
        Checkpoints(checkpoints.folder, "abc", bytes(32)).read("plastic", 1)


def test_a_checkpoint_ahead_of_the_ledger_is_not_used(checkpoints):
    found, warning = checkpoints.read("plastic", 1, recorded=2)
    assert found.generation == 2
    assert "ahead of the ledger" in warning


def test_a_durable_previous_one_is_not_given_up_for_one_that_is_not(checkpoints):
    for generation in (4, 5, 6):
        checkpoints.write("plastic", 1, at(generation), durable=False)
    checkpoints.path("plastic", 1).write_bytes(b"")
    assert checkpoints.read("plastic", 1)[0].generation == 3


def test_what_an_earlier_process_wrote_becomes_the_previous_one(checkpoints):
    again = Checkpoints(checkpoints.folder, "abc", KEY)
    assert again.read("plastic", 1)[0].generation == 3
    again.write("plastic", 1, at(4))
    again.path("plastic", 1).write_bytes(b"")
    assert again.read("plastic", 1)[0].generation == 3


def test_file_systems_without_links_work(checkpoints, monkeypatch):
    def refuse(*paths):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    checkpoints.write("plastic", 1, at(4))
    assert checkpoints.read("plastic", 1)[0].generation == 4
    assert len(list(checkpoints.folder.iterdir())) == 2


def test_objects_are_never_stored_nor_loaded(tmp_path):
    with pytest.raises(StorageError, match="not objects"):
        arrays_to_bytes({"x": np.array([{}], dtype=object)})
    np.savez(tmp_path / "x.npz", x=np.array([{}], dtype=object))
    with pytest.raises(StorageError):
        read_arrays(tmp_path / "x.npz")
    (tmp_path / "y.npz").write_bytes(pickle.dumps({"x": 1}))
    with pytest.raises(StorageError):
        read_arrays(tmp_path / "y.npz")
