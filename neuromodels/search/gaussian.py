"""A Gaussian search distribution with one standard deviation per coordinate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from neuromodels.errors import DeclarationError, StorageError
from neuromodels.search.checks import check_told
from neuromodels.search.ranking import is_informative
from neuromodels.seeding import generator

SMALLEST_SIGMA = 1e-100
"""Lower bound of sigma, whose square must stay above zero; far below any sigma of use."""

_WORD = 2**64 - 1


class GaussianSearch(ABC):
    """Sample around a centre, move it by what the losses say.

    Parameters
    ----------
    centre
        Where the search starts, shape (d,).
    sigma
        Standard deviation of each coordinate, shape (d,).
    candidates
        Candidates per generation.
    seed
        Seed of the samples.
    options
        All options of the optimizer.
    """

    name: str = ""
    antithetic: ClassVar[bool] = False
    state: ClassVar[tuple[str, ...]] = ("centre", "sigma")
    """Attributes that a dump holds beside the generator."""

    def __init__(
        self,
        centre: np.ndarray,
        sigma: np.ndarray,
        candidates: int,
        seed: int,
        options: Mapping[str, float],
    ):
        self.centre = np.array(centre, dtype=float)
        self.sigma = np.array(sigma, dtype=float)
        self.dimension = self.centre.size
        self.candidates = candidates
        self.options = dict(options)
        self.generator = generator(seed, "search", self.name)

    def ask(self, n: int | None = None) -> np.ndarray:
        """Return candidates, shape (n, d); mirrored ones in the second half if antithetic.

        Raises
        ------
        DeclarationError
            `n` is not positive, or odd for an antithetic optimizer.
        """
        n = self._checked_number(self.candidates if n is None else n)
        drawn = n // 2 if self.antithetic else n
        noise = self.generator.standard_normal((drawn, self.dimension))
        noise *= self.sigma
        xs = np.empty((n, self.dimension))
        np.add(self.centre, noise, out=xs[:drawn])
        if self.antithetic:
            np.subtract(self.centre, noise, out=xs[drawn:])
        return xs

    def tell(self, xs: np.ndarray, losses: np.ndarray) -> None:
        """Move the distribution by candidates (n, d) and their losses (n,), in any order."""
        xs, losses = np.asarray(xs, dtype=float), np.asarray(losses, dtype=float)
        check_told(self.name, self.dimension, xs, losses)
        self.update(xs - self.centre, losses)

    def update(self, noise: np.ndarray, losses: np.ndarray) -> None:
        """Move the distribution by perturbations (n, d) of the centre and their losses (n,).

        Losses that are all equal carry no information and change nothing, momentum included.
        """
        if not np.isfinite(noise.sum()):
            raise DeclarationError(
                f"{self.name}.tell",
                "xs must be finite numbers",
                cure="Tell the candidates that ask returned.",
            )
        if is_informative(losses):
            self.move(noise, losses)
            self.sigma = np.maximum(self.sigma, SMALLEST_SIGMA)

    @abstractmethod
    def move(self, noise: np.ndarray, losses: np.ndarray) -> None:
        """Move centre and sigma by the optimizer's own equations, given what `update` is given."""

    def recommend(self) -> np.ndarray:
        """Return the centre of the distribution, shape (d,)."""
        return self.centre.copy()

    def dump(self) -> dict[str, np.ndarray]:
        """Return the complete state as numeric arrays."""
        arrays = {key: np.array(getattr(self, key)) for key in self.state}
        return {
            "optimizer": np.frombuffer(self.name.encode(), dtype=np.uint8).copy(),
            "generator": generator_words(self.generator),
            **arrays,
        }

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue bit for bit from a dumped state.

        Raises
        ------
        StorageError
            The state is another optimizer's or has another dimension.
        """
        self._check_state(state)
        for key in self.state:
            setattr(self, key, np.array(state[key]))
        set_generator(self.generator, state["generator"])

    def _checked_number(self, n: int) -> int:
        if n < 1 or (self.antithetic and n % 2):
            kind = "even, for mirrored pairs, and positive" if self.antithetic else "positive"
            raise DeclarationError(
                f"{self.name}.ask", f"n must be {kind}", n, f"Ask for {max(n, 1) + 1}."
            )
        return int(n)

    def _check_state(self, state: Mapping[str, np.ndarray]) -> None:
        mine = self.dump()
        owner = bytes(np.asarray(state.get("optimizer", ()), dtype=np.uint8)).decode("latin-1")
        same = owner == self.name and set(state) == set(mine)
        if not same or any(np.shape(state[key]) != mine[key].shape for key in self.state):
            raise StorageError(
                f"{self.name}.load",
                f"the state must be one of {self.name} with {self.dimension} coordinates",
                owner or sorted(state),
                "Load it into the optimizer that dumped it.",
            )


def generator_words(random: np.random.Generator) -> np.ndarray:
    """Return the state of a PCG64DXSM generator as unsigned words, shape (6,)."""
    state = random.bit_generator.state
    numbers = (state["state"]["state"], state["state"]["inc"])
    words = [word for number in numbers for word in (number & _WORD, number >> 64)]
    return np.array([*words, state["has_uint32"], state["uinteger"]], dtype=np.uint64)


def set_generator(random: np.random.Generator, words: np.ndarray) -> None:
    low, high, step_low, step_high, has_half, half = (int(word) for word in words)
    random.bit_generator.state = {
        "bit_generator": "PCG64DXSM",
        "state": {"state": high << 64 | low, "inc": step_high << 64 | step_low},
        "has_uint32": has_half,
        "uinteger": half,
    }
