"""Warm starts: a search begins at the solution of another run, even at another granularity.

Coefficients are matched by their labels, ``projection.name``. A coefficient that stands for fewer
numbers than before gets their mean on the searched scale, one that stands for more repeats them.
Sums of two numbers get those that come closest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from neuromodels.coefficients import GRANULARITIES, Block, Coefficient, Side
from neuromodels.errors import DeclarationError
from neuromodels.store.ledger import Ledger
from neuromodels.store.load import coefficients_of
from neuromodels.store.store import Store, StoredRun
from neuromodels.study.circuits import CONNECTIONS, Balanced
from neuromodels.study.conditions import CONDITIONS
from neuromodels.study.own_files import digest_of_run
from neuromodels.study.study import Study

WHERE = "search.start"


@dataclass(frozen=True)
class Part:
    """One coefficient of one projection of a circuit.

    Parameters
    ----------
    label
        Projection and coefficient.
    coefficient
        Its granularity, scale and bounds.
    shape
        Neurons on the pre- and on the postsynaptic side.
    groups
        Sizes of the groups on both sides; empty: one group.
    """

    label: str
    coefficient: Coefficient
    shape: tuple[int, int]
    groups: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())

    @property
    def sides(self) -> tuple[Side, Side]:
        return Side(self.shape[0], self.groups[0]), Side(self.shape[1], self.groups[1])

    @property
    def size(self) -> int:
        return self.coefficient.size(*self.sides)


def parts_of(study: Study, condition: str) -> list[Part]:
    """Return the searched parts of a condition's vector, in order; imports Brian2."""
    from neuromodels.simulation.network.builder import circuit_of

    circuit = circuit_of(study, condition)
    sides = {projection.name: circuit.sides(projection) for projection in circuit.projections}
    sides |= {population.name: (population.side,) * 2 for population in circuit.populations}
    return [_part(block, *sides[block.projection]) for block in circuit.coefficients.blocks]


def _part(block: Block, pre: Side, post: Side) -> Part:
    shape, groups = (pre.size, post.size), (pre.groups, post.groups)
    return Part(block.label, block.coefficient, shape, groups)


def keep_starts(study: Study, store: Store) -> None:
    """Store the starting point of every search in the run's own folder, once.

    After that the other run is no longer needed.

    Raises
    ------
    DeclarationError
        When the other run is gone, has changed, has no such solution, or does not match.
    """
    wanted = [
        (condition, seed)
        for condition in study.searched
        for seed in study.seeds
        if store.start(condition, seed) is None
    ]
    if not study.search.start or not wanted:
        return
    source = _source(study)
    for condition in dict.fromkeys(condition for condition, _ in wanted):
        parts = parts_of(study, condition)
        for seed in [seed for each, seed in wanted if each == condition]:
            solution = source.solution(condition, _seed_of(source, condition, seed))
            coefficients = coefficients_of(source.study, condition)
            centre = translate(solution, coefficients, parts, _frozen_names(study, condition))
            store.write_start(condition, seed, centre)


def _source(study: Study) -> StoredRun:
    folder = Path(study.search.start)
    if digest_of_run(folder) != study.contents.get(WHERE):
        raise DeclarationError(
            WHERE,
            "must still hold the solutions that this study began with",
            str(folder),
            "Start another run from what it holds now.",
        )
    return StoredRun(folder)


def _seed_of(source: StoredRun, condition: str, seed: int) -> int:
    """Return the seed to start from: the same one, else the one with the best final score."""
    seeds = [int(path.stem.rpartition("seed")[2]) for path in _solutions(source, condition)]
    if not seeds:
        raise DeclarationError(
            WHERE,
            f"must hold a solution of the condition {condition!r}",
            str(source.folder),
            "Start from a run that searched it, or leave the condition out.",
        )
    if seed in seeds:
        return seed
    ledger = source.ledger()
    try:
        return _best(ledger, condition, seeds)
    finally:
        ledger.close()


def _solutions(source: StoredRun, condition: str) -> list[Path]:
    return sorted((source.folder / "solutions").glob(f"{condition}-seed*.npz"))


def _best(ledger: Ledger, condition: str, seeds: Sequence[int]) -> int:
    scores = {test.seed: test.score for test in ledger.tests("final", condition)}
    return max(seeds, key=lambda seed: (scores.get(seed, -np.inf), -seed))


def _frozen_names(study: Study, condition: str) -> set[str]:
    if CONDITIONS[condition].weights == "fixed":
        return set()
    is_balanced = isinstance(study.circuit, Balanced)
    of_all = {name for name, each in study.rule.coefficients.items() if each.get("frozen")}
    return (set() if is_balanced else of_all) | {
        f"{'_'.join(CONNECTIONS[kind])}.{name}"
        for kind in (CONNECTIONS if is_balanced else study.rules)
        for name, each in study.rules.get(kind, study.rule).coefficients.items()
        if each.get("frozen")
    }


def translate(
    solution: Mapping[str, np.ndarray],
    coefficients: Mapping[str, Coefficient],
    parts: Sequence[Part],
    left_out: Collection[str] = (),
) -> np.ndarray:
    """Return a solution as a vector of this study's parts, (d,).

    Parameters
    ----------
    solution
        Arrays ``vector``, ``names``, ``starts``, ``stops``.
    coefficients
        Its coefficients by name; a frozen one is not in the vector and gives its value.
    parts
        What the new vector consists of.
    left_out
        Coefficients of the solution that this study froze.

    Raises
    ------
    DeclarationError
        With everything that does not match.
    """
    slices = _slices(solution)
    numbers, wrong = [], []
    for part in parts:
        _, _, name = part.label.partition(".")
        coefficient = coefficients.get(part.label) or coefficients.get(name)
        old = slices.get(part.label)
        if old is None and coefficient is not None and coefficient.frozen:
            old = coefficient.to_search_scale(np.full(1, coefficient.default))
        if old is None or coefficient is None:
            wrong.append(f"{part.label} is not in it")
            continue
        fitted = _fit(old, coefficient, part)
        if fitted is None:
            wrong.append(_sizes(part, coefficient, old.size))
        else:
            numbers.append(fitted)
    known = {part.label for part in parts}
    for label in slices:
        if label not in known and not {label, label.partition(".")[2]} & {*left_out}:
            wrong.append(f"{label} is not in this study")
    if wrong:
        raise DeclarationError(
            WHERE,
            f"must match this study's coefficients; {'; '.join(wrong)}",
            cure="Start from a run of the same rule and circuit, or freeze what it does not have.",
        )
    return np.concatenate(numbers) if numbers else np.zeros(0)


def _slices(solution: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    bounds = zip(solution["names"], solution["starts"], solution["stops"], strict=True)
    return {str(name): solution["vector"][start:stop] for name, start, stop in bounds}


def _sizes(part: Part, coefficient: Coefficient, size: int) -> str:
    return (
        f"{part.label} has {size:,} numbers per {coefficient.per} there and"
        f" {part.size:,} per {part.coefficient.per} here"
    )


def _fit(old: np.ndarray, coefficient: Coefficient, part: Part) -> np.ndarray | None:
    """Return old numbers at a part's scale, bounds and granularity; None: another circuit."""
    wanted = part.coefficient
    if coefficient.summands > 1:
        if old.size != coefficient.size(*part.sides):  # another circuit
            return None
        old = old[coefficient.spread(*part.sides)].sum(axis=0)
        coefficient = replace(coefficient, per="synapse")
    numbers = wanted.to_search_scale(np.clip(coefficient.value(old), wanted.low, wanted.high))
    if numbers.size == 1:
        return np.full(part.size, numbers[0] / wanted.summands)
    if part.size == 1:
        return np.full(1, numbers.mean())
    if numbers.size != coefficient.size(*part.sides):  # another circuit
        return None
    return _resize(numbers, coefficient, part)


def _resize(numbers: np.ndarray, coefficient: Coefficient, part: Part) -> np.ndarray:
    """Return numbers at a part's granularity: spread over synapses or neurons, then averaged."""
    pre, post = part.sides
    places = (pre.size, post.size) if coefficient.per in GRANULARITIES else (1, post.size)
    indices = np.arange(places[0] * places[1]).reshape(places)
    spread = numbers[_places(coefficient, indices, part.sides)]
    if part.coefficient.summands > 1:
        return _summands(spread)
    wanted = _places(part.coefficient, indices, part.sides).reshape(-1)
    sums = np.bincount(wanted, spread.reshape(-1), minlength=part.size)
    return sums / np.bincount(wanted, minlength=part.size)


def _summands(numbers: np.ndarray) -> np.ndarray:
    """Return one number per row and one per column whose sums lie closest to a table, (r, c)."""
    half = numbers.mean() / 2
    return np.concatenate([numbers.mean(axis=1) - half, numbers.mean(axis=0) - half])


def _places(coefficient: Coefficient, indices: np.ndarray, sides: tuple[Side, Side]) -> np.ndarray:
    """Return the index of the number that each synapse or neuron uses, shaped as `indices`."""
    rows, columns = np.divmod(indices, indices.shape[1])
    plain = {"pre": rows, "post": columns, "projection": np.zeros_like(indices)}
    shared = coefficient.spread(*sides)
    return shared[indices] if shared is not None else plain.get(coefficient.per, indices)
