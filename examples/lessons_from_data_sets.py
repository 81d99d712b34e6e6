"""Write lessons of clothes or of spoken digits: many samples that are taught, then some to name.

    python examples/lessons_from_data_sets.py clothes studies/images/clothes_lessons.npz
    python examples/lessons_from_data_sets.py words studies/images/words_lessons.npz

A lesson is one trial of one network. Lessons of searches ask for images, or recordings, that
nobody teaches. Those of tests ask for the data set's own tests, which no search sees. Of spoken
digits these are the first five recordings of each speaker and digit: all speakers are known, and
the recordings are not.
"""

import sys
from dataclasses import replace

import numpy as np

from neuromodels.tasks.arrays.data_sets import HIGHEST, fashion_mnist, spoken_digits
from neuromodels.tasks.arrays.encodings import as_regular_spikes, on_and_off
from neuromodels.tasks.arrays.lessons import lessons, mixed
from neuromodels.tasks.arrays.npz import write_trial_arrays

CLOTHES = {"asked": 200, "searched": 32, "tested": 12, "validation": 0.2, "seed": 19}
WORDS = {"asked": 200, "searched": 32, "tested": 12, "validation": 0.2, "seed": 19}
PER_CLASS, TAUGHT_CLOTHES, TAUGHT_WORDS = 1000, 1500, 1000
"""Images of each class that lessons draw from, and samples that one of them teaches."""


def clothes():
    """Return lessons of Fashion-MNIST at 14 x 14 pixels, from 0 to 1, less the mean image.

    An image lasts for two steps. In the first one nothing is told and nothing counts: what the
    image before has left fades.
    """
    images = fashion_mnist(PER_CLASS)
    values = images.inputs / HIGHEST
    centred = values - values[images.test == 0].mean(axis=0)
    counted = np.tile([False, True], (len(centred), 1))
    shown = replace(images, inputs=np.repeat(centred, 2, axis=1), mask=counted)
    return lessons(shown, mixed(TAUGHT_CLOTHES), **CLOTHES)


def words():
    """Return lessons of spoken digits as spikes; a step holds two frames, 40 ms of speech.

    Each band has an on channel and an off channel: how far it is above and below its mean over the
    recordings that are no tests, in standard deviations, each 25 Hz.
    """
    sounds = spoken_digits()
    count, frames, bands = sounds.inputs.shape
    pairs = sounds.inputs.reshape(count, frames // 2, 2, bands).mean(axis=2)
    counted = sounds.mask.reshape(count, frames // 2, 2).max(axis=2)
    heard = pairs[sounds.test == 0][counted[sounds.test == 0] == 1]
    levels = (pairs - heard.mean(axis=0)) / heard.std(axis=0) * counted[:, :, None]
    spikes = as_regular_spikes(25 * on_and_off(levels), step=40.0)
    halved = replace(sounds, inputs=spikes, mask=counted)
    return lessons(halved, mixed(TAUGHT_WORDS), **WORDS)


def main(name, path):
    """Write the file."""
    write_trial_arrays(path, {"clothes": clothes, "words": words}[name]())


if __name__ == "__main__":
    main(*sys.argv[1:])
