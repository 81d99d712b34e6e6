"""What read-outs say that hear two populations, compared with numpy."""

import numpy as np

from neuromodels.experiment.episodes import Episodes
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.study.file import study_of


def test_a_readout_says_the_sum_of_all_that_it_hears():
    table = {
        "name": "small",
        "task": {"name": "sequence_copy", "length": 3},
        "rule": {"name": "fixed", "normalisation": "none"},
        "circuit": {"hidden": 4, "gru": 2},
        "device": {"threads": 1, "dtype": "float64"},
    }
    study = study_of(table, "a study")
    size = circuit_of(study, "plastic").coefficients.dimension
    vector = np.random.default_rng(5).normal(0, 0.5, size)
    trials = Episodes(study, "plastic", vector, np.arange(6, dtype=np.uint64))
    trials.run(2)
    weights, spikes = trials.weights(), np.asarray(trials.batch["hidden.s"])
    expected = [
        np.einsum("ti,ti->t", signal, weights[f"{name}_output"])
        for name, signal in [("hidden", spikes), ("gru", trials.traces("gru"))]
    ]
    assert spikes.any()
    assert np.abs(expected).min(axis=0).max() > 0
    np.testing.assert_allclose(trials.readouts()[:, 0], sum(expected), rtol=1e-12, atol=1e-15)
