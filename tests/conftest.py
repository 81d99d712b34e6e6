"""What all tests share: a build cache of their own, and numpy as Brian2's target."""

from collections.abc import Iterator
from pathlib import Path

import brian2
import pytest


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build into a temporary folder, never into the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("NEUROMODELS_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def runtime_target() -> None:
    """Let stock Brian2 use numpy: compiling its code objects would take minutes."""
    brian2.prefs.codegen.target = "numpy"
