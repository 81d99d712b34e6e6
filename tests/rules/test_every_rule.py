"""No rule stands in the catalog without a check against its paper."""

from importlib import import_module
from pkgutil import iter_modules

import tests.rules
from neuromodels.rules import CATALOG
from tests.rules.checks import checks


def checked() -> set[str]:
    """Return the rules that some test of this folder says it checks."""
    modules = [import_module(f"tests.rules.{m.name}") for m in iter_modules(tests.rules.__path__)]
    tests_here = [
        value
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("test_")
    ]
    return {name for test in tests_here for name in getattr(test, "checked", ())}


def test_every_rule_is_checked_against_its_paper():
    missing, strange = set(CATALOG) - checked(), checked() - set(CATALOG)
    assert not missing, "write a test in tests/rules/ with @checks(NAME)"
    assert not strange, "add to CATALOG in neuromodels/rules/__init__.py"


def test_the_list_of_checks_is_read_from_the_tests():
    @checks("a", "b")
    def test():
        pass

    assert test.checked == ("a", "b")
