"""What one number of a found rule does: change it, leave the rest, and test every task.

    python examples/change_one_term.py RUN family_terms.csv

RUN is the folder of a finished run of studies/family_all.toml.  The table has the score of every
solution in every task of the family, see docs/results/family.md.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.scoring import scores_per_trial
from neuromodels.measures.members import with_all_tasks
from neuromodels.seeding import trial_streams
from neuromodels.store.store import StoredRun
from neuromodels.study.file import study_of
from neuromodels.tasks.family.family import NAMES

EPISODES = 8
"""Of each task, the same for all rules."""
CHANGES = [("as found", "", 0.0)]
CHANGES += [(f"{name} = 0", name, 0.0) for name in ("k001", "k110", "m100", "g_0")]
CHANGES += [(f"k001 = {k:g}", "k001", k) for k in (-0.002, -0.001, 0.001, 0.002, 0.004)]


def main(folder: str, table: str) -> None:
    run = StoredRun(Path(folder))
    study = study_of(run.table, folder)
    found = np.array([run.solution("plastic", seed)["vector"] for seed in study.seeds])
    experiment = Experiment(with_all_tasks(study))
    with Path(table).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        seeds = [f"seed_{seed}" for seed in study.seeds]
        writer.writerow(["study", "digest", "change", "task", "median", *seeds, "episodes"])
        for label, name, value in CHANGES:
            scores = scores_of(experiment, changed(found, experiment, name, value))
            for task, of_task in zip(NAMES, scores.T, strict=True):
                numbers = [f"{x:.4f}" for x in (np.median(of_task), *of_task)]
                writer.writerow([study.name, study.digest, label, task, *numbers, EPISODES])


def changed(vectors, experiment, name, value):
    """Return vectors of coefficients, (solutions, d), with one number replaced in all."""
    places = experiment.slices[f"hidden_output.{name}"] if name else []
    vectors = vectors.copy()
    vectors[:, places] = value
    return vectors


def scores_of(experiment, vectors):
    """Return mean scores, (solutions, tasks)."""
    places = np.repeat(np.arange(len(NAMES)), EPISODES)
    outcome = experiment.evaluate(vectors, trial_streams(777, len(places)), places)
    return scores_per_trial(outcome).reshape(-1, len(NAMES), EPISODES).mean(axis=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
