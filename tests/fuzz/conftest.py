"""A checkout for each test that fuzzes commands."""

import pytest

from fuzz.checkout import faked, prepare, put_back


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Return the folder that a case may change, and a function that puts it back."""
    here, kept = tmp_path / "here", tmp_path / "kept"
    here.mkdir()
    monkeypatch.setenv("NEUROMODELS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(here)
    with faked():
        prepare(here)
        kept.mkdir()
        put_back(here, kept)
        yield here, lambda: put_back(kept, here)
