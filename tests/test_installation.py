"""The name that pip knows, and a folder into which somebody else's package was installed."""

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

import neuromodels
from neuromodels._installation import DISTRIBUTION, other_distribution, refuse_mixture
from neuromodels.errors import pip_command

ROOT = Path(__file__).parents[1]
TEXTS = [
    path
    for suffix in ("py", "md", "toml", "cfg", "yaml", "yml", "sh", "cff", "in")
    for path in ROOT.rglob(f"*.{suffix}")
    if not {".venv", ".git", "runs", "output", "build", "dist"} & {*path.relative_to(ROOT).parts}
]
STRAY = re.compile(
    r"(?<![\w-])neuromodels\[|(pip3?|uv) (install|add) [^\n|`]*(?<![\w./-])neuromodels\b(?!/)"
)
"""An extra, or a command, that would install somebody else's package."""


def setup():
    found = ConfigParser()
    found.read(ROOT / "setup.cfg")
    return found


def other(place, record):
    """Write what pip leaves of another distribution in a folder of installed packages."""
    folder = place / "neuromodels-0.0.2.dist-info"
    folder.mkdir(parents=True)
    (folder / "RECORD").write_text(record)


def test_one_name_is_told_everywhere():
    assert setup()["metadata"]["name"] == DISTRIBUTION == neuromodels.DISTRIBUTION
    assert pip_command("mujoco") == f'pip install "{DISTRIBUTION}[mujoco]"'


def test_no_text_names_the_package_of_somebody_else():
    texts = [path for path in TEXTS if path != Path(__file__)]
    strays = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in texts
        if (found := STRAY.search(path.read_text("utf-8")))
    ]
    assert len(texts) > 500
    assert not strays


@pytest.mark.parametrize(
    ("text", "is_stray"),
    [
        ('pip install "neuromodels[cuda]"', True),
        ("pip install -U neuromodels", True),
        ("needs neuromodels[sbi]", True),
        (f'pip install "{DISTRIBUTION}[cuda]"', False),
        (f"pip install {DISTRIBUTION}", False),
        ("pip install ./neuromodels", False),
    ],
)
def test_the_search_for_strays_finds_them(text, is_stray):
    assert bool(STRAY.search(text)) == is_stray


def test_extras_that_cures_name_exist():
    known = set(setup()["options.extras_require"])
    named = {
        found
        for path in (ROOT / "neuromodels").rglob("*.py")
        for found in re.findall(r"pip_command\(['\"](\w+)['\"]\)", path.read_text("utf-8"))
    }
    assert named
    assert named <= known


def test_files_of_another_distribution_are_refused_with_the_way_out(tmp_path):
    other(tmp_path, "neuromodels/__init__.py,sha256=x,1\n")
    assert other_distribution(tmp_path) == "neuromodels 0.0.2"
    with pytest.raises(ImportError, match=r"got those of neuromodels 0\.0\.2 .*pip uninstall"):
        refuse_mixture(tmp_path)


def test_an_install_that_only_points_to_a_checkout_does_no_harm(tmp_path):
    other(tmp_path, "__editable__.neuromodels-0.1.0.pth,sha256=x,1\n../../bin/neuromodels,,\n")
    assert not other_distribution(tmp_path)
    refuse_mixture(tmp_path)


def imported(place, module):
    """Return what Python says when it imports a module of a copy of the package."""
    code = f"import sys; sys.path.insert(0, {str(place)!r}); import {module}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=place)


@pytest.fixture
def copy(tmp_path):
    """Return a folder with the modules of the package that the face and its errors need."""
    (tmp_path / "neuromodels").mkdir()
    for name in ("__init__", "_installation", "errors"):
        text = (ROOT / "neuromodels" / f"{name}.py").read_text("utf-8")
        (tmp_path / "neuromodels" / f"{name}.py").write_text(text)
    return tmp_path


def test_the_package_alone_is_imported(copy):
    assert imported(copy, "neuromodels.errors").returncode == 0


def test_an_import_over_another_distribution_fails(copy):
    other(copy, "neuromodels/__init__.py,sha256=x,1\n")
    assert "ImportError: neuromodels: must hold" in imported(copy, "neuromodels").stderr


def test_an_import_under_the_face_of_another_package_fails(copy):
    (copy / "neuromodels" / "__init__.py").write_text("__version__ = '0.0.2'\n")
    said = imported(copy, "neuromodels.errors").stderr
    assert "got those of another package of this name" in said
    assert f"pip install --force-reinstall --no-deps {DISTRIBUTION}" in said
