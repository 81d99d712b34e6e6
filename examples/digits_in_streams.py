"""Write digits of scikit-learn as streams: many examples to learn from, then digits to name.

    python examples/digits_in_streams.py digits_streams.npz
    python examples/digits_in_streams.py --false digits_contrastive.npz
    python examples/digits_in_streams.py --false --exchanged digits_exchanged.npz

A stream shows images in rows of 50 ms. Each of 64 pixels is a channel, at up to 100 Hz. Ten more
channels say the name of an image. First come examples, then QUESTIONS, of which nobody tells
anything. Names are silent in questions.

Without ``--false`` each example is one row, and the read-out is told its name. With it two rows
come before this one: the image with its own name on the channels of names, which is real (type 1),
and with a wrong one, which is false (type -1). The read-out is told nothing then.
With ``--exchanged`` types go to these rows at random: as many are real, but real says nothing.

Images are divided before streams are made: for training, for questions of searches and for
questions of tests. Streams for tests are marked, and no search sees them.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits

CLASSES, PIXELS, HIGHEST = 10, 64, 100.0
TRAINING, VALIDATION = 1000, 300
"""Images; the 497 others are for tests."""
SEARCHED, TESTED = 64, 64
"""Streams."""
QUESTIONS = 60


def shown(images, names):
    """Return rates of rows, (rows, channels): pixels, and one channel of ten for each name."""
    return HIGHEST * np.hstack([images, names])


def examples_of(rng, images, labels, count, with_false):
    """Return rates, told answers and types of the examples of a stream."""
    chosen = rng.integers(len(images), size=count)
    real = np.eye(CLASSES)[labels[chosen]]
    told, silent = 2 * real - 1, 0 * real
    if not with_false:
        return shown(images[chosen], silent), told, np.zeros(count)
    wrong = np.eye(CLASSES)[(labels[chosen] + rng.integers(1, CLASSES, size=count)) % CLASSES]
    named = [shown(images[chosen], names) for names in (real, wrong, silent)]
    rows = np.stack(named, axis=1).reshape(3 * count, -1)
    answers = np.stack([silent, silent, told], axis=1).reshape(3 * count, -1)
    return rows, answers, np.tile([1, -1, 0], count)


def stream(rng, training, asked, count, with_false, exchanged):
    """Return inputs, targets, told answers, mask and types of a stream."""
    rows, told, types = examples_of(rng, *training, count, with_false)
    if exchanged:
        types[types != 0] = rng.permutation(types[types != 0])
    places = rng.choice(len(asked[0]), QUESTIONS, replace=False)
    names = np.eye(CLASSES)[asked[1][places]]
    inputs = np.vstack([rows, shown(asked[0][places], 0 * names)])
    silent = np.zeros_like(names)
    targets = np.vstack([0 * told, names])
    mask = np.arange(len(inputs)) >= len(rows)
    return inputs, targets, np.vstack([told, silent]), mask, np.append(types, 0 * places)


def divided(rng):
    """Return images from 0 to 1 and labels of the three parts."""
    digits = load_digits()
    order = rng.permutation(len(digits.data))
    parts = np.split(order, [TRAINING, TRAINING + VALIDATION])
    return [(digits.data[part] / 16, digits.target[part]) for part in parts]


def streams(count, with_false=False, exchanged=False, seed=2303):
    """Return the arrays of a file, by name; `count` examples in each stream."""
    rng = np.random.default_rng(seed)
    training, validation, test = divided(rng)
    asked = [validation] * SEARCHED + [test] * TESTED
    made = [stream(rng, training, part, count, with_false, exchanged) for part in asked]
    names = ("inputs", "targets", "told", "mask", "types")
    arrays = dict(zip(names, map(np.stack, zip(*made, strict=True)), strict=True))
    if not with_false:
        del arrays["types"]
    kinds = {"told": np.int8, "types": np.int8, "inputs": np.float32}
    arrays = {name: each.astype(kinds.get(name, each.dtype)) for name, each in arrays.items()}
    return {**arrays, "test": np.repeat([False, True], [SEARCHED, TESTED])}


def main():
    """Write the file."""
    parser = argparse.ArgumentParser(description="Write digits as streams.")
    parser.add_argument("file")
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--false", action="store_true")
    parser.add_argument("--exchanged", action="store_true")
    given = parser.parse_args()
    arrays = streams(given.examples, given.false, given.exchanged)
    np.savez_compressed(given.file, **arrays)


if __name__ == "__main__":
    main()
