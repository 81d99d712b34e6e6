"""Every measure on every kind of circuit: an answer, or a refusal in one sentence."""

import numpy as np
import pytest

from neuromodels.errors import NeuromodelsError
from neuromodels.measures import CATALOG
from neuromodels.measures.injury import Injury, _Masks
from neuromodels.measures.quantities import Solution
from neuromodels.simulation.network.builder import circuit_of
from neuromodels.study.file import study_of

CIRCUITS = {
    "layered": ({"name": "pdlf"}, {"hidden": 4}),
    "without hidden neurons": ({"name": "oja"}, {"hidden": 0}),
    "gated": ({"name": "oja"}, {"hidden": 4, "gru": 2}),
    "modulated": ({"name": "nm_oja", "form": "dense"}, {"hidden": 4, "neuron": "lif"}),
    "balanced": (
        {"name": "doublet", "form": "dense"},
        {"hidden": 4, "inhibitory": 2, "neuron": "lif"},
    ),
    "recurrent": (
        {"name": "stdp"},
        {"hidden": 4, "neuron": "lif", "plastic": "recurrent", "recurrent": True},
    ),
}


@pytest.mark.strain
@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("measure", CATALOG.values(), ids=lambda measure: measure.name)
def test_a_measure_answers_or_refuses(measure, circuit):
    rule, section = CIRCUITS[circuit]
    table = {"name": "small", "task": {"name": "sequence_copy"}, "rule": rule, "circuit": section}
    study = study_of({**table, "device": {"threads": 1}}, "a study")
    condition = measure.conditions[0]
    vector = np.full(circuit_of(study, condition).coefficients.dimension, 0.1)
    solution = Solution(study, condition, vector, np.arange(3, dtype=np.uint64), 1)
    refusal, quantities = "", None
    try:
        settings = (measure.settings(study, ["task.latency=2,3"]),) if measure.settings else ()
        _, quantities = measure.examine(*settings, solution)
    except NeuromodelsError as error:
        refusal = str(error)
    assert quantities or len(refusal.splitlines()) == 1


def test_a_lost_hidden_neuron_loses_all_that_begins_or_ends_at_it_and_nothing_else():
    sizes = {"input": 3, "hidden": 4, "inhibitory": 2, "output": 1}
    pairs = [("input", "hidden"), ("input", "inhibitory"), ("hidden", "hidden")]
    pairs += [("hidden", "inhibitory"), ("inhibitory", "hidden"), ("hidden", "output")]
    shapes = {f"{a}_{b}": (sizes[a], sizes[b]) for a, b in pairs}
    masks = _Masks(Injury(0.5, 0, 9, "neurons"), shapes, 5).lost()
    gone = masks["hidden_output"].reshape(5, 4)
    assert 0 < gone.sum() < gone.size
    for a, b in pairs:
        begins = gone[:, :, None] if a == "hidden" else np.zeros((5, 1, 1), dtype=bool)
        ends = gone[:, None, :] if b == "hidden" else np.zeros((5, 1, 1), dtype=bool)
        expected = np.broadcast_to(begins | ends, (5, sizes[a], sizes[b]))
        np.testing.assert_array_equal(masks[f"{a}_{b}"].reshape(expected.shape), expected)
