"""Do all competitors compute the same thing? Fail loudly if one does not."""

from itertools import combinations

import numpy as np
from brian2 import ms, prefs
from cases import (
    CERTAIN,
    PDLF_COEFFICIENTS,
    PDLF_LATENCY,
    RECURRENT,
    Case,
    pdlf_outcome,
    recurrent_outcome,
)
from networks import PDLF_HIDDEN, RECURRENT_PROJECTIONS, RECURRENT_SIZES, poisson_recurrent
from stock_route import set_recurrent

from tests.references.pdlf_numpy import PdlfCopy

JUDGED = {RECURRENT: 64, "pdlf-copy": 256}  # instances that the slow judge computes
RELATIVE, ERRORS = 0.02, 4.0
LEAST_CORRELATION = 0.8
TOLERANCE, LEAST_EQUAL = 2e-5, 0.98


class Disagreement(Exception):
    """A competitor that computes something else: its time means nothing."""


def judge(case: Case) -> dict[str, np.ndarray]:
    """Compute the first instances in float64 by an independent, slow route.

    Network 1: Brian2's own numpy runtime. Network 2: formulas in numpy.
    """
    return (_brian2_runtime if case.network == RECURRENT else _formulas)(case)


def check(case: Case, outcomes: dict[str, dict[str, np.ndarray]]) -> float:
    """Compare all routes with each other and the judge; return the largest difference.

    It is relative to the mean: of rates and weights in network 1, of loss and score in network 2;
    a judge that has computed only some of the instances is left out.

    Parameters
    ----------
    outcomes
        Route -> quantity -> one number per instance; the judge may have fewer instances.

    Raises
    ------
    Disagreement
        Names both routes, the quantity and the two numbers.
    """
    largest = 0.0
    noisy = case.network == RECURRENT and case.rate < CERTAIN
    compare = _same_statistics if noisy else _same_numbers
    for (first, one), (second, other) in combinations(outcomes.items(), 2):
        for quantity in one:
            count = min(len(one[quantity]), len(other[quantity]))
            label = f"{case.network}, {case.instances} instances, {quantity}: {first}/{second}"
            compare(label, one[quantity][:count], other[quantity][:count])
            if len(one[quantity]) == len(other[quantity]) and not quantity.startswith("change"):
                largest = max(largest, abs(one[quantity].mean() / other[quantity].mean() - 1))
    if "batch" in outcomes and "batch_2_threads" in outcomes:
        _identical(outcomes["batch"], outcomes["batch_2_threads"])
    return float(largest)


def _same_statistics(label: str, one: np.ndarray, other: np.ndarray) -> None:
    """Each instance has its own noise per route: compare means, and the pattern over instances."""
    difference = one - other
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    allowed = RELATIVE * abs(other).mean() + ERRORS * error
    if not abs(difference.mean()) <= allowed:
        raise Disagreement(
            f"{label}: means must agree within {allowed:.4g}; "
            f"got {one.mean():.6g} and {other.mean():.6g}."
        )
    if "change" not in label:  # in rates, noise hides how the instances differ
        return
    correlation = np.corrcoef(np.argsort(np.argsort(one)), np.argsort(np.argsort(other)))[0, 1]
    if not correlation >= LEAST_CORRELATION:
        raise Disagreement(
            f"{label}: the instances that are high in one route must be high in the other; "
            f"got a rank correlation of {correlation:.3f}."
        )


def _same_numbers(label: str, one: np.ndarray, other: np.ndarray) -> None:
    """Equal but where rounding carries a neuron over its threshold in one route only."""
    equal = (abs(one - other) < TOLERANCE * np.maximum(1, abs(other))).mean()
    if not (equal >= LEAST_EQUAL and np.isfinite(one).all()):
        raise Disagreement(
            f"{label}: {LEAST_EQUAL:.0%} of instances must agree within {TOLERANCE}; "
            f"got {equal:.2%}, means {one.mean():.6g} and {other.mean():.6g}."
        )


def _identical(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    for quantity in one:
        if not np.array_equal(one[quantity], other[quantity]):
            raise Disagreement(f"batch: {quantity} must not depend on the number of threads.")


def _brian2_runtime(case: Case) -> dict[str, np.ndarray]:
    prefs.codegen.target = "numpy"
    count = min(case.instances, JUDGED[case.network])
    values = {address: value[:count] for address, value in case.values().items()}
    network = poisson_recurrent(count, "post", case.rate)
    set_recurrent(network, values, "post")
    network.run(case.steps * ms, namespace={})
    counts = {name: network[name].n_spikes[:] for name in RECURRENT_SIZES}
    weights = {name: network[name].w[:] for name in RECURRENT_PROJECTIONS}
    return recurrent_outcome(case, counts, weights)


def _formulas(case: Case) -> dict[str, np.ndarray]:
    count = min(case.instances, JUDGED[case.network])
    values = {address: value[:count] for address, value in case.values().items()}
    first, second = (
        {x: values[f"{name}.{x}"] for x in PDLF_COEFFICIENTS} for name in case.shape.projections
    )
    trials = PdlfCopy(values["bits"], first, second, PDLF_HIDDEN, PDLF_LATENCY)
    trials.run()
    return pdlf_outcome(trials.loss, trials.correct)
