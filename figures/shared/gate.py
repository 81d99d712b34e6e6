"""What nm_pdlf's solutions on the bandit do after a reward, and without some of their numbers.

``python -m figures.shared.gate RUN`` writes figures/data/degeneracy_gate.csv. RUN is the folder of
the setting nm_pdlf of ``studies/degeneracy_bandit.toml``. It takes a minute.
"""

import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neuromodels.experiment.embodied import experiment_of
from neuromodels.experiment.scoring import score_vectors, scores_per_trial
from neuromodels.measures.examine import finished_solutions
from neuromodels.seeding import trial_streams
from neuromodels.store.store import StoredRun

TABLE = Path(__file__).parents[1] / "data" / "degeneracy_gate.csv"
EPISODES = 40
WITHOUT = {
    "nothing": (),
    "resting third factor": ("input_output.g_0",),
    "all but A, eta, g_0 and the third factor's weights": (
        *(f"input_output.{name}" for name in "BCD"),
        "input_modulators.w",
    ),
}
"""What is set to 0."""
FACTORS = ("input_output.eta", "input_output.A", "input_output.g_0", "modulators_output.w")
NEWS = {"right": 1.0, "nothing heard": 0.0, "wrong": -1.0}


def gate_scores(run: StoredRun) -> dict[str, dict[int, float]]:
    """Return mean scores in 40 fresh episodes, the same for all, by what is 0 and by seed."""
    seeds = [seed for _, seed in finished_solutions(run, ("plastic",))]
    experiment = experiment_of(run.study, "plastic")
    streams = trial_streams(0, EPISODES, "g0")
    found = {}
    for label, names in WITHOUT.items():
        xs = np.array([run.solution("plastic", seed)["vector"] for seed in seeds])
        for name in names:
            xs[:, experiment.slices[name]] = 0.0
        scores = scores_per_trial(score_vectors(experiment, xs, streams)).mean(axis=1)
        found[label] = dict(zip(seeds, scores.tolist(), strict=True))
    return found


def changes(run: StoredRun, news: float) -> dict[int, float]:
    """Return eta*A*M, the change of weight by x*y in a step, by seed.

    Parameters
    ----------
    news
        What modulatory neurons say: 1 of a right action, -1 of a wrong one, 0 of nothing heard.
    """
    found = {}
    for _, seed in finished_solutions(run, ("plastic",)):
        solution = run.solution("plastic", seed)
        names = [str(name) for name in solution["names"]]
        eta, a, rest, third = (
            solution["vector"][solution["starts"][k] : solution["stops"][k]].mean()
            for k in map(names.index, FACTORS)
        )
        found[seed] = float(eta * a * np.tanh(third * news + rest))
    return found


def rows_of(run: StoredRun) -> Iterator[tuple[str, int, float]]:
    """Yield a name, a seed and a number of each."""
    for label, scores in gate_scores(run).items():
        yield from ((f"score without {label}", seed, score) for seed, score in scores.items())
    for label, news in NEWS.items():
        found = changes(run, news)
        yield from ((f"change by x*y, {label}", seed, value) for seed, value in found.items())


def main() -> None:
    """Write the table."""
    parser = ArgumentParser()
    parser.add_argument("run", type=Path)
    run = StoredRun(parser.parse_args().run)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["quantity", "seed", "value", "digest"])
        for label, seed, value in rows_of(run):
            writer.writerow([label, seed, f"{value:.5f}", run.digest])


if __name__ == "__main__":
    main()
