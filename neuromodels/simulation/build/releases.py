"""Releases of Brian2 that the tests have run on; others are used, with one warning."""

from __future__ import annotations

import warnings
from functools import cache

import brian2

#: Oldest and newest, by their first two numbers; `setup.cfg` takes what lies between.
TESTED = ("2.10", "2.11")


@cache
def warn_if_untested(release: str = brian2.__version__) -> None:
    """Warn once per process where Brian2 is of a release that nobody has tested."""
    if ".".join(release.split(".")[:2]) not in TESTED:
        told = f"Brian2 {release} was not tested with neuromodels; {' and '.join(TESTED)} were."
        cure = f'pip install "brian2=={TESTED[-1]}.*" installs the newest that was.'
        warnings.warn(f"{told} {cure}", stacklevel=3)
