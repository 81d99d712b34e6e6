"""The examples of the pages that show how to add something run as they stand."""

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms

from neuromodels import cli, commands
from neuromodels.experiment.compiled import Experiment
from neuromodels.experiment.contracts import NeuronContract, RuleContract, TaskContract
from neuromodels.measures import Solution
from neuromodels.seeding import generator, trial_streams
from neuromodels.simulation import Batch
from neuromodels.simulation.device import targets
from neuromodels.store.store import StoredRun
from neuromodels.study.circuits import Layered
from neuromodels.study.conditions import CONDITIONS, Controls
from neuromodels.study.study import DeviceChoice, RuleChoice, Study, TaskChoice
from neuromodels.tasks import CATALOG as TASKS

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
    assert code == 0
    assert err.endswith(f"this runs scripts of the folder that you are in: {here}/figures\n")
    assert "runs/a/figures/pdlf_scores.pdf" in out
    script = {}
    exec(blocks_of("add_a_figure")[0], script)
    ((name, scores),) = script["collect"]([StoredRun(here / "runs" / "a")])
    assert name == "small"
    assert {condition: len(values) for condition, values in scores.items()} == {
        "plastic": 2,
        "random": 2,
    }


STUDY = Study(
    name="small",
    task=TaskChoice("sequence_copy", {"length": 3, "latency": 2}),
    rule=RuleChoice("pdlf"),
    circuit=Layered(hidden=8),
    device=DeviceChoice(dtype="float64", threads=1),
)


def test_the_measure_sees_plastic_weights_move_and_fixed_ones_stay():
    measure = names_in("add_a_measure")["DRIFT"]
    assert set(measure.conditions) <= set(CONDITIONS)
    for condition, moves in (("plastic", True), ("fixed", False)):
        vector = generator(1, condition).standard_normal(Experiment(STUDY, condition).dimension)
        solution = Solution(STUDY, condition, vector, trial_streams(1, 6), seed=1)
        arrays, quantities = measure.examine(solution)
        assert set(arrays) == {"input_hidden", "hidden_output"}
        assert all((each["value"] > 1e-6) == moves for each in quantities.values())


def test_the_condition_freezes_the_second_half_of_a_trial():
    condition = names_in("add_a_condition")["HALFWAY"]
    task = TASKS["sequence_copy"]
    parameters = task.with_defaults({"length": 3, "latency": 2})
    unchanged, controls = condition.control(task, parameters)
    assert unchanged == parameters
    assert controls == Controls(freeze_at=4)
    assert condition.search == "plastic"


def test_the_command_is_run_by_its_own_test(here, said, monkeypatch):
    work, function, test = blocks_of("add_a_command")
    module = ModuleType("neuromodels.report.size")
    exec(work, vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(commands, "COMMANDS", list(commands.COMMANDS))
    exec(function, dict(vars(cli.reading)))
    names = {}
    exec(test, names)
    names["test_size_names_the_ledger"](here, said)


def test_the_device_gives_the_numbers_of_the_processor(monkeypatch):
    device = names_in("add_a_device")["GpuOrEmulation"]()
    monkeypatch.setitem(targets.DEVICES, device.name, device)
    potentials = []
    for name in ("cpp", device.name):
        cells = NeuronGroup(
            3, "dv/dt = -v/(10*ms) : 1", method="exact", name="cells", namespace={"ms": ms}
        )
        cells.v = [1, 2, 3]
        batch = Batch(Network(cells), 4, dtype="float64", device=name, namespace={})
        batch.run(5 * ms)
        potentials.append(np.asarray(batch["cells.v"]))
    np.testing.assert_allclose(*potentials, rtol=1e-12)
    assert batch.report.device in ("cuda", "cuda_emulation")


def test_the_study_of_arrays_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = names_in("task_from_arrays")
    page = (PAGES / "task_from_arrays.md").read_text(encoding="utf-8")
    (study, *_) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "patterns.toml").write_text(study)
    assert cli.main(["run", "patterns.toml", "--out", "a"]) == 0
    assert "only `unseen` shows data" in " ".join(capsys.readouterr().out.split())
    verdicts = list(TaskContract().verdicts(names["PATTERNS"]))
    assert [v.promise for v in verdicts if v.status == "failed"] == []
    assert names["PATTERNS"].content == StoredRun(tmp_path / "a").study.contents["task.file"]


def test_a_network_of_ones_own_takes_part_in_a_study(tmp_path, capsys):
    (tmp_path / "my_network.py").write_text(blocks_of("own_network_in_a_rule_study")[0])
    text = (PAGES / "own_network_in_a_rule_study.md").read_text(encoding="utf-8")
    study = tmp_path / "my_network.toml"
    study.write_text(re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1])
    assert cli.main(["check", str(study)]) == 0
    assert capsys.readouterr().out.split() == ["plastic:", "ok", "fixed:", "ok"]
    assert cli.main(["run", str(study), "--out", str(tmp_path / "run")]) == 0
    assert "rule searched, weights plastic" in capsys.readouterr().out


def test_recordings_go_to_elephant_and_to_nwb(monkeypatch, tmp_path, capsys):
    pytest.importorskip("elephant")
    monkeypatch.chdir(tmp_path)
    copies, measured, written = blocks_of("share_recordings")
    names = {"__name__": "share_recordings"}
    exec(copies + measured, names)
    trains, variations = capsys.readouterr().out.split("\n")[:2]
    assert trains == "20 (1000, 2)"
    assert all(0 < float(each) < 1 for each in variations.strip("[]").split(","))
    pytest.importorskip("pynwb", reason="NWB needs pynwb")
    exec(written, names)
    assert (tmp_path / "copies.nwb").stat().st_size > 0
