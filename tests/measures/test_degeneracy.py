"""Solutions that are one in other words, and landscapes whose basins are known."""

from types import SimpleNamespace

import numpy as np
import pytest

from neuromodels.cli import main
from neuromodels.errors import NeuromodelsError
from neuromodels.experiment.compiled import Experiment
from neuromodels.measures.degeneracy import run as compared
from neuromodels.measures.degeneracy.connections import POINTS, Paths
from neuromodels.report.battery.degeneracy import degeneracy_view
from neuromodels.report.terminal import Screen
from neuromodels.store.store import Store
from neuromodels.study.outcome import Outcome
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

# -- landscapes ---------------------------------------------------------------------------------


class Landscape:
    """Scores that places have, and a little noise of each trial."""

    def __init__(self, score):
        self.score, self.sigma = score, np.ones(2)

    def evaluate(self, xs, streams, inputs=None):
        noise = [0.01 * np.random.default_rng(s).normal() for s in streams]
        scores = np.clip(self.score(xs)[:, None] + np.array(noise), 0, 1)
        return Outcome(1 - scores, scores, np.zeros(scores.shape, dtype=np.uint8), {})


def ring(xs):
    """Return a score of .9 on a ring of radius 2, as wide as .5, and .5 elsewhere."""
    return np.where(np.abs(np.linalg.norm(xs, axis=1) - 2) < 0.5, 0.9, 0.5)


def two_hills(xs):
    """Return a score of .9 around two places that are far from each other."""
    near = [np.linalg.norm(xs - place, axis=1) < 1.5 for place in ([-4, 0], [4, 0])]
    return np.where(near[0] | near[1], 0.9, 0.5)


def connected(score, places, bends=3):
    paths = Paths(Landscape(score), np.array(places, dtype=float), 0.5, 1, 40)
    return paths.connections(bends)


def test_solutions_on_one_hill_are_one_basin():
    found = connected(two_hills, [[-4, 0], [-4.5, 0.5], [-3.5, -0.5]])
    assert found.basin.tolist() == [0, 0, 0]
    assert all(way.is_open for way in found.straight.values())
    assert not found.bent, "nothing is left to connect"


def test_two_hills_are_two_basins_and_no_bend_connects_them():
    found = connected(two_hills, [[-4, 0], [-4.5, 0.5], [4, 0], [4.5, 0.5]])
    assert found.basin.tolist() == [0, 0, 1, 1]
    assert found.straight[0, 2].kept == pytest.approx(0, abs=0.02)
    assert len(found.bent) == 3
    assert not any(way.is_open for way in found.bent.values())


def test_a_ring_is_one_basin_that_a_bend_finds():
    """The straight line between neighbours on a ring cuts its hole; over a corner it does not."""
    angles = np.deg2rad([0, 100])
    found = connected(ring, np.column_stack([2 * np.cos(angles), 2 * np.sin(angles)]))
    assert not found.straight[0, 1].is_open
    assert found.bent[0, 1].is_open
    assert found.basin.tolist() == [0, 0]


def test_random_lines_are_as_long_as_those_between_solutions():
    seen = []

    def score(xs):
        seen.append(xs)
        return np.full(len(xs), 0.9)

    connected(score, [[0, 0], [3, 4], [0, 5]], bends=0)
    random = np.concatenate(seen)[3 * POINTS :].reshape(-1, POINTS, 2)[:3]
    lengths = np.linalg.norm(random[:, -1] - random[:, 0], axis=1)
    np.testing.assert_allclose(lengths[0], 5.0)


# -- one rule in other words --------------------------------------------------------------------


def bandit():
    per = {"per": "projection"}
    return Study(
        name="bandit",
        task=TaskChoice("cue_bandit", {"trials": 16, "reversal": 8}),
        rule=RuleChoice("nm_pdlf", {"normalisation": "none"}, dict.fromkeys(("eta", *"ABCD"), per)),
        circuit=CircuitChoice(
            hidden=0, readout="leaky_readout", modulator="reward_modulator", modulated_by="all"
        ),
        seeds=(1, 2, 3, 4, 5),
        device=DeviceChoice(dtype="float64", threads=1),
    )


def vectors_of(experiment):
    """Return solutions: one, its twins with two signs turned and with eta times 2 and A over 2,
    one that learns the other way round, and one that learns nothing."""
    base = np.zeros(experiment.dimension)
    slices = experiment.slices
    eta, a, rest = (slices[f"input_output.{name}"] for name in ("eta", "A", "g_0"))
    third = slices["modulators_output.w"]
    base[eta], base[a], base[rest], base[third] = 0.02, 1.5, -0.13, 0.2
    turned, scaled, faster, idle = (base.copy() for _ in range(4))
    turned[a], turned[rest], turned[third] = -1.5, 0.13, -0.2
    scaled[eta], scaled[a] = 0.04, 0.75
    faster[eta] = 0.03
    idle[eta] = 0.0
    return np.array([base, turned, scaled, faster, idle])


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    study, patch = bandit(), pytest.MonkeyPatch()
    vectors = vectors_of(Experiment(study))
    stored = SimpleNamespace(
        table=study.to_table(),
        folder=tmp_path_factory.mktemp("run"),
        solution=lambda condition, seed: {"vector": vectors[seed - 1]},
    )
    seeds = [("plastic", seed) for seed in study.seeds]
    patch.setattr(compared, "finished_solutions", lambda run, conditions: seeds)
    row, outputs = compared.of_run(stored, 24, 0)
    patch.undo()
    return row, outputs


def test_a_search_that_found_nothing_is_no_solution(found):
    row, outputs = found
    assert (row["seeds"], row["left_out"]) == ([1, 2, 3, 4], [5])
    assert outputs.shape[:2] == (4, 24)
    assert min(row["scores"]) > 0.6


def test_one_rule_in_other_words_does_the_same(found):
    """A and the third factor with other signs; eta twice as large and A half as large."""
    distances = {name: np.array(each) for name, each in found[0]["distances"].items()}
    assert distances["outputs"][0, 1] == pytest.approx(0, abs=1e-9)
    assert distances["outputs"][0, 2] == pytest.approx(0, abs=1e-9)
    assert distances["outputs"][0, 3] > 0.001
    assert (distances["numbers"][0, 1:3] > 1).all()
    # at M = 1 a weight changes the other way, which the third factor makes good
    assert distances["windows"][0].tolist() == pytest.approx([0, 2, 0, 0], abs=1e-6)


def test_between_turned_signs_lies_a_rule_that_learns_nothing(found):
    ways = {tuple(way["pair"]): way for way in found[0]["paths"]["straight"]}
    assert ways[0, 1]["kept"] < 0.5
    assert ways[0, 2]["kept"] > 0.95
    assert found[0]["paths"]["of"] == 6


def test_the_control_agrees_and_the_view_tells_all(found):
    row, _ = found
    assert row["agreement"]["control"]["r"] > 0.5
    assert row["clusters"]["outputs"] is None, "of four solutions nothing is said"
    screen = Screen(width=200, record=True)
    screen.print(
        degeneracy_view({"trials": 24, "runs": [{"setting": "bandit", **row}], "forms": None})
    )
    text = screen.export_text()
    for told in ("nm_pdlf", "left out, near chance: seeds 5", "r = ", "random lines open"):
        assert told in text


def test_the_command_says_what_it_needs(tmp_path, capsys):
    study = bandit()
    with Store(tmp_path / "bandit", study.to_table(), study.digest):
        pass
    assert main(["degeneracy", str(tmp_path / "bandit")]) == 2
    told = capsys.readouterr().err
    assert "bandit is left out." in told
    assert "degeneracy: needs a run with 4 solutions" in told


def test_forms_of_other_shapes_are_not_compared():
    shapes = [np.zeros((2, 3, 4, 1)), np.zeros((2, 3, 4, 2))]
    assert compared._of_forms(["a", "b"], shapes) is None
    assert compared._of_forms(["a"], shapes[:1]) is None
    with pytest.raises(NeuromodelsError):
        compared.compare_solutions(None, trials=0)
