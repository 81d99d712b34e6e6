"""Paired tests of a table with a row for each seed and arm, as the plans of two examples say.

    python examples/paired_tests.py features_by_bcpnn.csv features bcpnn pixels channels untrained
    python examples/paired_tests.py prune_by_dpap.csv arm dpap random quiet --equal none 0.02

Each line claims that the first arm is above another one: the share of all flips of signs with as
large a mean difference. After ``--equal`` come an arm and a margin: two one-sided t tests. Holm's
correction covers all lines.
"""

import csv
import sys

import numpy as np

from neuromodels.analysis.corrections import holm
from neuromodels.analysis.equivalence import paired_equivalence
from neuromodels.analysis.permutations import sign_flips


def accuracies_in(path, column):
    """Return the accuracies of each arm by seed, (seeds,)."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["seed"]))
    arms = dict.fromkeys(row[column] for row in rows)
    return {
        arm: np.array([float(row["accuracy"]) for row in rows if row[column] == arm])
        for arm in arms
    }


def p_above(differences):
    """Return the share of flips whose mean is as large as that of the differences."""
    half = (sign_flips(len(differences)) * differences).mean(axis=1)
    means = np.concatenate([half, -half])  # the list leaves out what flips all others
    return float((means >= differences.mean() - 1e-12).mean())


def main(path, column, first, *others):
    """Print each arm, then each claim with its difference and corrected p."""
    found = accuracies_in(path, column)
    place = others.index("--equal") if "--equal" in others else len(others)
    claims = [(f"{first} > {arm}", found[first] - found[arm]) for arm in others[:place]]
    p = [p_above(differences) for _, differences in claims]
    if place < len(others):
        arm, margin = others[place + 1], float(others[place + 2])
        claims.append((f"{first} = {arm} within {margin:g}", found[first] - found[arm]))
        p.append(paired_equivalence(found[first], found[arm], margin).p)
    for arm, values in found.items():
        print(f"{arm}: {values.mean():.3f} ({values.min():.3f} to {values.max():.3f})")
    for (claim, differences), corrected in zip(claims, holm(p), strict=True):
        print(f"{claim}: {differences.mean():+.4f}, p = {corrected:.3f}, n = {len(differences)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
