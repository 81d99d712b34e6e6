"""Draw what two mechanisms do in one stream of digits each: goodness, and thresholds.

    python examples/draw_mechanisms.py docs/images/mechanisms.png

Left: the goodness of the hidden layer at the end of real and of false rows, means over 20 examples,
by csdp. Right: thresholds of hidden neurons that learn them from their errors. Coefficients are
those with which the searches of studies/mechanisms begin; no search is shown.
"""

import sys
from pathlib import Path

import numpy as np
from digits_in_streams import streams

from neuromodels.experiment.batches import batch_of
from neuromodels.report.plotting.draw import new_figure, save
from neuromodels.report.plotting.style import GREY, NEGATIVE, PAGE, POSITIVE, styled
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.study.sweep import read_declared
from neuromodels.tasks.arrays import TrialArrays

STUDIES = Path(__file__).parent.parent / "studies" / "mechanisms"
SUBSTEPS, BLOCK = 5, 20


def watched(name, arm):
    """Return the number of the trial that one network was shown, and what its neurons did."""
    study = read_declared(STUDIES / f"{name}_digits.toml").setting(arm).study
    made = network_of(study, "plastic", circuit_of(study, "plastic"), with_monitors=True)
    batch = batch_of(made, study)
    batch.record([0])
    batch.run(made.duration)
    return int(np.asarray(batch["items.number"]).ravel()[0]), batch.samples("watch_hidden")


def goodness(examples):
    """Return the goodness of the layer after real and after false rows, (2, blocks)."""
    trial, seen = watched("csdp", "contrastive")
    at_end = (np.asarray(seen["tr"]).T ** 2).sum(axis=1)[SUBSTEPS - 1 :: SUBSTEPS]
    types = TrialArrays(**streams(examples, with_false=True)).types[trial]
    return [at_end[types == kind].reshape(-1, BLOCK).mean(axis=1) for kind in (1, -1)]


def draw(real, false, thresholds):
    """Return the figure."""
    with styled():
        figure = new_figure(PAGE, 60)
        left, right = figure.subplots(1, 2)
        places = BLOCK * (np.arange(len(real)) + 0.5)
        left.plot(places, real, color=POSITIVE, label="real")
        left.plot(places, false, color=NEGATIVE, label="false")
        left.set(xlabel="examples", ylabel="sum of squared traces", title="csdp", ylim=(0, None))
        left.legend()
        right.plot(np.arange(len(thresholds)) / SUBSTEPS, thresholds, color=GREY, lw=0.6)
        right.set(xlabel="rows", ylabel="threshold", title="stl_lif")
    return figure


def main(path):
    """Draw both panels."""
    real, false = goodness(200)
    _, seen = watched("stl", "both")
    save(draw(real, false, 1 + np.asarray(seen["theta"]).T), Path(path))


if __name__ == "__main__":
    main(sys.argv[1])
