"""Control tasks: the closed loop and the bodies against mechanics in numpy, goals and scores."""

import numpy as np
import pytest
from brian2.units import meter, ms, second
from references.control_numpy import (
    BODIES,
    DT,
    SPARED,
    Agent,
    Body,
    arm_energy,
    arm_rate,
    cart_energy,
    cart_momentum,
    cart_rate,
    rods,
    told_speed,
)
from references.pdlf_numpy import COEFFICIENTS
from scipy.integrate import solve_ivp
from scipy.linalg import solve_continuous_are
from scipy.optimize import linprog

from neuromodels import neurons, rules, tasks
from neuromodels.experiment.batches import values_of
from neuromodels.neurons import NeuronModel
from neuromodels.neurons.readout import READOUT
from neuromodels.simulation import Batch
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import Circuit, Population, Projection, feedforward
from neuromodels.study.conditions import Controls, controlled

HIDDEN, STEPS = 16, 40
ALL = tuple(BODIES)
DIRECTED = ("point_direction", "reacher", "swimmer")


def batch_of(made, instances: int) -> Batch:
    batch = Batch(made.network, instances, seed=3, dtype="float64", threads=1, namespace={})
    for address, expression in made.initial.items():
        batch.initialise(address, expression)
    return batch


def plain(batch: Batch, name: str) -> np.ndarray:
    """A variable of the only item in all instances, SI units, (instances,)."""
    return np.asarray(batch[f"items.{name}"])[:, 0]


def state_of(batch: Batch, body: Body) -> np.ndarray:
    return np.column_stack([plain(batch, name) for name in body.states])


# -- the closed loop ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_network_and_body_follow_the_reference(name):
    task, body, trials = tasks.CATALOG[name], BODIES[name], 6
    circuit = feedforward(
        task.channels, HIDDEN, neurons.CATALOG["ternary_lif"], rules.CATALOG["pdlf"], task.outputs
    )
    shorter = {"grace": SPARED * DT} if name == "cart_pole" else {}
    batch = batch_of(made := assemble(circuit, task, shorter), trials)
    vector = 0.3 * np.random.default_rng(7).standard_normal(circuit.coefficients.dimension)
    for address, values in values_of(circuit, made, vector).items():
        batch[address] = values[0]
    agents = [_agent(circuit, vector) for _ in range(trials)]
    shares, states = plain(batch, "share"), state_of(batch, body)
    starts, gained, lost = states.copy(), np.zeros(trials), np.zeros(trials, dtype=bool)
    for k in range(STEPS):
        batch.run(20 * ms)
        for n, (agent, share) in enumerate(zip(agents, shares, strict=True)):
            seen = np.clip(body.seen(states[n], share), -5, 5)
            _near(batch["input.u"][n], seen, (k, "seen"))
            action = agent.act(seen)
            _near(batch["output.o"][n], action, (k, "action"))
            if not lost[n]:
                states[n] = body.step(states[n], action)
                lost[n] = body.lost(states[n])
            if not lost[n]:
                reward = body.reward(states[n], starts[n], share, k) / task.parameters["steps"]
                gained[n] = reward if name == "swimmer" else gained[n] + reward
            for projection, weights in zip(circuit.projections, agent.weights, strict=True):
                _near(batch[f"{projection.name}.w"][n], weights.ravel(), (k, projection.name))
        _near(state_of(batch, body), states, (k, "state"))
        _near(batch["score.gained"], gained[:, None], (k, "score"))
        _near(batch["score.loss"], 1 - gained[:, None], (k, "loss"))
    assert gained.any()
    assert lost.any() == (name == "cart_pole")


def _agent(circuit: Circuit, vector: np.ndarray) -> Agent:
    values = circuit.coefficients.decode(vector[None])
    sizes = [population.size for population in circuit.populations]
    return Agent(
        *(
            {c: values[f"{projection.name}.{c}"].reshape(sizes[k : k + 2]) for c in COEFFICIENTS}
            for k, projection in enumerate(circuit.projections)
        )
    )


def _near(found, wanted, what) -> None:
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-8, atol=1e-10, err_msg=str(what))


# -- bodies with prescribed actions ---------------------------------------------------------------


def acting(statement: str) -> NeuronModel:
    """A read-out that ignores its inputs."""
    return NeuronModel("acting", "", "o : 1\nz : 1", "o", "z", input="o", each_step=statement)


def without_network(name: str, statement: str, instances: int, **parameters: float) -> Batch:
    task = tasks.CATALOG[name]
    populations = (
        Population("input", task.channels),
        Population("output", task.outputs, acting(statement)),
    )
    made = assemble(Circuit(populations, ()), task, parameters)
    return batch_of(made, instances)


def followed(batch: Batch, body: Body, steps: int) -> np.ndarray:
    """States after each step, (steps + 1, instances, n)."""
    states = [state_of(batch, body)]
    for _ in range(steps):
        batch.run(20 * ms)
        states.append(state_of(batch, body))
    return np.array(states)


def waves(step: int, outputs: int) -> np.ndarray:
    return 1.5 * np.sin(0.13 * step + 2 * np.arange(outputs))


@pytest.mark.parametrize("name", ALL)
def test_a_body_moves_as_an_adaptive_solver_says(name):
    """Each step on its own, then all together: actions of both signs, clipped and not."""
    body, outputs = BODIES[name], tasks.CATALOG[name].outputs
    wide = {"limit": 1e3, "track": 1e3} if name == "cart_pole" else {}
    batch = without_network(name, "o = 1.5*sin(0.13*timestep(t, dt) + 2*i)", 3, **wide)
    states = followed(batch, body, 100)
    exact = states[0].copy()
    for k in range(100):
        for n in range(3):
            action = waves(k, outputs)
            one = _solved(body, states[k, n], action)
            assert np.abs(states[k + 1, n] - one).max() < 1e-4 * (1 + np.abs(one).max())
            exact[n] = _solved(body, exact[n], action)
    np.testing.assert_allclose(states[-1], exact, rtol=0, atol=3e-3)
    assert np.abs(states[-1] - states[0]).max() > 0.2


def _solved(body: Body, state: np.ndarray, action: np.ndarray) -> np.ndarray:
    drive = body.drive(state, action)
    found = solve_ivp(
        lambda t, y: body.rate(y, drive), (0, DT), state, "DOP853", rtol=1e-10, atol=1e-12
    )
    return found.y[:, -1]


def test_an_arm_without_torque_and_damping_keeps_its_energy():
    batch = without_network("reacher", "o = 1", 1, torque=0, damping=0)
    batch["items.w1"], batch["items.w2"] = 3 / second, -5 / second
    states = followed(batch, BODIES["reacher"], 150)[:, 0]
    energies = [arm_energy(state) for state in states]
    np.testing.assert_allclose(energies, energies[0], rtol=2e-4)
    assert np.ptp(states[:, 3]) > 3  # it does move in a way of its own


def test_a_cart_without_force_keeps_energy_and_momentum():
    batch = without_network("cart_pole", "o = 1", 1, force=0, limit=1e3, track=1e3)
    batch["items.v"] = 0.4 * meter / second
    states = followed(batch, BODIES["cart_pole"], 150)[:, 0]
    np.testing.assert_allclose([cart_energy(s) for s in states], cart_energy(states[0]), atol=1e-4)
    np.testing.assert_allclose(
        [cart_momentum(s) for s in states], cart_momentum(states[0]), atol=1e-5
    )
    assert np.abs(states[:, 2]).max() > np.pi  # the pole swings through


def swum(strokes: str, steps: int, **parameters: float) -> np.ndarray:
    """Centre and heading of a swimmer after each step, (steps + 1, 3)."""
    batch = without_network("swimmer", f"o = {strokes}", 1, **parameters)
    states = followed(batch, BODIES["swimmer"], steps)[:, 0]
    centres = [rods(state)[0].mean(axis=0) for state in states]
    return np.column_stack([centres, states[:, 2]])


def test_a_scallop_goes_nowhere():
    """Purcell's theorem: strokes that are undone, at whatever pace, undo the motion."""
    there = "int(timestep(t, dt) < 10)*(0.3 + 0.2*i)"
    slowly_back = "int(timestep(t, dt) >= 10 and timestep(t, dt) < 30)*(0.15 + 0.1*i)"
    way = swum(f"{there} - {slowly_back}", 30)
    assert np.abs(way[10] - way[0]).max() > 0.05
    np.testing.assert_allclose(way[30], way[0], atol=1e-5)


def test_one_joint_alone_goes_nowhere_and_two_in_turn_go_somewhere():
    one = swum("0.25*sign(sin(2*pi*(timestep(t, dt) + 0.5)/40))*int(i == 0)", 40)
    assert np.abs(one[20] - one[0]).max() > 0.1
    np.testing.assert_allclose(one[40], one[0], atol=1e-5)
    two = swum("0.25*sign(sin(2*pi*((timestep(t, dt) + 0.5)/40 - i/4)))", 160)
    assert np.hypot(*(two[160] - two[0])[:2]) > 0.08


def test_without_anisotropy_of_drag_the_centre_stays():
    strokes = "1.5*sin(0.13*timestep(t, dt) + 2*i)"
    equal, usual = swum(strokes, 100, drag_ratio=1), swum(strokes, 100)
    assert np.ptp(equal[:, :2], axis=0).max() < 2e-4 < 0.05 < np.ptp(usual[:, :2], axis=0).max()
    assert np.ptp(equal[:, 2]) > 0.1


def test_the_references_agree_with_known_limits():
    """Judges are judged: a straight arm, and the frequency of a pole that hangs."""
    state = np.array([0.3, 0.0, 0.0, 0.0])
    rate = arm_rate(state, np.array([1.0, 1.0]), damping=0)
    moment = 1.4 * 0.3**2 / 3 + 1.1 * (0.3**2 / 12 + 0.45**2)
    assert moment * rate[2] + 1.1 * (0.3**2 / 12 + 0.15 * 0.45) * rate[3] == pytest.approx(1)
    tiny = 1e-6
    hanging = cart_rate(np.array([0, 0, np.pi + tiny, 0]), np.zeros(1))
    swing = 9.81 / (0.5 * (4 / 3 - 0.1 / 1.1))
    assert hanging[3] == pytest.approx(-swing * tiny, rel=1e-4)


# -- goals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("condition", ["fixed", "unseen"])
def test_a_condition_draws_its_own_goals_and_no_others(name, condition):
    parameters, controls = controlled(tasks.CATALOG[name], {}, condition)
    assert controls == Controls()
    partner = {"fixed": "plastic", "unseen": "unseen_fixed"}[condition]
    assert controlled(tasks.CATALOG[name], {}, partner) == (parameters, controls)
    batch = without_network(name, "o = 0", 3000, **parameters)
    places, counts = np.unique(np.rint(80 * plain(batch, "share")), return_counts=True)
    trained = np.arange(8) * 10 + 5
    wanted = trained if "unseen" not in condition else np.setdiff1d(np.arange(80), trained)
    np.testing.assert_array_equal(places, wanted)
    assert counts.min() > 3000 / len(wanted) / 3
    np.testing.assert_allclose(80 * plain(batch, "share"), np.rint(80 * plain(batch, "share")))


@pytest.mark.parametrize("name", DIRECTED)
def test_eight_directions_are_the_paper_s(name):
    batch = without_network(name, "o = 0", 200)
    found = np.rad2deg(np.arctan2(plain(batch, "goal_y"), plain(batch, "goal_x")))
    folded = (np.unique(np.rint(found)) + 180) % 360 - 180
    np.testing.assert_array_equal(np.unique(folded), np.arange(-180, 180, 45))


def test_equal_streams_give_equal_goals_and_starts_whatever_the_condition():
    starts = {}
    for condition in ("plastic", "fixed"):
        parameters, _ = controlled(tasks.CATALOG["cart_pole"], {}, condition)
        batch = without_network("cart_pole", "o = 0", 20, **parameters)
        starts[condition] = state_of(batch, BODIES["cart_pole"])
    np.testing.assert_array_equal(starts["plastic"], starts["fixed"])
    assert len(np.unique(starts["fixed"][:, 2])) == 20


# -- scores ---------------------------------------------------------------------------------------


def score_of(batch: Batch, name: str) -> np.ndarray:
    task = tasks.CATALOG[name]
    batch.run(task.parameters["steps"] * 20 * ms)
    return np.asarray(batch["score.gained"])[:, 0]


@pytest.mark.parametrize("name", ALL)
def test_doing_nothing_scores_nothing(name):
    scores = score_of(without_network(name, "o = 0", 2000), name)
    np.testing.assert_allclose(scores, 0, atol=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_acting_at_random_scores_about_as_much_as_doing_nothing(name):
    scores = score_of(without_network(name, "o = 2*rand() - 1", 2000), name)
    assert -0.7 < scores.mean() < 0.1


def steered(name: str, gains: np.ndarray, instances: int, **parameters: float) -> np.ndarray:
    """Scores of a linear controller in place of the network."""
    task = tasks.CATALOG[name]
    populations = (
        Population("input", task.channels),
        Population("output", task.outputs, READOUT),
    )
    rule = rules.CATALOG["fixed"].with_options({"normalisation": "none"})
    circuit = Circuit(populations, (Projection("input", "output", rule),))
    batch = batch_of(assemble(circuit, task, parameters), instances)
    batch["input_output.w"] = np.asarray(gains, float).ravel()
    return score_of(batch, name)


def test_thrust_along_the_goal_is_the_best_of_all():
    """The score's 1: nothing moves a point faster along its goal than its full thrust."""
    scores = steered("point_direction", [[1, 0], [0, 1], [0, 0], [0, 0]], 80, unseen=1)
    np.testing.assert_allclose(scores, 1, atol=1e-7)


DECAY = np.exp(-DT)


def test_thrust_until_the_speed_is_reached_is_the_best_of_all():
    """Dead-beat feedback reaches the score's 1, which no thrust of a linear programme passes."""
    gains = np.array([[1], [-DECAY]]) / (1 - DECAY)
    scores = steered("velocity", gains, 80, unseen=1)
    np.testing.assert_allclose(scores, 1, atol=1e-7)
    for share in (0.0, 30 / 80, 79 / 80):
        assert _least_distance(share) == pytest.approx(_distance_at_score_1(share), rel=1e-6)


def _least_distance(share: float, steps: int = 150) -> float:
    """Sum over steps of the distance from the told speed, minimised over all thrusts."""
    lag = np.subtract.outer(np.arange(steps), np.arange(steps))
    speeds = np.where(lag >= 0, 2.5 * (1 - DECAY) * DECAY ** np.maximum(lag, 0), 0)
    ones, goal = np.eye(steps), np.full(steps, told_speed(share))
    found = linprog(
        np.concatenate([np.zeros(steps), np.ones(steps)]),
        A_ub=np.block([[speeds, -ones], [-speeds, -ones]]),
        b_ub=np.concatenate([goal, -goal]),
        bounds=[(-1, 1)] * steps + [(0, None)] * steps,
    )
    return float(found.fun)


def _distance_at_score_1(share: float, steps: int = 150) -> float:
    batch = without_network("velocity", "o = 0", 400, unseen=1)
    place = np.argmin(np.abs(plain(batch, "share") - share))
    return (1 - plain(batch, "best")[place]) * steps * told_speed(share)


def test_linear_feedback_reaches_with_the_arm():
    """Joint angles that bring the tip to the target, to first order, and stiff joints."""
    sines, cosines = np.sin([0.6, 2.2]), np.cos([0.6, 2.2])
    jacobian = 0.3 * np.array([[-sines.sum(), -sines[1]], [cosines.sum(), cosines[1]]])
    stiffness, friction = 20.0, 2.0
    gains = np.vstack(
        [
            stiffness * 0.1 * np.linalg.inv(jacobian).T,
            -stiffness / 4 * np.eye(2),
            -friction * 2 * np.eye(2),
        ]
    )
    assert steered("reacher", gains, 400, unseen=1).mean() > 0.75


def test_joints_that_answer_each_other_swim_straight_ahead():
    """A square stroke from two gains: its way is the unit of the score."""
    gains = np.zeros((4, 2))
    gains[3, 0], gains[2, 1] = 20, -20
    task = tasks.CATALOG["swimmer"]
    scores, batch = steered("swimmer", gains, 400), without_network("swimmer", "o = 0", 400)
    ahead = plain(batch, "goal_x")
    assert scores[ahead > 0.99].mean() == pytest.approx(1, abs=0.05)
    assert scores[ahead < -0.99].mean() == pytest.approx(-1, abs=0.05)
    assert task.parameters["limit"] == 1.2


def test_linear_feedback_balances_the_pole_at_the_goal():
    """A linear-quadratic regulator of the upright pole."""
    slopes = np.array([cart_rate(1e-6 * unit, np.zeros(1)) / 1e-6 for unit in np.eye(4)]).T
    push = cart_rate(np.zeros(4), np.array([1e-6]))[:, None] / 1e-6
    costs = solve_continuous_are(slopes, push, np.diag([3.0, 1, 10, 1]), np.eye(1))
    (gains,) = push.T @ costs
    scores = steered("cart_pole", [gains[0], *-gains * [1, 1, 0.2, 1]], 400, unseen=1)
    assert scores.min() > 0.85
