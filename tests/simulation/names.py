"""Names that a user may give and that could mean something to someone else, and networks of them.

They come from the compiler itself: what the headers of generated source declare and define, the
words of C++, and whatever the program calls its own things.
"""

import builtins
import keyword
import re
import subprocess
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
import sympy
from brian2 import Clock, Function, Network, NeuronGroup, SpikeMonitor, StateMonitor, Synapses, ms
from brian2.equations import Equations

from neuromodels.simulation import Batch
from neuromodels.simulation.build.cache import compiler
from neuromodels.simulation.source.program import Program
from simulation.networks.cases import Case
from simulation.networks.catalog import CATALOG

WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)

#: [lex.key], [lex.digraph], and the identifiers with a meaning of their own.
WORDS = WORD.findall(
    """
alignas alignof asm auto bool break case catch char char8_t char16_t char32_t class concept const
consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default
delete do double dynamic_cast else enum explicit export extern false float for friend goto if
inline int long mutable namespace new noexcept nullptr operator private protected public register
reinterpret_cast requires return short signed sizeof static static_assert static_cast struct
switch template this thread_local throw true try typedef typeid typename union unsigned using
virtual void volatile wchar_t while and and_eq bitand bitor compl not not_eq or or_eq xor xor_eq
final override import module transaction_safe linux unix i386 typeof
"""
)

#: Brian2's own, and what its generators and sympy read in a way of their own.
OTHERS = WORD.findall(
    """
nan inf pi e mV NAN INFINITY M_PI M_E E I Q S O beta gamma zeta lambda_ oo zoo Symbol re im
run CHUNK Noise block instance image images threadIdx blockIdx warpSize __global__ _idx
_vectorisation_idx _tmp _cond _synaptic_var _source _k _sum _count
_array_a_b v_x b_x v_ b_ array_1a_1b clock0_t Z Z5fZ
aZ5fZ a__b a__ Zz fired spikes true_ numpy np inf_ N_pre i_pre nm_real nm_copy _lio_x a_1b a_2b_1
flights
"""
)


#: Names that stock Brian2 cannot use: it takes parts of expressions for Python.
PYTHON = {*dir(builtins), *keyword.kwlist, "__builtins__"}


#: Variables of every group of these networks: they are no locals.
TAKEN = {"N", "i", "t", "dt", "t_in_timesteps", "out", "ms"}


@cache
def declared_by_headers() -> tuple[str, ...]:
    """Return every word of the headers that generated source includes, and every macro."""
    include = files("neuromodels.simulation.source") / "include"
    texts = [(include / name).read_text() for name in ("mathlib.hpp", "cuda.hpp", "process.hpp")]
    lines = sorted({line for text in texts for line in re.findall(r"#include <.*>", text)})
    words: set[str] = set()
    for flags in (["-E"], ["-dM", "-E"]):
        command = [*compiler(), "-std=c++17", "-P", *flags, "-x", "c++", "-"]
        done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        words |= set(WORD.findall(done.stdout))
    return tuple(sorted(words))


@cache
def used_by_programs() -> tuple[str, ...]:
    """Return the words of the package's own headers and of some generated sources."""
    include = files("neuromodels.simulation.source") / "include"
    texts = [path.read_text() for path in include.iterdir()]
    for name in ("recurrent", "own_delays", "summed_both_ways", "refractory_time"):
        case = CATALOG[name]()
        held = Batch(case.network, namespace={})._instances
        texts.append(Program(held.captured, held.initialisers, held.layout, "double").source)
    return tuple(sorted({word for text in texts for word in WORD.findall(text)}))


def all_names() -> list[str]:
    """Return all names, those of C++ itself first."""
    python = [*dir(np), *dir(sympy)]
    found = [*WORDS, *OTHERS, *used_by_programs(), *declared_by_headers(), *python]
    return [name for name in dict.fromkeys(found) if name not in PYTHON | TAKEN]


def is_variable(name: str) -> bool:
    """Whether Brian2 lets a variable have a name."""
    try:
        Equations.check_identifier(name)
    except (SyntaxError, ValueError):
        return False
    return not name.endswith(("_pre", "_post"))


def variables(name: str, names: Sequence[str]) -> NeuronGroup:
    """Return a group whose variables have names; each is changed from itself and the one before."""
    group = NeuronGroup(2, "\n".join(f"{n} : 1" for n in names), name=name, namespace={})
    for k, each in enumerate(names):
        group.variables[each].set_value(np.array([k + 1.0, -k]))  # it may be an attribute, too
    lines = [f"{n} = 0.5*{n} + {before}" for before, n in pairwise(names)]
    group.run_regularly("\n".join(lines), name=f"{name}_code")
    return group


def constants(name: str, names: Sequence[str]) -> NeuronGroup:
    """Return a group that reads constants with names, each with a weight of its own."""
    values = {each: 1.0 + 0.01 * k for k, each in enumerate(names)}
    group = NeuronGroup(2, "out : 1", name=name, namespace=values)
    lines = [f"out = 0.7*out + {each}*{1 + k % 5}" for k, each in enumerate(names)]
    group.run_regularly("\n".join(lines), name=f"{name}_code")
    return group


def locals_of(name: str, names: Sequence[str]) -> NeuronGroup:
    """Return a group whose statements have locals with names."""
    group = NeuronGroup(2, "out : 1", name=name, namespace={})
    lines = [f"{each} = 0.1*out + {k % 7}\nout = 0.7*out + {each}" for k, each in enumerate(names)]
    group.run_regularly("\n".join(lines), name=f"{name}_code")
    return group


def functions(name: str, names: Sequence[str]) -> NeuronGroup:
    """Return a group that calls functions with names, which all bring the same helper."""
    space = {each: _function(k) for k, each in enumerate(names)}
    group = NeuronGroup(2, "out : 1", name=name, namespace=space)
    lines = [f"out = 0.7*out + {each}(0.1*out + 1)" for each in names]
    group.run_regularly("\n".join(lines), name=f"{name}_code")
    return group


def _function(number: int) -> Function:
    def python(x):
        return (number + 1) * x - 1

    function = Function(python, arg_units=[1], return_unit=1)
    code = f"""
        #define FACTOR {number + 1}
        struct Words {{ double a; }};
        static inline double unit(double x) {{ return FACTOR*x; }}
        double own(double x) {{ const Words run = {{unit(x)}}; return run.a - 1; }}
    """
    function.implementations.add_implementation("cpp", code, name="own")
    return function


def objects(names: Sequence[str]) -> list:
    """Return groups, synapses, monitors and clocks with names: six names for each small network."""
    made: list = []
    for k, (source, target, syn, spikes, trace, clock) in enumerate(
        zip(*(iter(names),) * 6, strict=False)
    ):
        pair = [
            NeuronGroup(2, "v : 1", threshold="v > 1", reset="v = 0", name=source, namespace={}),
            NeuronGroup(3, "v : 1", name=target, namespace={}),
        ]
        pair[0].v = [1.5, 0.3]
        pair[0].run_regularly("v += 0.4", name=f"{source}_up")
        steps = Clock([0.1, 0.2, 0.5][k % 3] * ms, name=clock)
        pair[1].run_regularly(f"v += {k + 1}", clock=steps, name=f"{target}_up")
        synapses = Synapses(
            *pair, "w : 1\npre_delay : 1", on_pre="v_post += w*pre_delay", name=syn, namespace={}
        )
        synapses.connect()
        synapses.w, synapses.pre_delay = f"0.1*i + j + {k}", 1 + 0.1 * k
        synapses.delay = [0, 0.1, 0.3][k % 3] * ms
        monitors = [SpikeMonitor(pair[0], name=spikes), StateMonitor(pair[1], "v", 1, name=trace)]
        made += [*pair, synapses, *monitors]
    return made


def colliding(words: Sequence[str]) -> list[NeuronGroup]:
    """Return groups whose names with those of their variables are all the same text."""
    made = []
    for k in range(1, len(words)):
        group, variable = "_".join(words[:k]), "_".join(words[k:])
        each = NeuronGroup(2, f"{variable} : 1", name=group, namespace={})
        each.variables[variable].set_value(np.array([k, 10.0 * k]))
        each.run_regularly(f"{variable} = 0.5*{variable} + {k}", name=f"code_of_{group}")
        made.append(each)
    return made


def pairs_in(words: Sequence[str]) -> int:
    """Return how many pairs of group and variable collide where they are joined by underscores."""
    return (len(words) - 1) * (len(words) - 2) // 2


def case_of(made: Iterable) -> Case:
    """Return a network of some objects, with all that a user could see of it."""
    made = list(made)
    groups = [each for each in made if isinstance(each, NeuronGroup | Synapses)]
    compared = tuple(
        f"{group.name}.{variable}" for group in groups for variable in group.equations.names
    )
    return Case(Network(*made), 1 * ms, compared)
