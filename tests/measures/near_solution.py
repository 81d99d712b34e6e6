"""A solution with three coefficients, and scores that are a known function of its numbers."""

import numpy as np

from neuromodels.coefficients import Block, Coefficient, CoefficientVector
from neuromodels.measures.quantities import Solution
from neuromodels.seeding import trial_streams
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

COEFFICIENTS = CoefficientVector(
    (
        Block("in", Coefficient("A", per="synapse", sigma=0.5), 3),
        Block("in", Coefficient("eta", default=1.0, low=0.1, high=10, scale="log", sigma=0.2), 1),
        Block("out", Coefficient("A", per="synapse", sigma=0.5), 2),
    )
)
STUDY = Study(
    name="near",
    task=TaskChoice("sequence_copy", {"length": 2, "latency": 1}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=3),
    device=DeviceChoice(dtype="float64", threads=1),
)
VECTOR = np.array([1.0, 2.0, 3.0, np.log(2), 4.0, 5.0])
SOLUTION = Solution(STUDY, "plastic", VECTOR, trial_streams(1, 7, "near"), 1)
WEIGHTS = np.array([2.0, 2.0, 2.0, 1.0, 0.0, 0.0])


def planted(solution, vectors):
    """Return scores that rise with the first coefficient, a little with eta, not with the last."""
    scores = vectors @ WEIGHTS
    return np.repeat(scores[:, None], len(solution.streams), axis=1)


def plant(monkeypatch, *modules):
    """Let measures ask this function in place of a network."""
    for module in modules:
        monkeypatch.setattr(module, "coefficients_of", lambda solution: COEFFICIENTS)
        monkeypatch.setattr(module, "scores_of", planted)
