"""Bodies of the control tasks and an agent that steers them, in plain numpy and float64.

Written from mechanics, and otherwise than the package writes it: mass matrices are solved as linear
systems, Coriolis forces come from the derivative of the kinetic energy. Network: `pdlf_numpy`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from references.pdlf_numpy import COEFFICIENTS, DECAY, SMALLEST_NORM, THRESHOLD, p8_norm

DT = 0.02


@dataclass(frozen=True)
class Body:
    """One body of one trial.

    Parameters
    ----------
    states
        Names of its numbers in the order of the vectors below.
    rate
        Derivative of the state, (state, action) -> (n,).
    seen
        What the network is shown, (state, share) -> (channels,).
    reward
        Of a step, (state, start, share, step): from the state after it and the very first.
    lost
        Whether a body stands still and earns nothing for the rest of the trial.
    drive
        What of the state before a step and the action stays constant over the step.
    midpoints
        Sub-steps of the implicit midpoint rule; 0: one step of Runge and Kutta's method.
    """

    states: tuple[str, ...]
    rate: Callable[[np.ndarray, np.ndarray], np.ndarray]
    seen: Callable[[np.ndarray, float], np.ndarray]
    reward: Callable[[np.ndarray, np.ndarray, float, int], float]
    lost: Callable[[np.ndarray], bool] = lambda state: False
    drive: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda state, action: action
    midpoints: int = 0

    def step(self, state: np.ndarray, action: np.ndarray) -> np.ndarray:
        """Return the state one step later, by the method that the task declares."""
        drive = self.drive(state, action)
        if not self.midpoints:
            return self._runge_kutta(state, drive)
        for _ in range(self.midpoints):
            half = DT / self.midpoints / 2
            middle = state + half * self.rate(state, drive)
            for _ in range(50):  # the implicit midpoint, to rounding
                middle = state + half * self.rate(middle, drive)
            state = 2 * middle - state
        return state

    def _runge_kutta(self, state: np.ndarray, action: np.ndarray) -> np.ndarray:
        one = self.rate(state, action)
        two = self.rate(state + DT / 2 * one, action)
        three = self.rate(state + DT / 2 * two, action)
        four = self.rate(state + DT * three, action)
        return state + DT / 6 * (one + 2 * two + 2 * three + four)


def heading(share: float) -> np.ndarray:
    """Return the unit vector of a direction goal."""
    angle = np.deg2rad(360 * share - 22.5 - 180)
    return np.array([np.cos(angle), np.sin(angle)])


# -- point mass: 1 kg, 2 kg/s, 2 N ----------------------------------------------------------------


def point_rate(state: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Return the derivative of (x, y, vx, vy)."""
    thrust = np.clip(action, -1, 1)
    length = np.hypot(*thrust)
    force = 2 * (thrust / length if length > 1 else thrust)
    return np.concatenate([state[2:], force - 2 * state[2:]])


def point_reward(state: np.ndarray, start: np.ndarray, share: float, step: int) -> float:
    """Return the velocity along the goal over the mean of the best from rest."""
    best = np.mean([1 - np.exp(-2 * DT * k) for k in range(1, 101)])
    return float(state[2:] @ heading(share) / best)


# -- sled: 1 kg, 1 kg/s, 2.5 N --------------------------------------------------------------------


def sled_rate(state: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Return the derivative of (x, v)."""
    return np.array([state[1], 2.5 * np.clip(action[0], -1, 1) - state[1]])


def told_speed(share: float) -> float:
    return 0.3 + 1.6 * share


def sled_reward(state: np.ndarray, start: np.ndarray, share: float, step: int) -> float:
    """Return 1 - distance from the speed over it, over the best that can be had on average."""
    goal = told_speed(share)
    speeds = 2.5 * (1 - np.exp(-DT * np.arange(1, 151)))
    best = 1 - np.mean(np.maximum(goal - speeds, 0)) / goal
    return float((1 - abs(state[1] - goal) / goal) / best)


# -- arm: rods of 0.3 m, 1.4 and 1.1 kg -----------------------------------------------------------

RODS, MASSES, REST = (0.3, 0.3), (1.4, 1.1), np.array([0.6, 1.6])


def arm_inertia(q: np.ndarray) -> np.ndarray:
    """Return the mass matrix of joint angles, which may be complex, from each rod's motion."""
    one, both = q[0], q[0] + q[1]
    (a, b), (m, n) = RODS, MASSES
    first = a / 2 * np.array([[-np.sin(one), 0], [np.cos(one), 0]])
    second = np.array(
        [
            [-a * np.sin(one) - b / 2 * np.sin(both), -b / 2 * np.sin(both)],
            [a * np.cos(one) + b / 2 * np.cos(both), b / 2 * np.cos(both)],
        ]
    )
    turning = np.array([[m * a**2 / 12 + n * b**2 / 12, n * b**2 / 12], [n * b**2 / 12] * 2])
    return m * first.T @ first + n * second.T @ second + turning


def arm_rate(state: np.ndarray, action: np.ndarray, torque=1.0, damping=0.2) -> np.ndarray:
    """Return the derivative of (q1, q2, w1, w2): Lagrange's equations."""
    q, w = state[:2], state[2:]
    tiny = 1e-30  # complex step: exact to rounding
    slopes = [arm_inertia(q + 1j * tiny * unit).imag / tiny for unit in np.eye(2)]
    change = sum(speed * slope for speed, slope in zip(w, slopes, strict=True))
    half = 0.5 * np.array([w @ slope @ w for slope in slopes])
    force = torque * np.clip(action, -1, 1) - damping * w + half - change @ w
    return np.concatenate([w, np.linalg.solve(arm_inertia(q), force)])


def arm_energy(state: np.ndarray) -> float:
    return float(0.5 * state[2:] @ arm_inertia(state[:2]) @ state[2:])


def tip(q: np.ndarray) -> np.ndarray:
    return sum(
        rod * np.array([np.cos(angle), np.sin(angle)])
        for rod, angle in zip(RODS, np.cumsum(q), strict=True)
    )


def arm_reward(state: np.ndarray, start: np.ndarray, share: float, step: int) -> float:
    """Return the part of the first distance that is gone."""
    target = tip(REST) + 0.1 * heading(share)
    away, first = (np.linalg.norm(tip(each[:2]) - target) for each in (state, start))
    return float(1 - away / first)


def arm_seen(state: np.ndarray, share: float) -> np.ndarray:
    return np.concatenate([heading(share), 4 * (state[:2] - REST), state[2:] / 2])


# -- cart and pole: 1 kg, 0.1 kg, half length 0.5 m, 10 N ------------------------------------------


SPARED = 10  # steps without reward, in the tests


def cart_rate(state: np.ndarray, action: np.ndarray, force: float = 10.0) -> np.ndarray:
    """Return the derivative of (x, v, theta, omega) from the mass matrix of cart and rod."""
    _, v, theta, omega = state
    swing = 0.1 * 0.5
    inertia = [[1.1, swing * np.cos(theta)], [swing * np.cos(theta), 4 / 3 * swing * 0.5]]
    forces = [
        force * np.clip(action[0], -1, 1) + swing * omega**2 * np.sin(theta),
        swing * 9.81 * np.sin(theta),
    ]
    acceleration, turn = np.linalg.solve(inertia, forces)
    return np.array([v, acceleration, omega, turn])


def cart_energy(state: np.ndarray) -> float:
    _, v, theta, omega = state
    swing = 0.1 * 0.5
    moving = 0.55 * v**2 + swing * v * omega * np.cos(theta) + 2 / 3 * swing * 0.5 * omega**2
    return float(moving + swing * 9.81 * np.cos(theta))


def cart_momentum(state: np.ndarray) -> float:
    _, v, theta, omega = state
    return float(1.1 * v + 0.05 * omega * np.cos(theta))


def cart_reward(state: np.ndarray, start: np.ndarray, share: float, step: int) -> float:
    """Return balance and closeness to the goal, of a pole that was never lost."""
    near = max(0.0, 1 - abs(state[0] - (2 * share - 1)) / 0.5)
    return (1 + near) / 2 * 300 / (300 - SPARED) if step >= SPARED else 0.0


def cart_lost(state: np.ndarray) -> bool:
    return abs(state[2]) >= 0.5 or abs(state[0]) >= 2.4


def cart_seen(state: np.ndarray, share: float) -> np.ndarray:
    x, v, theta, omega = state
    return np.array([2 * share - 1, x, v, 5 * theta, omega])


# -- swimmer: rods of length 1, joints at 10 rad/s up to 1.2 rad, drag 1 along and 2 across --------


def rods(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres (3, 2) and angles (3,) of rear, middle and front rod; q may be complex."""
    x, y, heading, front, rear = q
    angles = np.array([heading + rear, heading, heading + front])
    half = np.column_stack([np.cos(angles), np.sin(angles)]) / 2
    middle = np.array([x, y])
    centres = [middle - half[1] - half[0], middle, middle + half[1] + half[2]]
    return np.array(centres), angles


def swim_rate(state: np.ndarray, speeds: np.ndarray, ratio: float = 2.0) -> np.ndarray:
    """Return the derivative of (x, y, heading, bend_1, bend_2): no force, no torque in all."""
    tiny = 1e-30
    moved = [rods(state + 1j * tiny * unit) for unit in np.eye(5)]
    shifts = np.array([centres.imag / tiny for centres, _ in moved])  # (5, 3, 2)
    turns = np.array([angles.imag / tiny for _, angles in moved])  # (5, 3)
    resistance = ratio / 12 * turns @ turns.T
    for k, angle in enumerate(rods(state)[1]):
        along, across = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        drag = np.outer(along, along) + ratio * np.outer(across, across)
        resistance += shifts[:, k] @ drag @ shifts[:, k].T
    free = np.linalg.solve(resistance[:3, :3], -resistance[:3, 3:] @ speeds)
    return np.concatenate([free, speeds])


def joint_speeds(state: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Return how fast the joints turn in a step at whose end they stop at their limits."""
    bends = state[3:]
    return (np.clip(bends + 10 * DT * np.clip(action, -1, 1), -1.2, 1.2) - bends) / DT


def swim_reward(state: np.ndarray, start: np.ndarray, share: float, step: int) -> float:
    """Return the whole way along the goal since the start: the sum of all rewards."""
    way = rods(state)[0].mean(axis=0) - rods(start)[0].mean(axis=0)
    return float(way @ heading(share)) / 1.8 * 300


def swim_seen(state: np.ndarray, share: float) -> np.ndarray:
    turn = np.exp(-1j * state[2]) * complex(*heading(share))
    return np.array([turn.real, turn.imag, state[3], state[4]])


BODIES = {
    "point_direction": Body(
        ("x", "y", "vx", "vy"),
        point_rate,
        lambda state, share: np.concatenate([heading(share), state[2:]]),
        point_reward,
    ),
    "velocity": Body(
        ("x", "v"),
        sled_rate,
        lambda state, share: np.array([told_speed(share), state[1]]) / 2.5,
        sled_reward,
    ),
    "reacher": Body(("q1", "q2", "w1", "w2"), arm_rate, arm_seen, arm_reward),
    "cart_pole": Body(("x", "v", "theta", "omega"), cart_rate, cart_seen, cart_reward, cart_lost),
    "swimmer": Body(
        ("x", "y", "heading", "bend_1", "bend_2"),
        swim_rate,
        swim_seen,
        swim_reward,
        drive=joint_speeds,
        midpoints=2,
    ),
}


class Agent:
    """One PDLF network with several read-outs, without a batch dimension.

    Parameters
    ----------
    hidden_rule, output_rule
        Coefficients by name, shapes (channels, H) and (H, outputs).
    """

    def __init__(self, hidden_rule: dict[str, np.ndarray], output_rule: dict[str, np.ndarray]):
        self.rules = (hidden_rule, output_rule)
        self.weights = [np.zeros_like(rule["eta"]) for rule in self.rules]
        hidden = self.weights[0].shape[1]
        self.v, self.s, self.trace = np.zeros(hidden), np.zeros(hidden), np.zeros(hidden)

    def act(self, seen: np.ndarray) -> np.ndarray:
        """Return the read-out and change the weights, as in one step of a trial."""
        norms = [float(p8_norm(w[None])[0, 0, 0]) for w in self.weights]
        self.weights = [
            w / max(norm, SMALLEST_NORM) for w, norm in zip(self.weights, norms, strict=True)
        ]
        current = seen @ self.weights[0]
        v = current + (self.v - current) * DECAY
        self.s = np.sign(v) * (np.abs(v) > THRESHOLD)
        self.v = np.where(self.s != 0, 0, v)
        self.trace = self.trace * DECAY + self.s * (1 - DECAY)
        out = self.s @ self.weights[1]
        sides = ((seen, self.trace), (self.trace, np.tanh(out)))
        for k, (rule, (x, y)) in enumerate(zip(self.rules, sides, strict=True)):
            eta, a, b, c, d = (rule[name] for name in COEFFICIENTS)
            self.weights[k] = self.weights[k] + eta * (a * x[:, None] * (y - c) + b * y + d)
        return out
