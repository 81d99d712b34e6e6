"""Which centres of a search are scored again when it ends."""

import numpy as np

from neuromodels.search.finalists import Finalists


def test_finalists_are_the_best_and_the_last():
    finalists = Finalists(2, 1)
    for generation, score in enumerate([0.5, 0.9, 0.7, 0.9]):
        finalists.add(np.array([float(generation)]), generation, score)
    assert finalists.generations.tolist() == [3, 1]
    centres, generations = finalists.with_last(np.array([5.0]), 5)
    assert generations.tolist() == [3, 1, 5]
    assert centres.ravel().tolist() == [3, 1, 5]
    assert finalists.with_last(np.array([3.0]), 3)[1].tolist() == [3, 1]
    again = Finalists(2, 1)
    again.load(finalists.dump())
    assert again.generations.tolist() == [3, 1]
