"""How often each interval holds the truth, and how often each test sees what is not there.

Many data sets are drawn from known populations, and the package's own functions are asked of each.
Rows marked "before" are the percentile bootstrap that earlier versions printed.

usage: python benchmarks/statistics/interval_coverage.py [--sets N] [--out FILE]
"""

from __future__ import annotations

import argparse
import csv
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from contrasts import contrast_rows
from populations import FAR, POPULATIONS, STUCK
from scipy import stats

from neuromodels.analysis.comparisons import (
    brunner_munzel,
    sign_flip,
    stuck_shares,
    unpaired_permutation,
)
from neuromodels.analysis.effects import cliffs_delta, delta_interval
from neuromodels.analysis.equivalence import paired_equivalence
from neuromodels.analysis.intervals import (
    PERCENTILES,
    mean_interval,
    median_interval,
    share_interval,
)
from neuromodels.seeding import generator

SIZES = (3, 5, 6, 8, 10, 12, 20, 30)
POWER_SIZES = (5, 8, 12, 20)
SETS = 2000
RESAMPLES = 1000
"""Fewer than the package takes: how often an interval holds the truth hardly depends on it."""
HEADINGS = ("table", "method", "data", "n", "sets", "rate")
TABLE = Path(__file__).parent / "interval_coverage.csv"
Ends = tuple[float, float]
Row = tuple[str, str, str, int, int, float]

# -- intervals ------------------------------------------------------------------------------------


def percentile_bootstrap(values: np.ndarray, statistic: Callable, rng: np.random.Generator) -> Ends:
    """Return the interval that earlier versions printed."""
    rows = rng.integers(values.size, size=(RESAMPLES, values.size))
    low, high = np.percentile(statistic(values[rows], axis=1), PERCENTILES)
    return float(low), float(high)


def bca(values: np.ndarray, rng: np.random.Generator) -> Ends:
    """Return the BCa interval of the mean, also of fewer values than the package gives it for."""
    found = stats.bootstrap((values,), np.mean, n_resamples=RESAMPLES, method="BCa", rng=rng)
    return tuple(map(float, found.confidence_interval))


def student(values: np.ndarray) -> Ends:
    """Return the t interval of the mean, also of fewer values than the package gives it for."""
    half = stats.t.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    return values.mean() - half, values.mean() + half


Of = Callable[[np.ndarray, np.random.Generator], Ends]
MEANS: dict[str, Of] = {
    "mean, now": lambda values, rng: mean_interval(values).ends,
    "mean, t": lambda values, rng: student(values),
    "mean, BCa": bca,
    "mean, before": lambda values, rng: percentile_bootstrap(values, np.mean, rng),
}
MEDIANS: dict[str, Of] = {
    "median, now": lambda values, rng: median_interval(values).ends,
    "median, before": lambda values, rng: percentile_bootstrap(values, np.median, rng),
}


def coverage_rows(data: str, n: int, sets: int) -> Iterator[Row]:
    """Return how often intervals of one sample hold the truth."""
    population, rng = POPULATIONS[data], generator(0, "coverage", data, n)
    samples = population.draw(rng, (sets, n))
    for methods, truth in ((MEANS, population.mean), (MEDIANS, population.median)):
        for method, ends_of in methods.items():
            if n < 5 and ends_of is bca:
                continue
            held = [_holds(ends_of(sample, rng), truth) for sample in samples]
            yield "coverage", method, data, n, sets, float(np.mean(held))
    others = population.draw(rng, (sets, n))
    pairs = list(zip(samples, others, strict=True))
    held = [_holds(mean_interval(a - b).ends, 0.0) for a, b in pairs]
    yield "coverage", "paired difference, now", data, n, sets, float(np.mean(held))
    held = [_holds(percentile_bootstrap(a - b, np.mean, rng), 0.0) for a, b in pairs]
    yield "coverage", "paired difference, before", data, n, sets, float(np.mean(held))
    if n >= 5:
        held = [_holds(delta_interval(a, b).ends, 0.0) for a, b in pairs]
        yield "coverage", "Cliff's delta of 0", data, n, sets, float(np.mean(held))
        yield from _shifted_delta(data, n, pairs)
    if data == "stuck":
        counts = rng.binomial(n, STUCK, sets)
        held = [_holds(share_interval(int(count), n).ends, STUCK) for count in counts]
        yield "coverage", "share stuck", data, n, sets, float(np.mean(held))


def _shifted_delta(data: str, n: int, pairs: list[tuple[np.ndarray, np.ndarray]]) -> Iterator[Row]:
    """Return how often the interval of a large delta holds it, of scores one unit higher."""
    truth = large_delta(data)
    held = [_holds(delta_interval(a + 1, b).ends, truth) for a, b in pairs]
    yield "coverage", "Cliff's delta, large", data, n, len(pairs), float(np.mean(held))


@cache
def large_delta(data: str) -> float:
    """Return Cliff's delta of scores that are one unit higher."""
    many = POPULATIONS[data].draw(generator(1, data), (2, 4000))
    return cliffs_delta(many[0] + 1, many[1])


def _holds(ends: Ends, truth: float) -> bool:
    return ends[0] <= truth <= ends[1]


# -- tests ----------------------------------------------------------------------------------------


@cache
def p_of_shares(first: int, second: int, n: int) -> float:
    """Return the p value of Boschloo's test; few pairs of counts occur."""
    return stuck_shares(first, n, second, n).p


P_VALUES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "paired permutation": lambda a, b: sign_flip(a - b).p,
    "unpaired permutation": lambda a, b: unpaired_permutation(a, b).p,
    "Brunner-Munzel": lambda a, b: brunner_munzel(a, b).p,
    "shares stuck": lambda a, b: p_of_shares(*(int((x < -FAR / 2).sum()) for x in (a, b)), a.size),
}


T_TESTS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "paired t": lambda a, b: stats.ttest_rel(a, b, axis=1).pvalue,
    "Welch's t": lambda a, b: stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue,
}
"""What others use, (sets, n) each."""
SHIFT = 1.5
"""A difference that tests should see, in standard deviations of scores that are not stuck."""


def test_rows(data: str, n: int, sets: int) -> Iterator[Row]:
    """Return how often tests at the level .05 see no difference at all, or one of `SHIFT`."""
    samples, others = POPULATIONS[data].draw(generator(0, "tests", data, n), (2, sets, n))
    for table, shift in (("false positives", 0.0), ("power", SHIFT)):
        if shift and n not in POWER_SIZES:
            continue
        for method, p_of in P_VALUES.items():
            if method == "shares stuck" and (shift or data != "stuck"):
                continue
            seen = [p_of(a + shift, b) < 0.05 for a, b in zip(samples, others, strict=True)]
            yield table, method, data, n, sets, float(np.mean(seen))
        for method, ps_of in T_TESTS.items():
            rate = float((ps_of(samples + shift, others) < 0.05).mean())
            yield table, method, data, n, sets, rate
    yield from _equivalence_rows(data, n, samples, others)


def _equivalence_rows(data: str, n: int, samples: np.ndarray, others: np.ndarray) -> Iterator[Row]:
    """Return how often equivalence is shown where the difference is the margin, and where it is 0.

    The margin is the standard deviation of a difference.
    """
    margin = float((samples - others).std())
    pairs = list(zip(samples, others, strict=True))
    for table, shift in (("false positives", margin), ("power", 0.0)):
        seen = [paired_equivalence(a + shift, b, margin).is_shown for a, b in pairs]
        yield table, "equivalence", data, n, len(pairs), float(np.mean(seen))


# -- all of it ------------------------------------------------------------------------------------


def rows_of(sets: int, sizes: tuple[int, ...] = SIZES) -> Iterator[Row]:
    """Return all rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BCa of samples that are nearly equal
        cells = [(data, n) for data in POPULATIONS for n in sizes]
        for cell in cells:
            yield from coverage_rows(*cell, sets)
        for cell in cells:
            yield from test_rows(*cell, sets)
        yield from contrast_rows(sets)


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=SETS, help="data sets of each cell")
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args()
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADINGS)
        for *where, rate in rows_of(options.sets):
            writer.writerow([*where, f"{rate:.4f}"])
            file.flush()


if __name__ == "__main__":
    main()
