"""Runs of networks in a folder: what they do, how far they are, who writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from neuromodels.store.neighbours import Tell, each_whole, folders_in
from neuromodels.store.networks import StoredNetwork, is_network


def networks_in(folder: Path, tell: Tell) -> list[StoredNetwork]:
    """Return the run of a folder, or those in it, by name."""
    if is_network(Path(folder)):
        return [StoredNetwork(folder)]
    paths = [path for path in folders_in(Path(folder)) if is_network(path)]
    return [run for _, run in each_whole(paths, StoredNetwork, tell)]


def network_row(run: StoredNetwork) -> dict[str, Any]:
    """Return how far a run is, as plain values."""
    progress = run.progress()
    return {
        "run": str(run.folder),
        "study": run.name,
        "action": run.action,
        "state": run.state,
        "owner": run.owner or None,
        "done": progress.get("done"),
        "of": progress.get("of"),
    }


def networks_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return the table of runs for a terminal."""
    table = Table(title="networks", title_justify="left")
    for name in ("run", "action", "state", "done", "owner"):
        table.add_column(name, justify="right" if name == "done" else "left")
    for row in rows:
        done = "" if row["of"] is None else f"{row['done']:,}/{row['of']:,}"
        name = Path(row["run"]).name
        table.add_row(name, row["action"], row["state"], done, row["owner"] or "")
    return table
