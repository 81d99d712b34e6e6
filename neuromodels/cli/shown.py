"""What several commands say: whose code is run, and the tables that they end with."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from neuromodels.commands import complain, show


def announce_code(file: Path) -> None:
    """Say whose code is about to run."""
    from neuromodels.study.own_files import announcement

    complain(announcement(file))


def show_report(folder: Path, options: Namespace) -> int:
    """Show the table of a run, or of a study of an own network."""
    from neuromodels.report.networks.tables import network_summary
    from neuromodels.report.networks.terminal import network_tables
    from neuromodels.report.run import report_tables, summary
    from neuromodels.store.networks import StoredNetwork, is_network
    from neuromodels.store.store import StoredRun

    if is_network(folder):
        values = network_summary(StoredNetwork(folder))
        return show(values, network_tables(values), options)
    values = summary(StoredRun(folder))
    return show(values, report_tables(values), options)


def show_comparison(folders: Sequence[Path], options: Namespace) -> int:
    """Show several runs in one table."""
    from neuromodels.report.compare import compared

    return show(*compared(folders, complain), options)
