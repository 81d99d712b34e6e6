"""The compiled networks in the build cache, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from neuromodels.simulation.build.folder import clear, entries, folder


def build_lines() -> Iterator[str]:
    """Yield a line per build, and one about all of them."""
    builds = entries()
    for entry in builds:
        created = datetime.fromtimestamp(entry["created"]).isoformat(" ", "minutes")
        yield f"{entry['key']}  {entry['bytes'] / 1024:8.0f} KiB  {created}"
    size = sum(entry["bytes"] for entry in builds) / 2**20
    yield f"{len(builds)} builds, {size:.1f} MiB in {folder()}"


def clear_builds() -> str:
    """Remove all builds; return what to say about it."""
    return f"{clear()} builds removed from {folder()}"
