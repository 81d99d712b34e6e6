"""`neuromodels figure all` and `make figures`: what is drawn, and what is said of the rest."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from neuromodels.report.figures import load_script, scripts_of, studies_of_task

ROOT = Path(__file__).parents[2]
MEASURED = 'NEEDS = ("small", "third")\nMEASURE = "goals"\n'


@pytest.fixture
def several(here):
    """Give the checkout a figure of another study, one of a measure, and a module of both."""
    drawing = (here / "figures" / "fig1.py").read_text()
    parts = drawing.partition("def collect")
    (here / "figures" / "fig2.py").write_text('NEEDS = ("other",)\n' + "".join(parts[1:]))
    (here / "figures" / "fig3.py").write_text(MEASURED + "".join(parts[1:]))
    (here / "figures" / "_shared.py").write_text("NUMBER = 1\n")
    (here / "figures" / "tables.py").write_text("TABLE = {}\n")
    return here


def test_all_draws_what_has_runs_and_names_the_command_for_others(several, said):
    said("run", "studies/small.toml", "--out", "runs/a")
    code, out, err = said("figure", "all")
    assert code == 0
    where = several / "figures"
    assert err == f"neuromodels: this runs scripts of the folder that you are in: {where}\n"
    lines = out.splitlines()
    assert lines[0] == "source: stored run: runs/a"
    assert lines[1:3] == ["figure: runs/a/figures/fig1.pdf", "figure: runs/a/figures/fig1.png"]
    assert len(lines) == 5
    assert lines[3].startswith("not drawn: fig2: ")
    assert lines[3].endswith("Make it with: neuromodels run studies/other.toml")
    assert lines[4].startswith("not drawn: fig3: ")
    assert "neuromodels measure runs/a goals" in lines[4]


def test_all_draws_from_named_folders_into_one(several, said):
    small = ("run", "studies/small.toml", "--set", "search.trials=5")
    said(*small, "--out", "elsewhere/a")
    (several / "elsewhere" / "a" / "measures").mkdir()
    np.savez(several / "elsewhere" / "a" / "measures" / "goals-plastic-seed1.npz", x=[1])
    code, out, _ = said("figure", "all", "--run", "elsewhere", "--out", "pictures")
    assert code == 0
    names = {path.name for path in (several / "pictures").iterdir()}
    assert names == {"fig1.pdf", "fig1.png", "fig3.pdf", "fig3.png"}
    assert "neuromodels run studies/other.toml --out elsewhere/other" in out


def test_of_one_study_the_newest_named_run_is_drawn(several, said):
    for trials in (5, 6):
        said(
            "run",
            "studies/small.toml",
            "--set",
            f"search.trials={trials}",
            "--out",
            f"elsewhere/{trials}",
        )
    said("figure", "all", "--run", "elsewhere", "--out", "pictures")
    assert (several / "pictures" / "fig1.png").read_text() == "small"


def test_a_run_that_lacks_a_measure_is_left_out_with_a_note(several, said):
    study = (several / "studies" / "small.toml").read_text()
    (several / "studies" / "third.toml").write_text(study.replace('"small"', '"third"'))
    for name in ("small", "third"):
        said("run", f"studies/{name}.toml", "--out", f"elsewhere/{name}")
    (several / "elsewhere" / "small" / "measures").mkdir()
    np.savez(several / "elsewhere" / "small" / "measures" / "goals-plastic-seed1.npz", x=[1])
    _, out, _ = said("figure", "all", "--run", "elsewhere", "--out", "pictures")
    assert (several / "pictures" / "fig3.png").read_text() == "small"
    assert "note: third lacks a measure: neuromodels measure elsewhere/third goals\n" in out


def test_all_without_any_run_is_a_mistake(several, said):
    code, out, _ = said("figure", "all")
    assert code == 2
    assert [line.split(":")[1] for line in out.splitlines()] == [" fig1", " fig2", " fig3"]


def test_all_wants_a_folder(several, said):
    said("run", "studies/small.toml")
    code, out, _ = said("figure", "all", "--out", "all.png")
    assert code == 2
    assert "must be a folder" in out


def test_a_figure_alone_leaves_unmeasured_runs_out(several, said):
    said("run", "studies/small.toml", "--out", "runs/a")
    code, _, err = said("figure", "fig3")
    assert code == 2
    assert "neuromodels measure runs/a goals" in err


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_figures_feeds_every_script():
    asked = ["make", "-n", "-o", ".venv/.installed", "figures"]
    commands = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    known = {path.stem for path in (ROOT / "studies").rglob("*.toml")}
    studies = set(" ".join(re.findall(r"for study in ([^;]*);", commands)).split())
    assert studies <= known
    for name in scripts_of(ROOT):
        script = load_script(name, ROOT)
        assert studies & set(script.NEEDS), name
        measure = getattr(script, "MEASURE", "")
        assert measure in commands
    assert "figure all" in commands


def test_grids_of_the_task_are_needed_and_other_sweeps_are_not(tmp_path):
    folder = tmp_path / "studies"
    folder.mkdir()
    task = '[task]\nname = "copy"\nlength = {}\n'
    (folder / "b.toml").write_text(task.format(4))
    (folder / "a.toml").write_text(task.format(8))
    (folder / "grid.toml").write_text(task.format(1) + '[sweep]\n"task.length" = [1, 2]\n')
    (folder / "rules.toml").write_text(task.format(1) + '[[sweep.list]]\n"rule.name" = "x"\n')
    assert studies_of_task("copy", tmp_path) == ("b", "a", "grid")
