"""Rules where a circuit puts them: what cannot act is refused with its line, before a build."""

from itertools import product

import pytest

from neuromodels.errors import NeuromodelsError
from neuromodels.neurons import CATALOG as NEURONS
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


@pytest.mark.parametrize(
    ("rule", "drawn"),
    [
        ({"name": "pdlf"}, {"w"}),
        ({"name": "bcm"}, {"w"}),
        ({"name": "plastic_oja", "form": "dense"}, {"w"}),
        ({"name": "synergy"}, {"w_hebb", "w_oja"}),
    ],
)
def test_plastic_weights_begin_where_each_trial_draws_them(rule, drawn):
    study = study_of(table(rule, {"drawn": 0.1, "neuron": "lif"}), "a study")
    first, last = circuit_of(study, "plastic").projections
    assert (first.drawn, last.drawn) == (0.1, 0.0)
    assert all(c.frozen for c in first.rule.coefficients if c.symbol in drawn)
    draws = text_of(study, "plastic").initial
    own = {f"input_hidden.{name}": "0.1*randn()" for name in drawn}
    assert {name: each for name, each in draws.items() if not name.startswith("items")} == own


def test_drawn_weights_need_hidden_neurons():
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
        ("EE", "oja", "rules.EE: there is no such projection: hidden neurons do not project to"),
        ("IE", "oja", "rules.IE"),
        ("EO", "nm_oja", "rules.EO.name: 'nm_oja' has a third factor. Name it under [rule]"),
        ("XE", "stdp", "rules.XE.name: 'stdp' acts at spikes, and channels have none"),
        ("EO", "csdp", "rules.EO.name: 'csdp' needs the type of each sample, and the task"),
    ],
)
def test_a_rule_that_a_layered_circuit_has_no_place_for_is_refused(kind, rule, said):
    circuit = {"neuron": "lif"}
    assert said in refusal({"name": "bcm"}, circuit, rules={kind: {"name": rule}})


def test_a_projection_has_one_rule_under_either_of_its_names():
    rules = {"EO": {"name": "oja"}, "hidden_output": {"name": "bcm"}}
    refused = refusal({"name": "bcm"}, {"neuron": "lif"}, rules=rules)
    assert "rules.hidden_output: the projection hidden_output has a rule already" in refused


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


BLOBS = {"task": {"name": "blob_choice"}}
LIF = {"neuron": "lif", "readout": "leaky_readout"}


def named(projection, rule, circuit=None, task=None):
    return {"circuit": circuit or LIF, "rules": {projection: rule}, **(task or BLOBS)}


@pytest.mark.parametrize(
    ("projection", "rule", "more", "said"),
    [
        ("hidden_hidden", "oja", {}, "Write recurrent = true"),
        ("input_output", "oja", {}, "the channels project to hidden neurons"),
        ("context_hidden", "oja", {"task": {"name": "few_shot"}}, "Write input_hidden"),
        ("context_hidden", "nm_oja", {}, "has a third factor. Name it under [rule]"),
        ("context_hidden", "stdp", {}, "acts at spikes, and channels have none"),
        ("IE", "oja", {}, "goes with inhibitory neurons"),
    ],
)
def test_a_rule_of_a_projection_that_cannot_be_is_refused(projection, rule, more, said):
    whole = named(projection, {"name": rule}, task={**BLOBS, **more})
    circuit = whole.pop("circuit")
    assert said in refusal({"name": "error_driven"}, circuit, **whole)


def test_named_projections_have_rules_of_their_own_and_the_others_that_of_the_study():
    whole = named("context_hidden", {"name": "oja"})
    study = study_of(table({"name": "error_driven"}, whole.pop("circuit"), **whole), "a study")
    found = {each.name: each for each in circuit_of(study, "plastic").projections}
    rules = {name: each.rule.name for name, each in found.items()}
    assert rules == {
        "input_hidden": "error_driven",
        "context_hidden": "oja",
        "hidden_output": "error_driven",
    }
    assert sorted(set(found["context_hidden"].pairs[0])) == [25, 26]
    assert set(found["input_hidden"].pairs[0]) == set(range(25))
    fixed = circuit_of(study, "fixed").projections
    assert {each.rule.name for each in fixed} == {"fixed"}


def test_a_coefficient_that_neurons_have_as_well_is_refused():
    refused = refusal({"name": "doublet", "form": "dense"}, {"neuron": "alif"})
    assert "'doublet' and the model 'alif' both have a coefficient 'beta'" in refused


def test_few_rules_and_neurons_share_a_coefficient():
    known = {
        (rule, model): shared
        for rule in CATALOG
        for model in NEURONS
        if (shared := {c.symbol for c in CATALOG[rule].coefficients} & names_of(NEURONS[model]))
    }
    assert known == {("doublet", "alif"): {"beta"}, ("leaky_hebb", "alif"): {"beta"}}


def names_of(model):
    return {c.name for c in model.coefficients}
