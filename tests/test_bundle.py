"""What the wheel and the archive of sources hold, and which study a name means."""

import json
import os
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

import neuromodels
from neuromodels.cli import main
from neuromodels.report import bundled
from neuromodels.report.bundled import bundled_folder, study_named
from neuromodels.report.figures import load_script, scripts_of

ROOT = Path(__file__).parents[1]
ASK = """
import json, setuptools
from distutils.core import run_setup
asked = run_setup("setup.py", stop_after="config")
build = asked.get_command_obj("build_py")
build.ensure_finalized()
data = {f"{place}/{name}" for _, _, place, names in build.data_files for name in names}
data = [name.removeprefix(build.build_lib + "/") for name in data]
told = {"version": asked.get_version(), "packages": asked.packages, "data": data}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def built():
    """Return what setuptools would put into the wheel: nothing is built."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def files_in(folder, *left_out):
    """Return the files of a folder of the sources, as paths from there."""
    every = [path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*")]
    kept = [path for path in every if "__pycache__" not in path.parts and path.suffix]
    return {path.as_posix() for path in kept if not set(path.parts) & set(left_out)}


@pytest.mark.parametrize(
    ("folder", "left_out"), [("studies", "declared"), ("figures", "README.md")]
)
def test_the_wheel_holds_all_studies_and_figures(built, folder, left_out):
    place = f"neuromodels/_bundled/{folder}/"
    held = {name.removeprefix(place) for name in built["data"] if name.startswith(place)}
    assert len(held) > 30
    assert held == files_in(folder, left_out)


def test_the_wheel_holds_each_room_its_headers_and_styles(built):
    rooms = {path.parent for path in (ROOT / "neuromodels").rglob("__init__.py")}
    named = {".".join(room.relative_to(ROOT).parts) for room in rooms}
    assert named <= set(built["packages"])
    wanted = [*ROOT.glob("neuromodels/**/*.hpp"), *ROOT.glob("neuromodels/**/*.mplstyle")]
    assert {str(path.relative_to(ROOT)) for path in wanted} < set(built["data"])


def test_one_place_tells_the_version(built):
    assert built["version"] == neuromodels.__version__


def test_the_archive_of_sources_holds_all_that_git_does():
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs git and its checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    lines = [line.split() for line in (ROOT / "MANIFEST.in").read_text().splitlines()]
    whole = {name for kind, *names in lines if kind == "graft" for name in names}
    single = [name for kind, *names in lines if kind == "include" for name in names]
    by_itself = ["setup.cfg", "setup.py", "pyproject.toml", "LICENSE", "MANIFEST.in"]
    tracked = listed.stdout.splitlines()
    missing = [
        name
        for name in tracked
        if name.partition("/")[0] not in whole
        and not any(fnmatch(name, pattern) for pattern in [*single, *by_itself])
    ]
    assert len(tracked) > 500
    assert not missing


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Return a folder of a package with its studies and figures, as pip installs them."""
    package = tmp_path_factory.mktemp("lib") / "neuromodels"
    for folder in ("studies", "figures"):
        ignore = shutil.ignore_patterns("declared", "__pycache__")
        shutil.copytree(ROOT / folder, package / "_bundled" / folder, ignore=ignore)
    return package


@pytest.fixture
def installed(package, tmp_path, monkeypatch):
    """Go to an empty folder, with the package installed elsewhere; return where its studies lie."""
    monkeypatch.setattr(bundled, "files", {"neuromodels": package}.get)
    monkeypatch.chdir(tmp_path)
    return package / "_bundled"


def test_a_checkout_has_its_studies_beside_the_package():
    assert bundled_folder() == ROOT


@pytest.mark.parametrize("named", ["pdlf_copy_quick", "studies/pdlf_copy_quick.toml"])
def test_a_name_means_a_study_of_the_package(installed, named):
    path, note = study_named(named)
    assert path == str(installed / "studies" / "pdlf_copy_quick.toml")
    assert note == f"this takes the study that comes with the package: {path}"


def test_a_study_of_the_current_folder_goes_first(installed):
    Path("pdlf_copy_quick.toml").write_text("")
    path, note = study_named("pdlf_copy_quick")
    assert path == "pdlf_copy_quick.toml"
    assert note.endswith(
        "of the folder that you are in: pdlf_copy_quick.toml, before that of the package"
    )


def test_a_file_is_itself_and_nothing_is_said(installed):
    Path("mine.toml").write_text("")
    assert study_named("mine.toml") == ("mine.toml", "")
    assert study_named("mine")[1] == "this takes the study of the folder that you are in: mine.toml"


def test_a_plan_is_never_written_into_the_package(installed, capsys):
    with pytest.raises(SystemExit):
        main(["declare", "pdlf_copy_quick"])
    assert (
        f"Copy it: cp {installed / 'studies' / 'pdlf_copy_quick.toml'} ." in capsys.readouterr().err
    )
    assert not (installed / "studies" / "declared").exists()


@pytest.mark.parametrize(
    "named", ["nothing", "", "..", "studies/../../x", "a/b", "x" * 5000, "a\0b", os.sep, "studies/"]
)
def test_what_is_no_study_stays_as_it_was_written(installed, named):
    assert study_named(named) == (named, "")


def test_list_shows_both_and_each_study_once(installed, said):
    Path("studies").mkdir()
    Path("studies/mine.toml").write_text('name = "mine"\n')
    Path("studies/pdlf_copy_quick.toml").write_text('name = "pdlf_copy_quick"\n')
    items = json.loads(said("list", "studies", "--json")[1])["items"]
    places = {item["name"]: item["of"] for item in items}
    assert len(places) == len(items)
    assert places["mine"] == places["pdlf_copy_quick"] == "this folder"
    assert places["cue_bandit"] == "the package"


def test_figures_of_the_package_are_drawn_in_an_empty_folder(installed, said):
    assert scripts_of(installed) == scripts_of(ROOT)
    assert Path(load_script("pdlf_terms", installed).__file__).is_relative_to(installed)
    code, out, err = said("figure", "pdlf_terms", "--from-tables")
    assert (code, err) == (0, "")
    assert "figures/data/" in out
    assert Path("output/figures/committed/pdlf_terms.png").is_file()
