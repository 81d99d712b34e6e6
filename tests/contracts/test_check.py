"""`neuromodels check FILE.py:NAME`: a line for each promise, and the exit code of a script."""

import json

import pytest

from neuromodels.experiment.contracts import NeuronContract, RuleContract, TaskContract

RULE = """
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule
HEBB = PlasticityRule(
    name="hebb", summary="pre times post", model="w : 1", each_step="w += a*x*y",
    coefficients=(Coefficient("a", 0.1, 0.0, 1.0),), reference="mine",
)
OTHER = 3
"""


@pytest.fixture
def check(tmp_path, said):
    def checked(text, name, *words):
        (tmp_path / "mine.py").write_text(text)
        return said("check", f"{tmp_path / 'mine.py'}:{name}", *words)

    return checked


def test_a_rule_that_keeps_all_promises(check):
    code, out, err = check(RULE, "HEBB")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "says what it is and where it comes from: ok"
    assert len(out.splitlines()) == len(RuleContract().promises())
    assert all(line.endswith(": ok") for line in out.splitlines())


def test_a_rule_that_breaks_one(check):
    code, out, _ = check(RULE.replace('reference="mine"', 'reference=""'), "HEBB")
    assert code == 1
    first, *others = out.splitlines()
    assert first.endswith("failed: PlasticityRule.hebb.reference: must not be empty; got ''.")
    assert all(line.endswith(": ok") for line in others)


def test_units_that_do_not_fit_are_named_with_their_place(check):
    code, out, _ = check(RULE.replace("a*x*y", "a*x*dt"), "HEBB")
    (line,) = [each for each in out.splitlines() if each.startswith("can be built")]
    assert code == 1
    assert "failed: before_after" in line
    assert "unit" in out


@pytest.mark.parametrize(
    ("name", "words"),
    [("NONE", "It declares: HEBB"), ("OTHER", "PlasticityRule, NeuronModel, Task")],
)
def test_a_file_that_declares_nothing_of_that_name(check, name, words):
    code, out, err = check(RULE, name)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.parametrize("text", ["1/", "import nowhere_at_all", RULE.replace("0.1, 0.0", "2, 0")])
def test_a_file_that_cannot_be_used(check, text):
    code, out, err = check(text, "HEBB")
    assert (code, out) == (2, "")
    assert err.startswith("neuromodels: ")


def test_a_name_without_a_file(said):
    code, _, err = said("check", "pdlf")
    assert code == 2
    assert "must be FILE.py:NAME" in err


def test_one_json_object(check):
    code, out, _ = check(RULE, "HEBB", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["ok"] is True
    assert found["kind"] == "PlasticityRule"
    assert {promise["status"] for promise in found["promises"]} == {"ok"}
    assert set(found["promises"][0]) == {"promise", "about", "status", "message"}


@pytest.mark.parametrize(
    ("kind", "contract"), [("rule", RuleContract), ("task", TaskContract)], ids=["rule", "task"]
)
def test_what_new_writes_keeps_its_contract(tmp_path, said, kind, contract):
    said("new", kind, "mine", "--folder", str(tmp_path))
    code, out, _ = said("check", f"{tmp_path / 'mine.py'}:MINE")
    assert code == 0
    assert len(out.splitlines()) == len(contract().promises())


def test_a_neuron_of_the_users(check):
    text = "from neuromodels.neurons.lif import LIF as MINE"
    code, out, _ = check(text, "MINE")
    assert code == 0
    assert len(out.splitlines()) == len(NeuronContract().promises())
