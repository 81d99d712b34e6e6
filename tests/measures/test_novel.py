"""Novel conditions: what each changes in MuJoCo's model and in the nerves, and nothing else."""

import json

import numpy as np
import pytest

from neuromodels.errors import DeclarationError
from neuromodels.experiment.embodied import EmbodiedExperiment
from neuromodels.experiment.episodes import Episodes, steps_of
from neuromodels.experiment.recording import embodied_recording
from neuromodels.measures import Solution
from neuromodels.measures.examine import examine_solutions
from neuromodels.measures.frayed_nerves import FrayedNerves
from neuromodels.measures.novel import (
    DEAD,
    LEVELS,
    NOMINAL,
    Trials,
    conditions_of,
    trials_of,
)
from neuromodels.report.measures import measure_table
from neuromodels.seeding import generator, trial_streams
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks.bodies import CATALOG, USUAL, Novelty, open_world

for package in ("mujoco", "gymnasium"):
    pytest.importorskip(package, reason="Gymnasium and MuJoCo are not installed")

BODY = CATALOG["halfcheetah_runner"]
STREAMS = trial_streams(3, 4)
DERIVED = {
    "actuator_acc0",
    "body_invweight0",
    "body_subtreemass",
    "cam_poscom0",
    "dof_M0",
    "dof_invweight0",
    "light_poscom0",
}
"""What MuJoCo computes from masses when it compiles a model."""
CHANGED = {
    "friction": (Novelty(friction=0.5), {"geom_friction"}),
    "mass": (Novelty(mass=1.5), {"body_mass", "body_inertia", *DERIVED}),
    "slope": (Novelty(slope=10.0), {"opt.gravity"}),
    "gain": (Novelty(gain=0.75), {"actuator_gainprm"}),
    "nerves": (Novelty(dead=2, seen=0.4, done=0.4), set()),
}


def study(rule="nm_oja", task="halfcheetah_run", **parameters):
    options = {"form": "dense"} if rule != "fixed" else {"normalisation": "none"}
    return Study(
        name="small",
        task=TaskChoice(task, {"steps": 12, **parameters}),
        rule=RuleChoice(rule, options, {"w": {"sigma": 0.3}}),
        circuit=CircuitChoice(hidden=6, neuron="lif", readout="leaky_readout"),
        device=DeviceChoice(dtype="float64", threads=1),
    )


def vector_of(made):
    return made.centre + 2 * made.sigma * generator(1, "novel").standard_normal(made.dimension)


@pytest.fixture(scope="module")
def runner():
    return EmbodiedExperiment(study())


def fields(model):
    """Return every array of a MuJoCo model, and its options."""
    options = {f"opt.{name}": getattr(model.opt, name) for name in dir(model.opt)}
    arrays = {name: getattr(model, name) for name in dir(model) if name[0] != "_"} | options
    kinds = (np.ndarray, int, float)
    return {name: np.array(each) for name, each in arrays.items() if isinstance(each, kinds)}


# -- the world ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANGED)
def test_a_novelty_changes_what_it_says_and_nothing_else(name):
    novelty, expected = CHANGED[name]
    usual, novel = (fields(open_world(BODY, 1, each)._model) for each in (USUAL, novelty))
    assert len(usual) > 400
    assert {key for key in usual if not np.array_equal(usual[key], novel[key])} == expected


def test_numbers_read_back_from_the_model():
    usual = open_world(BODY)._model
    model = open_world(BODY, 1, Novelty(friction=0.5, mass=1.5, slope=10.0, gain=0.75))._model
    np.testing.assert_allclose(model.geom_friction, 0.5 * usual.geom_friction)
    np.testing.assert_allclose(model.actuator_gainprm[:, 0], 0.75)
    torso = usual.body("torso").id
    masses = usual.body_mass.copy()
    masses[torso] *= 1.5
    np.testing.assert_allclose(model.body_mass, masses)
    np.testing.assert_allclose(model.body_subtreemass[0], masses.sum())
    # uphill forward: gravity pulls back, and is as strong as ever
    np.testing.assert_allclose(model.opt.gravity, [-9.81 * 0.17364818, 0, -9.81 * 0.98480775])


def test_contacts_have_the_friction_that_was_asked_for():
    """MuJoCo takes the larger friction of the two sides: both must change."""
    import mujoco

    found = []
    for factor in (0.5, 1.0, 2.0):
        model = open_world(BODY, 1, Novelty(friction=factor))._model
        data = mujoco.MjData(model)
        for _ in range(200):
            mujoco.mj_step(model, data)
        assert data.ncon > 0
        found.append(data.contact[0].friction[0])
    np.testing.assert_allclose(found, [0.2, 0.4, 0.8])


def test_half_the_gain_is_half_the_action():
    usual, weak = open_world(BODY), open_world(BODY, 1, Novelty(gain=0.5))
    states = usual.begin(STREAMS)
    actions = generator(1, "actions").uniform(-1, 1, (4, BODY.actions))
    np.testing.assert_allclose(weak.step(states, actions), usual.step(states, actions / 2))
    assert np.abs(weak.step(states, actions) - usual.step(states, actions)).max() > 0.1


def test_a_runner_rolls_back_where_forward_is_uphill():
    drift = {}
    for slope in (-10.0, 0.0, 10.0):
        world = open_world(BODY, 1, Novelty(slope=slope, friction=0.01))
        states = world.begin(STREAMS)
        first = states[:, 0]
        for _ in range(30):
            states = world.step(states, np.zeros((4, BODY.actions)))
        drift[slope] = (states[:, 0] - first).mean()
    assert drift[10.0] < -0.5 < drift[0.0] < 0.5 < drift[-10.0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seen": -0.1}, "seen: must be >= 0; got -0.1"),
        ({"mass": 0.0}, "mass: must be positive"),
        ({"slope": 90.0}, "slope: must lie between -90 and 90"),
    ],
)
def test_novelties_without_sense_are_refused(wrong, message):
    with pytest.raises(DeclarationError, match=message):
        Novelty(**wrong)


# -- the nerves ---------------------------------------------------------------------------------


def test_a_dead_motor_gets_no_action_and_the_others_theirs():
    actions = generator(1, "actions").uniform(-1, 1, (4, 6))
    for motor in range(6):
        done = FrayedNerves(BODY, 1, Novelty(dead=motor), STREAMS).act(actions)
        assert not done[:, motor].any()
        others = np.arange(6) != motor
        np.testing.assert_array_equal(done[:, others], actions[:, others])
    assert actions.all()


def test_noise_has_the_declared_deviation_and_is_fresh_in_every_step():
    streams = trial_streams(1, 40)
    nerves = FrayedNerves(BODY, 1, Novelty(seen=0.2, done=0.1), streams)
    shown, wanted = np.full((40, 17), 3.0), np.zeros((40, 6))
    seen = np.array([nerves.sense(shown) for _ in range(150)]) - 3
    done = np.array([nerves.act(wanted) for _ in range(150)])
    for noise, deviation in ((seen, 0.2), (done, 0.1)):
        count = noise.size
        assert noise.std() == pytest.approx(deviation, abs=4 * deviation / np.sqrt(2 * count))
        assert abs(noise.mean()) < 4 * deviation / np.sqrt(count)
        steps, trials = noise.reshape(150, -1), noise.transpose(1, 0, 2).reshape(40, -1)
        for rows in (steps, trials):  # no two steps and no two trials have anything in common
            between = np.corrcoef(rows)[np.triu_indices(len(rows), 1)]
            assert np.abs(between).max() < 6 / np.sqrt(rows.shape[1])
    np.testing.assert_array_equal(shown, 3)


def test_noisy_actions_stay_in_their_range():
    done = FrayedNerves(BODY, 1, Novelty(done=0.4), STREAMS).act(np.ones((4, 6)))
    assert done.max() == 1
    assert 0 < (done < 1).mean() < 1


def test_a_trials_noise_is_its_own_and_that_of_the_seed():
    shown, novelty = np.zeros((4, 17)), Novelty(seen=0.1)
    alone = FrayedNerves(BODY, 1, novelty, STREAMS).sense(shown)
    np.testing.assert_array_equal(
        FrayedNerves(BODY, 1, novelty, STREAMS[2:]).sense(shown[2:]), alone[2:]
    )
    assert (FrayedNerves(BODY, 2, novelty, STREAMS).sense(shown) != alone).all()
    doubled = FrayedNerves(BODY, 1, Novelty(seen=0.2), STREAMS).sense(shown)
    np.testing.assert_allclose(doubled, 2 * alone)


def test_a_told_goal_has_no_noise():
    body = CATALOG["halfcheetah"]
    seen = FrayedNerves(body, 1, Novelty(seen=0.4), STREAMS).sense(np.zeros((4, body.channels)))
    assert seen[:, :17].all()
    assert not seen[:, 17:].any()


# -- solutions under them -----------------------------------------------------------------------


def strongest():
    """Return the last level of each novelty."""
    return {name: (called, levels[-1:]) for name, (called, levels) in LEVELS.items()}


def test_the_set_of_conditions():
    conditions = conditions_of(study())
    assert conditions[NOMINAL] == (USUAL,)
    assert [each.dead for each in conditions[DEAD]] == [0, 1, 2, 3, 4, 5]
    others = [each for several in list(conditions.values())[2:] for each in several]
    assert len(others) == len(set(others)) == 20
    assert USUAL not in others


def test_a_solution_is_run_under_each_and_twice_alike(runner, monkeypatch):
    monkeypatch.setattr("neuromodels.measures.novel.FULL", 20)
    monkeypatch.setattr("neuromodels.measures.novel.LEVELS", strongest())
    x = vector_of(runner)
    found, again = (trials_of(Solution(study(), "plastic", x, STREAMS, 5)) for _ in range(2))
    np.testing.assert_array_equal(found.scores, again.scores)
    assert found.scores.shape == (8, 4)
    assert found.full.shape == (4,)
    assert found.steps == 12
    nominal = runner.evaluate(x[None], STREAMS).scores[0]
    np.testing.assert_array_equal(found.scores[0], nominal)
    assert (found.scores[1:] != nominal).any(axis=1).all()


def test_a_dead_motor_costs_no_effort(runner):
    """All motors dead, one after the other in each step: only the fall of the body is left."""
    x = vector_of(runner)
    made = EmbodiedExperiment(study())
    made.wired_by = lambda streams: _Numb()
    still = EmbodiedExperiment(study()).evaluate(0 * x[None], STREAMS).scores[0]
    np.testing.assert_allclose(made.evaluate(x[None], STREAMS).scores[0], still, atol=1e-12)


class _Numb(FrayedNerves):
    def __init__(self):
        pass

    def sense(self, shown):
        return shown

    def act(self, actions):
        return 0 * actions


def test_a_task_without_a_body_is_refused_in_one_sentence():
    with pytest.raises(DeclarationError, match=r"Task\.point_direction: must have a body that Mu"):
        conditions_of(study("pdlf", "point_direction"))


# -- the network in the body's step -------------------------------------------------------------


def test_a_step_of_the_body_is_several_of_the_network():
    """Fixed weights in numpy: five steps of 10 ms with the observations held, then one action."""
    chosen = study("fixed", steps=6)
    made = EmbodiedExperiment(chosen)
    x = vector_of(made)
    value = {name: x[part] for name, part in made.slices.items()}
    inward = np.clip(value["input_hidden.w"], -3, 3).reshape(17, 6)
    outward = np.clip(value["hidden_output.w"], -3, 3).reshape(6, 6)
    bias, offset = np.clip(value["hidden.bias"], -1, 1), value["output.bias"]
    world, body, leak = open_world(BODY), BODY, np.exp(-0.5)
    state, gained = world.begin(STREAMS[:1]), 0.0
    v, r, spikes = np.zeros(6), np.zeros(6), 0
    for _ in range(6):
        shown = body.inputs(state, np.zeros(1))[0]
        for _ in range(5):
            v = v * leak + shown @ inward + bias
            s = v > 1
            v, r = v - s, r * leak + s @ outward
            spikes += s.sum()
        actions = np.clip(r + offset, -1, 1)[None]
        after = world.step(state, actions)
        gained += (after[0, 0] - state[0, 0]) / 0.05 - 0.1 * (actions**2).sum()
        state = after
    assert spikes > 10
    score = made.evaluate(x[None], STREAMS[:1]).scores[0, 0]
    assert score == pytest.approx(gained / 6, abs=1e-9)


def test_episodes_are_counted_in_steps_of_the_body(runner):
    chosen, x = study(), vector_of(runner)
    assert steps_of(chosen) == 12
    trials = Episodes(chosen, "plastic", x, STREAMS)
    trials.run(trials.steps)
    np.testing.assert_array_equal(trials.score(), runner.evaluate(x[None], STREAMS).scores[0])


def test_a_recording_has_the_steps_of_both(runner):
    x, chosen = vector_of(runner), study()
    found = embodied_recording(chosen, "plastic", x, int(STREAMS[0]))
    assert found["hidden.s"].shape == (6, 5 * 12)
    assert found["items.state"].shape == (18, 12)
    score = runner.evaluate(x[None], STREAMS[:1]).scores[0, 0]
    assert found["items.reward"].mean() == pytest.approx(score, abs=1e-12)


# -- the measure --------------------------------------------------------------------------------


class Stored:
    """A run whose solutions nobody looks at."""

    def __init__(self, folder):
        self.folder, self.table = folder, study().to_table()

    def solution(self, condition, seed):
        return {"vector": np.zeros(0)}


def test_the_measure_reports_returns_and_retentions(monkeypatch, tmp_path):
    """Seed 1 keeps 1.5 of 2 m/s, seed 2 half of 3; who runs backwards has nothing to keep."""
    scores = {
        1: [[2.0, 2.0], [1.0, 2.0]],
        2: [[4.0, 2.0], [2.0, 1.0]],
        3: [[-1.0, 0.5], [1.0, 1.0]],
    }
    monkeypatch.setattr(
        "neuromodels.measures.novel.trials_of",
        lambda solution: Trials(
            ("nominal", "uphill"), np.array(scores[solution.seed]), 12, np.array([1.0, 3.0])
        ),
    )
    solutions = [("plastic", seed) for seed in scores]
    monkeypatch.setattr("neuromodels.measures.examine.finished_solutions", lambda *given: solutions)
    found = examine_solutions(Stored(tmp_path), "novel", 2)
    json.dumps(found, allow_nan=False)
    rows = {(row["seed"], row["quantity"]): row for row in found["rows"]}
    returns = [rows[seed, "return, nominal, 12 steps"]["value"] for seed in (1, 2, 3, None)]
    np.testing.assert_allclose(returns, [24, 36, -3, 24])
    assert rows[1, "return, nominal, 1000 steps"]["value"] == pytest.approx(2000)
    assert rows[1, "return, uphill"]["value"] == pytest.approx(18)
    kept = [rows[seed, "retention, uphill"]["value"] for seed in (1, 2, 3, None)]
    assert kept[:2] == pytest.approx([0.75, 0.5])
    assert kept[2] is None
    assert kept[3] == pytest.approx(0.625)
    across = rows[None, "retention, uphill"]
    assert (across["low"], across["high"]) == pytest.approx((0.5, 0.75))
    row = rows[1, "retention, uphill"]
    assert (row["low"], row["high"]) == pytest.approx((0.5, 1))
    with np.load(tmp_path / "measures" / "novel-plastic-seed2.npz") as arrays:
        np.testing.assert_array_equal(arrays["scores"], scores[2])
        assert arrays["conditions"].tolist() == ["nominal", "uphill"]
    assert len(measure_table(found).renderables) == 2
