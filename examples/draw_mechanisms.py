"""Draw what two mechanisms do in one stream of digits each: goodness, and thresholds.

    python examples/draw_mechanisms.py docs/images/mechanisms.png

Left: the goodness of the hidden layer at the end of real and of false rows, means over 40 examples,
by csdp. The stream shows four images again and again, each with its own and with wrong names.
Right: thresholds of hidden neurons that learn them from their errors. No search is shown.
"""

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from digits_in_streams import divided, examples_of

from neuromodels.experiment.batches import batch_of
from neuromodels.report.plotting.draw import new_figure, save
from neuromodels.report.plotting.style import GREY, NEGATIVE, PAGE, POSITIVE, styled
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.study.sweep import read_declared
from neuromodels.tasks.arrays import TrialArrays

STUDIES = Path(__file__).parent.parent / "studies" / "mechanisms"
SUBSTEPS, BLOCK, EXAMPLES, IMAGES = 5, 40, 600, 4


def watched(study):
    """Return what the hidden neurons of one network did."""
    made = network_of(study, "plastic", circuit_of(study, "plastic"), with_monitors=True)
    batch = batch_of(made, study)
    batch.record([0])
    batch.run(made.duration)
    return batch.samples("watch_hidden")


def study_of(name, arm, *changes):
    """Return one arm of a study of this folder."""
    return read_declared(STUDIES / f"{name}_digits.toml", changes).setting(arm).study


def few_images():
    """Return the arrays of a stream in which few images come again and again."""
    rng = np.random.default_rng(0)
    images, labels = (each[:IMAGES] for each in divided(rng)[0])
    rows, told, types = examples_of(rng, images, labels, EXAMPLES, with_false=True)
    arrays = {"inputs": rows, "targets": np.clip(told, 0, 1), "told": told, "types": types}
    return {name: each[None] for name, each in arrays.items()}


def goodness():
    """Return the goodness of the layer after real and after false rows, (2, blocks)."""
    study, arrays = (
        study_of("csdp", "contrastive", "rule.coefficients.eta.default=0.001"),
        few_images(),
    )
    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "few.npz")
        np.savez(file, **arrays)
        task = replace(study.task, options={**study.task.options, "file": file})
        contents = {"task.file": TrialArrays(**arrays).content}
        test = replace(study.test, inputs="searched")
        seen = watched(replace(study, task=task, contents=contents, test=test))
    at_end = (np.asarray(seen["tr"]).T ** 2).sum(axis=1)[SUBSTEPS - 1 :: SUBSTEPS]
    types = arrays["types"][0]
    return [at_end[types == kind].reshape(-1, BLOCK).mean(axis=1) for kind in (1, -1)]


def draw(real, false, thresholds):
    """Return the figure."""
    with styled():
        figure = new_figure(PAGE, 60)
        left, right = figure.subplots(1, 2)
        places = BLOCK * (np.arange(len(real)) + 0.5)
        left.plot(places, real, color=POSITIVE, label="real")
        left.plot(places, false, color=NEGATIVE, label="false")
        left.set(
            xlabel="examples",
            ylabel="sum of squared traces",
            title="csdp",
        )
        left.legend()
        right.plot(np.arange(len(thresholds)) / SUBSTEPS, thresholds, color=GREY, lw=0.6)
        right.set(xlabel="rows", ylabel="threshold", title="stl_lif")
    return figure


def main(path):
    """Draw both panels."""
    real, false = goodness()
    seen = watched(study_of("stl", "both"))
    save(draw(real, false, 1 + np.asarray(seen["theta"]).T), Path(path))


if __name__ == "__main__":
    main(sys.argv[1])
