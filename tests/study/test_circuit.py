"""What a study file may say about its circuit, and what a mistake there is answered with."""

import pytest

from neuromodels.simulation.network.builder import circuit_of
from neuromodels.study.file import StudyFileError, study_of

TABLE = {
    "name": "circuit",
    "task": {"name": "cue_association"},
    "rule": {"name": "nm_oja", "coefficients": {"w": {"per": "block"}}},
    "circuit": {
        "hidden": 6,
        "neuron": "lif",
        "readout": "leaky_readout",
        "groups": 2,
        "plastic": "input",
    },
}


def studied(**circuit):
    return study_of({**TABLE, "circuit": {**TABLE["circuit"], **circuit}}, "table")


@pytest.mark.parametrize(
    ("circuit", "words"),
    [
        ({"groups": 4}, ["circuit.groups", "must divide the 6 hidden neurons"]),
        ({"coefficients": {"biass": {}}}, ["no such coefficient", "'bias'"]),
        ({"coefficients": {"bias": {"per": "synapse"}}}, ["neuron, group, population"]),
        ({"coefficients": {"bias": {"low": 2, "high": 1}}}, ["low <= high"]),
        ({"coefficients": {"bias": 3}}, ["circuit.coefficients.bias", "a table"]),
        ({"readout": "leaky"}, ["circuit.readout", "neuron model", "'leaky_readout'"]),
        ({"modulated_by": "nobody"}, ["circuit.modulated_by", "hidden, all"]),
    ],
)
def test_a_mistake_names_key_value_and_cure(circuit, words):
    with pytest.raises(StudyFileError) as caught:
        studied(**circuit)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_rules_coefficient_has_no_granularity_of_neurons():
    rule = {"name": "nm_oja", "coefficients": {"w": {"per": "neuron"}}}
    with pytest.raises(StudyFileError, match=r"synapse, pre, post, pre \+ post, block"):
        study_of({**TABLE, "rule": rule}, "table")


def test_a_rule_with_two_factors_has_nothing_to_clamp():
    with pytest.raises(StudyFileError, match="'M0' needs a rule with a third factor"):
        study_of({**TABLE, "rule": {"name": "oja"}, "conditions": ["M0"]}, "table")


def test_settings_of_neurons_reach_the_populations_that_they_name():
    study = studied(coefficients={"bias": {"per": "group"}, "output.bias": {"sigma": 0.5}})
    circuit = circuit_of(study, "plastic")
    hidden, output = (circuit.population(name).coefficients[0] for name in ("hidden", "output"))
    assert (hidden.name, hidden.per, output.per) == ("bias", "group", "group")
    assert output.sigma == 0.5 != hidden.sigma
    sizes = {block.label: block.size for block in circuit.coefficients.blocks}
    assert sizes["hidden.bias"] == 2
    assert sizes["input_hidden.w"] == 8


def test_the_digest_of_an_older_study_does_not_see_new_keys():
    older = {"name": "x", "task": {"name": "sequence_copy"}, "rule": {"name": "pdlf"}}
    newer = {**older, "circuit": {"groups": 1, "gru": 0, "plastic": "all", "recurrent": False}}
    assert study_of(older, "table").digest == study_of(newer, "table").digest
    changed = {**older, "circuit": {"gru": 2}}
    assert study_of(older, "table").digest != study_of(changed, "table").digest
