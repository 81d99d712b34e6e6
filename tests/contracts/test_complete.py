"""Nothing that is declared in a room is missing from its catalog, and each member has a test."""

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

from neuromodels import measures, neurons, rules, tasks
from neuromodels.measures.quantities import Measure
from neuromodels.neurons import NeuronModel
from neuromodels.rules import PlasticityRule
from neuromodels.search import interface, optimizers
from neuromodels.tasks import Task

TESTS = Path(__file__).parents[1]
ROOMS = {
    "neurons": (neurons, NeuronModel, neurons.CATALOG),
    "rules": (rules, PlasticityRule, rules.CATALOG),
    "tasks": (tasks, Task, tasks.CATALOG),
    "measures": (measures, Measure, measures.CATALOG),
}
WRITTEN = {
    path: path.read_text(encoding="utf-8")
    for path in TESTS.rglob("test_*.py")
    if path.parent.name != "contracts"
}


def declared_in(room, kind):
    """Yield every value of a kind that a module of a room declares, with the module's name."""
    for module in walk_packages(room.__path__, f"{room.__name__}."):
        for value in vars(import_module(module.name)).values():
            several = value if isinstance(value, tuple | list) else (value,)
            yield from ((module.name, member) for member in several if isinstance(member, kind))


@pytest.mark.parametrize("name", ROOMS)
def test_what_a_room_declares_stands_in_its_catalog(name):
    room, kind, catalog = ROOMS[name]
    missing = {
        f"{module}: {v.name}" for module, v in declared_in(room, kind) if v.name not in catalog
    }
    assert not missing, f"add to CATALOG in neuromodels/{name}/__init__.py"


def test_every_optimizer_that_is_declared_stands_in_its_catalog():
    search = import_module("neuromodels.search")
    declared = declared_in(search, interface.OptimizerInfo)
    missing = {
        f"{module}: {v.name}" for module, v in declared if v.name not in optimizers.OPTIMIZERS
    }
    assert not missing, "add to OPTIMIZERS in neuromodels/search/optimizers.py"


MEMBERS = [
    pytest.param(room, name, id=f"{room}.{name}")
    for room in ("neurons", "tasks", "measures")
    for name in ROOMS[room][2]
]
MEMBERS += [pytest.param("search", name, id=f"search.{name}") for name in optimizers.OPTIMIZERS]


def is_named(room, name, path, text):
    """Return whether a test is about a member; "drift" may stand for something else."""
    if path.stem == f"test_{name}" or f"neuromodels.{room}.{name} " in text:
        return True
    return room != "measures" and f'"{name}"' in text


@pytest.mark.parametrize(("room", "name"), MEMBERS)
def test_every_member_is_named_by_a_test_of_its_own(room, name):
    """Rules have `tests.rules.checks`; others are named where they are compared with something."""
    naming = [path for path, text in WRITTEN.items() if is_named(room, name, path, text)]
    assert naming, f"write a test that compares {name!r} with something independent"
