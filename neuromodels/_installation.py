"""The name under which the package is installed, and whether another one lies in its place.

`neuromodels` on the package index is somebody else's, with the same import name. Installed beside
this package it writes into the same folder, and whoever came last has its files there.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

DISTRIBUTION = "brian2-neuromodels"
"""What `pip install` takes, and what it lists."""
OTHER = "neuromodels"
"""The distribution of somebody else whose import name is ours."""
PLACE = Path(__file__).resolve().parents[1]


def refuse_mixture(place: Path = PLACE) -> None:
    """Refuse a folder in which another distribution has written over this one, or under it.

    Parameters
    ----------
    place
        The folder that holds the package.

    Raises
    ------
    ImportError
        With the other distribution, and the commands that put it right.
    """
    other = other_distribution(place)
    face = sys.modules.get("neuromodels")
    if not other and getattr(face, "DISTRIBUTION", None) == DISTRIBUTION:
        return
    raise ImportError(
        f"neuromodels: must hold the files of {DISTRIBUTION} alone; got those of"
        f" {other or 'another package of this name'} in {place}."
        f" Run: pip uninstall --yes {OTHER};"
        f" pip install --force-reinstall --no-deps {DISTRIBUTION}"
    )


def other_distribution(place: Path) -> str:
    """Return the name and version of a distribution `neuromodels` in a folder, empty: none.

    One that only points to a checkout, as an editable install does, has no files in the package.
    """
    with suppress(OSError):  # in an archive
        for name in sorted(os.listdir(place)):
            if name.startswith(f"{OTHER}-") and name.endswith(".dist-info"):
                files = (place / name / "RECORD").read_text("utf-8", "replace")
                if f"\n{OTHER}/" in f"\n{files}":
                    return name.removesuffix(".dist-info").replace("-", " ", 1)
    return ""
