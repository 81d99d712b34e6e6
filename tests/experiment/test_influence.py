"""What leads to a weight or a spike, against statements that are run, and over all catalogs."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels import neurons, rules
from neuromodels.coefficients import Coefficient
from neuromodels.errors import DeclarationError
from neuromodels.experiment.coefficient_use import check_coefficients, idle_coefficients
from neuromodels.experiment.influence import names_that_count
from neuromodels.neurons import NeuronModel
from neuromodels.rules import PlasticityRule
from neuromodels.study.study import CircuitChoice, RuleChoice, Study, TaskChoice

NAMES = ("a", "b", "c", "d", "q", "r")
"""Variables of a synapse between the coefficient and the weight; the last two are expressions."""
SET, DEFINED = NAMES[:4], NAMES[4:]
PLACES = ("each_step", "on_pre", "on_post")


def rule_of(lines: list[tuple[str, str, str]], defined: dict[str, str]) -> PlasticityRule:
    """Return a rule of lines (place, target, source) and of expressions by name."""
    texts = dict.fromkeys(PLACES, "")
    for place, target, source in lines:
        texts[place] += f"{target} += 0.5*{source}\n"
    model = ["w : 1", *(f"{name} : 1" for name in SET)]
    model += [f"{name} = 0.25*{source} : 1" for name, source in defined.items()]
    coefficient = Coefficient("k", default=1.0)
    return PlasticityRule("drawn", "", "\n".join(model), (coefficient,), **texts)


def weight_after(lines, defined: dict[str, str], k: float) -> float:
    """Run the statements as Python, whatever their place; nothing cancels, as all is positive."""
    state = {"w": 0.0, **dict.fromkeys(SET, 0.0), "k": k, "x": 1.0}

    def value(name: str) -> float:
        return 0.25 * value(defined[name]) if name in defined else state[name]

    for _ in range(10):
        for _, target, source in lines:
            state[target] += 0.5 * value(source)
    return state["w"]


LINE = st.tuples(
    st.sampled_from(PLACES), st.sampled_from([*SET, "w"]), st.sampled_from([*NAMES, "k", "x"])
)
EXPRESSIONS = st.tuples(st.sampled_from([*SET, "k"]), st.sampled_from([*SET, "q", "k"])).map(
    lambda sources: dict(zip(DEFINED, sources, strict=True))
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, max_size=7), EXPRESSIONS)
def test_a_chain_leads_to_the_weight_where_it_does_when_it_runs(lines, defined):
    rule = rule_of(lines, defined)
    leads = weight_after(lines, defined, 1.0) != weight_after(lines, defined, 2.0)
    assert ("k" in names_that_count(rule)) == leads
    assert (not list(idle_coefficients(rule, rule.coefficients))) == leads


def variants(rule: PlasticityRule):
    """Yield a rule with every value of every option."""
    yield rule
    for option, values in rule.options.items():
        yield from (rule.with_options({option: value}) for value in values)


@pytest.mark.parametrize("name", rules.CATALOG)
def test_no_rule_of_the_catalog_is_accused(name):
    for rule in variants(rules.CATALOG[name]):
        assert not list(idle_coefficients(rule, rule.coefficients))


@pytest.mark.parametrize("name", neurons.CATALOG)
def test_no_neuron_of_the_catalog_is_accused(name):
    model = neurons.CATALOG[name]
    free = tuple(replace(each, frozen=False) for each in model.coefficients)
    assert not list(idle_coefficients(model, free))


def test_a_contrast_that_its_option_leaves_out_is_found():
    (contrasted,) = (
        c for c in rules.CATALOG["three_factor"].coefficients if c.name == "contrasted"
    )
    searched = (replace(contrasted, frozen=False),)
    chosen = {
        value: rules.CATALOG["three_factor"].with_options({"contrast": value})
        for value in ("none", "mean", "group")
    }
    assert [bool(list(idle_coefficients(rule, searched))) for rule in chosen.values()] == [
        True,
        False,
        False,
    ]


RULE = PlasticityRule(
    "own",
    "",
    "w : 1\nelig : 1\ntag = elig*k : 1",
    (Coefficient("k", default=1.0),),
    each_step="elig += x*y\nw += 0.1*elig",
)


@pytest.mark.parametrize(
    ("changes", "leads"),
    [
        ({}, False),
        ({"weight": "w + tag", "normalisation": "none"}, True),
        ({"on_pre": "v_post += tag"}, True),
        ({"model": f"{RULE.model}\ntotal_post = tag : 1 (summed)"}, True),
        ({"centred": "tag"}, False),
        ({"centred": "tag", "each_step": "w += x*y - centre"}, True),
        ({"modulator": "m + tag"}, False),
        ({"modulator": "m + tag", "each_step": "w += x*y*M"}, True),
        ({"each_step": "w += x*y; z = tag"}, False),
        ({"each_step": "z = tag; w += x*y*z"}, True),
        ({"each_step": "w += x*y\nz = tag\n    + elig"}, False),
        ({"each_step": "z = own(tag)\nw += x*y", "constants": {"own": abs}}, True),
        ({"model": "w : 1\nelig : 1\ntag = (elig\n + k) : 1\ndz/dt = -tag/ms : 1"}, False),
        ({"model": "w : 1\nelig : 1\ntag = k : 1\ndw/dt = -tag/second : 1 (clock-driven)"}, True),
    ],
)
def test_ways_to_a_weight(changes, leads):
    rule = replace(RULE, **changes)
    assert (not list(idle_coefficients(rule, rule.coefficients))) == leads


def test_the_message_names_what_alone_is_changed():
    (error,) = idle_coefficients(RULE, RULE.coefficients)
    assert str(error).startswith("PlasticityRule.own.k: must reach a weight, or its search is")
    assert "it only changes tag; got 'k'." in str(error)


NEURON = NeuronModel(
    "own",
    "",
    "dv/dt = -v/(20*ms) : 1\ndslow/dt = (k*v - slow)/(100*ms) : 1\ntr : 1\ns : 1\nI : 1",
    signal="s",
    trace="tr",
    threshold="v > 1",
    reset="v = 0\ns = 1\ntr += 1",
    before_spikes="v += I\ns = 0",
    coefficients=(Coefficient("k", default=1.0, per="neuron"),),
)


@pytest.mark.parametrize(
    ("changes", "seen", "leads"),
    [
        ({}, (), False),
        ({}, ("slow",), True),
        ({}, ("v",), False),
        ({"threshold": "v > 1 + slow"}, (), True),
        ({"trace": "slow"}, (), True),
        ({"reset": "v = -slow\ns = 1"}, (), True),
        ({"each_step": "tr = k"}, (), True),
        ({"each_step": "z = k"}, (), False),
    ],
)
def test_ways_to_a_spike_or_a_trace(changes, seen, leads):
    model = replace(NEURON, **changes)
    assert (not list(idle_coefficients(model, model.coefficients, seen))) == leads


def test_what_a_rule_of_the_circuit_reads_of_a_neuron_counts(monkeypatch):
    """As rules do that depend on a slow average of the membrane."""
    own = replace(rules.CATALOG["hebb"], each_step="w += eta*x*y*slow_post", choices={})
    monkeypatch.setattr(neurons, "CATALOG", {**neurons.CATALOG, "own": NEURON})
    monkeypatch.setattr(rules, "CATALOG", {**rules.CATALOG, "own": own})
    circuit = CircuitChoice(hidden=2, neuron="own", plastic="input")
    study = Study("s", TaskChoice("sequence_copy"), RuleChoice("own"), circuit=circuit)
    check_coefficients(study)
    with pytest.raises(DeclarationError, match=r"NeuronModel\.own\.k: must reach a signal or a sp"):
        check_coefficients(replace(study, rule=RuleChoice("hebb")))
