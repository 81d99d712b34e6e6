"""A bar is shown where rich can show one."""

import sys
from types import ModuleType

import pytest

from neuromodels.exploration import progress


@pytest.mark.parametrize("has_widgets", [True, False])
def test_a_notebook_without_widgets_gets_no_bar(monkeypatch, has_widgets):
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    monkeypatch.setattr(progress, "find_spec", lambda name: has_widgets or None)
    with progress.progress_here("sweep", True) as report:
        report(1, 2)
        has_bar = "_on_a_bar" in getattr(report, "__qualname__", "")
    assert has_bar == has_widgets
