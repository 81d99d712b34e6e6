"""Arrays out of gzipped idx files, the format of MNIST; whatever is not one is refused.

The format: two zero bytes, a byte for the type of the numbers, a byte for how many axes there are,
the length of each axis as four bytes, the first the highest, and the numbers.
"""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np

from neuromodels.errors import DeclarationError, said_by

BYTES = 8
"""The type of whole numbers from 0 to 255."""
MOST_NUMBERS = 2**26
"""In one file; the images of MNIST are 47 million."""


def read_idx(path: Path, axes: int, where: str, cure: str) -> np.ndarray:
    """Return the numbers of a file, from 0 to 255, with its axes.

    Parameters
    ----------
    axes
        How many the file must have.
    where, cure
        Of messages: whose file it is, and what to do about a wrong one.

    Raises
    ------
    DeclarationError
        Where the file cannot be read, is of another format, is too short or too long.
    """

    def refuse(must: str, got: object) -> DeclarationError:
        return DeclarationError(where, must, f"{path}, {got}", cure)

    try:
        with gzip.open(path) as packed:
            head, numbers = packed.read(4 + 4 * axes), packed.read(MOST_NUMBERS + 1)
    except (OSError, EOFError, zlib.error) as error:
        told = f"which cannot be read: {said_by(error)}"
        raise refuse("must be a whole gzip file", told) from None
    if head[:4] != bytes([0, 0, BYTES, axes]):
        got = f"which begins with {head[:4].hex(' ') or 'nothing'}"
        raise refuse(f"must be an idx file of bytes with {axes} axes", got)
    shape = tuple(int.from_bytes(head[k : k + 4]) for k in range(4, len(head), 4))
    if not 0 < prod(shape) <= MOST_NUMBERS:
        got = f"which declares {' x '.join(map(str, shape))}"
        raise refuse(f"must hold from 1 to {MOST_NUMBERS:,} numbers", got)
    if len(numbers) != prod(shape):
        got = f"with {'more' if len(numbers) > prod(shape) else f'{len(numbers):,}'}"
        raise refuse(f"must hold the {prod(shape):,} numbers that it declares", got)
    return np.frombuffer(numbers, np.uint8).reshape(shape)
