"""Releases of Brian2 that the tests have run on; others are used, with one warning."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cache

import brian2
import numpy as np
from brian2.groups.group import Group
from brian2.synapses.synapses import Synapses

#: By their first two numbers: what `setup.cfg` takes, and those that the whole suite has run on.
TAKEN = ("2.10", "2.11")
TESTED = ("2.10",)


@cache
def warn_if_untested(release: str = brian2.__version__) -> None:
    """Warn once per process where Brian2 is of a release that nobody has tested."""
    if ".".join(release.split(".")[:2]) not in TESTED:
        told = f"The tests of neuromodels ran on Brian2 {', '.join(TESTED)}; this is {release}."
        cure = f'pip install "brian2=={TESTED[-1]}.*" installs the newest that was.'
        warnings.warn(f"{told} {cure}", stacklevel=3)


def warn_of_misread_delays(groups: Iterable[Group]) -> None:
    """Warn where Brian2 may have given a delay to other synapses than a user meant.

    In 2.11.0 ``S.delay = ...`` is wrong where `S` projects to synapses, and so is ``S.pre.delay``:
    both count along the synapses that are reached.
    """
    for group in groups:
        if isinstance(group, Synapses) and _reads_delays_of_others(group):
            name, release = group.name, brian2.__version__
            told = f"Brian2 {release} misreads '{name}.delay', as {name} ends on synapses."
            warnings.warn(
                f"{told} Give one delay for all, Synapses(..., delay=...), or take Brian2 2.10.",
                stacklevel=3,
            )


def _reads_delays_of_others(synapses: Synapses) -> bool:
    delay = synapses.variables.get("delay")
    if delay is None or delay.scalar or not isinstance(synapses.target, Synapses):
        return False
    is_own = synapses.variables.indices["delay"] == synapses.variables.default_index
    return not is_own and bool(np.any(delay.get_value()))
