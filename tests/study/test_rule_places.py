"""Rules where a circuit puts them: what cannot act is refused with its line, before a build."""

from itertools import product

import pytest

from neuromodels.errors import NeuromodelsError
from neuromodels.rules import CATALOG
from neuromodels.simulation.network.builder import circuit_of, text_of
from neuromodels.store.load import coefficients_of
from neuromodels.study.checks import installed_catalogs, problems_of
from neuromodels.study.file import StudyFileError, study_of
from neuromodels.study.study import CircuitChoice, RuleChoice, Study, TaskChoice

PLASTIC = ("all", "input", "output", "recurrent")


def table(rule, circuit, **more):
    task = {"name": "sequence_copy"}
    return {"name": "small", "task": task, "rule": rule, "circuit": circuit, **more}


def chosen():
    """Yield every rule with each of its options."""
    for name, rule in CATALOG.items():
        yield {"name": name}
        for option, values in rule.options.items():
            yield from ({"name": name, option: value} for value in values[1:])


def builds(rule, circuit):
    """Whether the network of a study can be written that nothing has checked."""
    options = {key: value for key, value in rule.items() if key != "name"}
    study = Study(
        name="small",
        task=TaskChoice("sequence_copy"),
        rule=RuleChoice(rule["name"], options),
        circuit=CircuitChoice(**circuit),
    )
    try:
        text_of(study, "plastic", circuit_of(study, "plastic"))
    except NeuromodelsError:
        return False
    return True


@pytest.mark.parametrize("neuron", ["lif", "gru", "ternary_lif"])
@pytest.mark.parametrize("rule", chosen(), ids=lambda rule: "-".join(rule.values()))
def test_what_a_study_file_may_say_can_be_built_and_what_it_may_not_cannot(rule, neuron):
    if neuron == "gru" and rule["name"] != "stdp":
        return
    catalogs = installed_catalogs()
    for plastic, recurrent in product(PLASTIC, (False, True)):
        circuit = {"neuron": neuron, "plastic": plastic, "recurrent": recurrent}
        wrong = [problem.text for problem in problems_of(table(rule, circuit), catalogs)]
        if any("no such variable" in text or "needs recurrent" in text for text in wrong):
            continue  # Brian2 would say so, or nothing would be plastic
        assert builds(rule, circuit) == (not wrong), (circuit, wrong)


def refusal(rule, circuit, **more):
    with pytest.raises(StudyFileError) as caught:
        study_of(table(rule, circuit, **more), "a study")
    return str(caught.value)


def test_a_rule_at_spikes_of_both_sides_is_told_where_it_can_act():
    said = refusal({"name": "stdp"}, {"neuron": "lif"})
    for words in ("'stdp' acts at spikes, and channels have none", "circuit.plastic = 'recurrent'"):
        assert words in said
    for words in ("circuit.inhibitory", "[rules.EE]", "sx and sy"):
        assert words in said
    study_of(
        table({"name": "stdp"}, {"neuron": "lif", "plastic": "recurrent", "recurrent": True}), ""
    )


def test_a_rule_at_postsynaptic_spikes_may_lead_into_the_hidden_layer():
    said = refusal({"name": "hebb"}, {"neuron": "lif"})
    assert "Choose circuit.plastic = 'input', or form = 'dense'" in said
    study_of(table({"name": "hebb"}, {"neuron": "lif", "plastic": "input"}), "a study")


@pytest.mark.parametrize("plastic", ["all", "output", "recurrent"])
def test_a_norm_may_stand_in_a_recurrent_circuit(plastic):
    study_of(table({"name": "pdlf"}, {"recurrent": True, "plastic": plastic}), "a study")


def test_a_rule_that_reads_what_its_neurons_lack_is_refused_with_the_names():
    more = {"rules": {"IE": {"name": "polynomial"}}}
    circuit = {"neuron": "lif", "inhibitory": 4}
    said = refusal({"name": "doublet", "form": "dense"}, circuit, **more)
    assert "rules.IE.name: 'polynomial' reads c_exc, c_inh, v_slow of 'hidden' neurons" in said
    assert "the model 'lif' has no such variable" in said
    circuit["neuron"] = "traced_lif"
    study_of(table({"name": "doublet", "form": "dense"}, circuit, **more), "a study")


def test_only_recurrent_projections_are_plastic_where_a_study_says_so():
    circuit = CircuitChoice(neuron="lif", plastic="recurrent", recurrent=True)
    study = Study("small", TaskChoice("sequence_copy"), RuleChoice("stdp"), circuit=circuit)
    projections = circuit_of(study, "plastic").projections
    plastic = [each.name for each in projections if each.rule.is_plastic]
    assert plastic == ["hidden_hidden"]
    assert "needs recurrent = true" in refusal({"name": "stdp"}, {"plastic": "recurrent"})


@pytest.mark.parametrize("plastic", ["all", "output"])
def test_weights_into_hidden_neurons_begin_where_a_trial_draws_them(plastic):
    circuit = CircuitChoice(neuron="lif", plastic=plastic, drawn=0.3)
    study = Study("small", TaskChoice("sequence_copy"), RuleChoice("oja"), circuit=circuit)
    first, second = circuit_of(study, "plastic").projections
    assert (first.drawn, second.drawn) == (0.3, 0.0)
    assert first.rule.is_plastic == (plastic == "all")
    assert text_of(study, "plastic").initial["input_hidden.w"] == "0.3*randn()"


def test_drawn_weights_need_hidden_neurons_and_a_rule_with_a_first_weight():
    two = {"name": "synergy", "mechanisms": {"a": {"rule": "oja"}, "b": {"rule": "bcm"}}}
    assert "whose weights begin at its coefficient w; 'synergy' has none" in refusal(
        two, {"drawn": 0.1}
    )
    refused = refusal({"name": "pdlf"}, {"drawn": 0.1, "plastic": "output", "hidden": 0})
    assert "circuit.drawn: needs hidden neurons" in refused
    assert "must be a number >= 0" in refusal({"name": "pdlf"}, {"drawn": -1.0})


def test_a_layered_circuit_has_a_rule_for_each_type_of_connection():
    rules = {"EO": {"name": "oja", "coefficients": {"eta": {"default": 0.02}}}}
    study = study_of(table({"name": "bcm"}, {"neuron": "lif", "recurrent": True}, rules=rules), "")
    found = {each.name: each.rule.name for each in circuit_of(study, "plastic").projections}
    assert found == {"input_hidden": "bcm", "hidden_hidden": "bcm", "hidden_output": "oja"}
    fixed = circuit_of(study, "fixed").projections
    assert {each.rule.name for each in fixed} == {"fixed"}
    assert coefficients_of(study, "plastic")["hidden_output.eta"].default == 0.02


@pytest.mark.parametrize(
    ("kind", "rule", "said"),
    [
        ("EE", "oja", "rules.EE: is no type of connection of this circuit, which has EO, XE"),
        ("IE", "oja", "Types with I go with circuit.inhibitory; EE goes with recurrent = true"),
        ("EO", "nm_oja", "rules.EO.name: 'nm_oja' has a third factor. Name it under [rule]"),
        ("XE", "stdp", "rules.XE.name: 'stdp' acts at spikes, and channels have none"),
        ("EO", "csdp", "rules.EO.name: 'csdp' needs the type of each sample, and the task"),
    ],
)
def test_a_rule_that_a_layered_circuit_has_no_place_for_is_refused(kind, rule, said):
    circuit = {"neuron": "lif"}
    assert said in refusal({"name": "bcm"}, circuit, rules={kind: {"name": rule}})


def test_modulators_of_a_task_without_rewards_are_refused():
    circuit = {"modulated_by": "task", "modulator": "reward_modulator"}
    refused = refusal({"name": "nm_oja", "form": "dense"}, circuit)
    assert "circuit.modulated_by: is 'task', and 'sequence_copy' gives no rewards" in refused


def test_unseen_tasks_of_the_family_must_be_withheld():
    """Said where the study is read, and not when the search is over."""
    asked = {
        "name": "small",
        "task": {"name": "family"},
        "rule": {"name": "pdlf"},
        "conditions": ["plastic", "unseen"],
    }
    with pytest.raises(StudyFileError, match=r"'unseen' is not possible: .*name some in withheld"):
        study_of(asked, "a study")
    asked["task"]["withheld"] = "go"
    study_of(asked, "a study")
    asked["task"]["withheld"] = "gone"
    with pytest.raises(StudyFileError, match="Did you mean 'go"):
        study_of(asked, "a study")
