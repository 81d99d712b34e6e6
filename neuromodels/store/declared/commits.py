"""Commits of one file, as git tells them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

PLAINLY = (
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", "log.showSignature=false"),
    *("-c", "core.hooksPath=/dev/null"),
)
"""Options with which git runs no program that a stranger's folder may name."""
SECONDS = 20
"""How long git may take over one question."""


@dataclass(frozen=True)
class Commit:
    """A commit that changed a file.

    Parameters
    ----------
    name
        Its hash.
    date
        When it was made, ISO 8601.
    text
        The file as it was then; empty where it was removed.
    """

    name: str
    date: str
    text: str


def commits_of(path: Path) -> list[Commit]:
    """Return the commits that changed a file, the latest first; none where git knows none."""
    listed = _git(path, "log", "--no-ext-diff", "--format=%H %cI", "--", path.name)
    lines = [line.partition(" ") for line in (listed or "").splitlines()]
    return [Commit(name, date, _text_in(path, name)) for name, _, date in lines]


def is_as_committed(path: Path) -> bool:
    """Whether the latest commit holds a file as it is now."""
    changed = _git(path, "status", "--porcelain", "--ignored", "--", path.name)
    return changed is not None and not changed.strip()


def _text_in(path: Path, commit: str) -> str:
    return _git(path, "show", "--no-textconv", f"{commit}:./{path.name}") or ""


def _git(path: Path, *words: str) -> str | None:
    """Return what git says in the folder of a file; None where it is missing or refuses."""
    try:
        done = subprocess.run(
            ["git", *PLAINLY, *words],
            cwd=path.parent,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None
