"""The PDLF copy network in plain numpy, float64, one step at a time.

Written from the formulas of the network only, so that it can judge every other
implementation of it. Rule and circuit after Shen et al. 2023, arXiv:2308.12063.
"""

from collections.abc import Mapping

import numpy as np

COEFFICIENTS = ("eta", "A", "B", "C", "D")
STATES = ("x", "w1", "w2", "I", "v", "s", "yo", "tr", "z", "loss", "correct")
DECAY = np.exp(-1.0)  # one step lasts one time constant
THRESHOLD = 0.1
SMALLEST_NORM = 1e-6


def p8_norm(w: np.ndarray) -> np.ndarray:
    """Return the 8-norm of each trial's layer, shape (n, 1, 1)."""
    return (((64 * w) ** 8).sum(axis=(1, 2), keepdims=True)) ** (1 / 8) / 64


def max_norm(w: np.ndarray) -> np.ndarray:
    """Return the largest absolute weight of each trial's layer, shape (n, 1, 1)."""
    return np.abs(w).max(axis=(1, 2), keepdims=True)


NORMS = {"p8": p8_norm, "max": max_norm}


class PdlfCopy:
    """Hold a batch of trials of the copy task, one network each.

    Parameters
    ----------
    bits
        The sequences to repeat, shape (n, L), entries 0 or 1.
    hidden_rule, output_rule
        Coefficients eta, A, B, C, D of the synapses onto the hidden and the output
        neurons; each broadcasts to (n, 3, H) and (n, H, 1).
    hidden
        Number of hidden neurons, H.
    latency
        Steps between the last bit and the first recalled one.
    norm
        "p8" (8-norm), "max" (largest absolute weight) or "none".
    pdp_side
        Activity that B multiplies: "post" or "pre".

    Attributes
    ----------
    x : (n, 3)
        Bit, "present" flag, "recall" flag.
    w1, w2 : (n, 3, H), (n, H, 1)
        Weights after the step's plasticity.
    I, v, s, tr : (n, H)
        Current, potential after reset, ternary spike and its trace.
    yo, z, loss, correct : (n,)
        Read-out, its tanh, and the two scores summed so far.
    """

    def __init__(
        self,
        bits: np.ndarray,
        hidden_rule: Mapping[str, np.ndarray],
        output_rule: Mapping[str, np.ndarray],
        hidden: int,
        latency: int,
        norm: str = "p8",
        pdp_side: str = "post",
    ):
        self.bits = np.asarray(bits, dtype=float)
        self.trials, self.length = self.bits.shape
        self.latency = latency
        self.norm = norm
        self.pdp_side = pdp_side
        self.hidden_rule = {name: np.asarray(hidden_rule[name], float) for name in COEFFICIENTS}
        self.output_rule = {name: np.asarray(output_rule[name], float) for name in COEFFICIENTS}
        self._start(hidden)

    def _start(self, hidden: int) -> None:
        n = self.trials
        self.k = 0
        self.x = np.zeros((n, 3))
        self.w1 = np.zeros((n, 3, hidden))
        self.w2 = np.zeros((n, hidden, 1))
        self.I = np.zeros((n, hidden))
        self.v = np.zeros((n, hidden))
        self.s = np.zeros((n, hidden))
        self.tr = np.zeros((n, hidden))
        self.yo = np.zeros(n)
        self.z = np.zeros(n)
        self.loss = np.zeros(n)
        self.correct = np.zeros(n)

    @property
    def steps(self) -> int:
        """Number of steps of one trial."""
        return 2 * self.length + self.latency

    def run(self) -> dict[str, np.ndarray]:
        """Run the remaining steps; return every state, shape (steps, n, ...)."""
        history: dict[str, list[np.ndarray]] = {name: [] for name in STATES}
        while self.k < self.steps:
            self.step()
            for name in STATES:
                history[name].append(getattr(self, name).copy())
        return {name: np.array(values) for name, values in history.items()}

    def step(self) -> None:
        """Advance all trials by one step."""
        self.x = self._input()
        self.w1 = self._normalised(self.w1)
        self.w2 = self._normalised(self.w2)
        self._hidden_neurons()
        self.yo = np.einsum("nj,njo->n", self.s, self.w2)
        self.tr = self.tr * DECAY + self.s * (1 - DECAY)
        self.z = np.tanh(self.yo)
        self._score()
        self._plasticity()
        self.k += 1

    def _input(self) -> np.ndarray:
        x = np.zeros((self.trials, 3))
        if self.k < self.length:
            x[:, 0] = self.bits[:, self.k]
            x[:, 1] = 1
        if self.k >= self.length + self.latency:
            x[:, 2] = 1
        return x

    def _normalised(self, w: np.ndarray) -> np.ndarray:
        if self.norm == "none":
            return w
        return w / np.maximum(NORMS[self.norm](w), SMALLEST_NORM)

    def _hidden_neurons(self) -> None:
        self.I = np.einsum("ni,nij->nj", self.x, self.w1)
        v = self.I + (self.v - self.I) * DECAY
        self.s = np.sign(v) * (np.abs(v) > THRESHOLD)
        self.v = np.where(self.s != 0, 0.0, v)

    def _score(self) -> None:
        recalled = self.k - self.length - self.latency
        if recalled < 0:
            return
        target = self.bits[:, recalled]
        guess = 1 / (1 + np.exp(-self.yo))
        self.loss = self.loss + (guess - target) ** 2 / self.length
        self.correct = self.correct + ((self.yo > 0) == (target > 0.5)) / self.length

    def _plasticity(self) -> None:
        trace, read_out = self.tr[:, None, :], self.z[:, None, None]
        self.w1 = self.w1 + self._change(self.hidden_rule, self.x[:, :, None], trace)
        self.w2 = self.w2 + self._change(self.output_rule, self.tr[:, :, None], read_out)

    def _change(
        self, rule: Mapping[str, np.ndarray], pre: np.ndarray, post: np.ndarray
    ) -> np.ndarray:
        one_side = post if self.pdp_side == "post" else pre
        eta, a, b, c, d = (rule[name] for name in COEFFICIENTS)
        return eta * (a * pre * (post - c) + b * one_side + d)
