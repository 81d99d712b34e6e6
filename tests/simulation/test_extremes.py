"""Single precision where its range ends: powers of small quantities, against numpy in double."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Quantity, mole, ms, pA, prefs, um, umolar, volt

from neuromodels.simulation import Batch

pytestmark = pytest.mark.filterwarnings("ignore")
EQUATIONS = """
I : amp
V : metre**3
c : mole
C : mmolar
v : volt
x : 1
y : 1
gate = I**4/(I**4 + K**4) : 1
"""
NAMESPACE = {
    "K": 5 * pA,
    "W": (3 * um) ** 3,
    "M": 1e-15 * mole,
    "Kd": 1 * umolar,
    "small": 2e-10,
    "tiny": 1e-42,
    "huge": 1e30 * volt,
}
EXPRESSIONS = (
    "I**4/(I**4 + K**4)",
    "V**3/(V**3 + W**3)",
    "c**4/(c**4 + M**4)",
    "C**4/(C**4 + Kd**4)",
    "x**4/(x**4 + small**4)",
    "(I/pA)**4",
    "I**4/K**4",
    "gate",
    "sqrt(V**3)/W**1.5",
    "1/(1 + (K/I)**4)",
    "clip(I**4/K**4, 0, 3)",
    "int(I**4 > K**4) + 2*int(V**3 < W**3)",
    "tiny*y/1e-42",
    "exp(-K**4/I**4)",
    "(v*huge*huge)/(huge*huge*mV)",
    "(I*V*V*V)/(K*W*W*W)",
    "-(I**4)/K**4 + y",
)


def group() -> NeuronGroup:
    results = "\n".join(f"result_{k} : 1" for k in range(len(EXPRESSIONS)))
    made = NeuronGroup(7, EQUATIONS + results, name="cells", namespace=NAMESPACE)
    made.I, made.V, made.c = "(i + 0.5)*4*pA", "(i + 1)*2*um**3", "(i + 1)*0.3e-15*mole"
    made.C, made.v, made.x, made.y = (
        "(i + 1)*0.4*umolar",
        "(i - 70)*mV",
        "1e-10*(i + 1)",
        "0.3*i + 0.1",
    )
    made.run_regularly("\n".join(f"result_{k} = {e}" for k, e in enumerate(EXPRESSIONS)))
    return made


def test_hill_terms_of_small_quantities_equal_double_precision():
    stock, single = group(), group()
    before, prefs.codegen.target = prefs.codegen.target, "numpy"
    Network(stock).run(0.1 * ms, namespace={})
    prefs.codegen.target = before
    batch = Batch(Network(single), 1, dtype="float32", namespace={})
    batch.run(0.1 * ms)
    for k, expression in enumerate(EXPRESSIONS):
        found = np.asarray(batch[f"cells.result_{k}"])[0]
        wanted = np.asarray(Quantity(getattr(stock, f"result_{k}")[:]))
        np.testing.assert_allclose(found, wanted, rtol=2e-6, err_msg=expression)


def test_usual_terms_stay_in_single_precision():
    """Conductances and voltages of a cell are moderate: their loops keep their width."""
    equations = """dv/dt = (g*(E - v) + I + a*v**2)/C : volt
    g : siemens
    I : amp
    E : volt
    C : farad
    a : siemens/volt"""
    made = NeuronGroup(100, equations, method="euler", name="cells")
    batch = Batch(Network(made), 1, dtype="float32", namespace={})
    source = batch._instances.ready().program.source
    body = source[source.index("static void simulate(") :]
    assert "double(" not in body.split("static bool finite")[0].replace("(double)", "")
