"""A wiring of its own for each instance: drawn from its stream, or given pair by pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from brian2.synapses.synapses import Synapses

from neuromodels.errors import DeclarationError
from neuromodels.seeding import generator
from neuromodels.simulation.arrays.wiring import Wiring
from neuromodels.simulation.capture.messages import reading

#: (presynaptic, postsynaptic) indices, counted from the start of source and target.
Pairs = tuple[np.ndarray, np.ndarray]


def drawn_pairs(
    synapses: Synapses,
    condition: str | None,
    p: float | str,
    seed: int,
    streams: np.ndarray,
    namespace: Mapping[str, Any],
) -> list[Pairs]:
    """Return the pairs that each instance connects, drawn from its stream.

    Parameters
    ----------
    condition
        Which pairs may be connected, in Brian2's syntax; None: all.
    p
        Probability of each of them: a number, or an expression of ``i``, ``j`` and the variables
        of both groups.
    streams
        Of the instances: equal streams draw equal wirings.

    Raises
    ------
    EquationError, DeclarationError
        Where the condition or the probability cannot be read, or is no probability.
    """
    pre, post, chance = _candidates(synapses, condition, p, namespace)
    wrong = chance[~((chance >= 0) & (chance <= 1))]
    if len(wrong):
        raise DeclarationError(
            f"Batch.connect({synapses.name!r}).p", "must lie in [0, 1]", float(wrong[0])
        )
    found = []
    for stream in streams:
        chosen = _choose(chance, len(pre), generator(seed, int(stream)))
        found.append((pre[chosen], post[chosen]))
    return found


def _candidates(
    synapses: Synapses, condition: str | None, p: float | str, namespace: Mapping[str, Any]
) -> tuple[np.ndarray, ...]:
    """Let Brian2 list the pairs that fulfil a condition, and evaluate their probability."""
    pairs = Synapses(
        synapses.source,
        synapses.target,
        "chance_of_pair : 1",
        name=f"{synapses.name}_pairs*",
        namespace=dict(namespace),
    )
    pairs._network = "discarded"  # or Brian2 warns that it was never run
    where = f"Batch.connect({synapses.name!r})"
    with reading(f"{where}.condition", condition):
        pairs.connect(condition=condition)
    if isinstance(p, str):
        with reading(f"{where}.p", p):
            pairs.chance_of_pair = p
        chance = np.array(pairs.variables["chance_of_pair"].get_value(), dtype=float)
    else:
        chance = np.atleast_1d(float(p))
    return np.array(pairs.i[:]), np.array(pairs.j[:]), chance


def _choose(chance: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Return which of `count` pairs are drawn, in ascending order."""
    if len(chance) > 1:
        return np.flatnonzero(random.random(count) < chance)
    p = float(chance[0]) if len(chance) else 0.0
    if p in (0.0, 1.0) or count == 0:
        return np.arange(count if p else 0)
    # The gaps between chosen pairs are geometric: far fewer draws than pairs.
    expected = int(count * p + 6 * np.sqrt(count * p) + 16)
    places = np.cumsum(random.geometric(p, expected)) - 1
    while places[-1] < count:
        more = np.cumsum(random.geometric(p, expected)) + places[-1]
        places = np.concatenate([places, more])
    return places[places < count]


def given_pairs(synapses: Synapses, pre: Sequence, post: Sequence, instances: int) -> list[Pairs]:
    """Return checked pairs that a user listed: one array for each instance, or one for all.

    Raises
    ------
    DeclarationError
        Where lengths differ or an index lies outside of its group.
    """
    rows = [_rows(synapses, "pre", pre, instances), _rows(synapses, "post", post, instances)]
    for k, (first, second) in enumerate(zip(*rows, strict=True)):
        if len(first) != len(second):
            raise DeclarationError(
                f"Batch.connect({synapses.name!r})",
                f"instance {k} must have as many pre as post",
                (len(first), len(second)),
            )
    return list(zip(*rows, strict=True))


def _rows(synapses: Synapses, side: str, indices: Sequence, instances: int) -> list[np.ndarray]:
    where = f"Batch.connect({synapses.name!r}).{side}"
    rows: list = list(indices)
    if not rows or np.ndim(rows[0]) == 0:
        rows = [indices] * instances
    if len(rows) != instances:
        raise DeclarationError(where, f"there must be {instances} lists, one each", len(rows))
    size = len(synapses.source if side == "pre" else synapses.target)
    arrays = [np.atleast_1d(np.asarray(row)) for row in rows]
    for array in arrays:
        if array.size and array.dtype.kind not in "iu":
            raise DeclarationError(where, "indices must be whole numbers", str(array.dtype))
        if array.size and not 0 <= array.min() <= array.max() < size:
            raise DeclarationError(
                where, f"indices must lie in [0, {size})", (int(array.min()), int(array.max()))
            )
    return [array.astype(np.int32) for array in arrays]


def own_wiring(shared: Wiring, pairs: Sequence[Pairs]) -> Wiring:
    """Return a wiring with one row of synapses for each instance, sorted by source and target."""
    counts = np.array([len(pre) for pre, _ in pairs], dtype=np.int32)
    shape = (len(pairs), int(counts.max(initial=0)))
    ends = np.zeros((2, *shape), dtype=np.int32)
    for k, (pre, post) in enumerate(pairs):
        ends[0, k, : counts[k]] = pre + shared.pre_start
        ends[1, k, : counts[k]] = post + shared.post_start
    return Wiring(
        shared.name,
        ends[0],
        ends[1],
        shared.pre_start,
        shared.post_start,
        shared.n_pre,
        shared.n_post,
        dense=False,
        inner="post",
        counts=counts,
    )
