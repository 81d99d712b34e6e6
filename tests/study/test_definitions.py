"""What a name in a user's file is made of: all that changes its value, and little else."""

import ast
import io
from contextlib import redirect_stdout

import pytest

from neuromodels.study.definitions import made_of

HEAD = """\
import math
import numpy as np
from neuromodels.coefficients import Coefficient
from neuromodels.rules import PlasticityRule
RATE = 0.5
SHARED = (Coefficient("A", default=RATE),)
def rule(name, text):
    return PlasticityRule(name=name, summary="s", model="w : 1", each_step=text,
                          coefficients=SHARED)
"""
TWO = (
    HEAD
    + """\
ONE = rule("one", "w += A*x*y")
TWO = rule("two", "w += A*x*x")
"""
)


def digest(source, name="ONE"):
    return made_of(source.encode(), name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A*x*x", "A*x"),
        ("import math\n", "import math\nimport json\n"),
        ("import math\n", "import math  # a remark\n\n\n"),
        ('ONE = rule("one", ', "ONE = rule(\n    'one',\n    "),
        ('TWO = rule("two", "w += A*x*x")\n', ""),
        ('TWO = rule("two", "w += A*x*x")\n', "def unused():\n    return ONE\n"),
        ('TWO = rule("two", "w += A*x*x")\n', "TWO = ONE.with_options({})\n"),
        ('TWO = rule("two", "w += A*x*x")\n', "print('read')\n"),
        ('TWO = rule("two", "w += A*x*x")\n', "if __name__ == '__main__':\n    exit(ONE)\n"),
    ],
)
def test_what_takes_no_part_does_not_count(old, new):
    assert TWO.count(old) == 1
    assert digest(TWO.replace(old, new)) == digest(TWO) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A*x*y", "A*x*y "),
        ("RATE = 0.5", "RATE = 0.6"),
        ("RATE = 0.5", "RATE = 1"),
        ("(Coefficient", "(Coefficient('B'), Coefficient"),
        ("neuromodels.coefficients import", "my_own import"),
        ('summary="s"', 'summary="t"'),
        ("import math\n", "from __future__ import annotations\nimport math\n"),
        ("import math\n", "import sys\nsys.path.insert(0, 'mine')\n"),
        ("import math\n", "import brian2\nbrian2.prefs.codegen.target = 'numpy'\n"),
        ('TWO = rule("two", "w += A*x*x")\n', "RATE = 3\n"),
        ('TWO = rule("two", "w += A*x*x")\n', "ONE.options['a'] = ('b',)\n"),
    ],
)
def test_what_takes_part_counts(old, new):
    assert TWO.count(old) == 1
    assert digest(TWO.replace(old, new)) != digest(TWO)


@pytest.mark.parametrize(
    "line",
    [
        "from brian2 import *",
        "exec('ONE = 3')",
        "globals()['ONE'] = 3",
        "import sys; sys.modules[__name__].ONE = 3",
        "def f():\n    global RATE\n    RATE = 2",
        "from numpy import random",
        "def f():\n    return np.random.rand()",
        "def print(text):\n    return ONE.append(text)",
        "x = (",
    ],
)
def test_where_nobody_can_tell_the_file_counts(line):
    assert digest(f"{TWO}{line}\n") is None


@pytest.mark.parametrize("name", ["THREE", "one", "", "A"])
def test_a_name_that_nothing_binds_is_not_told(name):
    assert digest(TWO, name) is None


def test_no_bytes_are_too_strange():
    for source in (b"", b"\0", b"\xff\xfe", b"(" * 5000, b"-" * 100_000 + b"1", b"x" * 2_000_000):
        assert made_of(source, "ONE") is None


def test_names_inside_of_functions_are_not_those_at_the_top():
    source = "def first(t):\n    x = t\n    return x\ndef x(t):\n    return {0}\nONE = first(3)\n"
    local = source.replace("x(t)", "other(t)").replace("return {0}", "x = {0}\n    return x")
    assert digest(local.format(1)) == digest(local.format(2))
    assert digest(source.format(1)) != digest(source.format(2)), "it may be the one at the top"


# -- nothing that changes a value is left out: the files are run -----------------------------------

TRICKY = {
    "a shared list": """\
ALL = [1]
def add(n):
    ALL.append(n)
    return n
A = add(2)
ONE = list(ALL)
""",
    "a list under two names": """\
ALL = [1]
ALSO = ALL
ALSO.append(2)
ONE = tuple(ALL)
""",
    "a default": """\
def count(seen=[]):
    seen.append(1)
    return len(seen)
A = count()
B = count()
ONE = count()
""",
    "an attribute of a function": """\
def count():
    count.n += 1
    return count.n
count.n = 0
A = count()
ONE = count()
""",
    "a generator": """\
def numbers():
    yield from (3, 4, 5)
N = numbers()
A = next(N)
B = next(N)
ONE = next(N)
""",
    "a registry": """\
KNOWN = {}
def known(f):
    KNOWN[f.__name__] = f(1)
    return f
@known
def a(x):
    return x
@known
def b(x):
    return 2*x
ONE = dict(KNOWN)
""",
    "a class": """\
class Box:
    held = [1]
    def put(self, x):
        self.held.append(x)
        return x
A = Box().put(5)
B = Box().put(6)
ONE = tuple(Box.held)
""",
    "a loop": """\
T = 0
for i in (1, 2):
    T += i
U = T
ONE = U + 1
""",
    "a walrus": """\
A = (B := 3) + 1
C = B
ONE = C
""",
    "an argument": """\
R = {'a': 1}
def change(r):
    r['a'] = 2
    return r
A = change(R)
ONE = R['a']
""",
    "a closure": """\
def make():
    n = 0
    def step():
        nonlocal n
        n += 1
        return n
    return step
step = make()
A = step()
B = step()
ONE = step()
""",
    "a context": """\
from contextlib import suppress
ONE = 1
with suppress(ValueError):
    ONE = 2
    raise ValueError
A = ONE
""",
    "a deleted name": """\
import math
T = 3
ONE = T
del T
""",
    "a match": """\
S = (1, 2)
match S:
    case (x, y):
        ONE = x + y
""",
    "a popped option": """\
R = {'a': 1}
A = R.pop('a')
ONE = len(R)
""",
    "a swapped pair": """\
A, B = 1, 2
A, B = B, A
C = 4
ONE = A - B
""",
    "a lambda": """\
K = [2]
f = lambda x: K[0]*x
A = K.append(1)
ONE = f(3)
""",
    "a decorated helper": """\
from functools import cache
L = [1]
@cache
def f():
    L.append(1)
    return len(L)
A = f()
ONE = len(L)
""",
    "another module's list": """\
import my_list
A = my_list.KEPT.append(1)
ONE = 3
""",
}


def value_of(source):
    """Return what ONE is when a file is run; None where it cannot be."""
    names = {}
    try:
        with redirect_stdout(io.StringIO()):
            exec(compile(source, "file", "exec"), names)
    except Exception:
        return None
    return repr(names.get("ONE"))


def changed(source):
    """Yield a file with each statement left out, and with each of its numbers one larger."""
    body = ast.parse(source).body
    for number in range(len(body)):
        yield ast.unparse(ast.Module(body[:number] + body[number + 1 :], []))
    numbers = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)]
    for place, node in enumerate(numbers):
        if not isinstance(node.value, int):
            continue
        tree = ast.parse(source)
        twin = [n for n in ast.walk(tree) if isinstance(n, ast.Constant)][place]
        twin.value += 1
        yield ast.unparse(tree)


@pytest.mark.parametrize("name", TRICKY)
def test_whatever_changes_the_value_changes_the_digest(name):
    source = TRICKY[name]
    value, seen = value_of(source), 0
    for other in changed(source):
        if (now := value_of(other)) != value and now is not None:
            seen += 1
            assert digest(other) != digest(source) or digest(source) is None, other
    assert seen or "module" in name


def test_the_digest_is_the_same_in_every_version_of_python():
    assert digest(TWO) == ("133c93e74de3dbeab5cfbd2a62a06114b8a3cf70c48af0358e269da653f465f7")
