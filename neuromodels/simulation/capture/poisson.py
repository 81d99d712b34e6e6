"""Brian2's Poisson numbers, where there are none."""

#: From here on a Poisson number may not fit into 32 bits.
MOST = 2147000000.0


def within_range(source: str) -> str:
    """Return the C++ of `poisson` with the smallest integer where no number can be drawn.

    That is for a negative mean, for one that is not a number and for one that is too large.
    """
    head, name, body = source.partition("int32_t _poisson(double lam, int32_t _idx) {")
    return f"{head}{name}\n  if (!(lam >= 0 && lam < {MOST!r})) return INT32_MIN;{body}"
