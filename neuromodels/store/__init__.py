"""Run folders: the ledger, checkpoints, solutions, provenance."""

from pathlib import Path

RUNS = Path("runs")
"""Where run folders lie unless they are put elsewhere."""
