"""Files for others' tools: they name the release and the dependencies that setup.cfg has."""

from configparser import ConfigParser
from pathlib import Path

import pytest

import neuromodels
from neuromodels import DISTRIBUTION
from neuromodels.report.citations.publications import PUBLICATIONS

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
ROOT = Path(__file__).parents[1]
ON_CONDA = {"matplotlib": "matplotlib-base"}
"""Packages with another name there: this one brings no windows."""
ADDED = {"python", "cxx-compiler"}


@pytest.fixture(scope="module")
def setup():
    found = ConfigParser()
    found.read(ROOT / "setup.cfg")
    return found


def read(name):
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def split(requirement):
    name, _, versions = requirement.strip().partition(" ")
    return ON_CONDA.get(name, name), versions.replace(" ", "")


def test_the_recipe_needs_what_pip_installs(setup):
    lines = setup["options"]["install_requires"].splitlines()
    wanted = dict(split(line) for line in lines if line.strip() and not line.startswith("#"))
    told = dict(split(line) for line in read("conda.recipe/recipe.yaml")["requirements"]["run"])
    assert {name: told[name] for name in told if name not in ADDED} == wanted
    assert told["python"] == setup["options"]["python_requires"]


def test_the_recipe_is_of_this_release(setup):
    recipe = read("conda.recipe/recipe.yaml")
    assert recipe["context"]["version"] == neuromodels.__version__
    assert recipe["package"]["name"] == DISTRIBUTION
    entry = setup["options.entry_points"]["console_scripts"].strip()
    assert recipe["build"]["python"]["entry_points"] == [entry]
    assert set(recipe) <= {
        *("context", "package", "source", "build", "requirements", "tests", "about", "extra"),
    }


def test_a_citation_is_of_this_release_and_of_known_papers(setup):
    told = read("CITATION.cff")
    assert told["version"] == neuromodels.__version__
    assert told["license"] == setup["metadata"]["license"]
    assert told["authors"] == [{"name": setup["metadata"]["author"]}]
    known = {publication.doi: publication for publication in PUBLICATIONS}
    for each in told["references"]:
        publication = known[each["doi"]]
        names = [f"{a['family-names']}, {a['given-names']}" for a in each["authors"]]
        assert " and ".join(names) == publication.author
        assert (each["title"], each["year"]) == (publication.title, publication.year)


@pytest.mark.parametrize("name", [".github/workflows/test.yml", ".pre-commit-config.yaml"])
def test_what_runs_elsewhere_calls_files_that_are_there(name):
    text = (ROOT / name).read_text("utf-8")
    assert yaml.safe_load(text)
    for word in text.split():
        if word.startswith((".ci/", "tests/")):
            assert (ROOT / word).is_file(), word


def test_the_tools_of_pre_commit_are_those_of_make_lint():
    told = (ROOT / "Makefile").read_text("utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    wanted = {line.split("/")[1].split()[0] for line in told.splitlines() if "$(BIN)/" in line}
    hooks = read(".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert wanted == {"ruff", "mypy"}
    assert wanted < {hook["entry"].removeprefix(".venv/bin/").split()[0] for hook in hooks}
