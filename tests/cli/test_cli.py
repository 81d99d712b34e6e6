"""The command line: one screen for every mistake, one JSON object for every script."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_experiment import FakeExperiment

from neuromodels.cli import main
from neuromodels.store.budget import set_budget

ROOT = Path(__file__).parents[2]


def only_run(here):
    (folder,) = (here / "runs").iterdir()
    return folder.relative_to(here)


def test_a_run_ends_with_its_table(here, said):
    code, out, err = said("run", "studies/small.toml")
    assert code == 0
    assert err == ""
    assert f"run folder: {only_run(here)}" in out
    assert "plastic seed 1 6/6 centre" in out
    assert "instances/s" in out
    assert "ETA" in out
    assert "Score on fresh sequences" in out
    assert out.count("random") >= 3


def test_a_finished_run_only_reports(here, said):
    said("run", "studies/small.toml")
    code, out, _ = said("run", "studies/small.toml")
    assert code == 0
    assert "searching" not in out
    assert "finished" in out


def test_report_as_json_has_documented_keys(here, said):
    said("run", "studies/small.toml", "--out", "here")
    code, out, _ = said("report", "here", "--json")
    found = json.loads(out)
    assert code == 0
    documented = (ROOT / "docs" / "reference" / "json.md").read_text()
    for key in [
        *found,
        *found["conditions"][0],
        *found["conditions"][0]["seeds"][0],
        *found["searches"][0],
    ]:
        assert f"`{key}`" in documented, f"{key} is not documented"
    assert found["status"] == "finished"
    assert [each["condition"] for each in found["conditions"]] == ["plastic", "random"]
    assert found["conditions"][0]["interval_over"] == "seeds"


def test_run_as_json_prints_one_object(here, said):
    code, out, _ = said("run", "studies/small.toml", "--json")
    assert code == 0
    assert json.loads(out)["study"] == "small"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_generation_and_names_the_resume_command(
    here, said, monkeypatch, number
):
    evaluate = FakeExperiment.evaluate

    def interrupted(self, xs, streams):
        if len(self.calls) == 2:
            os.kill(os.getpid(), number)
        return evaluate(self, xs, streams)

    monkeypatch.setattr(FakeExperiment, "evaluate", interrupted)
    code, out, _ = said("run", "studies/small.toml")
    assert code == 128 + number
    assert f"neuromodels resume {only_run(here)}" in out
    monkeypatch.setattr(FakeExperiment, "evaluate", evaluate)
    code, out, _ = said("report", only_run(here))
    assert "Not finished: plastic (seed 1)" in out
    code, out, _ = said("resume", only_run(here))
    assert code == 0
    assert "from generation 3" in out
    assert "finished" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "none.toml"), ["none.toml", "no such study file"]),
        (("run", "studies/small.toml", "--set", "rule.name=pdfl"), ["unknown rule", "'pdlf'"]),
        (("run", "studies/small.toml", "--set", "circuit.hidden=-1"), ["circuit.hidden", "got -1"]),
        (("run", "studies/small.toml", "--set", "serach.trials=1"), ["serach", "'search'"]),
        (
            ("run", "studies/small.toml", "--set", "rule.coefficients.A={low=2, high=1}"),
            ["rule.coefficients.A", "low <= high"],
        ),
        (("run", "studies/small.toml", "--out", "studies/small.toml"), ["cannot be written"]),
        (("run", "studies/small.toml", "--out", "figures"), ["fig1.py", "--out"]),
        (("resume", "studies"), ["is not a run folder", "neuromodels run"]),
        (("report", "nowhere"), ["is not a run folder"]),
        (("figure", "fig2"), ["fig2", "'fig1'"]),
        (("figure", "fig1"), ["small was not run", "neuromodels run studies/small.toml"]),
    ],
)
def test_mistakes_are_one_screen_and_exit_code_2(here, said, arguments, words):
    code, _, err = said(*arguments)
    assert code == 2
    assert all(word in err for word in words), err
    assert len(err.splitlines()) < 25
    assert "Traceback" not in err
    assert not (here / "runs").exists()


def test_a_folder_with_another_study_is_refused(here, said):
    said("run", "studies/small.toml", "--out", "here")
    code, _, err = said("run", "studies/small.toml", "--set", "search.trials=5", "--out", "here")
    assert code == 2
    assert "another study" in err


def test_a_disk_that_cannot_be_written_is_one_message(here, said, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = said("run", "studies/small.toml")
    assert code == 2
    assert "No space left on device" in err


def test_errors_of_the_network_are_one_message(here, said, monkeypatch):
    from neuromodels.errors import EquationError

    def refuse(self):
        raise EquationError("rule.each_step", "unknown name 'etta'", "w += etta\n     ^^^^")

    monkeypatch.setattr(FakeExperiment, "__post_init__", refuse)
    code, _, err = said("run", "studies/small.toml")
    assert code == 2
    assert "unknown name 'etta'" in err
    assert "w += etta\n     ^^^^" in err


def test_a_figure_prints_its_path(here, said):
    said("run", "studies/small.toml")
    code, out, _ = said("figure", "fig1")
    assert code == 0
    folder = only_run(here) / "figures"
    source = f"source: stored run: {only_run(here)}\n"
    assert out == f"{source}figure: {folder}/fig1.pdf\nfigure: {folder}/fig1.png\n"
    assert (here / folder / "fig1.png").read_text() == "small"
    code, out, _ = said("figure", "fig1", "--run", only_run(here), "--run", only_run(here))
    assert out.startswith("source: stored runs: ")
    assert out.endswith("\nfigure: output/figures/fig1.pdf\nfigure: output/figures/fig1.png\n")
    code, _, err = said("figure", "fig1", "--out", "a.docx")
    assert code == 2
    assert "must end in .pdf, .png or .svg" in err


def test_a_figure_is_not_drawn_from_an_older_declaration(here, said):
    said("run", "studies/small.toml", "--set", "search.trials=5")
    code, _, err = said("figure", "fig1")
    assert code == 2
    assert "another declaration" in err
    code, out, _ = said("figure", "fig1", "--run", only_run(here), "--out", "a/b.png")
    source = f"source: stored run: {only_run(here)}\n"
    assert (code, out) == (0, f"{source}figure: a/b.png\n")


def test_a_run_that_is_only_shorter_is_called_so(here, said):
    said("run", "studies/small.toml", "--set", "search.trials=5", "--out", "runs/other")
    for generations in (2, 4, 3):
        budget = f"search.generations={generations}"
        said("run", "studies/small.toml", "--set", budget, "--out", f"runs/short{generations}")
    code, _, err = said("figure", "fig1")
    assert code == 2
    assert "another declaration" not in err
    assert "small was run for 4 of 6 generations; --run runs/short4 draws it anyway" in err
    set_budget(here / "runs" / "short4", 6)
    assert "being extended; --run runs/short4" in said("figure", "fig1")[2]
    said("resume", "runs/short4")
    assert said("figure", "fig1")[0] == 0


@pytest.mark.parametrize("kind", ["rules", "neurons", "tasks", "measures", "optimizers", "studies"])
def test_lists_are_tables_and_json(said, kind):
    code, out, _ = said("list", kind)
    assert code == 0
    assert kind in out
    items = json.loads(said("list", kind, "--json")[1])["items"]
    assert items
    assert all(item["name"] and item["name"] in out for item in items)
    assert all(item["summary"] for item in items)


def test_doctor_finds_what_is_here(here, said):
    code, out, _ = said("doctor")
    found = json.loads(said("doctor", "--json")[1])
    names = [check["name"] for check in found["checks"]]
    assert {"python", "brian2", "compiler", "threads", "build cache", "gpu"} <= set(names)
    assert all(name in out for name in names)
    assert code == (0 if found["ok"] else 1)


def test_doctor_names_a_missing_compiler(here, said, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -O1")
    code, out, _ = said("doctor")
    assert code == 1
    assert "no-such-compiler -O1" in out
    assert "Install g++" in out


def test_the_cache_is_shown_and_cleared(here, said, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_CACHE", str(here / "cache"))
    (here / "cache").mkdir()
    (here / "cache" / "abc.so").write_bytes(b"x" * 2048)
    code, out, _ = said("cache")
    assert code == 0
    assert "abc" in out
    assert "2 KiB" in out
    assert "1 builds removed" in said("cache", "clear")[1]
    assert not (here / "cache" / "abc.so").exists()


def test_reports_import_nothing_heavy(here, said):
    said("run", "studies/small.toml", "--out", "here")
    code = (
        "import sys; from neuromodels.cli import main; main(sys.argv[1:]);"
        "sys.exit(bool({'brian2', 'nevergrad', 'matplotlib'} & set(sys.modules)))"
    )
    for arguments in (["report", "here"], ["list", "studies"], ["report", "here", "--json"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, done.stderr


def test_a_cache_that_cannot_be_cleared_or_trusted(here, said, monkeypatch):
    monkeypatch.setenv("NEUROMODELS_CACHE", str(here / "cache"))
    (here / "cache").write_text("a file where a folder should be")
    for arguments in (["cache"], ["cache", "clear"]):
        code, _, complaint = said(*arguments)
        assert code == 2
        assert len(complaint.strip().splitlines()) == 1
    (here / "cache").unlink()
    (here / "cache").mkdir()
    (here / "cache").chmod(0o777)
    code, out, _ = said("doctor")
    assert code == 1
    assert f"chmod go-w {here / 'cache'}" in out


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["cache", "--help"]])
def test_a_cold_start_imports_no_arrays(arguments):
    code = (
        "import sys; from neuromodels.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'numpy', 'brian2', 'matplotlib', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr


def test_every_command_has_help_that_names_its_arguments(capsys):
    from neuromodels.commands import COMMANDS

    main_help = help_of(capsys)
    assert len({command.name for command in COMMANDS}) == len(COMMANDS) >= 13
    for command in COMMANDS:
        assert f" {command.name} " in main_help
        assert command.help in main_help
        assert f"usage: neuromodels {command.name} [-h]" in help_of(capsys, command.name)


def help_of(capsys, *command):
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    return capsys.readouterr().out


def test_a_reader_that_goes_away_is_no_error(here, said):
    said("run", "studies/small.toml", "--out", "here")
    command = f"{sys.executable} -m neuromodels report here --json | head -1"
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""
