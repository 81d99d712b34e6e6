"""One study seed, named independent streams."""

from hashlib import sha256

import numpy as np


def seed_of(seed: int, *names: object) -> int:
    """Return the 64-bit seed of the stream called `names` under a study seed.

    The same seed and names always give the same number, on every machine.
    """
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(sha256(text.encode()).digest()[:8], "little")


def generator(seed: int, *names: object) -> np.random.Generator:
    """Return a numpy generator for the stream called `names`."""
    return np.random.Generator(np.random.PCG64DXSM(seed_of(seed, *names)))


def trial_streams(seed: int, count: int, *names: object) -> np.ndarray:
    """Return `count` noise-stream ids, shape (count,), uint64, for the batch device."""
    return generator(seed, "trials", *names).integers(2**63, size=count, dtype=np.uint64)
