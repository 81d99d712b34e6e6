"""Handwritten characters as features: Omniglot (Lake et al. 2015, Science 350:1332).

Images are reduced to 14 x 14 and described by 32 principal components of the alphabets that a
search may see; each has two units, one for either sign, so that features are rates. A rotation by
90, 180 or 270 degrees makes another character.

Two archives of Omniglot's smaller background sets hold all: a search sees Balinese, Early Aramaic,
Greek, Korean and Latin (the first archive); Japanese katakana, Sanskrit and Tagalog (of the second)
are held out.  Greek and Latin of the second archive are not used at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from PIL import Image

from neuromodels.errors import DeclarationError

SEEN = ("Balinese", "Early_Aramaic", "Greek", "Korean", "Latin")
HELD_OUT = ("Japanese_(katakana)", "Sanskrit", "Tagalog")
ARCHIVES: Mapping[str, tuple[str, ...]] = {
    "images_background_small1.zip": SEEN,
    "images_background_small2.zip": HELD_OUT,
}
"""Archive -> the alphabets that are read from it."""
DRAWERS, SIDE, COMPONENTS, ROTATIONS = 20, 14, 32, 4
FEATURES = 2 * COMPONENTS
SEEN_CHARACTERS, HELD_OUT_CHARACTERS = 544, 424
"""Numbers of characters, rotations included."""
FULL_RATE = 0.99
"""Quantile of the positive features that is a rate of 1."""


def data_folder() -> Path:
    """Return the folder of data sets: ``NEUROMODELS_DATA``, or ``shared/data`` by the checkout."""
    named = os.environ.get("NEUROMODELS_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


def is_there() -> bool:
    """Whether the archives lie in the data folder."""
    return all((data_folder() / "omniglot" / name).is_file() for name in ARCHIVES)


@cache
def images(archive: str) -> np.ndarray:
    """Return the images of an archive's alphabets, shape (characters, drawers, side, side).

    Ink is 1; characters are ordered by alphabet and number, rotations are not among them.

    Raises
    ------
    DeclarationError
        Where the archive is not in the data folder.
    """
    path = data_folder() / "omniglot" / archive
    if not path.is_file():
        raise DeclarationError(
            "Task.few_shot",
            "needs the characters of Omniglot",
            str(path),
            "Set NEUROMODELS_DATA to a folder with omniglot/images_background_small1.zip and"
            " small2.zip, from github.com/brendenlake/omniglot.",
        )
    with ZipFile(path) as packed:
        pixels = np.array([_image(packed.read(name)) for name in _drawings(packed, archive)])
    return pixels.reshape(-1, DRAWERS, SIDE, SIDE)


def _drawings(packed: ZipFile, archive: str) -> list[str]:
    """Return the names of the images of an archive's alphabets, in order."""
    names = [n for n in sorted(packed.namelist()) if n.endswith(".png")]
    return [n for n in names if n.split("/")[1] in ARCHIVES[archive]]


@cache
def alphabets(archive: str) -> tuple[str, ...]:
    """Return the alphabet of each character of an archive, in the order of `images`.

    Raises
    ------
    DeclarationError
        Where the archive is not in the data folder.
    """
    images(archive)
    with ZipFile(data_folder() / "omniglot" / archive) as packed:
        return tuple(n.split("/")[1] for n in _drawings(packed, archive)[::DRAWERS])


def _image(encoded: bytes) -> np.ndarray:
    drawn = Image.open(BytesIO(encoded)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return 1 - np.asarray(drawn, dtype=np.float32) / 255


def with_rotations(drawn: np.ndarray) -> np.ndarray:
    """Return images (characters, drawers, side, side), then the same rotated by 90, 180 and 270.

    Each image of the result is flat: (4 * characters, drawers, side * side).
    """
    turned = [np.rot90(drawn, k, axes=(2, 3)) for k in range(ROTATIONS)]
    return np.concatenate(turned).reshape(-1, DRAWERS, SIDE * SIDE)


@cache
def features() -> np.ndarray:
    """Return all features, shape (characters, drawers, 64), between 0 and 1.

    The first 544 characters are those that a search may see, the other 424 are held out.  Only the
    former define the scale, and only their upright images define the components: with all
    rotations, components come in pairs of one size, and any mixture of a pair would do.
    """
    seen, held_out = (with_rotations(images(name)) for name in ARCHIVES)
    upright = seen[: len(seen) // ROTATIONS].reshape(-1, SIDE * SIDE)
    centre = upright.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov(upright, rowvar=False))
    spread, axes = spread[::-1][:COMPONENTS], axes[:, ::-1][:, :COMPONENTS]
    # halfway between principal components as they are and all of one size
    components = (np.concatenate([seen, held_out]) - centre) @ (axes / spread**0.25)
    units = np.concatenate([components, -components], axis=-1).clip(0)
    known = units[: len(seen)]
    return np.minimum(units / np.quantile(known[known > 0], FULL_RATE), 1)


class Bank(Mapping[str, object]):
    """The features as a table of the task, read when a network first asks for them."""

    def __getitem__(self, name: str) -> np.ndarray:
        if name != "bank":
            raise KeyError(name)
        return features().reshape(-1, FEATURES)

    def __iter__(self) -> Iterator[str]:
        return iter(("bank",))

    def __len__(self) -> int:
        return 1
