"""Expressions of every kind of number, in one network, and what stock Brian2 makes of them."""

from itertools import product

import numpy as np
from brian2 import Network, NeuronGroup, ms, prefs

#: Names of the operands, whole ones first.
WHOLE = ("n", "m", "large", "byte", "tiny", "wide", "shared_n", "three", "minus_four")
REAL = ("x", "y", "shared_x", "half")
TRUTH = ("on", "odd")
SHARED = ("shared_n", "shared_x", "three", "minus_four", "half")
CONSTANTS = {"three": 3, "minus_four": -4, "half": 2.5}
EQUATIONS = """
n : integer
m : integer
large : integer
byte : integer
tiny : integer
wide : integer
on : boolean
odd : boolean
x : 1
y : 1
power : integer
shared_n : integer (shared)
shared_x : 1 (shared)
"""
TYPES = {"large": np.int64, "byte": np.uint8, "tiny": np.int8, "wide": np.uint32}
VALUES = {
    "n": [-7, -1, 0, 1, 5, 2**31 - 1, -(2**31), 12, 49, 100],
    "m": [2, 0, -3, -1, 3, 1, -1, 5, -49, 7],
    "large": [2**40, -(2**40), 3, -1, 0, 7, -(2**51), 12, 98, 1],
    "byte": [0, 1, 255, 200, 7, 128, 3, 5, 49, 77],
    "tiny": [-128, 127, -1, 0, 3, 5, 7, -7, 49, 1],
    "wide": [0, 1, 2**32 - 1, 7, 3, 2, 2**31, 9, 49, 1],
    "on": [0, 1, 0, 1, 1, 0, 0, 1, 1, 0],
    "odd": [0, 0, 1, 1, 1, 1, 0, 1, 0, 1],
    "x": [-2.5, np.nan, np.inf, 1e10, 0.5, 3, -np.inf, 49, -7.25, -0.75],
    "y": [0.25, -2, 0, 3, 1.5, -1, 2.5, 49, np.inf, -np.inf],
    "power": [-7, -1, 0, 1, 5, 3, 2, 12, 30, -10],
    "shared_n": 3,
    "shared_x": 2.5,
}
SMALL = VALUES | {
    "n": [-7, -1, 0, 1, 5, 9999999, -10000001, 12, 49, 100],
    "large": [2**20, -(2**20), 3, -1, 0, 7, -(2**22), 12, 98, 1],
    "wide": [0, 1, 9, 7, 3, 2, 1000, 9, 49, 1],
    "x": [-2.5, np.nan, np.inf, 1000, 0.5, 3, -np.inf, 49, -7.25, -0.75],
}
"""The same as far as single precision has every number."""
SINGLE = (
    *("int(x)", "int(y)", "int(n)", "int(large)", "int(on)", "int(x > y)", "sign(x)", "sign(n)"),
    *("sign(y)", "abs(n)", "abs(tiny)", "abs(byte)", "abs(x)", "abs(large)", "-n", "-tiny", "-x"),
    *("clip(n, -2.5, 3.5)", "clip(n, m, 3)", "clip(x, -2, 3)", "clip(x, y, 2)", "clip(n, y, x)"),
    *("clip(on, 0, 1)", "clip(byte, 3, 60)", "clip(large, -5, three)", "clip(y, m, n)"),
    *("clip(three, x, half)", "sqrt(n)", "sqrt(x)", "exp(m)", "n // 2 * 3 - m % 3", "0**0"),
    *("int(not on)", "int(on and odd)", "int(on or odd)", "on + odd", "on * odd", "n * on - odd"),
    *("power**2", "power**3", "y**2", "x**2.0", "power**0.5", "power**2 % 7", "power**3 // 4"),
    *("int(n / m)", "int(large / tiny)", "(n + m) * (n - m)", "n * n * n", "tiny * tiny"),
    *("byte * byte + byte", "wide * wide", "wide - 3", "tiny - byte", "int(3 > n) + int(n >= m)"),
    *("exprel(x)", "exprel(y)", "log(abs(n))", "arctan(n)", "n % three // 2", "-7 // 2", "-7 % 3"),
    *("shared_n // 0", "n // 0", "n // -1", "n % -1", "x // 0", "int(-0.5)"),
    *("int(x * 1e12)", "floor(power / 3)", "ceil(n / 8)", "floor(-half)"),
    *("x % x", "y // y"),
)


def expressions() -> list[str]:
    """Return several hundred expressions that numpy computes without an error."""
    operands = (*WHOLE, *REAL, *TRUTH)
    found = list(SINGLE)
    for (a, b), operator in product(product(operands, operands), ("+", "-", "*", "/", "//", "%")):
        if a in CONSTANTS and b in CONSTANTS:
            continue  # Brian2 computes it
        if b in TRUTH and (a in TRUTH or a in SHARED) and operator in ("-", "/", "//", "%"):
            continue  # numpy has no such difference; Brian2 tries a quotient with 0
        if a in TRUTH and operator in ("/", "//"):
            continue  # Brian2 takes False divided by anything for 0, where C++ is made
        if "minus_four" in (a, b) and {"byte", "wide"} & {a, b}:
            continue  # numpy has no such number
        found.append(f"{a} {operator} {b}")
    for (a, b), operator in product(product(WHOLE[:6], operands), ("<", "<=", "==", "!=")):
        found.append(f"int({a} {operator} {b})")
    return found


def network(written: list[str], values: dict, precision: type = np.float64) -> NeuronGroup:
    """Return neurons of which each has values of its own, and computes all expressions once."""
    results = "\n".join(f"result_{k} : 1" for k in range(len(written)))
    code = "\n".join(f"result_{k} = {expression}" for k, expression in enumerate(written))
    before, prefs.core.default_float_dtype = prefs.core.default_float_dtype, precision
    try:
        group = NeuronGroup(
            len(VALUES["n"]), EQUATIONS + results, dtype=TYPES, name="cells", namespace=CONSTANTS
        )
        for name, numbers in values.items():
            setattr(group, name, numbers)
        group.run_regularly(code)
    finally:
        prefs.core.default_float_dtype = before
    return group


def stock_results(written: list[str], values: dict) -> np.ndarray:
    """Return what stock Brian2 computes with numpy, shape (expressions, neurons)."""
    group = network(written, values)
    with np.errstate(all="ignore"):
        Network(group).run(0.1 * ms, namespace={})
    return np.array([getattr(group, f"result_{k}")[:] for k in range(len(written))])
