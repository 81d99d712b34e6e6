"""Write digits of scikit-learn as episodes: examples with their names, then one digit to name.

    python examples/digits_in_episodes.py digits_episodes.npz

An episode shows 60 examples, one per step, and tells each read-out whether it is the one. Then a
digit comes that is none of the examples, and nothing is told. Which read-out stands for which digit
is drawn anew in each episode. So no search can find weights that know digits: a rule has to learn
them from the examples.

Images are divided before episodes are made: those of test episodes occur in no other episode. They
lose the mean of the others, and have the length 1.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits

EXAMPLES, CLASSES, EPISODES, TESTED = 60, 10, 2400, 800


def episodes_of(rng, images, labels, count):
    """Return inputs, told answers and the class of the query of some episodes."""
    inputs = np.zeros((count, EXAMPLES + 1, images.shape[1]))
    told = np.zeros((count, EXAMPLES + 1, CLASSES))
    asked = np.zeros(count, dtype=int)
    for episode in range(count):
        chosen = rng.choice(len(images), EXAMPLES + 1, replace=False)
        names = rng.permutation(CLASSES)[labels[chosen]]
        inputs[episode] = images[chosen]
        told[episode, :EXAMPLES] = 2 * np.eye(CLASSES)[names[:EXAMPLES]] - 1
        asked[episode] = names[EXAMPLES]
    return inputs, told, asked


def divided(rng):
    """Return images and labels, and the places of those for searches and of those for tests."""
    digits = load_digits()
    order = rng.permutation(len(digits.data))
    parts = order[:1200], order[1200:]
    images = digits.data - digits.data[parts[0]].mean(axis=0)
    return images / np.linalg.norm(images, axis=1, keepdims=True), digits.target, parts


def main(path):
    """Write the file."""
    rng, sizes = np.random.default_rng(2508), (EPISODES - TESTED, TESTED)
    images, labels, parts = divided(rng)
    made = [
        episodes_of(rng, images[part], labels[part], size)
        for part, size in zip(parts, sizes, strict=True)
    ]
    inputs, told, asked = (np.concatenate(each) for each in zip(*made, strict=True))
    mask = np.arange(EXAMPLES + 1) == EXAMPLES
    np.savez_compressed(
        path,
        inputs=inputs.astype(np.float32),
        told=told.astype(np.int8),
        labels=asked,
        mask=np.tile(mask, (EPISODES, 1)),
        test=np.repeat([False, True], sizes),
        classes=CLASSES,
    )


if __name__ == "__main__":
    main(sys.argv[1])
