"""Lifetimes of networks in one compiled program: weights drawn, epochs learned, images named."""

import numpy as np
from arms import LAYERS
from brian2 import ms
from images import images_and_labels
from network import CHANNELS, EVALUATED, HIDDEN, PHASE, PHASES, TRAINED, build

from neuromodels.simulation import Batch

FIRST = {"validation": TRAINED, "test": TRAINED + EVALUATED}
"""The first image of an evaluation."""
DRAWN = tuple(f"{layer}.w{k}" for layer in LAYERS for k in (1, 2, 3))
FAN_IN = {"below": CHANNELS, "above": HIDDEN}


def batch_of(is_learned, streams=(0,), values=None, dtype="float32"):
    """Return a batch of the network, an instance for each noise stream.

    Parameters
    ----------
    is_learned
        Whether shares are learned.
    streams
        Of the weights that each instance begins with, (n,).
    values
        Address -> its numbers, (n, 1); without them all are 0.
    dtype
        Precision of the state.
    """
    network = build(*images_and_labels(), is_learned=is_learned)
    batch = Batch(
        network, len(streams), seed=1, streams=streams, dtype=dtype, threads=1, namespace={}
    )
    for address, value in (values or {}).items():
        batch[address] = value
    for address in DRAWN:
        layer = address.partition(".")[0]
        batch.initialise(address, f"wsc*{FAN_IN[layer] ** -0.5}*randn()")
    return batch


def orders(streams):
    """Return the order in which each network sees the images of training: address -> (n, 1)."""
    drawn = [np.random.default_rng(int(stream)).integers(1, TRAINED, 2) for stream in streams]
    stride, offset = np.array(drawn, float).T
    groups = ("channels", "hidden", "output")
    own = {"stride": stride[:, None], "offset": offset[:, None]}
    return {f"{group}.{name}": value for group in groups for name, value in own.items()}


def firsts(part):
    """Return which images an evaluation shows: address -> number."""
    return {f"{group}.first": float(FIRST[part]) for group in ("channels", "hidden", "output")}


def scores(batch, values, rows, streams, epochs, part="validation"):
    """Return the share of images named right after the last epoch, one for each network.

    Parameters
    ----------
    batch
        Of `batch_of`; its own instances do not matter.
    values
        Address -> values of candidates, (candidates, 1).
    rows
        The candidate of each network, (n,).
    streams
        Of the weights and the order of images, (n,).
    epochs
        How often all images of training are learned.
    part
        ``"validation"`` or ``"test"``.
    """
    n = len(next(iter(values.values())))
    found = batch.trials(
        epochs * (PHASES * PHASE) * ms + 1 * ms,
        ["output.right", "failed"],
        streams=streams,
        values=values | {a: np.full((n, 1), v) for a, v in firsts(part).items()},
        rows=rows,
        each=orders(streams),
    )
    right = found["output.right"].sum(axis=1) / EVALUATED
    return np.where(found["failed"].ravel(), 0.0, right)
