"""Test solutions of a sweep on streams of other lengths than they were searched on.

    python examples/digits_in_longer_streams.py RUN_FOLDER out.csv 50 200 800

RUN_FOLDER is that of one setting of studies/mechanisms/csdp_digits.toml. Streams are made anew with
each number of examples, and ask about test images alone.
"""

import csv
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from digits_in_streams import streams

import neuromodels
from neuromodels.experiment.compiled import Experiment
from neuromodels.tasks.arrays import TrialArrays

STREAMS = 8
"""Per solution."""


def scores_of(study, vectors, examples):
    """Return the mean scores of solutions, one vector each, in streams of some examples."""
    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "streams.npz")
        arrays = streams(examples, with_false=True)
        np.savez(file, **arrays)
        options = {**study.task.options, "file": file}
        content = TrialArrays(**arrays).content
        longer = replace(
            study,
            task=replace(study.task, options=options),
            contents={**study.contents, "task.file": content},
        )
        experiment = Experiment(longer, "unseen")
        return experiment.evaluate(vectors, np.arange(STREAMS, dtype=np.uint64)).scores.mean(axis=1)


def main(folder, path, *lengths):
    """Write a row for each seed and length."""
    run = neuromodels.load(folder)
    files = sorted((Path(folder) / "solutions").glob("plastic-seed*.npz"))
    vectors = np.array([np.load(file)["vector"] for file in files])
    seeds = [int(file.stem.rpartition("seed")[2]) for file in files]
    with open(path, "w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["examples", "seed", "score"])
        for length in map(int, lengths):
            for seed, score in zip(seeds, scores_of(run.study, vectors, length), strict=True):
                rows.writerow([length, seed, f"{score:.4f}"])


if __name__ == "__main__":
    main(*sys.argv[1:])
