"""Published data sets as trials: Braille letters, spoken digits, handwritten characters.

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
from neuromodels.tasks import characters
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


DATA_SETS: Mapping[str, Callable[[], TrialArrays]] = {
    "braille": braille,
    "spoken_digits": spoken_digits,
    "omniglot": omniglot,
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
