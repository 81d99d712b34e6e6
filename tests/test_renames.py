"""Old names: they work for one minor version, warn, and name the new one; then they are gone."""

import warnings

import pytest

import neuromodels
from neuromodels import _renames as renames
from neuromodels._renames import Rename
from neuromodels.study.file import StudyFileError, read_study


def minor(release):
    return tuple(map(int, release.split(".")[:2]))


@pytest.mark.parametrize("table", ["FUNCTIONS", "KEYS", "COMMANDS"])
def test_no_old_name_is_kept_for_too_long(table):
    for rename in getattr(renames, table):
        assert minor(neuromodels.__version__) < minor(rename.gone), f"remove it: {rename}"
        assert rename.old != rename.new


def test_a_rename_says_until_when_the_old_name_stays():
    rename = Rename("search.trials", "search.episodes", "0.9")
    assert rename.gone == "0.10"
    assert "'search.episodes' since neuromodels 0.9" in rename.told


def test_an_old_function_warns_and_works(monkeypatch):
    monkeypatch.setattr(renames, "FUNCTIONS", (Rename("explore", "sweep", "0.1"),))
    with pytest.warns(FutureWarning, match="'explore' is 'sweep' since neuromodels 0.1") as seen:
        found = neuromodels.explore
    assert found is neuromodels.sweep
    assert seen[0].filename == __file__
    assert "explore" not in dir(neuromodels)
    with pytest.raises(AttributeError, match="no attribute 'explores'"):
        _ = neuromodels.explores


def test_an_old_key_warns_and_has_its_value(here, monkeypatch):
    monkeypatch.setattr(renames, "KEYS", (Rename("search.episodes", "search.trials", "0.1"),))
    path = here / "studies/small.toml"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        new = read_study(path)
    text = path.read_text()
    path.write_text(text.replace("\ntrials = 4\n", "\nepisodes = 4\n"))
    with pytest.warns(FutureWarning, match=r"'search.episodes' is 'search.trials'"):
        old = read_study(path)
    assert (old, old.digest) == (new, new.digest)
    path.write_text(text.replace("\ntrials = 4\n", "\ntrials = 4\nepisodes = 4\n"))
    with pytest.raises(StudyFileError, match=r"search.episodes: unknown key"):
        read_study(path)


def test_an_old_command_says_so_and_works(here, said, monkeypatch):
    monkeypatch.setattr(renames, "COMMANDS", (Rename("enumerate", "list", "0.1"),))
    code, printed, told = said("enumerate", "studies")
    assert (code, told) == (0, "neuromodels: " + renames.COMMANDS[0].told + "\n")
    assert printed == said("list", "studies")[1]
    code, printed, _ = said("enumerate", "studies", "--json")
    assert (code, printed) == (0, said("list", "studies", "--json")[1])
