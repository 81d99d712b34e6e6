"""Solved equations are looked up, and only where nothing they depend on has changed."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, TimedArray, ms

from neuromodels.errors import BuildError
from neuromodels.simulation import Batch
from neuromodels.simulation.build import folder, solved_equations
from neuromodels.simulation.build.folder import put_sealed


def solved(equations: str = "dv/dt = (1 - v)/tau : 1", method: str = "exact", tau=10 * ms) -> float:
    """Return v after 5 ms."""
    group = NeuronGroup(1, equations, method=method, name="cell", namespace={"tau": tau})
    batch = Batch(Network(group), dtype="float64", threads=1, namespace={})
    batch.run(5 * ms)
    return float(np.asarray(batch["cell.v"])[0, 0])


def solutions(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path))
    return lambda: sorted(folder.folder().glob("*.solution"))


def test_a_solution_is_kept_and_found_again(monkeypatch, tmp_path):
    files = solutions(monkeypatch, tmp_path)
    assert np.isclose(solved(), 1 - np.exp(-0.5))
    (path,) = files()
    put_sealed(b"v = 0.125", path)
    assert solved() == 0.125


@pytest.mark.parametrize(
    "damage", ["empty", "cut", "changed", "not text", "of another", "unsealed"]
)
def test_a_damaged_solution_is_worked_out_again(monkeypatch, tmp_path, damage):
    """Nothing but what was written is believed: an empty solution would switch dynamics off."""
    files = solutions(monkeypatch, tmp_path)
    solved()
    (path,) = files()
    whole = path.read_bytes()
    put_sealed(b"v = 0.125", tmp_path / "another.solution")
    contents = {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "changed": whole.replace(b"v", b"w", 1),
        "not text": b"\xff" * 100,
        "of another": (tmp_path / "another.solution").read_bytes(),
        "unsealed": b"v = 0.125",
    }
    path.write_bytes(contents[damage])
    assert np.isclose(solved(), 1 - np.exp(-0.5))
    assert path.read_bytes() == whole
    assert not list(tmp_path.glob("*.part"))


def test_a_solution_in_a_folder_that_others_may_write_is_not_read(monkeypatch, tmp_path):
    files = solutions(monkeypatch, tmp_path)
    solved()
    (path,) = files()
    put_sealed(b"v = 0.125", path)
    tmp_path.chmod(0o777)
    assert solved_equations.is_trusted() is False
    with pytest.raises(BuildError, match=f"chmod go-w {tmp_path}"):
        solved()
    tmp_path.chmod(0o700)
    path.unlink()
    assert np.isclose(solved(), 1 - np.exp(-0.5))


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
    folder.clear()
    assert files() == []
