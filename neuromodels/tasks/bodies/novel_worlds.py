"""Novel conditions of a body and its world, and how they change a MuJoCo model.

The kinds are those proposed for SpikePropamine's runner (arXiv:2106.02681), whose novel conditions
are not known to us: one motor dead in the style of the first author's earlier code, the rest ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neuromodels.errors import DeclarationError

TORSO = "torso"
"""What Gymnasium calls the root of each of its bodies."""


@dataclass(frozen=True)
class Novelty:
    """One way in which a test differs from the search; with the defaults nothing differs.

    Parameters
    ----------
    dead
        Index of the motor whose torque is 0; None: all motors work.
    seen, done
        Standard deviation of the noise on observations, in units of the channels, and on actions,
        whose largest value is 1.
    friction
        Friction of all contacts, relative to the usual one.
    mass
        Mass and moments of inertia of the torso, relative to the usual ones.
    slope
        Slope of the ground, degrees; positive: forward is uphill.
    gain
        Torque of an action, relative to the usual one.

    Raises
    ------
    DeclarationError
        Where a number is outside its range.
    """

    dead: int | None = None
    seen: float = 0.0
    done: float = 0.0
    friction: float = 1.0
    mass: float = 1.0
    slope: float = 0.0
    gain: float = 1.0

    @property
    def outside(self) -> Novelty:
        """The part of it that changes the body and its world, without noise and dead motor."""
        return replace(self, dead=None, seen=0.0, done=0.0)

    def __post_init__(self) -> None:
        for name in ("seen", "done", "friction", "gain"):
            if not getattr(self, name) >= 0:
                raise DeclarationError(f"Novelty.{name}", "must be >= 0", getattr(self, name))
        if not self.mass > 0:
            raise DeclarationError("Novelty.mass", "must be positive", self.mass)
        if not -90 < self.slope < 90:
            raise DeclarationError("Novelty.slope", "must lie between -90 and 90", self.slope)


USUAL = Novelty()
"""Nothing is different."""


def alter(mujoco: Any, model: Any, novelty: Novelty) -> None:
    """Change a MuJoCo model in place; noise and a dead motor are not part of the model."""
    # a contact takes the larger friction of its two sides, so a more slippery ground alone would
    # change nothing
    model.geom_friction[:] *= novelty.friction
    model.actuator_gainprm[:, 0] *= novelty.gain
    model.opt.gravity[:] = tilt(model.opt.gravity, novelty.slope)
    if novelty.mass != 1.0:
        torso = model.body(TORSO).id
        model.body_mass[torso] *= novelty.mass
        model.body_inertia[torso] *= novelty.mass
        mujoco.mj_setConst(model, mujoco.MjData(model))


def tilt(gravity: np.ndarray, degrees: float) -> np.ndarray:
    """Return gravity (3,) on a ground that rises along the first axis by some degrees."""
    angle = np.deg2rad(degrees)
    turn = np.array(
        [
            [np.cos(angle), 0, np.sin(angle)],
            [0, 1, 0],
            [-np.sin(angle), 0, np.cos(angle)],
        ]
    )
    return turn @ gravity
