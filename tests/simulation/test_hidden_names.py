"""Constants of rules, neurons and tasks that Brian2 would not see are refused, by name."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from brian2 import Hz, ms
from brian2.units import hertz

from neuromodels import neurons, rules, tasks
from neuromodels.errors import DeclarationError
from neuromodels.simulation.network.assembly import Assembly, assemble
from neuromodels.simulation.network.circuit import feedforward
from neuromodels.simulation.network.hidden_names import check_constants
from neuromodels.simulation.network.protocols import paired

RULE, NEURON = rules.CATALOG["oja"], neurons.CATALOG["ternary_lif"]
TASK = tasks.CATALOG["sequence_copy"]
BRIAN2 = ("pi", "e", "inf", "N", "i", "t", "dt", "xi", "xi_1", "mV", "exp")


def with_constants(where: str, constants: Mapping[str, object]) -> Assembly:
    """Return a network whose rule, neuron or task has more constants."""
    parts = {"rule": RULE, "neuron": NEURON, "task": TASK}
    declared = parts[where]
    parts[where] = replace(declared, constants={**declared.constants, **constants})
    return assemble(feedforward(3, 4, parts["neuron"], parts["rule"]), parts["task"], {})


CASES = [("rule", "input_hidden", name) for name in BRIAN2]
CASES += [
    (*part, name) for part in (("neuron", "hidden"), ("task", "task")) for name in ("pi", "N")
]


@pytest.mark.parametrize(("where", "owner", "name"), CASES)
def test_a_name_of_brian2s_is_refused(where: str, owner: str, name: str) -> None:
    with pytest.raises(DeclarationError, match=rf"{owner}\.constants.*got '{name}'"):
        with_constants(where, {name: 3.0})


@pytest.mark.parametrize("name", ["w", "eta", "x", "sy", "j", "v_post", "N_pre"])
def test_a_variable_of_the_synapse_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match=rf"a variable.*got '{name}'"):
        with_constants("rule", {name: 3.0})


def test_what_a_name_means_anyway_is_no_mistake() -> None:
    check_constants("mine", {"ms": 1 * ms, "hertz": hertz, "Hz": 1 * Hz, "tau": 3 * ms})
    for name, value in {"ms": 1e-3, "hertz": 2 * Hz, "pi": 3}.items():
        with pytest.raises(DeclarationError, match=name):
            check_constants("mine", {name: value})


def test_a_rule_alone_is_checked_too() -> None:
    rule = rules.CATALOG["stdp"]
    wrong = replace(rule, constants={**rule.constants, "pi": 3.0})
    with pytest.raises(DeclarationError, match=r"stdp\.constants.*got 'pi'"):
        paired(wrong, [0.01], pairs=1)
