"""Solved equations are looked up, and only where nothing they depend on has changed."""

import numpy as np
from brian2 import Network, NeuronGroup, TimedArray, ms

from neuromodels.simulation import Batch
from neuromodels.simulation.build import cache


def solved(equations: str = "dv/dt = (1 - v)/tau : 1", method: str = "exact", tau=10 * ms) -> float:
    """Return v after 5 ms."""
    group = NeuronGroup(1, equations, method=method, name="cell", namespace={"tau": tau})
    batch = Batch(Network(group), dtype="float64", threads=1, namespace={})
    batch.run(5 * ms)
    return float(np.asarray(batch["cell.v"])[0, 0])


def solutions(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path))
    return lambda: sorted(cache.folder().glob("*.solution"))


def test_a_solution_is_kept_and_found_again(monkeypatch, tmp_path):
    files = solutions(monkeypatch, tmp_path)
    assert np.isclose(solved(), 1 - np.exp(-0.5))
    (path,) = files()
    path.write_text("v = 0.125")
    assert solved() == 0.125


def test_numbers_do_not_enter(monkeypatch, tmp_path):
    files = solutions(monkeypatch, tmp_path)
    assert np.isclose(solved(), 1 - np.exp(-0.5))
    assert np.isclose(solved(tau=20 * ms), 1 - np.exp(-0.25))
    assert len(files()) == 1


def test_equations_method_and_kinds_of_names_do(monkeypatch, tmp_path):
    files = solutions(monkeypatch, tmp_path)
    solved()
    solved(method="euler")
    solved("dv/dt = (2 - v)/tau : 1")
    solved("dv/dt = (a - v)/tau : 1\na : 1")
    solved("dv/dt = (a - v)/tau : 1\na : 1 (constant)")
    assert len(files()) == 5


def test_functions_of_time_are_solved_every_time(monkeypatch, tmp_path):
    files = solutions(monkeypatch, tmp_path)
    drive = TimedArray([1.0, 2.0], dt=5 * ms, name="drive")
    group = NeuronGroup(
        1,
        "dv/dt = (drive(t) - v)/tau : 1",
        method="exact",
        name="cell",
        namespace={"tau": 10 * ms, "drive": drive},
    )
    Batch(Network(group), namespace={}).run(1 * ms)
    assert files() == []


def test_clear_forgets_solutions(monkeypatch, tmp_path):
    files = solutions(monkeypatch, tmp_path)
    solved()
    cache.clear()
    assert files() == []
