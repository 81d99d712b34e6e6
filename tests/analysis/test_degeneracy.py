"""Flat directions, distances, clusters and paths of solutions whose truth is known."""

import numpy as np
import pytest

from neuromodels.analysis.degeneracy.clusters import clusters_of, silhouette_of
from neuromodels.analysis.degeneracy.curvature import (
    bends,
    curvature_along,
    difference_points,
    directions_of,
    hessians,
    line_points,
    verdict_of,
)
from neuromodels.analysis.degeneracy.distances import (
    apart_by_group,
    classical_map,
    mantel,
    root_mean_square,
    unlike,
)
from neuromodels.analysis.degeneracy.paths import basins, way_of
from neuromodels.analysis.intervals import trials_interval
from neuromodels.seeding import generator

# -- curvature ----------------------------------------------------------------------------------


def losses_at(loss, dimension, trials=200, noise=0.1):
    """Return losses in the steps of the differences: noise of each trial is the same everywhere,
    but for a part that is not."""
    points, rng = difference_points(dimension), generator(3, "losses")
    common = rng.normal(size=trials)
    own = noise * rng.normal(size=(len(points), trials))
    return np.array([loss(point) for point in points])[:, None] + common + own


def test_of_a_parabola_differences_give_its_hessian():
    matrix = np.array([[2.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 0.4]])
    gradient = np.array([0.3, -0.1, 0.7])
    losses = losses_at(lambda x: gradient @ x + x @ matrix @ x / 2, 3, noise=0)
    np.testing.assert_allclose(hessians(losses, 3), np.broadcast_to(matrix, (200, 3, 3)))
    assert len(difference_points(3)) == 1 + 3 + 3**2


def examined(loss, dimension, trials=400, noise=0.1):
    """Return what one half of the trials proposes, how the loss bends in the other, and verdicts,
    the stiffest direction first."""
    half = trials // 2
    of_trials = hessians(losses_at(loss, dimension, trials, noise)[:, :half], dimension)
    found = directions_of(of_trials, generator(0, "rng"))
    own = noise * generator(4, "losses").normal(size=(1 + 2 * dimension, half))
    curvatures = bends(np.array([loss(p) for p in line_points(found.vectors)])[:, None] + own)
    largest = curvatures.mean(axis=1).max()
    ends = [trials_interval(each).ends for each in curvatures]
    return found, of_trials, [verdict_of(*each, largest) for each in ends]


def test_a_redundant_pair_is_a_sloppy_direction_and_nothing_else_is():
    """Planted: of ``a`` and ``b`` only the sum counts."""
    found, of_trials, verdicts = examined(lambda x: (x[0] + x[1]) ** 2 + 2 * x[2] ** 2, 3)
    assert verdicts == ["stiff", "stiff", "sloppy"]
    assert abs(found.vectors[2] @ [1, -1, 0]) / np.sqrt(2) > 0.99
    np.testing.assert_allclose(found.participation[2], [0.5, 0.5, 0], atol=0.05)
    assert curvature_along(of_trials, np.array([5.0, -5.0, 0])).mean() == pytest.approx(0, abs=0.05)
    assert (found.low <= found.eigenvalues + 0.05).all()


def test_a_rule_without_redundancy_has_no_sloppy_direction():
    verdicts = examined(lambda x: x[0] ** 2 + 0.5 * x[1] ** 2 + 2 * x[2] ** 2, 3)[2]
    assert verdicts.count("sloppy") == 0


def test_noise_alone_has_neither_stiff_nor_sloppy_directions():
    """The largest eigenvalue of noise is large; in trials that did not choose it, it is not."""
    found, _, verdicts = examined(lambda x: 0.0, 4, trials=100, noise=1.0)
    assert found.eigenvalues[0] > 0.1
    assert set(verdicts) == {"undecided"}


def test_a_saddle_is_not_called_sloppy():
    assert examined(lambda x: x[0] ** 2 - x[1] ** 2, 2)[2] == ["stiff", "falling"]


def test_a_loss_of_steps_is_measured_where_its_hessian_is_wrong():
    """Only ``a + b`` counts, but by all or none: differences then do not add up to 0 along the
    redundant direction. Along it the loss itself is flat."""

    def stairs(x):
        return float(abs(x[0] + x[1]) > 0.9)

    of_trials = hessians(losses_at(stairs, 2, noise=0), 2)
    redundant = np.array([1.0, -1.0]) / np.sqrt(2)
    assert curvature_along(of_trials, redundant).mean() > 1
    losses = np.array([[stairs(point)] for point in line_points(redundant[None])])
    assert bends(losses).item() == 0


def test_losses_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="needs four finite Hessians"):
        directions_of(np.full((8, 2, 2), np.nan), generator(0, "rng"))


# -- distances ----------------------------------------------------------------------------------

PLANE = generator(4, "plane").normal(size=(9, 2))


def test_distances_that_agree_are_found_and_others_not():
    rng = generator(0, "mantel")
    near = root_mean_square(PLANE)
    same = mantel(near, near**2, rng, 999)
    assert (same.r, same.p) == (pytest.approx(1.0), 1 / 1000)
    others = [root_mean_square(generator(k, "other").normal(size=(9, 2))) for k in range(40)]
    ps = np.array([mantel(near, each, rng, 199).p for each in others])
    assert (ps < 0.05).sum() <= 6, "5 % of 40, and chance"
    assert ps.mean() == pytest.approx(0.5, abs=0.15)


def test_mantel_is_the_rank_correlation_of_scipy():
    from scipy.stats import spearmanr

    rows = np.triu_indices(9, 1)
    other = root_mean_square(generator(5, "other").normal(size=(9, 3)))
    expected = spearmanr(root_mean_square(PLANE)[rows], other[rows]).statistic
    assert mantel(root_mean_square(PLANE), other, generator(0, "m"), 9).r == pytest.approx(expected)


def test_unlike_is_one_minus_the_correlation():
    points = generator(6, "points").normal(size=(4, 30))
    np.testing.assert_allclose(unlike(points), 1 - np.corrcoef(points), atol=1e-12)
    scaled = unlike(np.array([points[0], 3 * points[0] + 1, -points[0], np.ones(30)]))
    np.testing.assert_allclose(scaled[0], [0, 0, 2, 1], atol=1e-12)


def test_a_map_of_a_plane_is_that_plane():
    places, shown = classical_map(root_mean_square(PLANE))
    apart = np.linalg.norm(places[:, None] - places, axis=-1)
    np.testing.assert_allclose(apart, root_mean_square(PLANE), atol=1e-9)
    assert shown == pytest.approx(1.0)


def test_groups_that_lie_apart_are_told_from_groups_that_do_not():
    rng, groups = generator(0, "groups"), ["a"] * 5 + ["b"] * 4
    shifted = PLANE + np.array([[6, 0]] * 5 + [[0, 0]] * 4)
    within, between, p = apart_by_group(root_mean_square(shifted), groups, rng, 999)
    assert between > 2 * within
    assert p < 0.02
    assert apart_by_group(root_mean_square(PLANE), groups, rng, 999)[2] > 0.05


# -- clusters -----------------------------------------------------------------------------------


def test_two_clouds_are_two_clusters_and_one_is_none():
    rng = generator(0, "clusters")
    cloud = generator(7, "cloud").normal(size=(12, 3))
    apart = cloud + np.array([[8, 0, 0]] * 5 + [[0, 0, 0]] * 7)
    found = clusters_of(root_mean_square(apart), rng, 99)
    assert found.count == 2
    assert len(set(found.labels[:5])) == len(set(found.labels[5:])) == 1
    single = clusters_of(root_mean_square(cloud), rng, 99)
    assert (single.count, single.p > 0.05) == (1, True)


@pytest.mark.strain
def test_clusters_are_seen_in_one_cloud_as_often_as_the_level_says():
    rng = generator(1, "clusters")
    clouds = [generator(k, "cloud").normal(size=(12, 4)) for k in range(200)]
    seen = sum(clusters_of(root_mean_square(cloud), rng, 99).count > 1 for cloud in clouds)
    assert seen <= 20, "5 % of 200 is 10; 20 would be three standard deviations more"


def test_the_silhouette_is_that_of_scikit_learn():
    from sklearn.metrics import silhouette_score

    distances, labels = root_mean_square(PLANE), np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    expected = silhouette_score(distances, labels, metric="precomputed")
    assert silhouette_of(distances, labels) == pytest.approx(expected)


# -- paths --------------------------------------------------------------------------------------


def test_a_path_keeps_what_its_lowest_point_has_above_chance():
    noise = 0.02 * generator(8, "noise").normal(size=400)
    means = np.array([0.9, 0.85, 0.6, 0.8, 1.0])
    way = way_of(means[:, None] + noise, 0.5, generator(0, "way"))
    assert way.kept == pytest.approx(0.1 / 0.4, abs=0.02)
    assert way.low < way.kept < way.high
    assert (way.place, way.is_open) == (0.5, False)
    level = way_of(np.full((5, 400), 0.9) + noise, 0.5, generator(0, "way"))
    assert level.is_open


def test_the_lowest_of_many_equal_points_is_not_taken_for_a_barrier():
    """Chosen on the trials that judge it, the lowest of 30 would lie well below."""
    scores = 0.8 + 0.3 * generator(9, "noise").normal(size=(30, 2000))
    way = way_of(scores, 0.5, generator(0, "way"))
    assert way.kept == pytest.approx(1.0, abs=0.08)


def test_a_way_astray_is_judged_by_its_first_end():
    noise = 0.02 * generator(8, "noise").normal(size=400)
    scores = np.array([0.9, 0.8, 0.5])[:, None] + noise
    assert way_of(scores, 0.5, generator(0, "way"), astray=True).kept == pytest.approx(0, abs=0.02)


def test_basins_are_what_links_join():
    assert basins(5, [(0, 1), (1, 4)]).tolist() == [0, 0, 1, 2, 0]
    assert basins(3, []).tolist() == [0, 1, 2]
