"""The generations of a fit: ask, score, tell; kept after each so that a stop loses nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neuromodels.exploration.checkpoint import read_arrays, write_arrays
from neuromodels.exploration.fitting.scoring import Scorer, folded
from neuromodels.search.finalists import Finalists
from neuromodels.search.interface import Optimizer

FILE = "fit.npz"
#: Candidates that are scored again at the end.
FINALISTS = 8
#: What an optimizer calls one is this part of the way between the bounds.
SPREAD = 0.25


@dataclass
class History:
    """What happened in each generation.

    Parameters
    ----------
    best, mean
        Of the losses, (generations,); NaN where no candidate had one.
    failed
        Candidates without a loss, (generations,).
    centre
        Where the search stood after it, (generations, numbers), between 0 and 1.
    """

    best: np.ndarray = field(default_factory=lambda: np.zeros(0))
    mean: np.ndarray = field(default_factory=lambda: np.zeros(0))
    failed: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    centre: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def __len__(self) -> int:
        return len(self.best)

    def add(self, losses: np.ndarray, centre: np.ndarray) -> None:
        """Add a generation."""
        finite = losses[np.isfinite(losses)]
        self.best = np.append(self.best, finite.min() if finite.size else np.nan)
        self.mean = np.append(self.mean, finite.mean() if finite.size else np.nan)
        self.failed = np.append(self.failed, losses.size - finite.size)
        self.centre = np.vstack([self.centre.reshape(-1, centre.size), centre])


@dataclass
class Search:
    """A fit's search, from its beginning or from where it was stopped.

    Parameters
    ----------
    scorer
        Scores candidates.
    optimizer
        Chooses them.
    repeats
        Instances of each.
    is_placed
        Whether the optimizer asks for places between 0 and 1 as they are.
    folder, digest
        Where the state is kept, and of what declaration it is; None: nowhere.
    """

    scorer: Scorer
    optimizer: Optimizer
    repeats: int
    is_placed: bool = False
    folder: Path | None = None
    digest: str = ""

    def __post_init__(self) -> None:
        self.history = History()
        self.finalists = Finalists(FINALISTS, self.scorer.dimension)
        if self.folder is not None and (self.folder / FILE).exists():
            self._load(read_arrays(self.folder / FILE, self.digest))

    def run(self, generations: int, report: Callable[[int, int], None]) -> None:
        """Go on until so many generations are done."""
        while (done := len(self.history)) < generations:
            self._generation(done)
            self._save()
            report(done + 1, generations)

    def centre(self) -> np.ndarray:
        """Return where the search stands, between 0 and 1."""
        return self._places(self.optimizer.recommend())

    def _places(self, xs: np.ndarray) -> np.ndarray:
        return xs if self.is_placed else folded(0.5 + SPREAD * xs)

    def _generation(self, number: int) -> None:
        xs = self.optimizer.ask()
        places = self._places(xs)
        table = self.scorer.measure(places, self.repeats, "generation", number)
        losses = self.scorer.losses(table)
        if not np.isfinite(losses).any():
            error = self.scorer.no_loss(table, f"of generation {number}")
            if not len(self.finalists.scores):
                raise error
            warnings.warn(str(error), stacklevel=2)
        self.optimizer.tell(xs, losses)
        self.history.add(losses, self.centre())
        if np.isfinite(losses).any():
            best = int(np.nanargmin(losses))
            self.finalists.add(places[best], number, -losses[best])

    # ------------------------------------------------------------------------------------- state

    def _save(self) -> None:
        if self.folder is None:
            return
        arrays = {f"history.{name}": value for name, value in vars(self.history).items()}
        arrays |= {f"finalists.{name}": v for name, v in self.finalists.dump().items()}
        arrays |= {f"optimizer.{name}": v for name, v in self.optimizer.dump().items()}
        write_arrays(self.folder / FILE, self.digest, arrays)

    def _load(self, arrays: Mapping[str, np.ndarray]) -> None:
        def part(owner: str) -> dict[str, np.ndarray]:
            begin = f"{owner}."
            return {n.removeprefix(begin): v for n, v in arrays.items() if n.startswith(begin)}

        self.history = History(**part("history"))
        self.finalists.load(part("finalists"))
        self.optimizer.load(part("optimizer"))
