"""What is computed once per row of synapses: the same numbers, with less work."""

import ast

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Synapses, ms
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.simulation import Batch
from neuromodels.simulation.capture.rows import Factoring, Names
from neuromodels.simulation.capture.translation import BatchCodeGenerator

STILL = ("a", "b", "pre")
MOVING = ("w", "post", "x")
LEAVES = st.sampled_from([*STILL, *MOVING, "2.0", "0.5"])


def combined(inner):
    joined = st.tuples(inner, st.sampled_from("+-*"), inner).map(
        lambda p: f"({p[0]} {p[1]} {p[2]})"
    )
    return st.one_of(joined, inner.map(lambda text: f"clip({text}, a, b)"))


EXPRESSIONS = st.recursive(LEAVES, combined, max_leaves=12)


def collect(expression: str, real: tuple[str, ...] = (*STILL, *MOVING)) -> tuple[str, dict]:
    """Return the expression for a row, and what is computed before it."""
    factoring = Factoring(Names(frozenset(STILL), frozenset(real)))
    return factoring.collect(expression), factoring.constants


def operations(expression: str) -> int:
    """Count the operations that change along the row."""
    still = {*STILL, "_row0", "_row1", "_row2", "_row3", "_row4", "_row5"}

    def changes(node: ast.AST) -> bool:
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        return bool(names - still)

    nodes = ast.walk(ast.parse(expression))
    return sum(isinstance(node, ast.BinOp) and changes(node) for node in nodes)


@settings(deadline=None)
@given(EXPRESSIONS, st.integers(0, 2**31))
def test_value_is_kept(expression: str, seed: int) -> None:
    """Whatever is collected, the number is the same but for rounding."""
    random = np.random.default_rng(seed)
    values = {name: random.normal() for name in (*STILL, *MOVING)} | {"clip": np.clip}
    new, constants = collect(expression)
    before = {name: eval(text, {}, values) for name, text in constants.items()}
    expected, got = eval(expression, {}, values), eval(new, {}, values | before)
    largest = max(1.0, *(abs(number) for number in before.values())) if before else 1.0
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-9 * largest)


@settings(deadline=None)
@given(EXPRESSIONS)
def test_work_becomes_less(expression: str) -> None:
    """A block is rewritten only where the row has fewer operations afterwards."""
    new, constants = collect(expression)
    if constants:
        assert operations(new) < operations(expression)
    else:
        assert new == expression


def test_pair_rule_takes_two_operations() -> None:
    """The pair rule of the benchmark: one product and two sums per synapse."""
    new, constants = collect("clip(((w + a*(pre*post)) + b*pre) + 0.5*post, a, b)")
    assert new == "clip(w + (_row0 * post + _row1), a, b)"
    assert constants == {"_row0": "a * pre + 0.5", "_row1": "b * pre"}


@pytest.mark.parametrize("kept", ["a*rand() + b*rand()", "a*n*x + b*n*x"])
def test_draws_and_integers_are_left(kept: str) -> None:
    """A call may draw a number; whole numbers wrap around in their own order."""
    assert collect(kept) == (kept, {})


PAIRS = "w = clip(w + a*(tr_pre*tr_post) + b*tr_pre + c*tr_post, -2, 2)"
#: Statements along rows: of rules in each step, and of spikes; `tr` may be that of one group.
ACTIONS = {
    "each step": {"every_step": PAIRS},
    "spikes": {"on_pre": PAIRS, "on_post": "w += 0.1*(a*tr_post*tr_pre + c*tr_pre)"},
    "written": {"on_pre": "tr_post += 0.001*(a*tr_pre + b*tr_pre + c*w + b*w)"},
}


def plastic_network(action: str, condition: str | None, recurrent: bool) -> Network:
    """Return synapses whose sums can be collected along rows."""
    events = dict(ACTIONS[action])
    every_step = events.pop("every_step", None)
    sizes = (7, 7) if recurrent else (7, 12)
    firing = {"threshold": "(timestep(t, dt) + i) % 4 == 0", "reset": "tr = 0.1*i"}
    groups = [
        NeuronGroup(n, "dtr/dt = (1 - tr)/(5*ms) : 1", method="euler", name=name, **firing)
        for n, name in zip(sizes, ("pre", "post"), strict=True)
    ]
    ends = (groups[0], groups[0] if recurrent else groups[1])
    shared = "".join(f"\n{name} : 1 (shared)" for name in "abc")
    synapses = Synapses(*ends, f"w : 1{shared}", name="syn", namespace={}, **events)
    synapses.connect(condition)
    synapses.w, synapses.a, synapses.b, synapses.c = "0.1*i - 0.05*j", 0.3, -0.2, 0.11
    if every_step:
        synapses.run_regularly(every_step, name="rule", when="start")
    return Network(*groups, synapses)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("condition", [None, "(i + j) % 3 != 0"])
@pytest.mark.parametrize("action", ["each step", "spikes"])
def test_rules_along_rows_equal_stock(action: str, condition: str | None, recurrent: bool) -> None:
    batch = Batch(plastic_network(action, condition, recurrent), 2, dtype="float64", namespace={})
    batch.run(3 * ms)
    stock = plastic_network(action, condition, recurrent)
    stock.run(3 * ms, namespace={})
    for group, variable in (("syn", "w"), ("pre", "tr")):
        expected = np.asarray(getattr(stock[group], variable))
        np.testing.assert_allclose(batch[f"{group}.{variable}"][1], expected, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_what_one_end_writes_is_no_constant_of_the_other(monkeypatch) -> None:
    """In recurrent synapses both ends are one array: its value changes along the row."""
    found = []
    for rows in (BatchCodeGenerator._rows, lambda *_: {}):
        monkeypatch.setattr(BatchCodeGenerator, "_rows", rows)
        batch = Batch(plastic_network("written", None, True), 1, dtype="float64", namespace={})
        batch.run(3 * ms)
        found.append(np.asarray(batch["pre.tr"]))
    np.testing.assert_array_equal(*found)
