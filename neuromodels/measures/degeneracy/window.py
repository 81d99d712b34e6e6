"""The effective STDP window and frequency dependence of a found rule, with its own numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neuromodels.errors import DeclarationError
from neuromodels.measures.quantities import Examined, Measure, Quantity, Solution, number

if TYPE_CHECKING:
    from neuromodels.coefficients import Block
    from neuromodels.simulation.network.circuit import Circuit, Projection
    from neuromodels.simulation.network.responses import Responses

MOST = 256
"""Synapses of a projection that are looked at; of more, as many at even distances."""
THIRD = (0.0, 1.0)
"""Third factors of a rule that has one."""


@dataclass(frozen=True, eq=False)
class Window:
    """Responses of the synapses of a projection at one third factor.

    Parameters
    ----------
    label
        The projection, and the third factor where there is one.
    responses
        Of k synapses; one where all have the same numbers.
    """

    label: str
    responses: Responses


def examine(solution: Solution) -> Examined:
    """Return the changes of weight of every plastic projection: medians over its synapses."""
    arrays: dict[str, np.ndarray] = {}
    quantities: dict[str, Quantity] = {}
    for each in windows_of(solution):
        arrays |= {f"{each.label}.{name}": kept for name, kept in _arrays(each.responses).items()}
        rows = _rows(each.responses)
        quantities |= {f"{each.label}: {name}": number(value) for name, value in rows.items()}
    return arrays, quantities


def windows_of(solution: Solution) -> list[Window]:
    """Return the responses of all plastic projections of a solution; see `windows_of_all`."""
    return windows_of_all(solution, solution.vector[None])[0]


def windows_of_all(solution: Solution, vectors: np.ndarray) -> list[list[Window]]:
    """Return the responses of all plastic projections of several solutions of one study.

    A projection of all solutions is one compiled network.

    Parameters
    ----------
    solution
        One of them.
    vectors
        Of all, (n, d).

    Raises
    ------
    DeclarationError
        Where nothing is plastic, or a rule reads what only a neuron model has.
    """
    from neuromodels.simulation.network.builder import circuit_of  # imports Brian2

    circuit = circuit_of(solution.study, solution.condition)
    plastic = [projection for projection in circuit.projections if projection.rule.is_plastic]
    if not plastic:
        must = "needs a plastic projection"
        raise DeclarationError("measure window", must, solution.condition)
    found: list[list[Window]] = [[] for _ in vectors]
    for projection in plastic:
        for windows, more in zip(found, _of(projection, solution, circuit, vectors), strict=True):
            windows += more
    return found


def _of(
    projection: Projection, solution: Solution, circuit: Circuit, vectors: np.ndarray
) -> Iterator[list[Window]]:
    """Yield the responses of a projection in each solution, one for each third factor."""
    from neuromodels.simulation.network.responses import responses, synapses_in  # imports Brian2

    each = [numbers_of(vector, circuit, projection) for vector in vectors]
    counts = [max([1, *map(len, values.values())]) for values in each]
    joined = {name: np.concatenate([values[name] for values in each]) for name in each[0]}
    thirds = THIRD if projection.rule.third_factors else (None,)
    repeated = {name: np.tile(numbers, len(thirds)) for name, numbers in joined.items()}
    third = np.repeat(THIRD, sum(counts)) if projection.rule.third_factors else None
    task = solution.task
    step = task.step_length(task.with_defaults(solution.study.task.parameters))
    found = responses(projection.rule, repeated, step, third)
    total = len(found.silence) // len(thirds)
    ends = np.cumsum(counts if joined else [total] * len(each))
    for end, count in zip(ends, counts, strict=True):
        yield [
            Window(
                projection.name if at is None else f"{projection.name}, M = {at:g}",
                synapses_in(found, slice(k * total + end - count, k * total + end)),
            )
            for k, at in enumerate(thirds)
        ]


def numbers_of(
    vector: np.ndarray, circuit: Circuit, projection: Projection
) -> dict[str, np.ndarray]:
    """Return the searched numbers of a projection's synapses by coefficient, (k,) each.

    Synapses with the same numbers count once. Of more than `MOST`, as many are taken.
    """
    coefficients = circuit.coefficients
    blocks = [block for block in coefficients.blocks if block.projection == projection.name]
    ends = projection.pairs
    if ends is None:
        ends = np.indices([side.size for side in circuit.sides(projection)]).reshape(2, -1)
    every = {
        block.coefficient.name: _of_synapses(
            block, block.values(vector[None, coefficients.slices[block.label]])[0], ends
        )
        for block in blocks
    }
    distinct = np.unique(np.stack(list(every.values())), axis=1) if every else np.zeros((0, 1))
    kept = np.unique(np.linspace(0, distinct.shape[1] - 1, MOST).astype(int))
    return {name: distinct[k, kept] for k, name in enumerate(every)}


def _of_synapses(block: Block, values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the values of a coefficient, one for each synapse, whose neurons are (2, synapses)."""
    if block.coefficient.per in ("pre", "post"):
        return values[ends[0 if block.coefficient.per == "pre" else 1]]
    return np.broadcast_to(values, ends.shape[1]) if len(values) == 1 else values


def _arrays(found: Responses) -> Mapping[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in vars(found).items()}


def _rows(found: Responses) -> dict[str, float]:
    """Return what a table shows: medians over synapses."""
    window, shift = _median(found.window), 1000 * found.offset
    places = {f"pre {shift:g} ms before post": found.offset}
    places |= {f"post {shift:g} ms before pre": -found.offset}
    rows = {
        f"{name}, 60 pairs at 1 Hz": float(window[np.argmin(np.abs(found.delays - delay))])
        for name, delay in places.items()
    }
    beyond = _median(found.window - found.before[:, None] - found.after[:, None])
    rows |= {
        f"{name}, beyond both sides alone": float(beyond[np.argmin(np.abs(found.delays - delay))])
        for name, delay in places.items()
    }
    by_frequency = _median(found.by_frequency)
    fastest = found.frequencies[-1]
    rows |= {
        f"{name}, at {fastest:g} Hz": float(by_frequency[k, -1]) for k, name in enumerate(places)
    }
    alone = {"pre": found.before, "post": found.after}
    rows |= {f"60 spikes of {name} alone": float(_median(each)) for name, each in alone.items()}
    return rows | {"a minute without spikes": float(_median(found.silence))}


def _median(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.median(values, axis=0))


WINDOW = Measure(
    name="window",
    about="How does a found rule change a weight at pairs of spikes?",
    note="Changes of weight of a synapse on its own, medians over synapses. What the rule does"
    " without spikes is taken away from the others. No trials are run.",
    examine=examine,
    conditions=("plastic",),
    runs_trials=False,
)
