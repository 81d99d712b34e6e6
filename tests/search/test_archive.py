"""What is kept beside the best: good vectors that differ."""

import numpy as np

from neuromodels.search.archive import Archive, Patience


def archive_of(points, count=3, margin=0.2, sigma=(1.0, 1.0)):
    """Return the archive after points ``(x, y, score)``."""
    archive = Archive(count, np.array(sigma), margin)
    for generation, (x, y, score) in enumerate(points):
        archive.add(np.array([x, y]), generation, score)
    return archive


def test_of_the_closest_pair_the_worse_goes():
    archive = archive_of([(0, 0, 0.9), (5, 5, 0.8), (9, 0, 0.85), (5.1, 5, 0.82)])
    np.testing.assert_array_equal(archive.generations, [0, 2, 3])


def test_a_vector_far_below_the_best_is_dropped_however_far_away():
    archive = archive_of([(100, 100, 0.5), (0, 0, 0.6), (1, 1, 0.95), (9, 9, 0.7)])
    np.testing.assert_array_equal(archive.scores, [0.95])


def test_distance_is_measured_in_sigmas():
    points = [(0, 0, 0.9), (1, 0, 0.9), (0, 50, 0.9)]
    np.testing.assert_allclose(
        archive_of(points, sigma=(1.0, 100.0)).distances()[0], np.array([0, 1, 0.5]) / np.sqrt(2)
    )
    assert list(archive_of([*points, (9, 0, 0.9)], sigma=(1.0, 100.0)).generations) == [1, 2, 3]


def test_nothing_is_kept_when_nothing_is_asked_for():
    assert archive_of([(0, 0, 1.0)], count=0).scores.size == 0


def test_the_archive_spreads_over_two_solutions():
    """A plain list of the best would hold neighbours of one of them only."""
    rng = np.random.default_rng(1)
    points = [(*rng.normal(0, 0.1, 2), 0.95) for _ in range(50)]
    points += [(*(10 + rng.normal(0, 0.1, 2)), 0.9) for _ in range(50)]
    rng.shuffle(points)
    far = archive_of(points, count=4).centres[:, 0] > 5
    assert far.any()
    assert not far.all()


def test_the_state_comes_back():
    archive = archive_of([(0, 0, 0.9), (5, 5, 0.8)])
    again = Archive(3, np.ones(2), 0.2)
    again.load(archive.dump())
    for each in (archive, again):
        each.add(np.array([1.0, 2.0]), 7, 0.85)
    np.testing.assert_array_equal(again.centres, archive.centres)


def test_patience_counts_points_without_a_better_score():
    patience = Patience(2)
    seen = []
    for score in (0.5, 0.6, 0.6, 0.7, 0.65, 0.7):
        patience.see(score)
        seen.append(patience.is_over)
    assert seen == [False, False, False, False, False, True]
    again = Patience(2)
    again.load(patience.dump())
    assert again.is_over
    again.begin_anew()
    again.see(0.1)
    assert not again.is_over


def test_without_a_limit_patience_never_ends():
    patience = Patience(0)
    for _ in range(100):
        patience.see(0.5)
    assert not patience.is_over
