"""Many instances of a model, in chunks of bounded memory, with progress and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from neuromodels.exploration.checkpoint import Checkpoint
from neuromodels.exploration.memory import demand_of
from neuromodels.models.compiled import Compiled, Measured, Points
from neuromodels.seeding import seed_of

#: Seconds that a chunk should take: often enough to report, seldom enough to cost nothing.
CHUNK_SECONDS = 5.0
#: Instances of the first chunk, for each core.
FIRST = 4

#: Takes how many instances are done, and how many there are.
Report = Callable[[int, int], None]


@dataclass
class Evaluation:
    """The instances of a model at some points, each with repeats.

    Parameters
    ----------
    compiled
        The model.
    points
        Values of its parameters, (points, numbers) each.
    repeats
        Instances of each point, with noise of their own.
    seed
        Of the noise.
    checkpoint
        Where what is done is kept.
    report
        Is called after each chunk.
    memory
        Bytes that all may take, see `demand_of`.
    """

    compiled: Compiled
    points: Points
    repeats: int
    seed: int
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    report: Report = lambda done, all: None
    memory: int | None = None

    @property
    def count(self) -> int:
        """How many instances there are."""
        return len(next(iter(self.points.values()))) * self.repeats if self.points else self.repeats

    def streams(self, first: int, last: int) -> np.ndarray:
        """Return the noise-stream ids of some instances; they do not depend on the chunks."""
        base = np.uint64(seed_of(self.seed, "instances"))
        with np.errstate(over="ignore"):
            return base + np.arange(first, last, dtype=np.uint64)

    def run(self) -> Measured:
        """Run all instances that are not done; return all that was measured, (instances, ...)."""
        done = self.checkpoint.load()
        try:
            for first, last in self._chunks(done):
                self.checkpoint.add(self._measured(first, last))
                self.report(last, self.count)
        finally:  # also where the user stops it
            self.checkpoint.save()
        return self.checkpoint.measured()

    def _measured(self, first: int, last: int) -> Measured:
        """Run some of the instances."""
        rows = np.arange(first, last) // self.repeats
        wanted, own = np.unique(rows, return_inverse=True)
        points = {name: values[wanted] for name, values in self.points.items()}
        return self.compiled.run(points, own, self.streams(first, last), first)

    def _chunks(self, done: int) -> Iterator[tuple[int, int]]:
        """Yield the first instance of each chunk and the one after its last."""
        size = self._sized(FIRST * self.compiled.cores)
        while done < self.count:
            last = min(done + size, self.count)
            begun = time.perf_counter()
            yield done, last
            spent = max(time.perf_counter() - begun, 1e-3)
            # the first chunk also compiles: it tells only that more may follow
            grown = int((last - done) * CHUNK_SECONDS / spent)
            size = self._sized(max(min(grown, 4 * size), self.compiled.cores))
            done = last

    def _sized(self, size: int) -> int:
        """Return a size within memory; a power of two where each new size is a new batch."""
        size = min(size, self.most)
        return 1 << (size.bit_length() - 1) if self.compiled.has_blocks else size

    @property
    def most(self) -> int:
        """How many instances a chunk may have; recordings may turn out larger than was guessed."""
        folder = self.checkpoint.folder
        return demand_of(self.compiled, self.points, self.repeats, self.memory, folder).instances
