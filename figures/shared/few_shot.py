"""What the features of few-shot characters give without a network; makes its table of data.

``python -m figures.shared.few_shot`` writes figures/data/few_shot_nearest.csv; it needs Omniglot.
"""

import csv
from pathlib import Path

import numpy as np

from neuromodels.analysis.intervals import median_interval
from neuromodels.analysis.nearest_class import episodes_of, nearest_class
from neuromodels.seeding import generator
from neuromodels.tasks.characters import SEEN_CHARACTERS, features
from neuromodels.tasks.few_shot import DRAWER_PRIME, HELD_OUT_PRIME, SEEN_PRIME

TABLE = Path(__file__).parents[1] / "data" / "few_shot_nearest.csv"
SEEDS, EPISODES, WAY = (1, 2, 3, 4, 5), 1000, 5
HEADINGS = ("characters", "way", "shots", "median", "low", "high", *(f"seed_{k}" for k in SEEDS))


def nearest_scores(characters: str, shots: int) -> np.ndarray:
    """Return the fraction of queries that the nearest class names, (seeds,).

    Parameters
    ----------
    characters
        ``"seen"`` or ``"held out"``, those that the task draws from.
    """
    seen = characters == "seen"
    first, count = (0, SEEN_PRIME) if seen else (SEEN_CHARACTERS, HELD_OUT_PRIME)
    bank = features()[first : first + count, :DRAWER_PRIME]
    drawn = [episodes_of(bank, WAY, shots, EPISODES, generator(s, "nearest")) for s in SEEDS]
    return np.array([(nearest_class(s, q) == labels).mean() for s, q, labels in drawn])


def stored_nearest(characters: str, shots: int) -> np.ndarray:
    """Return the same from the table in figures/data."""
    with TABLE.open(encoding="utf-8") as file:
        rows = {(row["characters"], int(row["shots"])): row for row in csv.DictReader(file)}
    return np.array([float(rows[characters, shots][f"seed_{seed}"]) for seed in SEEDS])


def write_table() -> None:
    """Write the table anew."""
    rows = []
    for characters in ("seen", "held out"):
        for shots in (1, 5):
            each = nearest_scores(characters, shots)
            numbers = (np.median(each), *median_interval(each).ends, *each)
            rows.append([characters, WAY, shots, *(f"{number:.3f}" for number in numbers)])
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADINGS, *rows])


if __name__ == "__main__":
    write_table()
