"""A larger result of a measure is not given up for a smaller one without a word."""

from types import SimpleNamespace

import numpy as np
import pytest

from neuromodels.errors import NeuromodelsError
from neuromodels.files import arrays_to_bytes, read_arrays
from neuromodels.measures import CATALOG, examine
from neuromodels.measures.kept import SOLUTION, TRIALS, check_replaceable, keep_measure
from neuromodels.measures.quantities import Measure
from neuromodels.store.store import StoredRun
from neuromodels.study.circuits import Layered
from neuromodels.study.study import TestPlan

VECTOR = np.arange(3.0)


def stored(path, trials, vector=VECTOR, **varied):
    arrays = {name: np.array(values) for name, values in varied.items()}
    shape = (*(len(values) for values in varied.values()), trials)
    keep_measure(path, {**arrays, "scores": np.zeros(shape)}, trials, vector)


def check(path, trials, vector=VECTOR, **varied):
    arrays = {name: np.array(values) for name, values in varied.items()}
    check_replaceable(path, trials, arrays, vector)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "transfer-delay-plastic-seed1.npz"


def test_the_same_or_more_may_replace_what_is_stored(path):
    check(path, 1)
    stored(path, 40, delay=[1.0, 3.0])
    check(path, 40, delay=[3.0, 1.0])
    check(path, 41, delay=[1.0, 2.0, 3.0])
    check(path, 1, vector=VECTOR + 1, delay=[7.0])


def test_fewer_trials_or_other_values_are_refused(path):
    stored(path, 40, delay=[1.0, 3.0])
    with pytest.raises(NeuromodelsError, match=r"at least the 40 of transfer-delay.*got 39"):
        check(path, 39, delay=[1.0, 3.0])
    with pytest.raises(NeuromodelsError, match=r"must keep what .* holds: delay 3\. Add"):
        check(path, 50, delay=[1.0, 2.0])


def test_a_file_of_an_earlier_release_stays_readable_and_is_not_made_smaller(path):
    path.write_bytes(arrays_to_bytes({"delay": np.array([1.0]), "scores": np.zeros((1, 40))}))
    check(path, 3, delay=[1.0])
    with pytest.raises(NeuromodelsError, match="must not make less"):
        stored(path, 39, delay=[1.0])
    stored(path, 40, delay=[1.0])
    found = read_arrays(path)
    assert (int(found[TRIALS]), len(str(found[SOLUTION]))) == (40, 16)


def test_what_cannot_be_read_is_made_again(path):
    path.write_bytes(b"")
    check(path, 1)
    stored(path, 1)
    check(path, 1)


@pytest.fixture
def counted(here, said, monkeypatch):
    """Return a finished run, and a measure that takes the sum of some numbers per trial."""
    said("run", "studies/small.toml", "--out", "run", "--set", "seeds=[1]")

    def look(solution):
        found = {"value": float(solution.streams.size), "low": None, "high": None}
        return {"numbers": np.zeros(solution.streams.size)}, {"trials": found}

    measure = Measure("memory", "How many?", "So many.", look, ("plastic",))
    monkeypatch.setattr(CATALOG, "_members", {**CATALOG._members, "memory": measure})
    study = SimpleNamespace(circuit=Layered(), test=TestPlan())
    monkeypatch.setattr(examine, "study_of", lambda *table, **options: study)
    return here / "run" / "measures" / "memory-plastic-seed1.npz"


def test_the_command_keeps_the_larger_result(counted, said):
    assert said("measure", "run", "memory", "--trials", "40")[0] == 0
    code, _, err = said("measure", "run", "memory", "--trials", "30")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert read_arrays(counted)["numbers"].size == 40
    assert said("measure", "run", "memory", "--trials", "30", "--replace")[0] == 0
    assert read_arrays(counted)["numbers"].size == 30


def test_a_solution_that_changes_meanwhile_is_not_measured(counted, monkeypatch, said):
    vectors = iter(range(10))
    monkeypatch.setattr(
        StoredRun, "solution", lambda *of: {"vector": np.full(6, float(next(vectors)))}
    )
    code, _, err = said("measure", "run", "memory", "--trials", "40")
    assert code == 2
    assert "the solution changed meanwhile" in err
    assert not counted.exists()
