"""Files that a user names: nothing is replaced that is not of the same kind."""

import os

import pytest


@pytest.fixture
def stored(here, said):
    said("run", "studies/small.toml", "--out", "r")
    return here


@pytest.mark.parametrize(
    "command",
    [
        ["report", "r", "--html", "{}.html"],
        ["export", "r", "--table", "tests", "--out", "{}.csv"],
        ["figure", "fig1", "--run", "r", "--out", "{}.png"],
    ],
)
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a device"])
def test_only_files_are_replaced(stored, said, command, kind):
    suffix = command[-1].removeprefix("{}")
    path = stored / f"target{suffix}"
    {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "link to a device": lambda: path.symlink_to("/dev/null"),
    }[kind]()
    code, _, err = said(*(part.format("target") for part in command))
    assert code == 2
    assert "is a folder, a device or a pipe" in err
    assert os.path.lexists(path)
    assert not path.is_file()
    assert said(*(part.format("new") for part in command))[0] == 0
    assert said(*(part.format("new") for part in command))[0] == 0, "and again"


def test_a_page_replaces_a_page_and_nothing_else(stored, said):
    before = (stored / "studies" / "small.toml").read_text()
    code, _, err = said("report", "r", "--html", "studies/small.toml")
    assert code == 2
    assert "of another kind" in err
    assert (stored / "studies" / "small.toml").read_text() == before
    for _ in range(2):
        assert said("report", "r", "--html")[0] == 0


def test_scripts_of_the_folder_are_announced_and_find_only_each_other(stored, said):
    script = stored / "figures" / "fig1.py"
    script.write_text("from figures.near import NEAR\n" + script.read_text())
    (stored / "figures" / "near.py").write_text("NEAR = 1\n")
    (stored / "colorsys.py").write_text("raise SystemExit('hijacked')\n")
    fresh = "import sys; sys.modules.pop('colorsys', None); import colorsys\n"
    script.write_text(fresh + script.read_text())
    code, _, err = said("figure", "fig1", "--run", "r")
    assert code == 0, err
    said_first = "neuromodels: this runs scripts of the folder that you are in: "
    assert err == f"{said_first}{stored}/figures\n"


@pytest.mark.parametrize("text", ["raise SystemExit(0)", "1/0", "import no_such_thing"])
def test_a_script_that_fails_is_one_message(stored, said, text):
    (stored / "figures" / "fig1.py").write_text(f"{text}\nNEEDS = ()\n")
    code, _, err = said("figure", "fig1", "--run", "r")
    assert code == 2
    assert "must run without an error" in err


def test_no_figure_of_other_studies_is_said_and_is_code_2(stored, said):
    (stored / "figures" / "fig1.py").write_text('NEEDS = ("other",)\n')
    code, out, err = said("figure", "all", "--run", "r")
    assert code == 2
    assert "not drawn: fig1" in out
    assert "no figure was drawn" in err


def test_a_page_holds_no_escape_codes(stored, said):
    path = stored / "studies" / "small.toml"
    path.write_text(path.read_text().replace("Does it run?", "\\u001b[31mred\\u202e"))
    said("run", "studies/small.toml", "--out", "red")
    said("report", "red", "--html", "red.html")
    page = (stored / "red.html").read_text()
    assert r"\x1b[31mred\u202e" in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_files_of_the_user_in_a_run_folder_stay(stored, said):
    for name in ("film.mp4.part", "solutions/notes.part"):
        (stored / "r" / name).write_text("mine")
    assert said("resume", "r")[0] == 0
    assert (stored / "r" / "film.mp4.part").read_text() == "mine"
    assert (stored / "r" / "solutions" / "notes.part").read_text() == "mine"
