"""The share lambda of each mechanism in the current of a projection (arXiv:2508.13673, Eq. 5).

    I = sum_i lambda_i*w_i*s,  shares = "softmax"  lambda_i = exp(z_i)/sum_k exp(z_k)
                               shares = "free"     lambda_i = z_i
    assignment = "searched"    z_i is a coefficient: of a projection, a target neuron, ...
    assignment = "local"       z_i = z_i0 + z_ix*x + z_iy*y + z_iw*|w_i|, from what the synapse sees
    assignment = "learned"     z_i moves within an episode, with the current I_i of its mechanism:
        free     dz_i = eta_share*S*I_i
        softmax  dz_i = eta_share*S*lambda_i*(I_i - sum_k lambda_k*I_k)

I_i is the mean of w_i*sx over the synapses of a neuron, so z_i is one number per target neuron.
S is er*psi where a mechanism needs an error, m where one has a third factor, and else y. With the
error, lambda follows the gradient of the paper without its terms through time.

lambda_i as learnable factors of the current [P]; softmax, all three assignments, bounds [I].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neuromodels.coefficients import Coefficient
from neuromodels.rules.synergy.mechanism import Mechanism

SHARES = ("softmax", "free")
ASSIGNMENTS = ("searched", "local", "learned")
FOLLOWED = {"error": "er*psi", "reward": "m", "activity": "y"}
"""What learned shares may follow, and the expression of it."""
RATE = Coefficient("eta_share", default=1e-2, low=1e-5, high=1, scale="log", sigma=0.5)
"""How fast shares are learned."""
LARGEST = 20.0
"""Absolute value of z beyond which a share does not change any more."""


@dataclass(frozen=True)
class Shares:
    """How the share of each mechanism comes about.

    Parameters
    ----------
    form
        One of `SHARES`.
    assignment
        One of `ASSIGNMENTS`.
    signal
        What learned shares follow: an expression of what a rule sees.
    """

    form: str
    assignment: str
    signal: str = "y"

    @property
    def symbol(self) -> str:
        """Name of the number behind a share; a free share that nothing drives is that number."""
        if self.form == "softmax":
            return "logit"
        return "drive" if self.assignment == "local" else "lambda"

    def coefficients(self, mechanism: str) -> tuple[Coefficient, ...]:
        """Return the searched numbers of a mechanism's share."""
        name = f"{mechanism}.{self.symbol}"
        is_softmax = self.form == "softmax"
        low, high = (-8.0, 8.0) if is_softmax else (-10.0, 10.0)
        start = 0.0 if is_softmax else 1.0
        own = Coefficient(name, default=start, low=low, high=high, sigma=0.3)
        if self.assignment != "local":
            return (own,)
        ends = (Coefficient(f"{name}_{each}", low=-5, high=5, sigma=0.1) for each in "xyw")
        return (own, *ends)

    @property
    def common(self) -> tuple[Coefficient, ...]:
        """Searched numbers of all shares together."""
        return (RATE,) if self.assignment == "learned" else ()

    def model(self, mechanisms: Sequence[Mechanism]) -> str:
        """Return the equations of all shares."""
        names = [each.name for each in mechanisms]
        learned = [f"{self.symbol}_{name} : 1" for name in names]
        lines = learned if self.assignment == "learned" else []
        if self.form == "softmax":
            lines = [*lines, *(f"up_{each.name} = {self._up(each)} : 1" for each in mechanisms)]
            total = " + ".join(f"up_{name}" for name in names)
            lines += [f"lambda_{name} = up_{name}/({total}) : 1" for name in names]
        elif self.assignment == "local":
            lines = [f"lambda_{each.name} = {self._driven(each)} : 1" for each in mechanisms]
        return "\n".join(lines)

    def _up(self, mechanism: Mechanism) -> str:
        return f"exp(clip({self._driven(mechanism)}, -{LARGEST}, {LARGEST}))"

    def _driven(self, mechanism: Mechanism) -> str:
        """Return the number behind a share: as it is, or from what a synapse sees."""
        name = f"{self.symbol}_{mechanism.name}"
        if self.assignment != "local":
            return name
        seen = {"x": "x", "y": "y", "w": f"abs({mechanism.weight})"}
        ends = (f"{self.symbol}_{end}_{mechanism.name}*{each}" for end, each in seen.items())
        return " + ".join([name, *ends])

    def currents(self, mechanisms: Sequence[Mechanism]) -> dict[str, str]:
        """Return the means that learned shares follow: name -> what it is the mean of."""
        if self.assignment != "learned":
            return {}
        return {f"current_{each.name}": f"({each.weight})*sx" for each in mechanisms}

    def changes(self, mechanisms: Sequence[Mechanism]) -> str:
        """Return the statements that move learned shares."""
        if self.assignment != "learned":
            return ""
        names = [each.name for each in mechanisms]
        mean = " + ".join(f"lambda_{name}*current_{name}" for name in names)
        lines = [f"fused = {mean}", f"moved_by = eta_share*({self.signal})"]
        is_free = self.form == "free"
        for name in names:
            toward = f"current_{name}" if is_free else f"lambda_{name}*(current_{name} - fused)"
            z = f"{self.symbol}_{name}"
            lines.append(f"{z} = clip({z} + moved_by*{toward}, -{LARGEST}, {LARGEST})")
        return "\n".join(lines[1:] if is_free else lines)

    def learns(self, mechanisms: Sequence[Mechanism]) -> tuple[str, ...]:
        """Return the variables of learned shares."""
        is_learned = self.assignment == "learned"
        return tuple(f"{self.symbol}_{each.name}" for each in mechanisms if is_learned)
