"""Fashion-MNIST out of idx files: of a few images that a test writes, and the real ones."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.study.file import StudyFileError, study_of
from neuromodels.tasks.arrays import data_sets
from neuromodels.tasks.arrays.data_sets import fashion_mnist

INSTALLED = Path("/usr/share/datasets/fashion-mnist")
STUDY = {
    "name": "clothes",
    "task": {"name": "arrays", "data": "fashion_mnist", "step": 100, "substeps": 10},
    "circuit": {"hidden": 4, "neuron": "lif", "readout": "leaky_readout", "plastic": "input"},
    "rule": {"name": "hebb"},
}
rng = np.random.default_rng(0)
SEEN, TESTED = (rng.integers(0, 256, (count, 28, 28), np.uint8) for count in (40, 20))
LABELS = np.tile(np.arange(10, dtype=np.uint8), 4)


def packed(data):
    """Return data as gzip has it, without the time: it would stand in the names of tests."""
    return gzip.compress(data, mtime=0)


def idx(array, magic=None):
    """Return what the format says of an array of bytes, packed."""
    head = magic or bytes([0, 0, 8, array.ndim])
    return packed(head + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())


FILES = {
    "train-images-idx3-ubyte.gz": idx(SEEN),
    "train-labels-idx1-ubyte.gz": idx(LABELS),
    "t10k-images-idx3-ubyte.gz": idx(TESTED),
    "t10k-labels-idx1-ubyte.gz": idx(LABELS[:20]),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the data folder's part, with 40 images for searches and 20 for tests."""
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    monkeypatch.setattr(data_sets, "FASHION_FOLDERS", ("fashion-mnist",))
    (tmp_path / "fashion-mnist").mkdir()
    for name, content in FILES.items():
        (tmp_path / "fashion-mnist" / name).write_bytes(content)
    fashion_mnist.cache_clear()
    yield tmp_path / "fashion-mnist"
    fashion_mnist.cache_clear()


def test_images_are_means_over_squares_of_pixels(folder):
    arrays = fashion_mnist()
    assert arrays.shape == (60, 1, 196)
    assert (arrays.classes, arrays.marked) == (10, 20)
    np.testing.assert_array_equal(arrays.test, np.arange(60) >= 40)
    np.testing.assert_array_equal(arrays.labels, np.concatenate([LABELS, LABELS[:20]]))
    # row 3, column 5 of the reduced image
    assert arrays.inputs[7, 0, 3 * 14 + 5] == pytest.approx(SEEN[7, 6:8, 10:12].mean() * 100 / 255)
    assert arrays.inputs[41, 0, 0] == pytest.approx(TESTED[1, :2, :2].mean() * 100 / 255)
    whole = fashion_mnist(pooling=1)
    np.testing.assert_allclose(whole.inputs[0, 0], SEEN[0].ravel() / 255 * 100)


def test_fewer_images_are_the_first_of_each_class(folder):
    arrays = fashion_mnist(1, 4)
    assert arrays.shape == (20, 1, 49)
    assert arrays.marked == 10
    np.testing.assert_array_equal(arrays.labels, np.tile(np.arange(10), 2))
    assert fashion_mnist(1, 4).content != fashion_mnist(2, 4).content
    with pytest.raises(DeclarationError, match="at most the images of each class in t10k, 2"):
        fashion_mnist(3)


def test_the_digest_is_that_of_the_images_however_they_are_packed(folder):
    before = fashion_mnist().content
    for name, content in FILES.items():
        (folder / name).write_bytes(gzip.compress(gzip.decompress(content), 1))
    fashion_mnist.cache_clear()
    assert fashion_mnist().content == before
    (folder / "train-images-idx3-ubyte.gz").write_bytes(idx(255 - SEEN))
    fashion_mnist.cache_clear()
    assert fashion_mnist().content != before


def test_a_study_names_them(folder):
    table = {**STUDY, "conditions": ["plastic", "unseen"]}
    study = study_of(table, "clothes.toml")
    assert study.contents["task.arrays"] == fashion_mnist().content


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"per_class": -1}, "per_class: must be a whole number"),
        ({"pooling": 3}, "pooling: must be one of 1, 2, 4, 7, 14"),
    ],
)
def test_wrong_settings_are_refused(folder, settings, told):
    with pytest.raises(DeclarationError, match=told):
        fashion_mnist(**settings)


HEAD = bytes([0, 0, 8, 3])
IMAGES, WORDS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (IMAGES, b"not packed at all", "must be a whole gzip file"),
        (IMAGES, FILES[IMAGES][:-500], "must be a whole gzip file"),
        (IMAGES, b"", "must be an idx file of bytes with 3 axes; got .* begins with nothing"),
        (IMAGES, FILES[WORDS], "with 3 axes; got .* begins with 00 00 08 01"),
        (WORDS, FILES[IMAGES], "with 1 axes; got .* begins with 00 00 08 03"),
        (IMAGES, idx(SEEN, bytes([0, 0, 13, 3])), "begins with 00 00 0d 03"),
        (IMAGES, packed(HEAD + struct.pack(">2I", 40, 28)), "1,120 .*with 0"),
        (IMAGES, packed(HEAD + struct.pack(">3I", 40, 28, 28)), "numbers .*with 0"),
        (IMAGES, packed(gzip.decompress(FILES[IMAGES])[:-1]), "31,360 .*with 31,359"),
        (IMAGES, packed(gzip.decompress(FILES[IMAGES]) + b"0"), "31,360 .*with more"),
        (IMAGES, packed(HEAD + b"\xff" * 12), "from 1 to 67,108,864 numbers"),
        (IMAGES, idx(np.zeros((0, 28, 28), np.uint8)), "from 1 to 67,108,864 numbers"),
        (IMAGES, idx(SEEN[:, :14]), "must have 28 x 28 pixels; got .*with 14 x 28"),
        (IMAGES, idx(SEEN[:39]), "a label for each image; got .*40 for 39"),
        (WORDS, idx(LABELS + np.uint8(1)), "labels must lie from 0 to 9; got .*10"),
        (IMAGES, None, "must be a whole gzip file"),
    ],
    ids=range(16),
)
def test_files_that_are_not_of_images_and_labels_are_refused(folder, name, content, told):
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(DeclarationError, match=told) as raised:
        fashion_mnist()
    assert name.split("-")[0] in str(raised.value)
    with pytest.raises(StudyFileError, match="dataset-fashion-mnist, or set NEUROMODELS_DATA"):
        study_of(STUDY, "clothes.toml")


def test_without_files_a_study_says_where_they_are_from(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    monkeypatch.setattr(data_sets, "FASHION_FOLDERS", ("fashion-mnist",))
    fashion_mnist.cache_clear()
    with pytest.raises(StudyFileError) as raised:
        study_of(STUDY, "clothes.toml")
    assert "data" in str(raised.value)
    assert "package dataset-fashion-mnist, or set NEUROMODELS_DATA" in str(raised.value)
    assert len(raised.value.lines) == 1


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="dataset-fashion-mnist is not installed")
def test_the_published_images(monkeypatch, tmp_path):
    """Mean and deviation of pixels are those that everybody standardises them with."""
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    fashion_mnist.cache_clear()
    arrays = fashion_mnist()
    assert arrays.shape == (70_000, 1, 196)
    seen = arrays.test == 0
    np.testing.assert_array_equal(np.bincount(arrays.labels[seen].astype(int)), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(arrays.labels[~seen].astype(int)), [1000] * 10)
    assert arrays.inputs[seen].mean() / 100 == pytest.approx(0.2860, abs=5e-5)
    images = data_sets._fashion_part(INSTALLED, "train")[0]
    assert images.std() / 255 == pytest.approx(0.3530, abs=5e-5)
    # the first image for searches is an ankle boot, the first for tests too; the second a T-shirt
    assert arrays.labels[[0, 60_000, 1]].tolist() == [9, 9, 0]


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="dataset-fashion-mnist is not installed")
def test_clothes_are_told_apart_by_their_means(monkeypatch, tmp_path):
    """The nearest mean is right in 68 of 100 of all tests."""
    monkeypatch.setenv("NEUROMODELS_DATA", str(tmp_path))
    fashion_mnist.cache_clear()
    arrays = data_sets.fashion_mnist_small()
    assert arrays.shape == (2000, 1, 196)
    seen = arrays.test == 0
    images = arrays.inputs[:, 0]
    means = np.array([images[seen & (arrays.labels == k)].mean(axis=0) for k in range(10)])
    distances = ((images[~seen][:, None] - means) ** 2).sum(axis=-1)
    assert 0.6 < (distances.argmin(axis=1) == arrays.labels[~seen]).mean() < 0.75
