"""How instances begin: expressions, and values set after an expression had read the old ones.

Plain values that nobody has read lie in the tables of a `State`.  What depends on the order in
which it was set is kept here as a list of steps, so that it can be done again at every restart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from brian2.core.variables import Constant

from neuromodels.simulation.capture.capture import Captured
from neuromodels.simulation.capture.translation import Access, array_name


@dataclass(frozen=True, eq=False)
class Draw:
    """An expression that is evaluated in each instance.

    Parameters
    ----------
    code
        What evaluates it.
    number
        Of the code in the program.
    noise
        The id of its random numbers.
    """

    code: Captured
    number: int
    noise: int

    @property
    def reads(self) -> frozenset[str]:
        """Names of the arrays that it reads."""
        blocks = (self.code.scalar, self.code.vector)
        return _names([access for block in blocks for access in block.reads])

    @property
    def writes(self) -> frozenset[str]:
        """Names of the arrays that it writes."""
        return written_names(self.code)


@dataclass(frozen=True, eq=False)
class Given:
    """Values (1, size) or (instances, size) as stored, set after older ones had been read."""

    name: str
    rows: np.ndarray

    @property
    def reads(self) -> frozenset[str]:
        """It reads nothing."""
        return frozenset()

    @property
    def writes(self) -> frozenset[str]:
        """The name of the array that it sets."""
        return frozenset((self.name,))


Step = Draw | Given


def written_names(code: Captured) -> frozenset[str]:
    """Return the names of the arrays that an expression sets."""
    return _names([*code.scalar.writes, *code.vector.writes])


def _names(accesses: list[Access]) -> frozenset[str]:
    return frozenset(array_name(access.array) for access in accesses)


class Steps:
    """Steps in order; one that nothing can tell from a later one is left out."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, step: Step) -> None:
        """Append a step; drop those that it replaces before anybody has read them."""
        read, kept = set(step.reads), [step]
        for earlier in reversed(self._steps):
            if earlier.writes <= step.writes and not earlier.writes & read:
                continue
            read |= earlier.reads
            kept.append(earlier)
        self._steps = kept[::-1]

    def drop(self, name: str) -> None:
        """Forget what sets an array."""
        steps, self._steps = self._steps, []
        for step in steps:
            if step.writes != {name}:
                self.add(step)

    def take_first_values(self) -> list[Given]:
        """Take off the values that no expression comes before."""
        count = next(
            (k for k, step in enumerate(self._steps) if isinstance(step, Draw)), len(self._steps)
        )
        first, self._steps = self._steps[:count], self._steps[count:]
        return [step for step in first if isinstance(step, Given)]

    def drop_values(self, names: set[str]) -> None:
        """Forget values of arrays that have another size now."""
        self._steps = [s for s in self._steps if not (isinstance(s, Given) and s.name in names)]

    def clear(self) -> None:
        """Forget all."""
        self._steps = []

    def reads(self, name: str) -> bool:
        """Whether a step reads an array."""
        return any(name in step.reads for step in self._steps)

    def writes(self, name: str) -> bool:
        """Whether a step sets an array."""
        return any(name in step.writes for step in self._steps)

    def draws_of(self, name: str) -> list[Draw]:
        """Return the expressions that set an array."""
        return [draw for draw in self.draws if name in draw.writes]

    @property
    def draws(self) -> list[Draw]:
        """The expressions alone."""
        return [step for step in self._steps if isinstance(step, Draw)]

    @property
    def given(self) -> list[Given]:
        """The values alone."""
        return [step for step in self._steps if isinstance(step, Given)]


@dataclass
class DrawNumbers:
    """Numbers that name the noise of initial expressions, the same after each restart.

    The first expression of a variable after a restart draws the numbers that its first expression
    drew at first, the second one those of the second; before and after a first run are counted
    apart.
    """

    _count: int = 0
    _known: dict[tuple[str, bool], list[int]] = field(default_factory=dict)
    _used: Counter[tuple[str, bool]] = field(default_factory=Counter)

    def next(self, address: str, has_run: bool) -> int:
        """Return the number that the next expression of an address will have.

        `has_run` says whether instances have run since the start.
        """
        known = self._known.get((address, has_run), [])
        used = self._used[address, has_run]
        return known[used] if used < len(known) else self._count

    def take(self, address: str, has_run: bool, is_kept: bool) -> None:
        """Use that number up.

        One of an expression that is not kept, to be evaluated again, is also that of the next one.
        """
        place, number = (address, has_run), self.next(address, has_run)
        known = self._known.setdefault(place, [])
        if self._used[place] == len(known):
            known.append(number)
            self._count += is_kept
        self._used[place] += 1

    def listed(self) -> list[list]:
        """Return all that `take_listed` needs, as lists: by address, whether it has run, ..."""
        numbers = [[*place, known, self._used[place]] for place, known in self._known.items()]
        return [["", False, [], self._count], *numbers]

    def take_listed(self, lists: Iterable[list]) -> None:
        """Count on from what `listed` has returned."""
        for address, has_run, known, used in lists:
            if not address:
                self._count = int(used)
                continue
            place = (address, bool(has_run))
            self._known[place], self._used[place] = [int(n) for n in known], int(used)

    def restart(self) -> None:
        """Count the expressions of each address anew."""
        self._used.clear()


def fingerprint(code: Captured) -> tuple:
    """Return what tells the program of one expression from that of another one."""
    constants = sorted(
        (name, repr(variable.get_value()))
        for name, variable in code.variables.items()
        if isinstance(variable, Constant)
    )
    data = [(name, values.tobytes()) for name, values in sorted(code.support.data.items())]
    lines = (tuple(code.scalar.lines), tuple(code.vector.lines), tuple(code.support.source))
    return (code.owner.name, *lines, tuple(constants), tuple(data))
