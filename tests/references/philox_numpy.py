"""Philox 4x32-10 in plain numpy (Salmon et al. 2011, SC'11, doi 10.1145/2063384.2063405)."""

import numpy as np

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Return the four random words of each counter, shape (n, 4), uint32."""
    x = [np.asarray(counter[:, k], dtype=np.uint64) for k in range(4)]
    for turn in range(10):
        k0, k1 = (np.uint64((key[s] + turn * WEYL[s]) & 0xFFFFFFFF) for s in (0, 1))
        p, q = np.uint64(MULTIPLIERS[0]) * x[0], np.uint64(MULTIPLIERS[1]) * x[2]
        high = np.uint64(32)
        x = [(q >> high) ^ x[1] ^ k0, q & LOW, (p >> high) ^ x[3] ^ k1, p & LOW]
    return np.stack(x, axis=1).astype(np.uint32)


def splitmix(x: int) -> int:
    """Return the output of SplitMix64 (Steele et al. 2014) for a state."""
    x = (x + 0x9E3779B97F4A7C15) % 2**64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
    return x ^ (x >> 31)
