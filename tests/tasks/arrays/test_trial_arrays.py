"""Arrays that no task can be made of are refused in one line, and nothing is unpickled."""

import pickle
from zipfile import ZipFile

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.tasks.arrays import TrialArrays, array_task
from neuromodels.tasks.arrays.npz import read_trial_arrays

INPUTS = np.ones((4, 3, 2))
LABELS = np.array([0, 1, 1, 0])
TARGETS = np.zeros((4, 3, 1))


def changed(array, place, value):
    other = np.array(array, dtype=float)
    other[place] = value
    return other


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"inputs": INPUTS[0], "labels": LABELS}, r"inputs: must have the axes \(trials, steps"),
        ({"inputs": INPUTS[:0], "labels": LABELS[:0]}, "inputs: must have a trial, a step and"),
        ({"labels": LABELS[:3]}, "labels: must have as many trials as the inputs, 4; got '3'"),
        ({"labels": LABELS[:, None]}, r"labels: must have the axes \(trials,\); got 'the shape"),
        ({"targets": TARGETS[:, :2]}, "targets: must have as many trials and steps .*, 4 and 3;"),
        ({"labels": LABELS, "mask": np.ones((4, 2))}, "mask: must have as many trials and steps"),
        ({"labels": LABELS, "test": np.ones(3)}, "test: must have as many trials"),
        ({"labels": LABELS - 1}, "labels: must be whole numbers from 0 on; got -1.0"),
        ({"labels": LABELS + 1, "classes": 2}, "labels: must lie from 0 to 1, as .*got 2.0"),
        ({"labels": LABELS + 10**12}, "labels: must name from 2 to 100 classes; got 10"),
        ({"targets": np.zeros((4, 3, 0))}, "targets: must have from 1 to 100 outputs; got 0"),
        ({"labels": LABELS + 0.5, "classes": 2}, "labels: must be whole numbers"),
        ({"labels": 0 * LABELS}, "labels: must name from 2 to 100 classes; got 1"),
        ({"labels": LABELS, "classes": 2.5}, "classes: must be a whole number"),
        ({"labels": LABELS, "targets": TARGETS}, "labels: either labels or targets .* 'both'"),
        ({}, "labels: either labels or targets must be given; got 'neither'"),
        ({"inputs": changed(INPUTS, (1, 2, 0), np.nan), "labels": LABELS}, r"got 'nan at \(1, 2"),
        ({"targets": changed(TARGETS, 2, np.inf)}, "targets: must hold finite numbers; got 'inf"),
        ({"labels": LABELS, "mask": changed(np.ones((4, 3)), 2, 0)}, "mask: .*none in trial 2"),
        ({"labels": LABELS, "mask": np.full((4, 3), 0.5)}, "mask: must be true or false"),
        ({"labels": LABELS, "test": np.ones(4)}, "test: must mark some trials, and leave some"),
        ({"inputs": INPUTS.astype(object), "labels": LABELS}, "inputs: must hold real .*object"),
        ({"labels": np.array(["a", "b", "b", "a"])}, "labels: must hold real numbers; got"),
        ({"inputs": INPUTS + 1j, "labels": LABELS}, "inputs: must hold real numbers; got"),
        ({"inputs": np.zeros((2**13, 2**12, 1), bool), "labels": np.arange(2**13)}, "at most 16,"),
    ],
)
def test_bad_arrays_are_refused(given, message):
    with pytest.raises(DeclarationError, match=message) as refused:
        TrialArrays(**{"inputs": INPUTS, **given})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("inputs", "settings", "message"),
    [
        (-INPUTS, {}, "inputs: rates must be >= 0; got -1.0"),
        (-INPUTS, {"kind": "spikes"}, "inputs: spikes must be >= 0"),
        (INPUTS / 2, {"kind": "spikes"}, "inputs: spikes must be whole numbers; got 0.5"),
        (INPUTS, {"kind": "volts"}, "kind: must be one of rates, currents, values, spikes"),
        (INPUTS, {"loss": "quadratic"}, "loss: must be one of cross entropy, squared error, or"),
        (INPUTS, {"loss": "loss == y0"}, "loss: must be one of"),
        (1001 * INPUTS, {}, r"rates must be at most 1000 Hz with this step, one spike in each"),
        (INPUTS, {"test_share": 1.0}, "test_share must leave a trial of 4 to searches"),
        (INPUTS, {"test_share": 1e308}, "test_share must leave a trial of 4 to searches"),
        (INPUTS, {"step": 0.0}, "step and substeps must be above 0"),
    ],
)
def test_bad_settings_are_refused(inputs, settings, message):
    with pytest.raises(DeclarationError, match=message):
        array_task(TrialArrays(inputs, LABELS), **settings)


def test_targets_of_a_cross_entropy_are_shares():
    arrays = TrialArrays(INPUTS, targets=TARGETS + 2)
    with pytest.raises(DeclarationError, match=r"targets must lie from 0 to 1.*got 2"):
        array_task(arrays, loss="cross entropy")


def test_nobody_changes_arrays_from_outside():
    mine = INPUTS.copy()
    arrays = TrialArrays(mine, LABELS)
    mine[:] = 7
    assert arrays.inputs.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        arrays.inputs[0] = 2


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def bombs():
    box = np.empty(4, dtype=object)
    box[:] = Bomb()
    return box


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, "must be an .npz file; there is none"),
        (lambda path: path.mkdir(), "must be an .npz file; there is none"),
        (lambda path: path.write_bytes(b""), "must be an .npz file of plain numbers"),
        (lambda path: path.write_bytes(b"PK\x05\x06" + bytes(18)), "must hold an array 'inputs'"),
        (lambda path: path.write_bytes(pickle.dumps(INPUTS)), "of plain numbers"),
        (lambda path: np.save(path.open("wb"), INPUTS), "of plain numbers"),
        (lambda path: np.savez(path, labels=LABELS), "must hold an array 'inputs'; got 'labels'"),
        (lambda path: np.savez(path, inputs=INPUTS, lables=LABELS), "nothing else; got 'lables'"),
        (lambda path: np.savez(path, inputs=INPUTS, labels=bombs()), "Python objects are never"),
        (lambda path: np.savez(path, inputs=INPUTS), "either labels or targets"),
        (lambda path: np.savez(path, inputs=INPUTS, labels=LABELS, classes="2"), "classes: must"),
    ],
)
def test_bad_files_are_refused(tmp_path, write, message):
    path = tmp_path / "data.npz"
    write(path)
    with pytest.raises(DeclarationError, match=message) as refused:
        read_trial_arrays(str(path))
    assert "\n" not in str(refused.value)


def test_damaged_files_are_refused_whatever_byte_is_wrong(tmp_path):
    path = tmp_path / "data.npz"
    np.savez_compressed(path, inputs=INPUTS, labels=LABELS)
    whole = path.read_bytes()
    refusals = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read_trial_arrays(str(path))
        except DeclarationError:
            refusals += 1
    assert refusals > len(whole) / 7 / 2


def test_an_array_that_claims_more_than_it_holds_takes_no_memory(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, inputs=np.ones((400, 300, 2)), labels=np.arange(400) % 2)
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["inputs.npy"] = parts["inputs.npy"].replace(b"(400, 300, 2)", b"(400000, 300)")
    with ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(DeclarationError, match="says that it has 120,000,000 numbers"):
        read_trial_arrays(str(path))


def test_a_file_gives_back_what_was_saved(tmp_path):
    path = tmp_path / "data.npz"
    mask = np.tri(4, 3, 2)
    np.savez(path, inputs=INPUTS.astype("f4"), labels=LABELS.astype("u1"), mask=mask, classes=5)
    arrays = read_trial_arrays(str(path))
    np.testing.assert_array_equal(arrays.mask, mask)
    assert (arrays.outputs, arrays.shape) == (5, (4, 3, 2))
    np.savez(path, inputs=2 * INPUTS, labels=LABELS)  # it is read anew
    assert read_trial_arrays(str(path)).inputs.max() == 2


def test_content_is_that_of_the_numbers():
    known = TrialArrays(INPUTS, LABELS).content
    assert TrialArrays(INPUTS.astype("f4"), LABELS.astype("i1")).content == known
    others = [
        TrialArrays(changed(INPUTS, (0, 0, 0), 2), LABELS),
        TrialArrays(INPUTS.reshape(4, 2, 3), LABELS),
        TrialArrays(INPUTS, LABELS[::-1][[1, 0, 2, 3]]),
        TrialArrays(INPUTS, LABELS, classes=3),
        TrialArrays(INPUTS, LABELS, mask=np.ones((4, 3))),
    ]
    assert len({known, *(other.content for other in others)}) == 6
