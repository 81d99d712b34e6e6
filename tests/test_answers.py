"""Questions to solutions from Python: the values of the commands, as tables."""

import json

import pytest

import neuromodels
from neuromodels.cli import main
from neuromodels.errors import NeuromodelsError
from neuromodels.experiment.runner import Runner
from neuromodels.search.plan import SearchPlan
from neuromodels.store.store import Store
from neuromodels.study.study import (
    CircuitChoice,
    DeviceChoice,
    RuleChoice,
    Study,
    TaskChoice,
    TestPlan,
)

STUDY = Study(
    name="small",
    task=TaskChoice("sequence_copy", {"length": 2, "latency": 1}),
    rule=RuleChoice("pdlf"),
    circuit=CircuitChoice(hidden=4),
    seeds=(1, 2, 3, 4),
    conditions=("plastic",),
    search=SearchPlan(candidates=8, trials=8, generations=2),
    test=TestPlan(trials=30, every=2, curve_trials=20, archive=0),
    device=DeviceChoice(dtype="float64", threads=1),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    with Store(folder, STUDY.to_table(), STUDY.digest) as store:
        assert Runner(STUDY, store).run()
    return folder


def plain(found):
    """Return an answer as JSON has it."""
    return json.loads(json.dumps(dict(found), default=str))


@pytest.fixture
def printed(capsys, finished):
    def values(command, *arguments):
        capsys.readouterr()
        assert main([command, str(finished), *map(str, arguments), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return values


def test_measure(finished, printed):
    found = neuromodels.measure(finished, "weights")
    assert plain(found) == printed("measure", "weights")
    assert list(found.table["value"]) == [row["value"] for row in found["rows"]]
    assert "Weights" in repr(found)
    assert found._repr_html_().count("<tr") == len(found["rows"]) + 1


def test_battery(finished, printed):
    found = neuromodels.battery(finished, 20, only=["recall"], margins={"information": 0.5})
    again = printed("battery", "--trials", 20, "--only", "recall", "--margin", "information=0.5")
    assert plain(found) == again
    shown = found.table.set_index(["seed", "quantity"])["value"]
    for cell in found["cells"]:
        for name, quantity in cell["values"].items():
            assert shown[cell["seed"], name] == quantity["value"]


@pytest.mark.parametrize("margin", [0, -1, float("nan")])
def test_a_margin_must_be_above_0(finished, margin):
    with pytest.raises(NeuromodelsError, match="must be a number above 0"):
        neuromodels.battery(finished, margins={"information": margin})


def test_compare(finished, printed):
    found = neuromodels.compare(finished)
    assert plain(found) == printed("compare")
    (run,) = found["runs"]
    assert found.table["median"].tolist() == [row["median"] for row in run["conditions"]]
    assert found.table["run"].tolist() == [str(finished)]


def test_simplify(finished, printed):
    found = neuromodels.simplify(finished, 20, keep=0.5)
    assert plain(found) == printed("simplify", "--trials", 20, "--keep", 0.5)
    assert found.table.to_dict("records") == found["rule"]["numbers"]


def test_what_is_not_there_is_refused(finished, tmp_path):
    with pytest.raises(NeuromodelsError, match=r"Did you mean .*weights"):
        neuromodels.measure(finished, "wieghts")
    with pytest.raises(NeuromodelsError, match="needs a folder with runs"):
        neuromodels.compare()
    with pytest.raises(NeuromodelsError):
        neuromodels.battery(tmp_path)
    with pytest.raises(NeuromodelsError, match="needs a run with 4 solutions"):
        neuromodels.degeneracy(finished)
