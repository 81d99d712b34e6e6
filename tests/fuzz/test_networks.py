"""Networks of Brian2: odd names, clocks of any steps, arithmetic of any numbers, as stock Brian2.

One case is one build, so it holds many statements.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
import pytest
from brian2 import Clock, Network, NeuronGroup, ms, prefs, second
from brian2.utils.logger import catch_logs
from hypothesis import strategies as st
from simulation import arithmetic
from simulation import names as of
from simulation.grammar import network
from simulation.networks.cases import Case
from simulation.outcomes import Outcome, assert_equal, batch_outcome, stock_outcome
from simulation.test_drawn_arithmetic import EXPRESSIONS, VALUES, computable
from simulation.test_names import network_of
from simulation.test_property import TOLERANCE, looks_back, on_batch, on_runtime

from fuzz.budget import fuzz, seconds_for
from neuromodels.simulation import Batch, Emulation
from neuromodels.simulation.build import cache as builds

pytestmark = pytest.mark.filterwarnings("ignore")
DURATION = 23.7
"""Of each run, in ms."""
STEPS = (0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 1 / 3, 0.5, 0.7, 1.0)
"""Steps of clocks, in ms."""
TIMES = (
    "t % ({a}*ms) < {b}*ms",
    "int(t/({a}*ms)) % 2 == 1",
    "t >= {a}*ms and t < {b}*ms",
    "floor(t/({a}*ms)) % {n} == 0",
    "(t/ms) // {a} % {n} == 1",
    "(t - {a}*ms) % ({b}*ms) < {a}*ms",
    "int((t % ({b}*ms))/({a}*ms)) == {n}",
    "clip(t, {a}*ms, {b}*ms) % (1*ms) < 0.5*ms",
    "t_in_timesteps % {n} == 1",
    "timestep(t, dt) % {n} == 1 or t > {b}*ms",
    "not (t/({b}*ms) - floor(t/({b}*ms)) < 0.5)",
)
"""Conditions on time; `a` and `b` are numbers of ms, `n` is a whole one."""


@dataclass(frozen=True)
class Statements:
    """Many statements of one network.

    Parameters
    ----------
    written
        Expressions.
    names
        Of variables, constants, locals, functions and objects.
    steps
        Of a few clocks, in ms.
    conditions
        On time, on each of these clocks.
    dtype, lanes
        How the batch device computes; 0 lanes are none of its emulation of a GPU.
    """

    written: tuple[str, ...]
    names: tuple[str, ...]
    steps: tuple[float, ...]
    conditions: tuple[str, ...]
    dtype: str = "float64"
    lanes: int = 0


@cache
def usable_names() -> tuple[str, ...]:
    """Return every name that means something to somebody."""
    return tuple(of.all_names())


numbers = st.sampled_from(STEPS) | st.integers(1, 30).map(lambda n: n / 10) | st.integers(1, 20)
conditions = st.builds(
    lambda text, a, b, n: text.format(a=a, b=b, n=n),
    st.sampled_from(TIMES),
    numbers,
    numbers,
    st.integers(2, 7),
)
statements = st.builds(
    Statements,
    st.lists(EXPRESSIONS, min_size=10, max_size=60, unique=True).map(tuple),
    st.lists(st.deferred(lambda: st.sampled_from(usable_names())), max_size=30, unique=True).map(
        tuple
    ),
    st.lists(st.sampled_from(STEPS), min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(conditions, min_size=3, max_size=15, unique=True).map(tuple),
    st.sampled_from(["float64", "float64", "float64", "float32"]),
    st.sampled_from([0, 0, 3]),
)
cases = statements | st.integers(0, 2**32)


def in_time(case: Statements) -> list[NeuronGroup]:
    """Return a group for each clock, which counts how often each condition holds."""
    made = []
    for k, step in enumerate(case.steps):
        clock = Clock(step * ms, name=f"timed_clock_{k}")
        counts = [f"count_{c}" for c in range(len(case.conditions))]
        model = "\n".join(f"{count} : 1" for count in counts)
        group = NeuronGroup(2, model, clock=clock, name=f"timed_{k}", namespace={"ms": ms})
        pairs = zip(counts, case.conditions, strict=True)
        code = "\n".join(f"{count} += int({text})" for count, text in pairs)
        group.run_regularly(code, clock=clock, name=f"timed_code_{k}")
        made.append(group)
    return made


def built(case: Statements, written: list[str]) -> Case:
    """Return the network of a case."""
    objects: list = in_time(case)
    if written and case.dtype == "float64":
        objects.append(arithmetic.network(written, VALUES))
    if case.names:
        usable = [name for name in case.names if of.is_variable(name)]
        objects += network_of(case.names, usable, usable[:12])
    made = of.case_of(objects)
    return Case(Network(*objects), DURATION * ms, made.compared)


def assert_as_stock(case: Statements) -> None:
    """Compare one instance with stock Brian2's numpy."""
    written = computable(list(case.written))
    stock = built(case, written)
    with np.errstate(all="ignore"):
        stock.network.run(stock.duration, namespace={})
    expected = in_precision(stock_outcome(stock), case.dtype)
    device = Emulation(case.lanes) if case.lanes else "cpp"
    made = built(case, written)
    batch = Batch(made.network, 1, dtype=case.dtype, device=device, threads=1, namespace={})
    batch.record([0])
    batch.run(made.duration)
    tolerance = 1e-9 if case.dtype == "float64" else 1e-4
    named = {f"cells.result_{k}": text for k, text in enumerate(written)}
    named |= {
        f"timed_{k}.count_{c}": f"{text} on a clock of {step} ms"
        for k, step in enumerate(case.steps)
        for c, text in enumerate(case.conditions)
    }
    compare(batch_outcome(batch, made, 0), expected, named, tolerance)


def in_precision(outcome: Outcome, dtype: str) -> Outcome:
    """Return what was computed in double precision; what single precision cannot hold is inf."""
    with np.errstate(over="ignore"):
        return {
            name: values.astype(dtype) if values.dtype.kind == "f" else values
            for name, values in outcome.items()
        }


def compare(found: Outcome, expected: Outcome, named: dict[str, str], tolerance: float) -> None:
    """Compare two outcomes; the message names every statement that differs."""
    wrong = []
    for name in expected:
        try:
            assert_equal({name: found[name]}, {name: expected[name]}, tolerance, tolerance)
        except (AssertionError, KeyError):
            got = np.asarray(found.get(name)).tolist()
            wrong.append(f"{named.get(name, name)}: {got} for {expected[name].tolist()}")
    assert not wrong, "\n".join(wrong)


def assert_drawn_as_stock(number: int) -> None:
    """Compare a network of the grammar, run once or twice."""
    case = network(Random(number)).build()
    runs = 1 if looks_back(case.network) else 2
    expected = on_runtime(case, runs)
    again = network(Random(number)).build()
    for outcomes, wanted in zip(on_batch(again, runs), expected, strict=True):
        for outcome in outcomes:
            assert_equal(outcome, wanted, *TOLERANCE)


def check(case: Statements | int) -> None:
    """Compare a case with stock Brian2."""
    gc.collect()
    with catch_logs():  # Brian2 warns of many of them
        if isinstance(case, int):
            assert_drawn_as_stock(case)
        else:
            assert_as_stock(case)


@pytest.fixture(autouse=True)
def as_usual(monkeypatch):
    """Let stock Brian2 use numpy; without a given time, compile fast."""
    monkeypatch.setitem(prefs, "codegen.target", "numpy")
    if not seconds_for("networks"):
        flags = tuple("-O1" if flag == "-O3" else flag for flag in builds.FLAGS)
        monkeypatch.setattr(builds, "FLAGS", flags)


FOUND: list[Statements | int] = []
"""Cases that showed a fault once."""


def test_any_network():
    assert DURATION * ms < 1 * second
    fuzz("networks", cases, check, few=2, longest=120.0, chunk=6, found=FOUND)
