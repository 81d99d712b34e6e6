"""The folder that a user stands in may be a stranger's: nothing in it is run unless it is named."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from neuromodels.commands import PREFERENCES, prepare_process

ROOT = Path(__file__).parents[2]
TRAP = "open('mark', 'w')"


def test_preferences_of_brian2_are_refused_and_not_run(here, said):
    (here / PREFERENCES).write_text(f"codegen.target = {TRAP}.name")
    code, out, err = said("show", "studies/small.toml")
    assert (code, out) == (2, "")
    assert "brian_preferences: is a file in the current folder" in err
    assert not (here / "mark").exists()


def test_the_trap_of_preferences_would_spring(tmp_path):
    """Brian2 still reads them, so that the refusal is needed."""
    from brian2.core.preferences import BrianGlobalPreferences

    (tmp_path / PREFERENCES).write_text(f"codegen.target = open({str(tmp_path / 'mark')!r}, 'w')")
    BrianGlobalPreferences().read_preference_file(str(tmp_path / PREFERENCES))
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("is_prepared", [True, False])
def test_workers_find_no_modules_in_the_current_folder(tmp_path, monkeypatch, is_prepared):
    """As `multiprocessing` starts them; without preparation the trap springs."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    if is_prepared:
        monkeypatch.setenv("PYTHONSAFEPATH", "")  # so that it is put back
        monkeypatch.delenv("PYTHONSAFEPATH")
        prepare_process()
    (tmp_path / "multiprocessing.py").write_text(TRAP)
    line = "import multiprocessing.spawn as s; print(s.__file__)"
    subprocess.run([sys.executable, "-c", line], cwd=tmp_path, capture_output=True, check=False)
    assert (tmp_path / "mark").exists() is not is_prepared


@pytest.mark.parametrize("name", ["numpy", "neuromodels"])
def test_the_command_finds_no_modules_in_the_current_folder(tmp_path, name):
    (tmp_path / f"{name}.py").write_text(TRAP)
    script = tmp_path / "bin" / "neuromodels"  # as an installer writes it
    script.parent.mkdir()
    script.write_text(
        f"import sys; sys.path.append({str(ROOT)!r})\n"
        "from neuromodels.cli import main; raise SystemExit(main())"
    )
    done = subprocess.run(
        [sys.executable, str(script), "list", "tasks", "--json"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert not (tmp_path / "mark").exists()
