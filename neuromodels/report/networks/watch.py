"""Follow a run of a network that another process writes: a line for each change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from neuromodels.report.networks.progress import UNITS
from neuromodels.store.networks import StoredNetwork


def follow_network(
    folder: Path, console: Console, pause: float, once: bool, sleep: Callable[[float], None]
) -> None:
    """Show how far a run is until nobody writes it any more; change nothing.

    Parameters
    ----------
    pause
        Seconds between two looks.
    once
        Look once and end.
    sleep
        Waits.
    """
    before = ""
    while True:
        run = StoredNetwork(folder)
        state, line = run.state, _line(run)
        if line != before:
            console.print(line, highlight=False, soft_wrap=True)
        before = line
        if once or state != "running":
            return
        sleep(pause)


def _line(run: StoredNetwork) -> str:
    """Return the state of a run, and how far it is."""
    states = {
        "running": f"running: {run.owner}",
        "stopped": f"stopped: go on with neuromodels resume {run.folder}",
        "finished": f"finished: neuromodels report {run.folder}",
    }
    progress = run.progress()
    unit = UNITS.get(run.action, "instances")
    done = f"{progress['done']:,} of {progress['of']:,} {unit}" if progress else "not begun"
    if "training" in progress and run.state != "finished":
        done = f"training, {progress['training']}"
    return f"{run.action}: {done}; {states[run.state]}"
