"""The Slurm example: what it submits, and a whole run where `sbatch` starts jobs here."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from marked import environment, new_mark, vanish

before = signal.getsignal(signal.SIGINT)
pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
signal.signal(signal.SIGINT, before)  # which it takes for itself as it is imported

EXAMPLE = Path(__file__).parents[2] / "studies" / "slurm"
SBATCH = """\
#!/bin/sh
# Start a job here and now: its own process group, its id the job's. As Slurm, keep the script.
job=$(mktemp) && cp "$1" "$job"
setsid sh -c '. "$0"; rm "$0"' "$job" >>jobs.log 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """\
#!/bin/sh
for job in "$@"; do kill -- -"$job"; done
"""
STUDY = """\
name = "small"
conditions = ["plastic"]
[task]
name = "sequence_copy"
length = 3
latency = 2
[rule]
name = "pdlf"
[circuit]
hidden = 8
[search]
candidates = 8
trials = 8
generations = 5
[test]
trials = 20
curve_trials = 8
"""


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Return the example as a module, run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("over_jobs", EXAMPLE / "over_jobs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_job_holds_one_worker_per_core(example):
    arguments = ["a.toml", "--cores", "8", "--memory", "16GB", "--queue", "long", "--account", "us"]
    options = example._parser().parse_args(arguments)
    example.FOLDER.mkdir(parents=True)
    with example.cluster_of(options, example.Security.temporary()) as cluster:
        script = cluster.job_script()
    lines = script.splitlines()
    for line in (
        "-J neuromodels-workers",
        "-p long",
        "-A us",
        "-n 1",
        "--cpus-per-task=8",
        "--mem=15G",
        "-t 04:00:00",
    ):
        assert f"#SBATCH {line}" in lines
    assert "export DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE=False" in lines
    assert f"{sys.executable} -m distributed.cli.dask_worker tls://" in script
    assert "--nthreads 1 " in script
    assert "--nworkers 8 " in script
    assert "--nanny " in script
    assert "--tls-key " in script


def test_the_driver_job_stops_before_its_time_is_over():
    lines = (EXAMPLE / "submit.sh").read_text().splitlines()
    assert lines[0] == "#!/bin/bash"
    assert "#SBATCH --signal=B:TERM@300" in lines
    assert lines[-1].startswith("exec "), "the signal must reach Python itself"
    header = [number for number, line in enumerate(lines) if line.startswith("#SBATCH")]
    assert header == list(range(1, len(header) + 1)), "Slurm reads no further than a first command"
    subprocess.run(["bash", "-n", str(EXAMPLE / "submit.sh")], check=True)


def test_a_study_runs_over_jobs(tmp_path):
    """Slurm's commands are replaced by ones that start and end jobs on this machine."""
    commands = tmp_path / "commands"
    commands.mkdir()
    for name, text in {"sbatch": SBATCH, "scancel": SCANCEL}.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    (tmp_path / "small.toml").write_text(STUDY)
    mark = new_mark()
    done = subprocess.run(
        [
            sys.executable,
            str(EXAMPLE / "over_jobs.py"),
            "small.toml",
            "--jobs",
            "2",
            "--cores",
            "1",
            "--memory",
            "2GB",
            "--out",
            "here",
        ],
        env=environment(mark, PATH=f"{commands}{os.pathsep}{os.environ['PATH']}"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "finished" in done.stdout
    assert vanish(mark)
    assert "tls://" in (tmp_path / "here" / "provenance.json").read_text()
