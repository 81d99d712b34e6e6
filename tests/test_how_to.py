"""The examples of the pages that show how to add something run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest

from neuromodels.experiment.contracts import NeuronContract, RuleContract, TaskContract

PAGES = Path(__file__).parents[1] / "docs" / "how_to"


def blocks_of(page):
    """Return the Python examples of a page, in order."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def names_in(page):
    """Return what the examples of a page declare, all run in one place."""
    names = {"__name__": page}
    exec("\n".join(blocks_of(page)), names)
    return names


@pytest.mark.parametrize(
    ("page", "name", "contract"),
    [
        ("add_a_rule", "COVARIANCE", RuleContract()),
        ("add_a_neuron", "RECTIFIED_UNIT", NeuronContract()),
        ("add_a_task", "HOLD_LEVEL", TaskContract()),
    ],
)
def test_what_the_page_declares_keeps_its_contract(page, name, contract):
    verdicts = list(contract.verdicts(names_in(page)[name]))
    assert len(verdicts) == len(contract.promises())
    assert [v.promise for v in verdicts if v.status == "failed"] == []


def test_the_rule_is_compared_with_its_formula():
    names_in("add_a_rule")["test_weights_follow_the_covariance"]()


def test_the_optimizer_comes_closer():
    info = names_in("add_an_optimizer")["INFO"]
    search = info.make(np.full(5, 3.0), np.full(5, 1.0), 20, 1, info.defaults)
    for _ in range(60):
        xs = search.ask()
        search.tell(xs, (xs**2).sum(axis=1))
    assert (search.recommend() ** 2).sum() < 0.1


def test_the_figure_is_drawn(here, said):
    (here / "figures" / "pdlf_scores.py").write_text(blocks_of("add_a_figure")[0])
    said("run", "studies/small.toml", "--out", "runs/a")
    code, out, err = said("figure", "pdlf_scores", "--run", "runs/a")
    assert (code, err) == (0, "")
    assert "runs/a/figures/pdlf_scores.pdf" in out
    script = {}
    exec(blocks_of("add_a_figure")[0], script)
    from neuromodels.store.store import StoredRun

    ((name, scores),) = script["collect"]([StoredRun(here / "runs" / "a")])
    assert name == "small"
    assert {condition: len(values) for condition, values in scores.items()} == {
        "plastic": 2,
        "random": 2,
    }
