"""Keys that studies did not always have: the digest of a study without them stays what it was.

A key that is added to a section says, in the metadata of its field, which value means what was
meant before there was the key. With that value it is left out of the digest, so that stored runs
of older studies are still recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

BEFORE = "before"
"""Key of a field's metadata: the value that means what was meant before there was the field.

Written out in `neuromodels.search.plan`, which knows nothing of studies."""


def added(default: Any) -> Any:
    """Return a field that studies did not always have; its default is what was meant before."""
    if isinstance(default, Mapping):
        return field(default_factory=lambda: dict(default), metadata={BEFORE: default})
    return field(default=default, metadata={BEFORE: default})


def says_nothing_new(section: Any) -> list[str]:
    """Return the added keys of a section, a dataclass, whose values mean what was meant before."""
    return [
        each.name
        for each in fields(section)
        if BEFORE in each.metadata and getattr(section, each.name) == each.metadata[BEFORE]
    ]
