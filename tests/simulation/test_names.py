"""No name of a user's meets a name of the source, of C++, of Brian2's, or another of the user's."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import batched
from pathlib import Path

import pytest
from brian2 import Network, NeuronGroup, Synapses, prefs
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromodels.errors import NeuromodelsError
from neuromodels.simulation import Batch, Emulation
from neuromodels.simulation.capture.identifiers import escaped, global_name, local_name, parts_of
from simulation import names as of
from simulation.networks.cases import Case
from simulation.outcomes import Outcome, assert_equal, batch_outcome, stock_outcome

pytestmark = pytest.mark.filterwarnings("ignore")
Build = Callable[[], list]

# ------------------------------------------------------------------------------- the names alone

IDENTIFIERS = st.from_regex(r"\A[A-Za-z_Z0-9]{1,8}\Z") | st.text(min_size=1, max_size=5)


@settings(max_examples=300, deadline=None)
@given(st.lists(IDENTIFIERS, min_size=1, max_size=3))
def test_names_can_be_read_back(parts: list[str]) -> None:
    """A name from which its parts can be read again is no other parts' name."""
    name = global_name("array", *parts)
    assert parts_of(name) == tuple(parts)
    assert re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)
    assert "__" not in name.removesuffix("_")


@settings(max_examples=300, deadline=None)
@given(IDENTIFIERS, IDENTIFIERS)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert (escaped(one) == escaped(other)) == (one == other)
    assert (local_name(one) == local_name(other)) == (one == other)
    assert re.fullmatch(r"[vb]_\w*", local_name(one), re.ASCII)
    assert "__" not in local_name(one)


def test_nothing_else_begins_as_names_of_users_do() -> None:
    """Neither the compiler's headers nor those of the package have a name of such a form."""
    include = Path(of.__file__).parents[2] / "neuromodels/simulation/source/include"
    own = " ".join(path.read_text() for path in include.iterdir())
    words = {*of.declared_by_headers(), *of.WORD.findall(own), *of.WORDS}
    kinds = "array|clock|flights|count|by_pre|by_post|samples|fired"
    formed = re.compile(
        rf"[vb]_\w*|({kinds})_\d\w*|fired_array_\w*|clock\d+_\w+|nm_(draws|plain)_\w*"
    )
    assert len(words) > 2000
    assert not {word for word in words if formed.fullmatch(word)}


# ----------------------------------------------------------------------------- beside stock Brian2


def stock(build: Build) -> Outcome:
    prefs.codegen.target = "numpy"
    case = of.case_of(build())
    case.network.run(case.duration, namespace={})
    return stock_outcome(case)


def found(build: Build, device: str | Emulation, dtype: str) -> Outcome:
    case: Case = of.case_of(build())
    batch = Batch(case.network, 1, dtype=dtype, device=device, threads=1, namespace={})
    batch.record([0])
    batch.run(case.duration)
    return batch_outcome(batch, case, 0)


def assert_as_stock(build: Build, devices: Iterable = ("cpp",), dtype: str = "float64") -> None:
    expected, tolerance = stock(build), 1e-10 if dtype == "float64" else 1e-5
    for device in devices:
        assert_equal(found(build, device, dtype), expected, tolerance, tolerance)


def network_of(names: Sequence[str], usable: Sequence[str], few: Sequence[str]) -> list:
    """Return a network in which names stand for variables, constants, locals and functions."""
    visible = [name for name in usable if not name.startswith("_")]
    made: list = []
    for k, part in enumerate(batched(visible, 60)):
        made += [of.variables(f"held_{k}", part), of.constants(f"known_{k}", part)]
    made += [of.locals_of(f"passing_{k}", part) for k, part in enumerate(batched(names, 60))]
    return [*made, of.functions("called", few[:12]), *of.objects(few)]


SAMPLE = [*of.WORDS[::4], *of.OTHERS]
TOLD = of.WORD.findall("and_eq xor compl bitand wchar_t NAN M_PI CHUNK run Noise auto")
CHAINS = [["exc", "in", "v", "w"], of.WORD.findall("a x1b Z c")]


def sample() -> list:
    names = [name for name in dict.fromkeys([*TOLD, *SAMPLE]) if name not in of.PYTHON]
    usable = [name for name in names if of.is_variable(name)]
    few = [*TOLD, "unix", "double", "new", "this", "operator", "clock", "block"]
    return [*network_of(names, usable, few), *(g for words in CHAINS for g in of.colliding(words))]


def test_a_sample_of_names_is_as_in_stock_brian2() -> None:
    assert_as_stock(sample, ["cpp", Emulation(4)])


@pytest.mark.strain
def test_all_names_are_as_in_stock_brian2(record_property: Callable) -> None:
    """Thousands of names as variables, constants and locals, and hundreds as everything else."""
    began, names = time.monotonic(), of.all_names()
    wanted = names[:2400]
    usable = [name for name in wanted if of.is_variable(name)]
    rest = [name for name in names[2400:] if of.is_variable(name)][:400]
    assert len(wanted) > 2000
    assert len(usable) > 1200
    for k, part in enumerate(batched([*wanted, *rest], 400)):
        own = [name for name in part if of.is_variable(name)]
        few = own[k::7][:48]
        assert_as_stock(lambda p=part, o=own, f=few: network_of(p, o, f), ["cpp", Emulation(3)])
    record_property("seconds", time.monotonic() - began)
    record_property("names", len(wanted) + len(rest))


@pytest.mark.strain
def test_all_pairs_that_an_underscore_joins_stay_apart(record_property: Callable) -> None:
    began, words = time.monotonic(), [name for name in of.WORDS if of.is_variable(name)]
    chains = [
        tuple(f"{word}{k}" if i == 0 else word for i, word in enumerate(part))
        for k, part in enumerate(batched(words[:96], 12))
    ]
    chains += [tuple(f"x{k}_{i}" for i in range(12)) for k in range(4)]
    pairs = sum(map(of.pairs_in, chains))
    assert pairs >= 500

    def build() -> list:
        return [group for chain in chains for group in of.colliding(chain)]

    assert_as_stock(build, ["cpp", Emulation(3)])
    record_property("seconds", time.monotonic() - began)
    record_property("pairs", pairs)


# ------------------------------------------------------------------------------------ single cases


def own_delay() -> list:
    """A synapse's own variable ``pre_delay`` beside the delay of its pathway ``pre``."""
    group = NeuronGroup(2, "v : 1", threshold="v > 1", reset="v = 0", name="cells", namespace={})
    group.v = [2, 0]
    synapses = Synapses(
        group,
        group,
        "pre_delay : 1\npre__count : 1",
        on_pre="v_post += pre_delay + delay*200*Hz",
        name="syn",
        namespace={},
    )
    synapses.connect()
    synapses.run_regularly("pre_delay += 0.1", name="syn_code")
    synapses.pre_delay, synapses.delay = 0.2, "0.1*ms + 0.2*ms*j"
    return [group, synapses]


def noisy_constant() -> list:
    """A constant with the name of a type of the program, in an equation with noise."""
    group = NeuronGroup(
        3,
        "dv/dt = (Noise - v)/(10*ms) + 0*xi*sqrt(1/second) : 1",
        method="euler",
        name="noisy",
        namespace={"Noise": 3.0},
    )
    return [group]


def backslash() -> list:
    """A comment that ends with a backslash: in C++ it would go on in the next line."""
    group = NeuronGroup(2, "a : 1\nb : 1", name="told", namespace={})
    group.run_regularly("a += 1  # as in the \\\nb += 2  # next line", name="told_code")
    return [group]


SINGLE = {f.__name__: f for f in (own_delay, noisy_constant, backslash)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_single_cases_are_as_in_stock_brian2(dtype: str) -> None:
    assert_as_stock(lambda: [part for build in SINGLE.values() for part in build()], dtype=dtype)


def test_names_of_python_are_names_like_others() -> None:
    """Stock Brian2 takes ``3*max`` for Python; the same network with other names is the measure."""

    def build(held: str, known: str, passing: str) -> list:
        group = NeuronGroup(2, f"{held} : 1\nout : 1", name="cells", namespace={known: 3.0})
        code = f"{passing} = 2*{known}*{held} + 1\n{held} += 0.1*{passing}\nout = -2*{passing}"
        group.run_regularly(code, name="cells_code")
        return [group]

    expected = stock(lambda: build("a", "b", "c"))
    got = found(lambda: build("sum", "max", "bool"), "cpp", "float64")
    assert_equal(got, {k.replace(".a", ".sum"): v for k, v in expected.items()}, 1e-12, 1e-12)


def test_messages_have_the_names_of_the_user() -> None:
    """Not those of the source."""
    group = NeuronGroup(2, "xor : 1", name="auto", namespace={})
    group.run_regularly("xor = xor + unknown_name", name="auto_code")
    with pytest.raises(NeuromodelsError, match=r"unknown_name") as refusal:
        Batch(Network(group), namespace={})
    assert "v_" not in str(refusal.value)


# ------------------------------------------------------------------------------------- hash seeds

SOURCES = """
import warnings; warnings.simplefilter("ignore")
from hashlib import sha256
from neuromodels.study.file import read_study
from neuromodels.simulation import Batch
from neuromodels.simulation.network.builder import circuit_of, network_of
from neuromodels.simulation.source.program import Program
for name in ("control_reacher", "control_swimmer"):
    study = read_study(f"studies/{name}.toml")
    made = network_of(study, "plastic", circuit_of(study, "plastic"))
    held = Batch(made.network, namespace={})._instances
    source = Program(held.captured, held.initialisers, held.layout, "float").source
    print(sha256(source.encode()).hexdigest())
"""


def test_the_source_does_not_depend_on_the_hash_seed() -> None:
    """Else another process builds the same network once more."""
    root = Path(of.__file__).parents[2]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SOURCES],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            cwd=root,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "3")
    ]
    told = {process.communicate()[0] for process in running}
    assert len(told) == 1
    assert len(told.pop().split()) == 2
