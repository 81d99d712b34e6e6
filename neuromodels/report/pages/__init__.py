"""Pages for a browser, each one file that loads nothing else."""

from pathlib import Path

from neuromodels.report.pages.network import write_network_page
from neuromodels.report.pages.run import write_page
from neuromodels.store.networks import StoredNetwork, is_network
from neuromodels.store.store import StoredRun


def write_page_of(folder: Path, path: Path | None = None) -> Path:
    """Write the page of whatever a run folder holds; return where it is."""
    if is_network(folder):
        return write_network_page(StoredNetwork(folder), path)
    return write_page(StoredRun(folder), path)
