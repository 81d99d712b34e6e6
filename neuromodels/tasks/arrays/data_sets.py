"""Published data sets as trials: Braille letters, sounds, characters, digits, clothing.

They are read from the folder that ``NEUROMODELS_DATA`` names, see `neuromodels.tasks.characters`.
Nothing is downloaded. Inputs are rates of up to 100 Hz. A trial's digest is that of the published
file, since filters compute other last digits on other machines.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.seeding import generator
from neuromodels.tasks import characters
from neuromodels.tasks.arrays.idx import read_idx
from neuromodels.tasks.arrays.trial_arrays import OWNER, TrialArrays

HIGHEST = 100.0
"""Hz of the strongest input."""
TESTED_REPETITIONS = 10
"""Of the 50 of each Braille letter, the last ones."""
RATE, FRAME, WINDOW = 8000, 160, 256
"""Samples per second of a recording, between two frames, and in a frame."""
FRAMES = 46
"""Of 20 ms: 99 of 100 recordings are shorter, the others are cut."""
BANDS = 32
LOWEST_TONE, HIGHEST_TONE = 100.0, 4000.0
"""Hz, the ends of the first and last band."""
SILENCE = -60.0
"""dB below the loudest band of a recording at which a rate is 0."""
TESTED_RECORDINGS = 5
"""The first ones of each speaker and digit are the data set's own tests."""
ALPHABET = "Greek"
TESTED_DRAWERS = 5
"""The last ones."""
FASHION_FOLDERS = ("fashion-mnist", "/usr/share/datasets/fashion-mnist")
"""In the data folder, and where Debian's package puts it."""
SIDE, GARMENTS, BRIGHTEST = 28, 10, 255
"""Pixels of an image along either side, classes, and the largest value of a pixel."""
TESTED_DIGITS = 0.2
"""Share of the digits of scikit-learn that are for tests."""
POOLINGS = (1, 2, 4, 7, 14)
FEW = 100
"""Images of each class in the small part of Fashion-MNIST."""


@cache
def braille() -> TrialArrays:
    """Return 27 Braille letters, 50 slides of each over 12 taxels; the last 10 are for tests.

    A channel is how far a taxel is from its first reading, over the farthest of all. The 77
    readings are the steps.

    Raises
    ------
    DeclarationError
        Where ``braille/braille_taxels.npz`` is not in the data folder.
    """
    path = _found("braille", "braille_taxels.npz", "made of the data of arXiv:2205.15864")
    with np.load(path, allow_pickle=False) as kept:
        taxels = kept["taxels"].astype(float)
        lengths, letters, repetitions = (kept[n] for n in ("length", "letter", "repetition"))
    slides = np.split(taxels, np.cumsum(lengths)[:-1])
    inputs = np.zeros((len(slides), lengths.max(), taxels.shape[1]))
    for trial, slide in zip(inputs, slides, strict=True):
        trial[: len(slide)] = np.abs(slide - slide[0])
    inputs *= HIGHEST / inputs.max()
    return TrialArrays(
        inputs,
        np.unique(letters, return_inverse=True)[1],
        mask=np.arange(lengths.max()) < lengths[:, None],
        test=repetitions >= 50 - TESTED_REPETITIONS,
        origin=_digest("braille", path),
    )


@cache
def spoken_digits() -> TrialArrays:
    """Return 3,000 spoken digits as 32 bands of frequency; the data set's own tests are marked.

    A step is a frame of 20 ms, so ``step = 20`` is the speed of speech. A channel is the power in a
    band, in dB over 60 dB below the loudest of the recording.

    Raises
    ------
    DeclarationError
        Where ``fsdd/fsdd_recordings.zip`` is not in the data folder.
    """
    path = _found("fsdd", "fsdd_recordings.zip", "from github.com/Jakobovski/free-spoken-digit")
    with ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".wav"))
        sounds = [_sound(archive.read(name)) for name in names]
    # digit_speaker_recording
    parts = [Path(name).stem.split("_") for name in names]
    inputs, mask = np.zeros((len(sounds), FRAMES, BANDS)), np.zeros((len(sounds), FRAMES), bool)
    for trial, counts, sound in zip(inputs, mask, sounds, strict=True):
        levels = band_levels(sound)[:FRAMES]
        trial[: len(levels)], counts[: len(levels)] = levels * HIGHEST, True
    return TrialArrays(
        inputs,
        np.array([int(digit) for digit, _, _ in parts]),
        mask=mask,
        test=np.array([int(recording) < TESTED_RECORDINGS for _, _, recording in parts]),
        origin=_digest("spoken_digits", path),
    )


def _sound(content: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(content)) as recording:
        return np.frombuffer(recording.readframes(recording.getnframes()), "<i2").astype(float)


def band_levels(sound: np.ndarray) -> np.ndarray:
    """Return the power of a sound in each band, (frames, bands), from 0 (-60 dB) to 1."""
    padded = np.pad(sound, (0, max(WINDOW - len(sound), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::FRAME] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames)) ** 2 @ _bands()
    floor = 10 ** (SILENCE / 10)
    level = 10 * np.log10(np.maximum(power / max(power.max(), 1e-12), floor))
    return 1 - level / SILENCE


@cache
def _bands() -> np.ndarray:
    """Return overlapping triangles, equally wide in mel, shape (frequencies, bands)."""
    tones = np.array([LOWEST_TONE, HIGHEST_TONE])
    low, high = 2595 * np.log10(1 + tones / 700)
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    frequency = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    rising = (frequency - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequency) / (edges[2:] - edges[1:-1])
    return np.minimum(rising, falling).clip(0)


@cache
def omniglot(alphabet: str = ALPHABET) -> TrialArrays:
    """Return the characters of an alphabet, 20 drawers each; the last 5 are for tests.

    The 64 features are those of the task `few_shot`, held for 10 steps. Their components were found
    with all drawers of the first archive.

    Raises
    ------
    DeclarationError
        Where Omniglot is not in the data folder, or the alphabet is not among those of the first
        archive.
    """
    if alphabet not in characters.SEEN:
        must = f"must be one of {', '.join(characters.SEEN)}"
        raise DeclarationError("omniglot.alphabet", must, alphabet)
    archive = next(iter(characters.ARCHIVES))
    own = np.array(characters.alphabets(archive)) == alphabet
    features = characters.features()[: len(own)][own]
    count, drawers, width = features.shape
    inputs = np.repeat(features.reshape(-1, 1, width) * HIGHEST, 10, axis=1)
    return TrialArrays(
        inputs,
        np.repeat(np.arange(count), drawers),
        test=np.tile(np.arange(drawers) >= drawers - TESTED_DRAWERS, count),
        origin=_digest(f"omniglot {alphabet}", characters.data_folder() / "omniglot" / archive),
    )


@cache
def fashion_mnist(per_class: int = 0, pooling: int = 2) -> TrialArrays:
    """Return images of clothing in ten classes (Xiao et al. 2017); its own 10,000 tests are marked.

    A channel is a pixel, or the mean of a square of them. An image is one step, so ``step`` of a
    task says how long it is shown. All 70,000 at 14 x 14 take 110 MB; `per_class` and `pooling`
    make that less.

    Parameters
    ----------
    per_class
        How many images of each class, the first ones, among those for searches and again among
        those for tests; 0: all.
    pooling
        Side of the squares over which pixels are averaged: 1, 2, 4, 7 or 14.

    Raises
    ------
    DeclarationError
        Where the files are not there, or are not those of images and labels; where there are fewer
        images of a class.
    """
    _check_fashion(per_class, pooling)
    folder = _fashion_folder()
    total = sha256(f"fashion_mnist {per_class} {pooling}".encode())
    parts = []
    for part in ("train", "t10k"):
        images, labels = _fashion_part(folder, part)
        total.update(images.tobytes() + labels.tobytes())
        kept = _first_of_each(labels, per_class, part)
        parts.append((_pooled(images[kept], pooling), labels[kept]))
    (seen, seen_labels), (tested, tested_labels) = parts
    return TrialArrays(
        np.concatenate([seen, tested])[:, None] * (HIGHEST / BRIGHTEST),
        np.concatenate([seen_labels, tested_labels]),
        test=np.arange(len(seen) + len(tested)) >= len(seen),
        classes=GARMENTS,
        origin=total.hexdigest(),
    )


def fashion_mnist_small() -> TrialArrays:
    """Return the first 100 images of each class for searches, and as many for tests."""
    return fashion_mnist(FEW)


def _check_fashion(per_class: int, pooling: int) -> None:
    if not isinstance(per_class, int) or per_class < 0:
        raise DeclarationError(
            "fashion_mnist.per_class", "must be a whole number, 0 for all", per_class
        )
    if pooling not in POOLINGS:
        must = f"must be one of {', '.join(map(str, POOLINGS))}"
        raise DeclarationError("fashion_mnist.pooling", must, pooling)


def _fashion_folder() -> Path:
    """Return the first folder that there is."""
    folders = [characters.data_folder() / folder for folder in FASHION_FOLDERS]
    for folder in folders:
        if folder.is_dir():
            return folder
    raise DeclarationError(
        f"{OWNER}.data", "needs files that are not here", " or ".join(map(str, folders)), CURE
    )


CURE = (
    "Install Debian's package dataset-fashion-mnist, or set NEUROMODELS_DATA to a folder with the"
    " four files of github.com/zalandoresearch/fashion-mnist in fashion-mnist/."
)


def _fashion_part(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (images, rows, columns) and their labels."""
    where = f"{OWNER}.data"
    images_file, labels_file = (
        folder / f"{part}-{what}-ubyte.gz" for what in ("images-idx3", "labels-idx1")
    )
    images = read_idx(images_file, 3, where, CURE)
    labels = read_idx(labels_file, 1, where, CURE)
    if images.shape[1:] != (SIDE, SIDE):
        got = f"{images_file}, with {images.shape[1]} x {images.shape[2]}"
        raise DeclarationError(where, f"images must have {SIDE} x {SIDE} pixels", got, CURE)
    if len(labels) != len(images):
        got = f"{labels_file}, with {len(labels):,} for {len(images):,} images"
        raise DeclarationError(where, "must hold a label for each image", got, CURE)
    if labels.max() >= GARMENTS:
        got = f"{labels_file}, with {labels.max()}"
        raise DeclarationError(where, f"labels must lie from 0 to {GARMENTS - 1}", got, CURE)
    return images, labels


def _first_of_each(labels: np.ndarray, count: int, part: str) -> np.ndarray:
    """Return the places of the first images of each class, in their order; of all where it is 0."""
    if not count:
        return np.arange(len(labels))
    places = [np.flatnonzero(labels == k)[:count] for k in range(GARMENTS)]
    fewest = min(map(len, places))
    if fewest < count:
        must = f"must be at most the images of each class in {part}, {fewest}"
        raise DeclarationError("fashion_mnist.per_class", must, count)
    return np.sort(np.concatenate(places))


def _pooled(images: np.ndarray, side: int) -> np.ndarray:
    """Return means over squares of pixels, (images, channels), rows one after the other."""
    count, across = len(images), SIDE // side
    squares = images.reshape(count, across, side, across, side)
    return squares.mean(axis=(2, 4)).reshape(count, across * across)


@cache
def digits() -> TrialArrays:
    """Return the 1,797 digits of scikit-learn at 8 x 8 pixels; a fifth, drawn once, is for tests.

    A channel is a pixel, as a rate of up to 100 Hz. An image is one step, as in `fashion_mnist`.
    """
    from sklearn.datasets import load_digits  # takes a second

    images = load_digits()
    count = len(images.data)
    drawn = generator(0, "data sets", "digits").permutation(count)
    return TrialArrays(
        images.data[:, None] * (HIGHEST / images.data.max()),
        images.target,
        test=np.isin(np.arange(count), drawn[: round(TESTED_DIGITS * count)]),
        classes=10,
    )


DATA_SETS: Mapping[str, Callable[[], TrialArrays]] = {
    "braille": braille,
    "spoken_digits": spoken_digits,
    "omniglot": omniglot,
    "digits": digits,
    "fashion_mnist": fashion_mnist,
    "fashion_mnist_small": fashion_mnist_small,
}
"""What a study may name in place of a file."""


def _found(folder: str, name: str, source: str) -> Path:
    path = characters.data_folder() / folder / name
    if not path.is_file():
        cure = f"Set NEUROMODELS_DATA to a folder with {folder}/{name}, {source}."
        raise DeclarationError(f"{OWNER}.data", "needs a file that is not here", str(path), cure)
    return path


def _digest(name: str, path: Path) -> str:
    return sha256(name.encode() + path.read_bytes()).hexdigest()
