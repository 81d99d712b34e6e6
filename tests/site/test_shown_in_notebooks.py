"""What a notebook or a prompt shows of the values that users hold."""

import pytest
from brian2 import Network, NeuronGroup, Synapses, ms

from neuromodels import Batch
from neuromodels.rules import CATALOG


def test_a_batch_says_what_it_holds():
    cells = NeuronGroup(3, "dv/dt = -v/(10*ms) : 1", method="exact", name="cells")
    synapses = Synapses(cells, cells, "w : 1", name="synapses")
    synapses.connect(condition="i != j")
    batch = Batch(Network(cells, synapses), instances=1200, namespace={"ms": ms})
    assert repr(batch) == "<Batch: 1,200 instances at 0 s; cells (3), synapses (6)>"


def test_a_rule_shows_its_equation_and_its_coefficients():
    shown = CATALOG["oja"]._repr_markdown_()
    assert r"w &\leftarrow \operatorname{clip}{\left(\eta y \left(- w y + x\right)" in shown
    assert r"$w = \frac{x}{y}$, stable" in shown
    assert "| `eta` | 0.001 | 1e-06 | 0.5 | log | projection |" in shown


def test_what_rests_is_what_the_rule_learns():
    shown = CATALOG["hebb"].with_options({"form": "dense"})._repr_markdown_()
    assert r"- $\rho = x y$" in shown


@pytest.mark.parametrize("rule", CATALOG.values(), ids=lambda rule: rule.name)
def test_every_rule_can_be_shown(rule):
    assert rule._repr_markdown_().startswith(f"**{rule.name}**")
