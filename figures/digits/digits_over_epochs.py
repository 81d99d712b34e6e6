"""Digits over epochs: which mechanisms learn, with what share of the current.

    python -m figures.digits.digits_over_epochs docs/images/digits_over_epochs.png

The study has a program of its own and no stored runs. So this is drawn from its table, and is none
of the figures of ``neuromodels figure``.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from figures.shared.tables import rows_of
from neuromodels.report.plotting.draw import new_figure, write_note
from neuromodels.report.plotting.style import PAGE, styled

TABLE = "digits_over_epochs.csv"
LAST = 3
"""The epoch of fitness and claims."""
CHANCE = 0.1
NAMES = {
    "searched": "all, searched",
    "uniform": "all, uniform",
    "learned": "all, learned",
    "capacity": "error learns, others frozen",
    "error": "error-driven alone",
    "contrast": "contrastive alone",
    "hebb": "leaky Hebbian alone",
    "error+contrast": "error and contrast",
    "error+hebb": "error and Hebbian",
    "hebb+contrast": "Hebbian and contrast",
}
"""Arm -> its name in the figure, from the top down."""


@dataclass(frozen=True)
class Curves:
    """Test scores of all networks.

    Parameters
    ----------
    scores
        Arm -> (searches, networks, epochs).
    """

    scores: Mapping[str, np.ndarray]


def curves_in_table() -> Curves:
    """Return the scores that the table holds."""
    rows = rows_of(TABLE)
    found = {}
    for arm in (name for name in NAMES if any(row["arm"] == name for row in rows)):
        own = [row for row in rows if row["arm"] == arm]
        shape = [max(int(row[key]) for row in own) for key in ("search", "network", "epoch")]
        found[arm] = np.array([float(row["score"]) for row in own]).reshape(shape)
    return Curves(found)


def draw(data: Curves):
    """Return the figure, a page wide: final scores, and scores after each epoch."""
    with styled():
        figure = new_figure(PAGE, 40 + 5 * len(data.scores))
        final, course = figure.subplots(1, 2, width_ratios=(3, 2))
        for row, (arm, scores) in enumerate(data.scores.items()):
            _draw_final(final, row, scores[:, :, LAST - 1])
            epochs = np.arange(1, scores.shape[2] + 1)
            course.plot(epochs, scores.mean(axis=(0, 1)), marker="o", markersize=3, color=f"C{row}")
            final.plot([], [], color=f"C{row}", label=NAMES[arm])
        final.set_yticks(range(len(data.scores)), [NAMES[arm] for arm in data.scores])
        final.invert_yaxis()
        final.set(xlabel=f"test images named right after epoch {LAST}", xlim=(0, 1))
        course.set(xlabel="epoch", ylabel="mean over networks", ylim=(0, 1))
        course.axvline(LAST, color="0.7", linewidth=0.8, zorder=0)
        for axes, line in ((final, final.axvline), (course, course.axhline)):
            line(CHANCE, color="0.7", linewidth=0.8, linestyle=":", zorder=0)
            axes.spines[["top", "right"]].set_visible(False)
        write_note(figure, "Small dots: networks. Large dots: means of a search. Dotted: chance.")
        return figure


def _draw_final(axes, row: int, scores: np.ndarray) -> None:
    """Draw the networks of an arm, and the mean of each search."""
    searches, networks = scores.shape
    places = row + np.linspace(-0.3, 0.3, searches)
    colour = f"C{row}"
    axes.scatter(scores.ravel(), np.repeat(places, networks), s=3, color=colour, alpha=0.4)
    axes.scatter(scores.mean(axis=1), places, s=14, color=colour)


if __name__ == "__main__":
    draw(curves_in_table()).savefig(sys.argv[1], dpi=150)
