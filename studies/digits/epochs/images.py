"""Digits of scikit-learn in three parts: for training, for the fitness of searches, for tests."""

import numpy as np
from network import EVALUATED, TRAINED


def images_and_labels():
    """Return images from 0 to 1, (images, 64), and their digits: training, validation, test."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(2508).permutation(len(digits.target))
    assert len(order) == TRAINED + 2 * EVALUATED
    return digits.data[order] / 16, digits.target[order]
