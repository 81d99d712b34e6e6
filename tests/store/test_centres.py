"""Centres of a search: which are kept, however long it goes on and wherever it was stopped."""

import numpy as np
import pytest

from neuromodels.store.centres import MOST, with_centre


def kept(last, every=5, stored=None, first=0):
    for generation in range(first, last + 1, every):
        stored = with_centre(stored, generation, np.array([generation, 1.0]), every)
    return stored


def test_every_test_point_is_kept_while_they_are_few():
    found = kept(5 * MOST)
    assert found["generations"].tolist() == list(range(0, 5 * MOST + 1, 5))
    np.testing.assert_array_equal(found["centres"][:, 0], found["generations"])
    assert found["centres"].dtype == np.float32


@pytest.mark.parametrize("points", [MOST + 1, 3 * MOST, 9 * MOST + 7])
def test_many_are_thinned_evenly_and_the_newest_stays(points):
    found = kept(5 * points)["generations"]
    assert MOST / 2 < found.size <= MOST + 2
    assert len(set(np.diff(found[:-1]))) == 1
    assert (found[0], found[-1]) == (0, 5 * points)


@pytest.mark.parametrize("stopped", [60, 100, 640, 1000])
def test_a_search_that_goes_on_from_a_checkpoint_keeps_the_same(stopped):
    whole, early = kept(1500), kept(1000)
    again = kept(1500, stored=early, first=stopped)
    for name, array in whole.items():
        np.testing.assert_array_equal(again[name], array)
