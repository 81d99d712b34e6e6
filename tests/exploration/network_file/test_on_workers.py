"""Instances of own networks on workers: the same numbers, also where some are lost."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from own_network import CODE, HEAD, SWEEP

from neuromodels.errors import SimulationError
from neuromodels.experiment.workers import own_networks
from neuromodels.experiment.workers.answers import Answer, Lost
from neuromodels.exploration.network_file.reading import read_network_study
from neuromodels.exploration.network_file.work import examine
from neuromodels.study.file import read_declaration


class FewWorkers:
    """Answers in this process; loses the first `losses` parts that it is asked for."""

    def __init__(self, compiled, losses=0):
        self.compiled, self.losses, self.asked = compiled, losses, []

    def count(self):
        return 3

    def ask(self, function, parts, work, *, alone=False):
        self.asked.append((len(parts), alone))
        answers = []
        for part in parts:
            if self.losses:
                self.losses -= 1
                answers.append(Lost())
            else:
                answers.append(Answer(self.compiled.run(*part), "here"))
        return answers


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    (folder / "net.py").write_text(CODE)
    (folder / "sweep.toml").write_text(HEAD + SWEEP)
    return examine(read_network_study(read_declaration(folder / "sweep.toml")))[0]


POINTS = {"drive": np.array([[0.02], [0.03]]), "gain": np.array([[1.0], [1.5]])}
ROWS = np.array([0, 1, 1, 0, 1, 0, 0])
STREAMS = np.arange(7, dtype=np.uint64)


@pytest.mark.parametrize("losses", [0, 2])
def test_parts_are_joined_in_their_order(compiled, losses):
    crew = FewWorkers(compiled, losses)
    found = own_networks.NetworkOnWorkers(crew, SimpleNamespace())(POINTS, ROWS, STREAMS)
    wanted = compiled.run(POINTS, ROWS, STREAMS)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values)
    assert crew.asked == [(6, False), *([(losses, True)] if losses else [])]


def test_a_part_that_no_worker_survives_ends_the_run(compiled):
    on_workers = own_networks.NetworkOnWorkers(FewWorkers(compiled, 100), SimpleNamespace())
    with pytest.raises(SimulationError, match="must survive its instances"):
        on_workers(POINTS, ROWS, STREAMS)


@pytest.mark.strain
def test_processes_give_the_same_numbers(tmp_path, monkeypatch, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(CODE)
    (tmp_path / "sweep.toml").write_text(HEAD + SWEEP)
    assert said("run", "sweep.toml", "--out", "one")[0] == 0
    assert said("run", "sweep.toml", "--out", "two", "--workers", "2")[0] == 0
    one, two = (json.loads((tmp_path / n / "result.json").read_text()) for n in ("one", "two"))
    assert one == two
    session = json.loads((tmp_path / "two" / "provenance.json").read_text())["sessions"][0]
    assert session["workers"]["count"] == 2
