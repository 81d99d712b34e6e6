"""Delayed sequence copy: see bits, wait, say them again in order (PDLF, arXiv:2308.12063, Fig. 2).

The released code lacks the task's source; protocol and lengths follow its notebooks and logs, the
loss is ours: the mean squared error of the read-out's sigmoid over the recalled bits.  `slope` is
the sigmoid's: at 1, sums over 128 hidden neurons saturate it, and a saturated guess costs 0.5 where
silence costs 0.25.  Where a search begins matters more: ``docs/results/working_memory.md``.

``test_share`` of the sequences is kept from searches, which otherwise see every sequence of four or
eight bits many times.  Up to `LISTED` bits all sequences are listed and divided; of longer ones
there are `BANK` sequences, drawn once for all, and no others.

With ``mirrored = 1`` a sequence and its opposite, all bits turned, stay on one side.  Then each bit
is 1 in half of the searched sequences and in half of the others, and an answer that is always the
same scores one half on both.  Without it few sequences may divide unevenly: of four bits the
held-out ones all end in 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from neuromodels.seeding import generator
from neuromodels.tasks.base import Task
from neuromodels.tasks.inputs import Inputs, bytes_of, held_out_count, order_by_hash

LISTED = 16
"""Bits of the longest sequences of which all are listed."""
BANK = 2**LISTED
"""How many longer sequences there are."""
NAME = "sequence_copy"


@dataclass(frozen=True)
class SequenceCopy(Task):
    """The task; with a share for tests its sequences come out of a table."""

    def refusal(self, parameters: Mapping[str, float]) -> str:
        """Return why all parameters together are not possible, empty where they are."""
        if not 0 <= parameters["test_share"] < 1:
            return "test_share must lie from 0 to below 1"
        if parameters["mirrored"] not in (0, 1):
            return "mirrored must be 0 or 1"
        if parameters["length"] < 1 or not parameters["test_share"]:
            return ""
        if not self.inputs(parameters).held_out:
            return f"test_share must keep one of the {_count(parameters)} sequences from searches"
        if not self.inputs(parameters).searched:
            return f"test_share must leave one of the {_count(parameters)} sequences to searches"
        return ""

    def inputs(self, parameters: Mapping[str, float]) -> Inputs:
        """Return how many sequences searches see, and how many they do not."""
        share = parameters["test_share"]
        if not share:
            return Inputs(2 ** int(parameters["length"]))
        together = 1 + int(parameters["mirrored"])
        held_out = together * held_out_count(share, _count(parameters) // together)
        return Inputs(_count(parameters) - held_out, held_out, "place")

    def at(self, parameters: Mapping[str, float]) -> Task:
        """Return the task with these parameters: drawn bit by bit, or out of a table."""
        if not parameters["test_share"]:
            return self
        seen = self.inputs(parameters).searched
        return replace(
            self,
            item_model="place : 1 (shared)    # of the sequence in the table\nbit : 1",
            item_start={
                # rounding may not carry a draw beyond the last one
                "place": f"clip(floor({seen}*rand()), 0, {seen - 1})",
                "bit": "sequence_bits(place*second, i)",
            },
            constants={"sequence_bits": _table(parameters)},
        )


def _table(parameters: Mapping[str, float]) -> np.ndarray:
    """Return all sequences of some parameters as numbers that a network reads."""
    listed = mirrored_sequences if parameters["mirrored"] else sequences
    return listed(int(parameters["length"])).astype(float)


@cache
def mirrored_sequences(length: int) -> np.ndarray:
    """Return as many sequences as `sequences`, each followed by its opposite.

    Those that tests keep from searches are last. Both of a pair are among them, or neither.
    """
    rows = sequences(length)
    first = rows[rows[:, 0] == 0] if length <= LISTED else _first_of_pairs(rows)
    return np.stack([first, 1 - first], axis=1).reshape(-1, length)


def _first_of_pairs(rows: np.ndarray) -> np.ndarray:
    """Return half as many sequences, of which none is the opposite of another."""
    turned = rows ^ rows[:, :1]  # the first bit is 0
    _, places = np.unique(turned, axis=0, return_index=True)
    return turned[np.sort(places)][: len(rows) // 2]


@cache
def sequences(length: int) -> np.ndarray:
    """Return the sequences of some length, those that tests keep from searches last.

    Returns
    -------
    ndarray
        (sequences, length), 0 and 1, no sequence twice.
    """
    if length <= LISTED:
        rows = np.arange(2**length)[:, None] >> np.arange(length) & 1
    else:
        rows = _draw_different(length)
    return order_by_hash(rows, NAME, length)


def _draw_different(length: int) -> np.ndarray:
    """Return `BANK` different sequences of a length, always the same."""
    rng = generator(0, NAME, length)
    drawn = bytes_of(rng.integers(2, size=(2 * BANK, length)))
    kept = list(dict.fromkeys(drawn))[:BANK]
    return np.frombuffer(b"".join(kept), dtype=np.uint8).reshape(BANK, length)


def _count(parameters: Mapping[str, float]) -> int:
    return 2 ** min(int(parameters["length"]), LISTED)


SEQUENCE_COPY = SequenceCopy(
    name=NAME,
    summary="show `length` bits, wait `latency` steps, recall them in order",
    parameters={
        "length": 8,
        "latency": 0,
        "prelude": 0,
        "slope": 1.0,
        "test_share": 0.0,
        "mirrored": 0,
    },
    added={"test_share": 0.0, "mirrored": 0},
    steps="prelude + 2*length + latency",
    items="length",
    item_model="bit : 1",
    item_start={"bit": "int(rand() < 0.5)"},
    channels=3,
    stimulus_model="""
        cue : 1    # the bit that is shown now
        u   : 1    # bit, "present" flag, "recall" flag
    """,
    stimulus="""
        now = timestep(t, dt) - prelude
        showing = int(now >= 0 and now < length)
        u = cue*int(i == 0) + showing*int(i == 1) + int(now >= length + latency)*int(i == 2)
    """,
    shown="bit_pre*int(i == timestep(t, dt) - prelude)",
    asked="bit_pre*int(i == timestep(t, dt) - prelude - length - latency)",
    score_model="""
        target  : 1
        loss    : 1
        correct : 1
    """,
    score="""
        asking = int(timestep(t, dt) >= prelude + length + latency)
        loss += asking*(1/(1 + exp(-slope*y)) - target)**2/length
        correct += asking*int((y > 0 and target > 0.5) or (y <= 0 and target < 0.5))/length
    """,
    delay=("prelude + length", "prelude + length + latency"),
    settling="length",
    score_name="Fraction of bits recalled",
    scores=(0.0, 1.0),
    chance=0.5,
    reference="Shen et al. 2023, arXiv:2308.12063; protocol from the released notebooks",
)
