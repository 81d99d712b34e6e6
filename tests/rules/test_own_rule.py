"""The page on rules: the rule that it shows works, and it names every rule and neuron model."""

import re
from pathlib import Path

import numpy as np
import pytest

from neuromodels.experiment.contracts.networks import AFTER, rule_trials
from neuromodels.neurons import CATALOG as MODELS
from neuromodels.rules import CATALOG
from tests.rules.scripted import stepped, with_values

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")


def test_the_rule_of_the_page_learns_only_while_the_third_factor_is_there(tmp_path):
    path = tmp_path / "my_rules.py"
    path.write_text(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1))
    rule = with_values(CATALOG[f"{path}:GATED"], {"eta": 0.1})
    spikes = np.zeros((400, 1))
    spikes[20::40] = 1
    third = np.where(np.arange(400) < 200, 0.0, 20.0)
    rho = stepped({"gated": rule}, spikes, spikes, third)["gated"]["rho"]
    assert (rho[:200] == 0).all()
    assert rho[-1] > 0.01


def test_the_page_names_every_rule_and_model():
    missing = [name for name in (*CATALOG, *MODELS) if f"`{name}`" not in PAGE]
    assert not missing, "add its row to docs/reference/rules.md"


@pytest.mark.parametrize("per", ["pre", "post"])
def test_where_a_weight_begins_may_be_one_number_per_neuron(per):
    rule = with_values(CATALOG["oja"], {"eta": 1e-6}).with_coefficients({"w": {"per": per}})
    trials = rule_trials(rule)
    size = trials.circuit.coefficients.dimension
    begun = trials.run(["before_after.w"], (1,), np.linspace(0.1, 0.9, size), share=0.01)
    weights = begun["before_after.w"][0, 0].reshape(-1, AFTER)
    expected = np.linspace(0.1, 0.9, size)
    shown = expected[:, None] if per == "pre" else expected[None]
    np.testing.assert_allclose(weights, np.broadcast_to(shown, weights.shape), atol=1e-3)
