"""Task selectivity of hidden neurons in the solutions of a sweep with the task `blob_choice`.

    python examples/task_selectivity.py SWEEP_FOLDER context_gating_selectivity.csv

Each solution runs through eight episodes with streams that no search drew from. Spikes of hidden
neurons are counted blob by blob at the test, where the contexts take turns. The control is the same
for contexts in shuffled order. A row holds means over the episodes.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from brian2.units import second

from neuromodels.analysis.task_selectivity import task_selectivity
from neuromodels.experiment.batches import values_of
from neuromodels.simulation import Batch
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.store.store import StoredRun
from neuromodels.tasks.context.blob_choice import BLOBS

EPISODES, SEED = 8, 190024


def tested_spikes(study, vectors):
    """Return spikes of hidden neurons at each test blob, (blobs, solutions*EPISODES, neurons)."""
    circuit = circuit_of(study, "plastic")
    made = network_of(study, "plastic", circuit)
    instances = len(vectors) * EPISODES
    batch = Batch(made.network, instances, seed=SEED, dtype="float32", threads=1, namespace={})
    batch.streams = np.tile(np.arange(EPISODES), len(vectors)).astype(np.uint64)
    for address, values in values_of(circuit, made, np.repeat(vectors, EPISODES, axis=0)).items():
        batch[address] = values
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    step, steps = float(made.text.step / second), made.text.steps
    each = steps // (2 * study.task.parameters["examples"] + 2 * BLOBS)
    batch.run((steps - 2 * BLOBS * each) * step * second)
    counts = [_next(batch, step) for _ in range(2 * BLOBS * each)]
    return np.array(counts).reshape(2 * BLOBS, each, instances, -1).sum(axis=1)


def _next(batch, step):
    batch.run(step * second)
    return np.asarray(batch["hidden.s"])


def rows_of(run):
    """Yield setting, seed, selectivity and that of shuffled contexts, for each solution."""
    study = run.study
    vectors = np.stack([run.solution("plastic", seed)["vector"] for seed in study.seeds])
    spikes = tested_spikes(study, vectors)
    contexts, rng = np.arange(2 * BLOBS) % 2, np.random.default_rng(SEED)
    for number, seed in enumerate(study.seeds):
        own = spikes[:, number * EPISODES : (number + 1) * EPISODES]
        found = [task_selectivity(own[:, k], contexts) for k in range(EPISODES)]
        chance = [task_selectivity(own[:, k], rng.permutation(contexts)) for k in range(EPISODES)]
        yield run.folder.name.rpartition("-")[0], seed, np.nanmean(found), np.nanmean(chance)


def main(folder, path):
    """Write one row per solution."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["setting", "seed", "selectivity", "shuffled"])
        for run in sorted(each for each in Path(folder).iterdir() if (each / "solutions").is_dir()):
            for setting, seed, *numbers in rows_of(StoredRun(run)):
                writer.writerow([setting, seed, *(f"{number:.4f}" for number in numbers)])


if __name__ == "__main__":
    main(*sys.argv[1:])
