"""Write the tables of a study of lessons: scores of all searches, and linear read-outs beside them.

    python studies/images/tables.py clothes runs/clothes figures/data
    python studies/images/tables.py words runs/words figures/data

The linear read-outs get the inputs of the same lessons: of an image its pixels, of a word the
spikes of each channel, summed or step by step. They are fitted with the samples that a lesson
teaches, all at once, and tested on those that it asks for.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.preprocessing import StandardScaler

from neuromodels import load
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.store.store import StoredRun
from neuromodels.tasks.arrays.npz import read_trial_arrays

HERE = Path(__file__).parent
FEATURES = {
    "summed": lambda inputs: inputs.sum(axis=1),
    "step by step": lambda inputs: inputs.reshape(len(inputs), -1),
}


def baselines(arrays):
    """Yield rows of linear read-outs: which one, lesson, share of right answers."""
    labels = arrays.labels.astype(int)
    for name, features in FEATURES.items():
        if arrays.shape[1] <= 2 and name == "step by step":
            continue
        values = features(arrays.inputs)
        for lesson in np.flatnonzero(arrays.test):
            shown, taught = arrays.shown[lesson].astype(int), arrays.taught[lesson] == 1
            scale = StandardScaler().fit(values[shown[taught]])
            x, y = scale.transform(values[shown]), labels[shown]
            for kind, model in (
                ("ridge", RidgeClassifier(alpha=100)),
                ("logistic", LogisticRegression(C=0.01, max_iter=500)),
            ):
                right = model.fit(x[taught], y[taught]).score(x[~taught], y[~taught])
                yield f"{kind}, {name}", lesson, round(right, 4)


def searches(folder):
    """Yield rows of final scores: arm, seed, score, and the coefficients that were found."""
    for run in sorted(Path(folder).glob("*-*")):
        stored, loaded = StoredRun(run), load(run)
        known = circuit_of(stored.study, "plastic").coefficients
        final = loaded.tests[loaded.tests.kind == "final"]
        for seed, score in zip(final.seed, final.score, strict=True):
            values = known.decode(stored.solution("plastic", seed)["vector"][None])
            found = {name: f"{float(np.ravel(value)[0]):.4g}" for name, value in values.items()}
            yield run.name.rpartition("-")[0], seed, round(score, 4), found


def main(name, folder, out):
    """Write both tables and say the means."""
    rows = list(searches(folder))
    columns = sorted({key for *_, values in rows for key in values})
    with open(Path(out) / f"{name}.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["arm", "seed", "score", *columns])
        for arm, seed, score, values in rows:
            table.writerow([arm, seed, score, *(values.get(key, "") for key in columns)])
    lines = list(baselines(read_trial_arrays(str(HERE / f"{name}_lessons.npz"))))
    with open(Path(out) / f"{name}_linear.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerows([["read-out", "lesson", "score"], *lines])
    for kind in dict.fromkeys(row[0] for row in [*rows, *lines]):
        scores = [row[2] for row in [*rows, *lines] if row[0] == kind]
        said = f"{kind}: {np.mean(scores):.3f}, {min(scores):.3f} to {max(scores):.3f}"
        sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
