"""Errors in a user's equations: one screen, with line and token underlined."""

from dataclasses import replace

import pytest

from neuromodels import neurons, rules, tasks
from neuromodels.errors import EquationError
from neuromodels.simulation import Batch
from neuromodels.simulation.capture.messages import mark_token
from neuromodels.simulation.network.assembly import assemble
from neuromodels.simulation.network.circuit import feedforward

PDLF, NEURON = rules.CATALOG["pdlf"], neurons.CATALOG["ternary_lif"]


def built(rule=PDLF, model=NEURON):
    made = assemble(feedforward(3, 8, model, rule), tasks.CATALOG["sequence_copy"], {})
    return Batch(made.network, namespace={})


def equations(old: str, new: str) -> str:
    assert old in NEURON.equations
    return NEURON.equations.replace(old, new)


CASES = {
    "undefined name in a rule": (
        {"rule": replace(PDLF, each_step="w += eta*A*x*y\nw = w + Q0*y")},
        '"Q0"',
        "w = w + Q0*y",
        "Q0",
    ),
    "undefined name in a rule's equations": (
        {"rule": replace(PDLF, model="w : 1\nk = w*foo : 1", each_step="w += eta*k")},
        '"foo"',
        "k = w*foo",
        "foo",
    ),
    "unit error in a rule": (
        {"rule": replace(PDLF, each_step="w += eta*A*x*y + B*dt")},
        "inconsistent units",
        "w += eta*A*x*y + B*dt",
        "B*dt",
    ),
    "syntax error in a rule": (
        {"rule": replace(PDLF, each_step="w += eta*(A*x*y")},
        "never closed",
        "w += eta*(A*x*y",
        "(",
    ),
    "unit error in a model": (
        {"model": replace(NEURON, equations=equations("(I - v)/tau", "(I - v)"))},
        "expected unit hertz",
        "v = (I - v)",
        "(I - v)",
    ),
    "unknown unit in a model": (
        {"model": replace(NEURON, equations="dv/dt = -v/tau : vol\nI : 1\ns : 1\ntr : 1")},
        "'vol'",
        "dv/dt = -v/tau : vol",
        "vol",
    ),
    "undefined name in a threshold": (
        {"model": replace(NEURON, threshold="abs(vv) > v_th")},
        '"vv"',
        "abs(vv) > v_th",
        "vv",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_line_and_token_of_the_users_own_text(case):
    given, said, line, token = case
    with pytest.raises(EquationError) as error:
        built(**given)
    message = str(error.value)
    assert said in message
    shown, underline = message.splitlines()[-2:]
    assert shown.endswith(line)
    start = underline.index("^")
    assert shown[start : start + underline.count("^")] == token
    assert len(message.splitlines()) < 20


def test_marking_ignores_the_spaces_that_brian2_adds():
    assert mark_token("a = 1\nb = x+y*z", "x + y * z") == "  line 2: b = x+y*z\n              ^^^^^"


def test_marking_wants_whole_names():
    assert mark_token("tau_m = tau", "tau") == "  line 1: tau_m = tau\n                  ^^^"
    assert mark_token("tau_m = 1", "tau") is None
