"""What every competitor runs: sizes, and one set of numbers drawn from one seed."""

from dataclasses import dataclass

import numpy as np
from networks import (
    PDLF_LATENCY,
    PDLF_LENGTH,
    RECURRENT_PROJECTIONS,
    RECURRENT_SIZES,
    Shape,
    pdlf_shape,
    recurrent_shape,
)

RECURRENT, PDLF = "poisson-recurrent 32-64-4", "pdlf-copy"
# Mean and spread; a few start beyond w_max, so that the first step must clip.
FIRST_WEIGHTS = {
    "input_hidden": (0.6, 0.3),
    "hidden_hidden": (-0.05, 0.2),
    "hidden_output": (0.1, 0.2),
}
# Pre-activity raises, post-activity lowers a weight: copies differ and none runs away.
PAIR_COEFFICIENTS = {"a": (0.0, 4e-5), "b": (1e-4, 1e-5), "c": (-1e-4, 1e-5)}
PDLF_COEFFICIENTS = ("eta", "A", "B", "C", "D")
RATE, CERTAIN = 20.0, 1000.0
PDLF_STEPS = 2 * PDLF_LENGTH + PDLF_LATENCY


@dataclass(frozen=True)
class Case:
    """One network at one size; the same numbers for every route."""

    network: str
    instances: int
    steps: int
    seed: int = 1
    rate: float = RATE  # of the Poisson neurons, Hz; at CERTAIN there is no noise left

    @property
    def shape(self) -> Shape:
        """Projection sizes of one copy."""
        return recurrent_shape() if self.network == RECURRENT else pdlf_shape()

    @property
    def synapse_steps(self) -> int:
        """Synapse updates of the whole run."""
        return self.instances * self.steps * self.shape.synapses

    def values(self) -> dict[str, np.ndarray]:
        """Draw weights, coefficients and bits: name -> (instances, ...), float32."""
        rng = np.random.default_rng(self.seed)
        draw = self._recurrent_values if self.network == RECURRENT else self._pdlf_values
        return draw(rng)

    def _recurrent_values(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        drawn = {}
        for name, shape in self.shape.projections.items():
            mean, spread = FIRST_WEIGHTS[name]
            weights = rng.normal(mean, spread, (self.instances, *shape))
            if name == "input_hidden":
                weights *= RATE / self.rate  # the same mean drive
            drawn[f"{name}.w"] = weights.astype(np.float32)
            for coefficient, (mean, spread) in PAIR_COEFFICIENTS.items():
                value = rng.normal(mean, spread, self.instances)
                drawn[f"{name}.{coefficient}"] = value.astype(np.float32)
        return drawn

    def _pdlf_values(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        drawn = {"bits": rng.integers(0, 2, (self.instances, PDLF_LENGTH)).astype(np.float32)}
        for name, shape in self.shape.projections.items():
            for coefficient in PDLF_COEFFICIENTS:
                value = rng.standard_normal((self.instances, *shape), dtype=np.float32)
                drawn[f"{name}.{coefficient}"] = np.float32(0.3) * value
        return drawn


def codes(bits: np.ndarray) -> np.ndarray:
    """Return each sequence as one integer, first bit lowest, shape (n,)."""
    return (bits @ (2.0 ** np.arange(bits.shape[1]))).astype(np.float32)


def recurrent_outcome(case: Case, counts: dict, weights: dict) -> dict[str, np.ndarray]:
    """Reduce spike counts and final weights to what is compared, each (instances,) or fewer."""
    seconds = case.steps * 1e-3
    start = case.values()
    outcome = {}
    for name, size in RECURRENT_SIZES.items():
        each = np.asarray(counts[name], float).reshape(-1, size)
        outcome[f"rate {name}"] = each.mean(axis=1) / seconds
    for name in RECURRENT_PROJECTIONS:
        first = start[f"{name}.w"].reshape(case.instances, -1).astype(float)
        final = np.asarray(weights[name], float).reshape(-1, first.shape[1])
        first = first[: len(final)]  # the judge computes only some instances
        outcome[f"weight {name}"] = final.mean(axis=1)
        outcome[f"change {name}"] = (final - first).mean(axis=1)
    return outcome


def pdlf_outcome(loss: np.ndarray, correct: np.ndarray) -> dict[str, np.ndarray]:
    """Name the two scores that are compared, each (instances,)."""
    return {"loss": np.asarray(loss, float).ravel(), "correct": np.asarray(correct, float).ravel()}
