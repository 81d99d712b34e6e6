"""Stages of a check that must end in time: each in processes of its own, with a budget.

A stage that does not end within its budget, or within what is left of the whole, is stopped; one
for which nothing is left is skipped and says so.  Whatever a stage has printed as JSON, one object
per line, is kept even then.
"""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

PASSED, FAILED, STOPPED, SKIPPED = "passed", "failed", "stopped", "skipped"
LOG_LINES = 12
PAUSE = 0.05


@dataclass(frozen=True)
class Stage:
    """One or more commands that run at the same time.

    Parameters
    ----------
    name
        As it appears in the result.
    commands
        Arguments of each process.
    budget
        Seconds at most.
    least
        Seconds below which starting it is of no use.
    unable
        Why it cannot run on this machine; None: it can.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    budget: float
    least: float = 5.0
    unable: str | None = None


@dataclass
class Result:
    """What came of a stage.

    Parameters
    ----------
    found
        The JSON objects that it printed.
    said
        The last lines of a stage that did not pass.
    """

    name: str
    status: str
    seconds: float = 0.0
    reason: str = ""
    found: list[dict] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        """Return what is not empty."""
        return {name: value for name, value in vars(self).items() if value or name == "seconds"}


def run_stages(
    stages: Iterable[Stage],
    seconds: float,
    environment: Mapping[str, str],
    folder: Path,
    keep: Callable[[list[Result]], None],
    now: Callable[[], float] = monotonic,
) -> list[Result]:
    """Run stages one after the other within a time; hand all results to `keep` after each.

    Parameters
    ----------
    seconds
        For all stages together.
    environment, folder
        Of all processes.
    now
        A clock.
    """
    end = now() + seconds
    results: list[Result] = []
    for stage in stages:
        left = end - now()
        if stage.unable:
            results.append(Result(stage.name, SKIPPED, reason=stage.unable))
        elif left < stage.least:
            reason = f"{max(left, 0):.0f} s were left; it needs {stage.least:.0f} s or more"
            results.append(Result(stage.name, SKIPPED, reason=reason))
        else:
            results.append(run_stage(stage, min(stage.budget, left), environment, folder))
        keep(results)
    return results


def run_stage(stage: Stage, seconds: float, environment: Mapping[str, str], folder: Path) -> Result:
    """Run the commands of a stage at the same time, `seconds` at most."""
    begin = monotonic()
    with TemporaryDirectory() as logs:
        files = [Path(logs, f"{k}.txt") for k in range(len(stage.commands))]
        processes = [
            _started(command, file, environment, folder)
            for command, file in zip(stage.commands, files, strict=True)
        ]
        stopped = _wait(processes, begin + seconds)
        said = [file.read_text(errors="replace").splitlines() for file in files]
    found = [each for lines in said for each in _objects(lines)]
    codes = [process.returncode for process in processes]
    status = STOPPED if stopped else FAILED if any(codes) else PASSED
    result = Result(stage.name, status, round(monotonic() - begin, 2), found=found)
    if status != PASSED:
        bad = [lines for lines, code in zip(said, codes, strict=True) if code]
        result.said = [line for lines in bad for line in lines[-LOG_LINES:]]
        result.reason = f"not done after {seconds:.0f} s" if stopped else f"exit status {codes}"
    return result


def _started(
    command: tuple[str, ...], file: Path, environment: Mapping[str, str], folder: Path
) -> subprocess.Popen:
    """Start a process with a group of its own, so that its compilers can be stopped with it."""
    with file.open("w") as out:
        return subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )


def _wait(processes: list[subprocess.Popen], end: float) -> bool:
    """Wait for all; stop those that are not done at the end, and return whether there were any."""
    while any(process.poll() is None for process in processes):
        if monotonic() >= end:
            for process in processes:
                _stop(process)
            return True
        sleep(PAUSE)
    return False


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _objects(lines: Iterable[str]) -> Iterable[dict]:
    """Yield the JSON objects among printed lines; a line cut short is none."""
    for line in lines:
        if line.startswith("{"):
            try:
                found = json.loads(line)
            except json.JSONDecodeError:
                continue
            yield found
