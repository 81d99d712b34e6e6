"""Write the starts of studies/cue_reward_mended.toml: the network by hand, disturbed.

    python studies/starts/cue_reward_by_hand.py FOLDER
    neuromodels run studies/cue_reward_mended.toml --start FOLDER

The folder is a run of one small generation. In place of what it found, its solution of each seed is
the network by hand, with normal noise on each number that is drawn from a stream of the seed.
"""

import sys
from pathlib import Path

import numpy as np

import neuromodels
from neuromodels.experiment.compiled import Experiment
from neuromodels.files import arrays_to_bytes, replace_file
from neuromodels.seeding import generator
from neuromodels.store.folder import solution_path
from neuromodels.store.store import StoredRun
from neuromodels.study.file import read_study
from neuromodels.study.study import Study
from neuromodels.tasks.cue_reward import BITS, NO, PUNISHED, REWARDED, YES

HARDLY = ("generations=1", "candidates=4", "trials=1")
STUDY = Path(__file__).parents[1] / "cue_reward_mended.toml"
TRACE = 1 / (1 - np.exp(-0.25))
"""Trace of a channel that is on in every step of 5 ms."""
SPREAD = 0.1
"""Standard deviation of the noise on each number, on the searched scale."""


def by_hand(experiment: Experiment) -> np.ndarray:
    """Return the searched numbers of the network by hand, (d,).

    channels -> 20 hidden neurons, one per bit, which excite themselves: a bit that was shown stays
        on until reward or punishment, whose spikes inhibit them all
    four modulatory neurons, each a conjunction: (reward, yes), (punishment, no) say that the
        target was there, (reward, no), (punishment, yes) that it was not
    hidden -> actions, plastic: an eligibility of 0.1 s of the bits of the trial, less its mean over
        the bits, is added to "yes" or taken from it

    A small bias makes it say yes at first: who says nothing hears no answer of its own, and then
    the reward tells nothing. The rest of the weights starts at 0.
    """
    shown = np.vstack([1.2 * np.eye(BITS), np.zeros((5, BITS))])
    shown[[REWARDED, PUNISHED]] = -3.0
    pairs = np.zeros((BITS + 5, 4))
    for unit, both in enumerate(((REWARDED, YES), (PUNISHED, NO), (REWARDED, NO), (PUNISHED, YES))):
        pairs[both, unit] = 2.0 / TRACE
    was_there = np.array([1.0, 1.0, -1.0, -1.0])
    numbers = {
        "input_hidden.w": shown,
        "hidden_hidden.w": 1.3 * np.eye(BITS),
        "input_modulators.w": pairs,
        "modulators.f_0": -3.0,
        "modulators_output.w": 2.0 * np.outer(was_there, [1, -1]),
        "hidden_output.a_lag": -1.0,
        "hidden_output.eta": np.log(5e-4),
        "hidden_output.tau_e": np.log(0.1),
        "output.bias": [0.05, -0.05],
    }
    found = np.zeros(experiment.dimension)
    for label, values in numbers.items():
        found[experiment.slices[label]] = np.ravel(values)
    return found


def disturbed(experiment: Experiment, seed: int) -> np.ndarray:
    """Return the network by hand with noise on each number, (d,)."""
    noise = generator(seed, "disturbed").standard_normal(experiment.dimension)
    return by_hand(experiment) + SPREAD * noise


def one_generation(seeds: str) -> Study:
    """Return the study with hardly any search, of the seeds in ``seeds=[...]`` if given."""
    small = [f"search.{each}" for each in HARDLY]
    return read_study(
        STUDY, [*small, "test.trials=2", 'conditions=["plastic"]', *([seeds] if seeds else [])]
    )


def write_starts(folder: Path, seeds: str = "") -> None:
    """Run one generation into a folder, and put the disturbed networks into its solutions."""
    study = one_generation(seeds)
    neuromodels.run(study, folder)
    experiment = Experiment(study, "plastic")
    for seed in study.seeds:
        arrays = {
            **StoredRun(folder).solution("plastic", seed),
            "vector": disturbed(experiment, seed),
        }
        replace_file(solution_path(folder, "plastic", seed), arrays_to_bytes(arrays))


if __name__ == "__main__":
    write_starts(Path(sys.argv[1]), *sys.argv[2:])
