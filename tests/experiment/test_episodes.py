"""Episodes: what they read is what the compiled network uses, whatever a rule normalises by."""

from dataclasses import replace

import numpy as np
import pytest

from neuromodels import rules
from neuromodels.experiment.episodes import Episodes
from neuromodels.rules.normalisation import NORMALISATIONS
from neuromodels.seeding import generator, trial_streams
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.study.study import CircuitChoice, DeviceChoice, RuleChoice, Study, TaskChoice

STUDY = Study(
    name="copy",
    task=TaskChoice("sequence_copy", {"length": 3, "latency": 4}),
    circuit=CircuitChoice(hidden=8),
    rule=RuleChoice("pdlf"),
    device=DeviceChoice(dtype="float64", threads=1),
)


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_the_network_divides_by_the_same_norm_as_numpy(normalisation, monkeypatch):
    """A normalisation that the equations of the network lack fails here."""
    rule = replace(rules.CATALOG["pdlf"], normalisation=normalisation)
    monkeypatch.setitem(rules.CATALOG._members, "pdlf", rule)
    dimension = circuit_of(STUDY, "plastic").coefficients.dimension
    vector = 0.5 * generator(1, "vectors").standard_normal(dimension)
    trials = Episodes(STUDY, "plastic", vector, trial_streams(5, 20))
    trials.run(2)
    raw, acting = trials.weights()["hidden_output"], trials.acting()["hidden_output"]
    assert np.allclose(raw, acting) == (normalisation == "none")
    trials.run()
    spikes = np.asarray(trials.batch["hidden.s"])
    assert spikes.any()
    np.testing.assert_allclose(trials.readouts()[:, 0], (spikes * acting).sum(axis=1), atol=1e-9)
