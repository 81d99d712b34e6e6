"""Tables of a finished run, and the tests that its plan has declared."""

import csv

import numpy as np
from arms import ARMS, LAYERS, MECHANISMS

from neuromodels.analysis.comparisons import sign_flip
from neuromodels.analysis.corrections import holm
from neuromodels.analysis.effects import effect_of
from neuromodels.analysis.equivalence import paired_equivalence
from neuromodels.analysis.nested import nested_interval
from neuromodels.seeding import generator

SCORES, SEARCHES = "digits_over_epochs.csv", "digits_over_epochs_searches.csv"
EPOCHS, MARGIN, COLLAPSED = 3, 0.005, 0.5
SINGLES = ("error", "hebb", "contrast")
RESAMPLES = 1000


def kept_runs(folder):
    """Return what a run has kept of each arm that is finished, in the order of the arms."""
    found = {arm: folder / f"{arm.name}.npz" for arm in ARMS}
    return {arm: np.load(path) for arm, path in found.items() if path.exists()}


def write_tables(folder, data):
    """Write a row for each network and epoch, and a row for each search."""
    runs = kept_runs(folder)
    commits = sorted({str(run["plan"]) for run in runs.values()})
    with (data / SCORES).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["arm", "search", "network", "epoch", "score"])
        for arm, run in runs.items():
            for (search, network, epoch), score in np.ndenumerate(run["curves"]):
                writer.writerow([arm.name, search + 1, network + 1, epoch + 1, f"{score:.6f}"])
    shares = [f"{layer} {each}" for layer in LAYERS for each in MECHANISMS]
    with (data / SEARCHES).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        head = ["arm", "search", "numbers", "fitness", "best_seen", *shares, "arm_core_s", "plan"]
        writer.writerow(head)
        for arm, run in runs.items():
            found = arm.shares_at(run["places"]).reshape(len(run["places"]), -1)
            for k, (fitness, each) in enumerate(zip(run["fitness"], found, strict=True)):
                first = [arm.name, k + 1, arm.dimension, f"{fitness:.6f}"]
                last = [f"{run['spent'][1]:.0f}", commits[0].split()[0]]
                seen = f"{run['searched'][k].max():.6f}"
                writer.writerow([*first, seen, *(f"{share:.4f}" for share in each), *last])


def scores_in(data):
    """Return test scores of a table: arm -> (searches, networks, epochs)."""
    with (data / SCORES).open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for name in dict.fromkeys(row["arm"] for row in rows):
        own = [row for row in rows if row["arm"] == name]
        shape = [max(int(row[key]) for row in own) for key in ("search", "network", "epoch")]
        found[name] = np.array([float(row["score"]) for row in own]).reshape(shape)
    return found


def fitness_in(data):
    """Return the fitness of the finalists of a table: arm -> (searches,)."""
    with (data / SEARCHES).open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = dict.fromkeys(row["arm"] for row in rows)
    return {
        name: np.array([float(r["fitness"]) for r in rows if r["arm"] == name]) for name in names
    }


def interval(scores, name):
    """Return the nested interval of a mean over searches, (searches, networks)."""
    rng = generator(19, "intervals", name)
    drawn = rng.integers(scores.shape[1], size=(RESAMPLES, scores.shape[1]))
    return nested_interval([each[drawn].mean(axis=1) for each in scores], rng)


def print_arms(data):
    """Print a line for each arm."""
    for name, curves in scores_in(data).items():
        last = curves[:, :, EPOCHS - 1]
        ends = interval(last, name)
        by_epoch = " ".join(f"{each:.3f}" for each in curves.mean(axis=(0, 1)))
        print(
            f"{name:16} {last.mean():.3f} ({ends.low:.3f} to {ends.high:.3f}),"
            f" searches {last.mean(axis=1).min():.3f} to {last.mean(axis=1).max():.3f},"
            f" collapsed {(last < COLLAPSED).mean():.2f}; epochs {by_epoch}"
        )


def tests_of(data):
    """Return the declared contrasts: what was compared, difference, ends, two-sided p."""
    scores, fitness = scores_in(data), fitness_in(data)
    final = {name: each[:, :, EPOCHS - 1].mean(axis=1) for name, each in scores.items()}
    best = max((name for name in SINGLES if name in fitness), key=lambda name: fitness[name].mean())
    shown = effect_of(final["searched"], final["uniform"])
    flipped = sign_flip(final["searched"] - final["uniform"])
    equal = paired_equivalence(final["searched"], final[best], MARGIN)
    return [
        ("searched > uniform", shown.difference, shown.low, shown.high, flipped.p),
        (
            f"searched = {best} within {MARGIN}",
            equal.difference,
            equal.interval.low,
            equal.interval.high,
            equal.p,
        ),
    ]


def print_tests(data):
    """Print each declared contrast with its p value by Holm."""
    tests = tests_of(data)
    for (claim, difference, low, high, _), p in zip(
        tests, holm([each[-1] for each in tests]), strict=True
    ):
        print(f"{claim}: {difference:+.4f} ({low:+.4f} to {high:+.4f}), p = {p:.3g}")
