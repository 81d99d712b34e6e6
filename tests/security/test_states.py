"""The state of a search from a stranger: a pickle that names nothing but a search's parts."""

import os
import pickle

import numpy as np
import pytest
from strangers import Calls, named

from neuromodels.errors import StorageError
from neuromodels.search import OPTIMIZERS, make_optimizer
from neuromodels.search.nevergrad_state import ForeignState, read_state

PICKLED = ("nevergrad", "pycma")
BORROWED = [name for name, info in OPTIMIZERS.items() if info.source in PICKLED]


def state(content, package="nevergrad"):
    return {package: np.frombuffer(content, dtype=np.uint8)}


def traps(mark):
    """Return pickles that would write a file, each in another way."""
    line, code = f"touch {mark}", f"open({str(mark)!r}, 'w')"
    return {
        "system": pickle.dumps(Calls(os.system, line)),
        "builtins": named("builtins", "exec", code),
        "eval": named("builtins", "eval", code),
        "a path of names": named("cma.evolution_strategy", "os.system", line),
        "a module of a known one": named("cma.logger", "os.system", line),
        "open": named("io", "open", str(mark), "w"),
        "nevergrad runs commands": named(
            "nevergrad.common.tools", "subprocess.run", ["touch", mark]
        ),
        "numpy runs code": named("numpy.testing._private.utils", "runstring", code, {}),
        "a file of Python": named("runpy", "run_path", str(mark)),
        "a part": named("functools", "partial", os.system, line),
        "a module": named("importlib", "import_module", "antigravity"),
        "an old name": b"cposix\nsystem\n(V" + line.encode() + b"\ntR.",
        "copyreg": b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.",
        "an extension": b"\x80\x02\x82\x01.",
        "a reference outside": b"Vx\nQ.",
        "cut off": b"\x80\x04",
        "nothing": b"",
        "another value": pickle.dumps(3),
    }


@pytest.mark.parametrize(("name", "package"), [("OldCMA", "nevergrad"), ("cma_es", "pycma")])
@pytest.mark.parametrize("kind", traps("x"))
def test_no_state_runs_anything(tmp_path, kind, name, package):
    mark = tmp_path / "mark"
    optimizer = make_optimizer(name, np.zeros(4), 1.0, 8, 1)
    before = optimizer.ask()
    with pytest.raises(StorageError, match="must be one"):
        optimizer.load(state(traps(mark)[kind], package))
    assert not mark.exists()
    assert optimizer.ask().shape == before.shape


@pytest.mark.parametrize(
    "content",
    [
        named("builtins", "getattr", np.zeros(3), "tofile"),
        named("builtins", "getattr", np.random.RandomState(0), "__class__"),
        named("builtins", "getattr", "text", "format"),
        named("numpy", "dtype", "O"),
        named("numpy", "dtype", "V8"),
    ],
)
def test_what_is_half_allowed_stays_so(content):
    with pytest.raises(ForeignState):
        read_state(content)


@pytest.mark.parametrize("name", BORROWED)
def test_a_long_search_names_nothing_unknown(name):
    """A state that is refused wrongly would be a search that is lost."""
    optimizer = make_optimizer(name, np.zeros(6), 1.0, 10, 1)
    draw = np.random.default_rng(1)
    for generation in range(28):
        xs = optimizer.ask()
        losses = (xs**2).sum(axis=1) + draw.normal(size=len(xs))
        losses[draw.random(len(xs)) < (generation % 7) / 6] = np.nan
        optimizer.tell(xs, losses)
        if generation % 7 == 6:
            dumped = optimizer.dump()
            again = make_optimizer(name, np.zeros(6), 1.0, 10, 2)
            again.load(dumped)
            optimizer.load(dumped)
            np.testing.assert_array_equal(again.ask(), optimizer.ask())
            optimizer.load(dumped)


@pytest.mark.parametrize("name", ["OldCMA", "cma_es"])
def test_a_search_looks_for_no_settings_in_the_current_folder(tmp_path, monkeypatch, name):
    """cma reads new settings from a file of this name, a stop after one generation for example."""

    def searched():
        optimizer = make_optimizer(name, np.zeros(4), 1.0, 8, 1)
        for _ in range(10):
            xs = optimizer.ask()
            optimizer.tell(xs, ((xs - 1) ** 2).sum(axis=1))
        return optimizer.recommend()

    expected = searched()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cma_signals.in").write_text("{'maxiter': 1, 'tolx': 1e9}")
    np.testing.assert_array_equal(searched(), expected)
